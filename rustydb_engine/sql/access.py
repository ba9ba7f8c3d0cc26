"""How to read a table: all of it, by the keys of an index, or along a range of one.

`choose` gets the conditions on a table (those that mention it; other relations in them are known when it is read) and
returns the cheapest of: SeqScan; a look-up with equality on every column of an index (`a = x`, `a = ANY (array)`,
`a IN (list)`); a range over an index whose leading columns are equal to something and whose next one is bounded.

A condition is usable when it compares the bare column by the index's own equality or order. Costs count rows touched: one
by a scan is 1, one by an index `INDEX_ROW`.
"""

from __future__ import annotations

from typing import Protocol

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.tree import is_volatile, relations
from rustydb_engine.values.types import BPCHAR, INTEGERS, TEXT_LIKE, Type, element_of
from rustydb_proto.core.value import value

INDEX_ROW = 3.0
"""Cost of a row that is found by an index, against one that a scan passes."""
EQUAL_SHARE = 0.005
RANGE_SHARE = 0.2
BETWEEN_SHARE = 0.02
OTHER_SHARE = 0.3

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}


class Statistics(Protocol):
    """What the planner knows of the data."""

    def rows(self, table: Table) -> float:
        """Return the number of rows of a table."""

    def keys(self, table: Table, index: Index) -> float:
        """Return the number of different keys in an index."""

    def indexes(self, table: Table) -> tuple[Index, ...]:
        """Return the indexes of a table that can be used for reading."""


@value
class Access:
    """A way to read a table, with the number of rows it gives and its cost."""

    node: p.SeqScan | p.IndexScan
    rows: float
    cost: float


@value
class _Term:
    """A usable condition: `column op expr`; `listed`: any element of the array `expr`."""

    column: int
    op: str
    expr: b.Expr
    condition: b.Expr
    listed: bool = False


def same_form(name: str, left: Type, right: Type) -> bool:
    """Whether a comparison by this operator is one of keys: the types are one, or have the same forms and order."""
    if name not in _MIRRORED:
        return False
    if left.oid == right.oid:
        return left.name != "json"
    if left.oid in INTEGERS and right.oid in INTEGERS:
        return True
    return left.oid in TEXT_LIKE and right.oid in TEXT_LIKE and BPCHAR.oid not in (left.oid, right.oid)


def strip(expr: b.Expr) -> b.Expr:
    """Return the expression under casts that leave the Python form as it is (varchar to text)."""
    while isinstance(expr, b.CastExpr) and expr.method == "relabel" and expr.typmod < 0:
        if expr.arg.type.oid != expr.type.oid and not same_form("=", expr.arg.type, expr.type):
            break
        expr = expr.arg
    return expr


def selectivity(condition: b.Expr) -> float:
    """Return the share of rows for which a condition is expected to hold."""
    if isinstance(condition, b.OpExpr):
        if condition.operator.name == "=":
            return EQUAL_SHARE
        if condition.operator.name in _MIRRORED:
            return RANGE_SHARE
        return 1 - EQUAL_SHARE if condition.operator.name == "<>" else 0.1
    if isinstance(condition, b.BoolExpr):
        shares = [selectivity(arg) for arg in condition.args]
        if condition.kind == "not":
            return max(1 - shares[0], EQUAL_SHARE)
        result = 1.0
        for share in shares:
            result *= share if condition.kind == "and" else 1 - share
        return result if condition.kind == "and" else 1 - result
    if isinstance(condition, b.ArrayOpExpr):
        return min(0.5, EQUAL_SHARE * list_size(condition.right))
    if isinstance(condition, b.NullTest):
        return 0.9 if condition.negated else 0.05
    return OTHER_SHARE


def list_size(array: b.Expr) -> int:
    """Return the number of elements of an array expression, a guess when it is not written out."""
    if isinstance(array, b.ArrayExpr):
        return max(len(array.items), 1)
    if isinstance(array, b.Const) and isinstance(array.value, tuple):
        return max(len(array.value), 1)
    return 10


def choose(
    scan: p.Scan, conditions: tuple[b.Expr, ...], statistics: Statistics, outer: frozenset[int] | None = None
) -> Access:
    """Return the cheapest access. With `outer`, the relations whose values are known; else every other one is."""
    table = scan.table
    if table.kind == "virtual":
        share = _share(conditions)
        return Access(p.SeqScan(table, scan.rel, scan.alias, conditions, scan.rid), max(300 * share, 1), 1000.0)
    total = max(statistics.rows(table), 1.0)
    share = _share(conditions)
    best = Access(
        p.SeqScan(table, scan.rel, scan.alias, conditions, scan.rid), max(total * share, 1), total + 5.0
    )
    terms = [term for condition in conditions if (term := _term(scan, condition, outer)) is not None]
    if not terms:
        return best
    for index in statistics.indexes(table):
        access = _by_index(scan, index, terms, conditions, statistics, total)
        if access is not None and access.cost < best.cost:
            best = access
    return best


def _share(conditions: tuple[b.Expr, ...]) -> float:
    share = 1.0
    for condition in conditions:
        share *= selectivity(condition)
    return share


def _term(scan: p.Scan, condition: b.Expr, outer: frozenset[int] | None) -> _Term | None:
    if isinstance(condition, b.OpExpr) and len(condition.args) == 2 and condition.operator.name in _MIRRORED:
        left, right = condition.args
        for column, other, name in (
            (left, right, condition.operator.name),
            (right, left, _MIRRORED[condition.operator.name]),
        ):
            bare = strip(column)
            if isinstance(bare, b.Var) and bare.source == scan.rel and bare.column >= 0:
                if same_form(name, bare.type, strip(other).type) and _known(scan, other, outer):
                    return _Term(bare.column, name, strip(other), condition)
        return None
    if isinstance(condition, b.ArrayOpExpr) and (condition.operator.name, condition.quantifier) == ("=", "any"):
        bare = strip(condition.left)
        element = element_of(condition.right.type)
        if isinstance(bare, b.Var) and bare.source == scan.rel and bare.column >= 0 and element is not None:
            if same_form("=", bare.type, element) and _known(scan, condition.right, outer):
                return _Term(bare.column, "=", condition.right, condition, True)
    if isinstance(condition, b.Var) and condition.source == scan.rel and condition.column >= 0:
        return _Term(condition.column, "=", b.Const(True, condition.type), condition)
    return None


def _known(scan: p.Scan, expr: b.Expr, outer: frozenset[int] | None) -> bool:
    used = relations(expr)
    if scan.rel in used or is_volatile(expr):
        return False
    return outer is None or used <= outer


def _by_index(
    scan: p.Scan,
    index: Index,
    terms: list[_Term],
    conditions: tuple[b.Expr, ...],
    statistics: Statistics,
    total: float,
) -> Access | None:
    equal: list[_Term] = []
    for column in index.columns:
        found = [term for term in terms if term.op == "=" and term.column == column.attnum - 1]
        if not found:
            break
        equal.append(min(found, key=lambda term: term.listed))
    if len(equal) == len(index.columns):
        return _lookup(scan, index, equal, conditions, statistics, total)
    return _range(scan, index, equal, terms, conditions, total)


def _lookup(
    scan: p.Scan,
    index: Index,
    equal: list[_Term],
    conditions: tuple[b.Expr, ...],
    statistics: Statistics,
    total: float,
) -> Access:
    used = tuple([term.condition for term in equal])
    rest = tuple([condition for condition in conditions if condition not in used])
    each = 1.0 if index.unique else max(total / max(statistics.keys(scan.table, index), 1.0), 1.0)
    lookups = 1.0
    for term in equal:
        if term.listed:
            lookups *= list_size(term.expr)
    node = p.IndexScan(
        scan.table, scan.rel, scan.alias, index,
        keys=tuple([term.expr for term in equal]), lists=tuple([term.listed for term in equal]),
        index_conditions=used, conditions=rest, rid=scan.rid,
    )  # fmt: skip
    found = each * lookups
    return Access(node, max(min(found, total) * _share(rest), 1 if found >= 1 else found), lookups + found * INDEX_ROW - 2)


def _range(
    scan: p.Scan,
    index: Index,
    equal: list[_Term],
    terms: list[_Term],
    conditions: tuple[b.Expr, ...],
    total: float,
) -> Access | None:
    if any(term.listed for term in equal):
        equal = equal[: [term.listed for term in equal].index(True)]
    if index.columns[len(equal)].attnum == 0:
        return None
    column = index.columns[len(equal)].attnum - 1
    low = next((term for term in terms if term.column == column and term.op in (">", ">=")), None)
    high = next((term for term in terms if term.column == column and term.op in ("<", "<=")), None)
    if not equal and low is None and high is None:
        return None
    used = tuple([term.condition for term in (*equal, low, high) if term is not None])
    rest = tuple([condition for condition in conditions if condition not in used])
    share = EQUAL_SHARE**0.5 if equal else 1.0
    if low is not None or high is not None:
        share *= BETWEEN_SHARE if low is not None and high is not None else RANGE_SHARE
    node = p.IndexScan(
        scan.table, scan.rel, scan.alias, index, keys=tuple([term.expr for term in equal]), range=True,
        low=None if low is None else (low.expr, low.op == ">="),
        high=None if high is None else (high.expr, high.op == "<="),
        index_conditions=used, conditions=rest, rid=scan.rid,
    )  # fmt: skip
    return Access(node, max(total * share * _share(rest), 1), 10.0 + total * share * INDEX_ROW)
