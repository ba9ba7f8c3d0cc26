"""The rules that rewrite logical plans, in the order in which they run."""

from rustydb_engine.sql.rules.pull_up import pull_up_subqueries
from rustydb_engine.sql.rules.reduce_outer import reduce_outer_joins
from rustydb_engine.sql.rules.semi_joins import sublinks_to_joins

RULES = (pull_up_subqueries, sublinks_to_joins, reduce_outer_joins)

__all__ = ["RULES"]
