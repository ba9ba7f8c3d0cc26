"""The rules that rewrite logical plans, in the order in which they run: (node classes that a rule is about, rule)."""

from rustydb_engine.sql import plan as p
from rustydb_engine.sql.rules.pull_up import pull_up_subqueries
from rustydb_engine.sql.rules.reduce_outer import reduce_outer_joins
from rustydb_engine.sql.rules.semi_joins import sublinks_to_joins

RULES = (
    (p.Project, pull_up_subqueries),
    (p.PlanExpr, sublinks_to_joins),
    (p.Join, reduce_outer_joins),
)

__all__ = ["RULES"]
