"""Bound queries to text, as pg_get_viewdef prints them: a clause a line, an output column a line.

     SELECT t.a,
        t.b
       FROM t
      WHERE (t.a > 1)
      ORDER BY t.b;

What the binder put between a query and its use (casts of a set operation's side, of an IN subquery) is left out, since
reading the text makes it anew.

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c (get_select_query_def and what it calls).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.errors import not_supported
from rustydb_engine.sql.bound import (
    CastExpr,
    Const,
    Expr,
    GroupingExpr,
    ModifyQuery,
    Query,
    RangeQuery,
    RangeSetOperation,
    RangeValues,
    SubqueryExpr,
    Target,
    Var,
    WindowDef,
)
from rustydb_engine.sql.deparse_calls import write_direction, write_key, write_sorts
from rustydb_engine.sql.deparse_context import INDENT_STD, INDENT_VAR, Frame, Printer, frame_for
from rustydb_engine.sql.deparse_expressions import write, write_list, write_var
from rustydb_engine.sql.deparse_from import write_from, write_values
from rustydb_engine.sql.keywords import quote_identifier

WRAPPER = "*SELECT*"


def query_text(printer: Printer, query: Query | ModifyQuery, visible: bool = True, names: tuple[str, ...] = ()) -> str:
    """Return the text of a query inside what the printer has printed.

    `visible`: the names of its columns matter, so that even `?column?` is written. `names` are those of a view's columns,
    which every side of a set operation shows.
    """
    if not isinstance(query, Query):
        raise not_supported("printing a statement that changes rows")
    inner = printer.inside(frame_for(query, printer), query)
    inner.names_visible, inner.names = visible, names
    _write_query(inner, query)
    return inner.take()


def _write_query(printer: Printer, query: Query) -> None:
    _write_with(printer, query)
    union = _union_of(query)
    if union is not None:
        _write_union(printer, union)
    else:
        _write_select(printer, query)
    _write_tail(printer, query, union is not None)


def _union_of(query: Query) -> RangeSetOperation | None:
    if len(query.range) == 1 and isinstance(query.range[0], RangeSetOperation):
        return query.range[0]
    return None


def _write_with(printer: Printer, query: Query) -> None:
    if not query.ctes:
        return
    printer.level += INDENT_STD
    printer.put(" ")
    word = "WITH RECURSIVE " if any(cte.recursive for cte in query.ctes) else "WITH "
    for cte in query.ctes:
        printer.put(word + quote_identifier(cte.name))
        word = ", "
        if not isinstance(cte.query, Query):
            raise not_supported("printing a statement that changes rows")
        names = tuple(target.name for target in cte.query.targets if not target.junk)
        if names != cte.columns:
            printer.put("(" + ", ".join(map(quote_identifier, cte.columns)) + ")")
        printer.put(" AS ")
        if cte.materialized is not None:
            printer.put("MATERIALIZED " if cte.materialized else "NOT MATERIALIZED ")
        printer.put("(")
        printer.keyword("", 0, 0, 0)
        printer.put(query_text(printer, cte.query))
        printer.keyword("", 0, 0, 0)
        printer.put(")")
    printer.level -= INDENT_STD
    printer.keyword("", 0, 0, 0)


def _write_tail(printer: Printer, query: Query, numbers: bool) -> None:
    if query.order:
        printer.keyword(" ORDER BY ", -INDENT_STD, INDENT_STD, 1)
        for index, key in enumerate(query.order):
            if index:
                printer.put(", ")
            if numbers:
                printer.put(str(key.target + 1))
            else:
                write_key(printer, query.targets[key.target].expr)
            write_direction(printer, key.descending, key.nulls_first)
    if query.offset is not None:
        printer.keyword(" OFFSET ", -INDENT_STD, INDENT_STD, 0)
        write(printer, query.offset)
    if query.limit is not None:
        if query.with_ties:
            printer.keyword(" FETCH FIRST (", -INDENT_STD, INDENT_STD, 0)
            write(printer, query.limit)
            printer.put(") ROWS WITH TIES")
        else:
            printer.keyword(" LIMIT ", -INDENT_STD, INDENT_STD, 0)
            if isinstance(query.limit, Const) and query.limit.value is None:
                printer.put("ALL")
            else:
                write(printer, query.limit)
    for lock in query.locks:
        for source in lock.sources:
            printer.keyword(f" FOR {lock.strength.upper()}", -INDENT_STD, INDENT_STD, 0)
            printer.put(f" OF {quote_identifier(printer.frames[0].names[source] or '')}")
            printer.put({"nowait": " NOWAIT", "skip": " SKIP LOCKED"}.get(lock.wait, ""))


# ---------------------------------------------------------------- SELECT


def _write_select(printer: Printer, query: Query) -> None:
    printer.level += INDENT_STD
    printer.put(" ")
    values = _plain_values(query)
    if values is not None:
        write_values(printer, values)
        return
    printer.put("SELECT")
    _write_distinct(printer, query)
    _write_targets(printer, query.targets)
    write_from(printer, query)
    if query.where is not None:
        printer.keyword(" WHERE ", -INDENT_STD, INDENT_STD, 1)
        write(printer, query.where)
    if query.group or query.grouping_sets is not None:
        printer.keyword(" GROUP BY ", -INDENT_STD, INDENT_STD, 1)
        _write_group(printer, query)
    if query.having is not None:
        printer.keyword(" HAVING ", -INDENT_STD, INDENT_STD, 0)
        write(printer, query.having)
    named = [window for window in query.windows if window.name]
    for index, window in enumerate(named):
        if index:
            printer.put(", ")
        else:
            printer.keyword(" WINDOW ", -INDENT_STD, INDENT_STD, 1)
        printer.put(f"{quote_identifier(window.name)} AS ")
        write_window(printer, window)


def _plain_values(query: Query) -> RangeValues | None:
    """Return the VALUES of `SELECT * FROM (VALUES …)`, which prints as VALUES alone."""
    if len(query.range) != 1 or not isinstance(query.range[0], RangeValues) or query.where is not None:
        return None
    entry = query.range[0]
    shown = tuple(target for target in query.targets if not target.junk)
    if query.grouped or query.distinct is not None or entry.alias != "*VALUES*" or len(shown) != len(entry.columns):
        return None
    for index, target in enumerate(shown):
        expr = _unwrapped(target.expr)
        if not isinstance(expr, Var) or expr.level or expr.column != index or target.name != entry.columns[index]:
            return None
    return entry


def _write_distinct(printer: Printer, query: Query) -> None:
    if query.distinct is None:
        return
    shown = {index for index, target in enumerate(query.targets) if not target.junk}
    if set(query.distinct) == shown and not any(query.targets[key.target].junk for key in query.order):
        printer.put(" DISTINCT")
        return
    printer.put(" DISTINCT ON (")
    for index, target in enumerate(query.distinct):
        if index:
            printer.put(", ")
        write_key(printer, query.targets[target].expr)
    printer.put(")")


def _unwrapped(expr: Expr) -> Expr:
    """Return an output column without the coercion that its use made."""
    while isinstance(expr, CastExpr) and expr.implicit_display:
        expr = expr.arg
    return expr


def _write_targets(printer: Printer, targets: Sequence[Target]) -> None:
    separator, first = " ", True
    names = iter(printer.names)
    for target in targets:
        if target.junk:
            continue
        name = next(names, target.name)
        printer.put(separator)
        separator = ", "
        text = _target_text(printer, target, name)
        if text.startswith("\n"):
            printer.trim()
        elif not first:
            printer.keyword("", -INDENT_STD, INDENT_STD, INDENT_VAR)
        first = False
        printer.put(text)


def _target_text(printer: Printer, target: Target, wanted: str) -> str:
    before, printer.parts = printer.parts, []
    expr = _unwrapped(target.expr)
    shown = "" if printer.names_visible else "?column?"
    if isinstance(expr, Var) and expr.column == -1:
        # t.* in a select list would spread into columns.
        shown = printer.frame_of(expr).names[expr.source] or ""
        printer.put(quote_identifier(shown))
    elif isinstance(expr, Var):
        shown = write_var(printer, expr)
    else:
        write(printer, expr, True)
    if wanted != shown:
        printer.put(f" AS {quote_identifier(wanted)}")
    text = printer.take()
    printer.parts = before
    return text


def _write_group(printer: Printer, query: Query) -> None:
    if query.grouping_sets is None:
        for index, target in enumerate(query.group):
            if index:
                printer.put(", ")
            write_key(printer, query.targets[target].expr)
        return
    printer.put("GROUPING SETS (")
    for index, one in enumerate(query.grouping_sets):
        if index:
            printer.put(", ")
        printer.put("(")
        for number, target in enumerate(one):
            if number:
                printer.put(", ")
            write_key(printer, query.targets[query.group[target]].expr)
        printer.put(")")
    printer.put(")")


def write_grouping(printer: Printer, expr: GroupingExpr) -> None:
    """Print GROUPING(…); its arguments are targets of the query around it."""
    query = printer.query
    assert query is not None, "GROUPING stands in a query"
    printer.put("GROUPING(")
    write_list(printer, [query.targets[query.group[place]].expr for place in expr.groups])
    printer.put(")")


def write_window(printer: Printer, window: WindowDef) -> None:
    """Print a window specification in parentheses."""
    printer.put("(")
    pieces: list[str] = []
    before, printer.parts = printer.parts, []
    if window.partition:
        printer.put("PARTITION BY ")
        for index, expr in enumerate(window.partition):
            if index:
                printer.put(", ")
            write_key(printer, expr)
        pieces.append(printer.take())
    if window.order:
        printer.put("ORDER BY ")
        write_sorts(printer, window.order)
        pieces.append(printer.take())
    frame = _frame(printer, window)
    if frame:
        pieces.append(frame)
    printer.parts = before
    printer.put(" ".join(pieces) + ")")


def _frame(printer: Printer, window: WindowDef) -> str:
    default = ("unbounded preceding", None), ("current row", None)
    if window.mode == "range" and (window.start, window.end) == default and not window.exclude:
        return ""
    printer.put(f"{window.mode.upper()} BETWEEN ")
    for index, (word, offset) in enumerate((window.start, window.end)):
        if index:
            printer.put(" AND ")
        if offset is not None:
            write(printer, offset)
            printer.put(" ")
        printer.put(word.upper())
    if window.exclude:
        printer.put(f" EXCLUDE {window.exclude.upper()}")
    return printer.take()


# ---------------------------------------------------------------- set operations


def _write_union(printer: Printer, union: RangeSetOperation) -> None:
    """Print a tree of set operations; a side that is one itself has parentheses but for a chain of the same kind."""
    left = _side_union(union.left)
    wrap = left is not None and (left.operator, left.all) != (union.operator, union.all)
    indent = INDENT_STD if wrap else 0
    if wrap:
        printer.put("(")
        printer.keyword("", indent, 0, 0)
    _write_side(printer, union.left, left)
    printer.keyword(") " if wrap else "", -indent, 0, 0)
    printer.put(f"{union.operator.upper()} " + ("ALL " if union.all else ""))
    printer.names_visible = False
    right = _side_union(union.right)
    indent = INDENT_STD if right is not None else 0
    if right is not None:
        printer.put("(")
    printer.keyword("", indent, 0, 0)
    _write_side(printer, union.right, right)
    printer.level -= indent
    if right is not None:
        printer.keyword(")", 0, 0, 0)


def _side_union(query: Query) -> RangeSetOperation | None:
    """Return the set operation that a side plainly is."""
    if query.ctes or query.order or query.limit is not None or query.offset is not None or query.locks:
        return None
    return _union_of(query)


def _write_side(printer: Printer, query: Query, union: RangeSetOperation | None) -> None:
    if union is not None:
        frames, printer.frames = printer.frames, (frame_for(query, printer), *printer.frames)
        _write_union(printer, union)
        printer.frames = frames
        return
    inner, query = _without_wrapper(printer, query)
    wrap = bool(query.ctes or query.order or query.locks) or query.limit is not None or query.offset is not None
    text = query_text(inner, query, printer.names_visible, printer.names)
    printer.put(f"({text})" if wrap else text)


_NO_NAMES = Frame((), [], [], [])


def _without_wrapper(printer: Printer, query: Query) -> tuple[Printer, Query]:
    """Return the query as written and a printer for it: the binder's cast around it put it one level further down."""
    wrapper = query.range[0] if len(query.range) == 1 else None
    if not isinstance(wrapper, RangeQuery) or wrapper.alias != WRAPPER:
        return printer, query
    frames = (_NO_NAMES, *printer.frames)
    inner = Printer(printer.catalog, printer.search_path, printer.pretty, True, frames, printer.level)
    return inner, wrapper.query


# ---------------------------------------------------------------- subqueries in expressions


def write_subquery(printer: Printer, expr: SubqueryExpr) -> None:
    """Print a subquery of an expression."""
    printer.put("ARRAY(" if expr.kind == "array" else "(")
    if len(expr.left) == 1:
        write(printer, expr.left[0], True)
    elif expr.left:
        printer.put("(")
        write_list(printer, expr.left)
        printer.put(")")
    name = expr.operators[0].name if expr.operators else ""
    word = {
        "exists": "EXISTS ",
        "any": " IN " if name == "=" else f" {name} ANY ",
        "all": f" {name} ALL ",
        "row": f" {name} ",
    }.get(expr.kind, "")
    inner, query = _without_wrapper(printer, expr.query)
    printer.put(word + ("(" if word else "") + query_text(inner, query, visible=False) + ("))" if word else ")"))
