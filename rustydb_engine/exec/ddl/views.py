"""CREATE VIEW and CREATE OR REPLACE VIEW, and what a view's query depends on.

The catalog keeps the query as canonical text with qualified names, the view's columns with their types, and the
(relation, column) pairs that the query uses.

Source: PostgreSQL 15, src/backend/commands/view.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.names import NAME_BYTES
from rustydb_engine.catalog.objects import Schema, Table, TableColumn
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.columns import changed, refuse_repeated
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.entry import bind
from rustydb_engine.sql.binder.env import BindEnv, place
from rustydb_engine.sql.binder.trees import children, inner_queries, query_exprs, replace
from rustydb_engine.sql.binder.views import view_syntax
from rustydb_engine.sql.bound import Expr, Query, RangeQuery, RangeTable, SubqueryExpr, Var
from rustydb_engine.txn.locks import ACCESS_EXCLUSIVE, ACCESS_SHARE
from rustydb_engine.values.typmods import format_type

VIEW_OPTIONS = ("security_barrier", "security_invoker", "check_option")
Use = tuple[int, int]


def create_view(work: Work, statement: ast.CreateView) -> Waits[str]:
    """CREATE [OR REPLACE] VIEW."""
    if statement.check_option:
        raise not_supported("WITH CHECK OPTION", place(statement.pos))
    bound = yield from _bound(work, statement)
    schema = yield from _schema(work, statement, bound)
    name = statement.name[-1]
    yield from work.lock_name(schema, name)
    existing = work.catalog.relation_in(schema.oid, name)
    columns = _columns(bound)
    if existing is not None:
        if not statement.replace:
            work.refuse_taken(schema, name)
        if not isinstance(existing, Table) or existing.kind != "view":
            raise SqlError("42809", f'"{name}" is not a view')
        yield from work.lock(existing.oid, ACCESS_EXCLUSIVE)
        columns = _merged(existing, columns)
    persistence = "t" if schema.name.startswith("pg_temp_") else "p"
    oid = existing.oid if existing is not None else work.new_oid()
    options = view_options(statement.options)
    work.put(
        Table(
            oid,
            name,
            schema.oid,
            columns,
            kind="view",
            query=print_query(work, bound),
            persistence=persistence,
            options=options,
            depends=dependencies(bound),
        )
    )
    return "CREATE VIEW"


def _bound(work: Work, statement: ast.CreateView) -> Waits[Query]:
    """Bind the query with the view's column names, and lock what it uses against being dropped."""
    query = _recursive(statement) if statement.recursive else statement.query
    while True:
        version = work.catalog.version
        bound = bind_view_query(work, query)
        names = [target.name for target in bound.targets if not target.junk]
        if len(statement.columns) > len(names):
            raise SqlError("42601", "CREATE VIEW specifies more column names than columns")
        names[: len(statement.columns)] = statement.columns
        refuse_repeated(names)
        for relation in sorted({relation for relation, _ in used_by(bound)}):
            yield from work.lock(relation, ACCESS_SHARE)
        if version == work.catalog.version:
            return renamed(bound, names)


def view_options(options: SequenceOf[ast.Option]) -> tuple[tuple[str, str], ...]:
    """Check the options of a view; 22023 for unknown ones."""
    for option in options:
        if option.name not in VIEW_OPTIONS:
            raise SqlError("22023", f'unrecognized parameter "{option.name}"')
    return tuple((option.name, str(option.value) if option.value is not None else "true") for option in options)


def _recursive(statement: ast.CreateView) -> ast.Query:
    """Return `WITH RECURSIVE name (columns) AS (query) SELECT columns FROM name`."""
    name = statement.name[-1]
    cte = ast.Cte(name, statement.columns, statement.query, pos=statement.pos)
    targets = tuple(ast.Target(ast.Column((column,))) for column in statement.columns)
    return ast.Select(targets, (ast.FromTable((name,)),), with_=ast.With((cte,), True), pos=statement.pos)


def bind_view_query(work: Work, query: ast.Query) -> Query:
    """Bind the query of a view; 42P02 for parameters, 0A000 for a statement that changes rows."""
    if isinstance(query, ast.Select) and query.into is not None:
        raise SqlError("0A000", "views must not contain SELECT INTO")
    bound = bind(query, work.env())
    if not isinstance(bound, Query) or any(not isinstance(cte.query, Query) for cte in bound.ctes):
        raise SqlError("0A000", "views must not contain data-modifying statements in WITH")
    return bound


def renamed(bound: Query, names: list[str]) -> Query:
    """Return the query with its output columns named so."""
    rest = iter(names)
    targets = tuple(target if target.junk else replace(target, name=next(rest)) for target in bound.targets)
    return replace(bound, targets=targets)


def _schema(work: Work, statement: ast.CreateView, bound: Query) -> Waits[Schema]:
    persistence = statement.persistence
    if persistence != "temporary" and any(
        (table := work.catalog.table(relation)) is not None and table.persistence == "t"
        for relation, _ in used_by(bound)
    ):
        work.notice(f'view "{statement.name[-1]}" will be a temporary view')
        persistence = "temporary"
    schema = work.creation_schema(statement.name, persistence)
    yield from work.lock(schema.oid, ACCESS_SHARE)
    return schema


def _columns(bound: Query) -> tuple[TableColumn, ...]:
    outputs = [target for target in bound.targets if not target.junk]
    made = []
    for number, target in enumerate(outputs, 1):
        kind = target.expr.type
        if kind.kind == "p":
            raise SqlError("42P16", f'column "{target.name}" has pseudo-type {kind.display}')
        made.append(TableColumn(_cut(target.name), number, kind, target.expr.typmod))
    return tuple(made)


def _cut(name: str) -> str:
    return name.encode()[:NAME_BYTES].decode(errors="ignore")


def _merged(existing: Table, columns: tuple[TableColumn, ...]) -> tuple[TableColumn, ...]:
    """Check that new columns only add to the old ones (42P16), and keep the old defaults."""
    if len(columns) < len(existing.columns):
        raise SqlError("42P16", "cannot drop columns from view")
    merged = []
    for old, fresh in zip(existing.columns, columns, strict=False):
        if old.name != fresh.name:
            raise SqlError(
                "42P16", f'cannot change name of view column "{old.name}" to "{fresh.name}"',
                hint="Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
            )  # fmt: skip
        if old.type is not fresh.type or old.typmod != fresh.typmod:
            raise SqlError(
                "42P16",
                f'cannot change data type of view column "{old.name}" from '
                f"{format_type(old.type, old.typmod)} to {format_type(fresh.type, fresh.typmod)}",
            )
        merged.append(changed(fresh, default=old.default))
    return (*merged, *columns[len(existing.columns) :])


def print_query(work: Work, bound: Query) -> str:
    """Return the canonical text of a bound query, with every name qualified."""
    from rustydb_engine.sql.deparse import deparse_query

    return deparse_query(bound, work.catalog, ())


# -- what a query uses


def dependencies(query: Query) -> tuple[Use, ...]:
    """Return what a view with this query depends on: columns, and relations of which no column is used."""
    found = set(used_by(query))
    with_columns = {relation for relation, attnum in found if attnum}
    return tuple(sorted(use for use in found if use[1] or use[0] not in with_columns))


def used_by(query: Query) -> Iterator[Use]:
    """Yield (relation OID, attnum or 0 for the relation as such) for each table, view and column that a query uses."""
    yield from _used(query, ())


def _used(query: Query, outer: tuple[Query, ...]) -> Iterator[Use]:
    stack = (query, *outer)
    for entry in query.range:
        if isinstance(entry, RangeTable):
            yield entry.table.oid, 0
        elif isinstance(entry, RangeQuery) and entry.view:
            yield entry.view, 0
    for inner in inner_queries(query):
        view = any(isinstance(e, RangeQuery) and e.view and e.query is inner for e in query.range)
        if isinstance(inner, Query) and not view:
            yield from _used(inner, stack)
    for expr, depth in query_exprs(query):
        if depth == 0:
            yield from _used_in(expr, stack)


def _used_in(expr: Expr, stack: tuple[Query, ...]) -> Iterator[Use]:
    if isinstance(expr, Var):
        if expr.level < len(stack) and expr.source < len(stack[expr.level].range):
            entry = stack[expr.level].range[expr.source]
            relation = (
                entry.table.oid if isinstance(entry, RangeTable) else entry.view if isinstance(entry, RangeQuery) else 0
            )
            if relation:
                yield relation, max(expr.column + 1, 0)
        return
    for child in children(expr):
        yield from _used_in(child, stack)
    if isinstance(expr, SubqueryExpr):
        yield from _used(expr.query, stack)


def bind_view(catalog: Catalog, view: Table) -> Query:
    """Bind the query that the catalog keeps for a view."""
    bound = bind(view_syntax(view), BindEnv(catalog, (), allow_parameters=False))
    assert isinstance(bound, Query), f"view {view.name} has a query"
    return renamed(bound, [column.name for column in view.live()])
