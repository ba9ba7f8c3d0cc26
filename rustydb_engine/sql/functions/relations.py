"""Properties of relations and indexes that clients ask for: partitions, options, what an index can do.

There are no partitions, so their functions give no rows. An index is ordered or a hash (`method`).

Source: PostgreSQL 15, tables 9.72, 9.73 and 9.95.
"""

from __future__ import annotations

from collections.abc import Iterable

from rustydb_engine.catalog.objects import FIRST_USER_OID, Index, Table
from rustydb_engine.sql.functions.arrays import Array, Shape
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import CallSite, Implementation, function

BTREE, HASH = 403, 405


@function("pg_relation_is_publishable(regclass) -> bool", oid=6121, volatility="s", context=True)
def pg_relation_is_publishable(context: EvalContext, oid: int) -> bool | None:
    entry = context.catalog.get(oid)
    if entry is None:
        return None
    return isinstance(entry, Table) and entry.kind == "table" and entry.persistence == "p" and oid >= FIRST_USER_OID


_ALL_CHANGES = 28
"""INSERT, UPDATE and DELETE as bits of their command numbers."""


@function("pg_relation_is_updatable(regclass, bool) -> int4", oid=3842, volatility="s", context=True)
def pg_relation_is_updatable(context: EvalContext, oid: int, triggers: bool) -> int:
    entry = context.catalog.get(oid)
    return _ALL_CHANGES if isinstance(entry, Table) and entry.kind == "table" else 0


@function("pg_column_is_updatable(regclass, int2, bool) -> bool", oid=3843, volatility="s", context=True)
def pg_column_is_updatable(context: EvalContext, oid: int, attnum: int, triggers: bool) -> bool:
    return attnum > 0 and pg_relation_is_updatable(context, oid, triggers) != 0


@function(
    "pg_partition_ancestors(partitionid regclass) -> setof regclass",
    oid=3425,
    volatility="v",
    columns=[("relid", "regclass")],
)
def pg_partition_ancestors(oid: int) -> Iterable[int]:
    return ()


@function("pg_partition_root(regclass) -> regclass", oid=3424)
def pg_partition_root(oid: int) -> None:
    return None


@function(
    "pg_partition_tree(rootrelid regclass) -> setof record", oid=3423, volatility="v",
    columns=(("relid", "regclass"), ("parentrelid", "regclass"), ("isleaf", "bool"), ("level", "int4")),
)  # fmt: skip
def pg_partition_tree(oid: int) -> Iterable[tuple[object, ...]]:
    return ()


@function(
    "pg_options_to_table(options_array _text) -> setof record", oid=2289, volatility="s",
    columns=(("option_name", "text"), ("option_value", "text")),
)  # fmt: skip
def pg_options_to_table(options: tuple[str | None, ...]) -> Iterable[tuple[str, str | None]]:
    for option in options:
        name, equals, text = (option or "").partition("=")
        yield name, text if equals else None


@function(
    "_pg_expandarray(anyarray) -> setof record", schema="information_schema", factory=True,
    columns=(("x", "anyelement"), ("n", "int4")),
)  # fmt: skip
def pg_expandarray(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def expand(value: Array) -> Iterable[tuple[object, int]]:
        return ((item, number) for number, item in enumerate(value if shape.lower == 0 else shape.flat(value), 1))

    return expand


# ---------------------------------------------------------------- what indexes can do

_METHOD = {
    BTREE: {"can_order": True, "can_unique": True, "can_multi_col": True, "can_exclude": True, "can_include": True},
    HASH: {"can_order": False, "can_unique": False, "can_multi_col": False, "can_exclude": True, "can_include": False},
}


@function("pg_indexam_has_property(oid, text) -> bool", oid=636, volatility="s")
def pg_indexam_has_property(method: int, name: str) -> bool | None:
    return _METHOD.get(method, {}).get(name.lower())


@function("pg_index_has_property(regclass, text) -> bool", oid=637, volatility="s", context=True)
def pg_index_has_property(context: EvalContext, oid: int, name: str) -> bool | None:
    index = context.catalog.get(oid)
    if not isinstance(index, Index):
        return None
    ordered = index.method == "btree"
    known = {"clusterable": ordered, "index_scan": True, "bitmap_scan": True, "backward_scan": True}
    return known.get(name.lower())


@function("pg_index_column_has_property(regclass, int4, text) -> bool", oid=638, volatility="s", context=True)
def pg_index_column_has_property(context: EvalContext, oid: int, part: int, name: str) -> bool | None:
    index = context.catalog.get(oid)
    if not isinstance(index, Index) or not 0 < part <= len(index.columns) + len(index.include):
        return None
    ordered = index.method == "btree"
    if part > len(index.columns):
        known = dict.fromkeys(("asc", "desc", "nulls_first", "nulls_last", "orderable", "distance_orderable"), False)
        return {**known, "returnable": True}.get(name.lower())
    key = index.columns[part - 1]
    return {
        "asc": ordered and not key.descending,
        "desc": ordered and key.descending,
        "nulls_first": ordered and key.nulls_first,
        "nulls_last": ordered and not key.nulls_first,
        "orderable": ordered,
        "distance_orderable": False,
        "returnable": ordered,
        "search_array": ordered,
        "search_nulls": ordered,
    }.get(name.lower())
