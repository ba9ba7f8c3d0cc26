"""Texts that name what a statement renames: bound before the change, printed after it.

    pending = yield from collect(work, {table.oid})
    work.put(replace(table, name="new"))
    finish(work, pending)                    views on the table now say `FROM public.new`

Concerned are the table's own expressions (CHECKs, generated columns, indexes), views on it, and defaults that name a
sequence.
"""

from __future__ import annotations

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.dependencies import sequences_named
from rustydb_engine.catalog.objects import Constraint, Index, Table
from rustydb_engine.exec.ddl.columns import changed
from rustydb_engine.exec.ddl.expressions import print_expression
from rustydb_engine.exec.ddl.views import bind_view, dependencies, print_query
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql.binder.stored import stored_expr
from rustydb_engine.sql.binder.trees import map_query, rebuild, replace
from rustydb_engine.sql.bound import Expr, Query, RangeEntry, RangeQuery, RangeSetOperation, RangeTable, SubqueryExpr
from rustydb_engine.txn.locks import SHARE_UPDATE_EXCLUSIVE
from rustydb_proto.core.value import value


@value
class Pending:
    """A text to print again. `slot` is default, generated, check, key (`part` its number), where or view."""

    oid: int
    slot: str
    part: int
    bound: Expr | Query


def collect(work: Work, oids: set[int]) -> Waits[list[Pending]]:
    """Bind every text that names one of these relations or their columns, with the names as they still are.

    What has such a text is locked against other changes of it, not against being read.
    """
    while True:
        version = work.catalog.version
        pending = _bind_all(work.catalog, oids)
        for oid in sorted({_owner(work.catalog, item.oid) for item in pending}):
            yield from work.lock(oid, SHARE_UPDATE_EXCLUSIVE)
        if version == work.catalog.version:
            return pending


def _owner(catalog: Catalog, oid: int) -> int:
    """Return the table or view under whose lock an object is changed."""
    entry = catalog.get(oid)
    return entry.table if isinstance(entry, Constraint | Index) else oid


def _bind_all(catalog: Catalog, oids: set[int]) -> list[Pending]:
    pending: list[Pending] = []
    for oid in sorted(oids):
        owner = catalog.table(oid)
        if owner is not None and owner.kind == "table":
            pending += _own_texts(catalog, owner)
    for table in (*catalog.objects("table"), *catalog.objects("view")):
        assert isinstance(table, Table)
        for column in table.live():
            if column.default is not None and oids.intersection(sequences_named(catalog, column.default)):
                pending.append(Pending(table.oid, "default", column.attnum, stored_expr(catalog, column.default, None)))
        if table.kind == "view" and any(relation in oids for relation, _ in table.depends):
            pending.append(Pending(table.oid, "view", 0, bind_view(catalog, table)))
    return pending


def _own_texts(catalog: Catalog, table: Table) -> list[Pending]:
    found = [
        Pending(table.oid, "generated", column.attnum, stored_expr(catalog, column.generated, table))
        for column in table.live()
        if column.generated is not None
    ]
    for entry in catalog.constraints_of(table.oid):
        if entry.type == "c":
            found.append(Pending(entry.oid, "check", 0, stored_expr(catalog, entry.expression, table)))
    for index in catalog.indexes_of(table.oid):
        for number, key in enumerate(index.columns):
            if not key.attnum:
                found.append(Pending(index.oid, "key", number, stored_expr(catalog, key.expression, table)))
        if index.where:
            found.append(Pending(index.oid, "where", 0, stored_expr(catalog, index.where, table)))
    return found


def finish(work: Work, pending: list[Pending]) -> None:
    """Print the texts with the names as they are now."""
    for item in pending:
        entry = work.catalog.get(item.oid)
        if isinstance(entry, Table):
            work.put(_printed_table(work, entry, item))
        elif isinstance(entry, Constraint):
            assert isinstance(item.bound, Expr), "a check is an expression"
            text = print_expression(item.bound, work.catalog.table(entry.table), work.catalog)
            work.put(replace(entry, expression=text))
        elif isinstance(entry, Index):
            assert isinstance(item.bound, Expr), "an index key is an expression"
            text = print_expression(item.bound, work.catalog.table(entry.table), work.catalog)
            if item.slot == "where":
                work.put(replace(entry, where=text))
            else:
                keys = list(entry.columns)
                keys[item.part] = replace(keys[item.part], expression=text)
                work.put(replace(entry, columns=tuple(keys)))


def _printed_table(work: Work, table: Table, item: Pending) -> Table:
    if isinstance(item.bound, Query):
        query = refreshed(item.bound, work.catalog)
        return replace(table, query=print_query(work, query), depends=dependencies(query))
    text = print_expression(item.bound, table, work.catalog)
    column = table.columns[item.part - 1]
    column = changed(column, generated=text) if item.slot == "generated" else changed(column, default=text)
    return replace(table, columns=(*table.columns[: item.part - 1], column, *table.columns[item.part :]))


def refreshed(query: Query, catalog: Catalog) -> Query:
    """Return a bound query with the tables and views in it as the catalog has them now."""

    def entry_of(entry: RangeEntry) -> RangeEntry:
        if isinstance(entry, RangeTable):
            table = catalog.table(entry.table.oid)
            assert table is not None, "what is used is still there"
            alias = table.name if entry.alias == entry.table.name else entry.alias
            names = tuple(column.name for column in table.live())
            return replace(entry, table=table, alias=alias, columns=names if _plain(entry) else entry.columns)
        if isinstance(entry, RangeQuery):
            view = catalog.table(entry.view) if entry.view else None
            if view is not None:
                return replace(entry, columns=tuple(column.name for column in view.live()))
            return replace(entry, query=refreshed(entry.query, catalog))
        if isinstance(entry, RangeSetOperation):
            return replace(entry, left=refreshed(entry.left, catalog), right=refreshed(entry.right, catalog))
        return entry

    def expr_of(expr: Expr) -> Expr:
        made = rebuild(expr, expr_of)
        if isinstance(made, SubqueryExpr):
            made = replace(made, query=refreshed(made.query, catalog))
        return made

    made = map_query(query, lambda expr, depth: expr_of(expr) if depth == 0 else expr)
    ctes = tuple(
        replace(cte, query=refreshed(cte.query, catalog)) if isinstance(cte.query, Query) else cte for cte in made.ctes
    )
    return replace(made, range=tuple(entry_of(entry) for entry in made.range), ctes=ctes)


def _plain(entry: RangeTable) -> bool:
    """Return whether the entry's columns have the table's own names, not those of an alias."""
    return entry.columns == tuple(column.name for column in entry.table.live())
