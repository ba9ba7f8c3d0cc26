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
from rustydb_engine.sql.tree import is_volatile, relations, rewrite, with_fields
from rustydb_engine.values.types import BPCHAR, INTEGERS, TEXT_LIKE, TID, Type, element_of
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

    def indexes(self, table: Table) -> tuple[ReadIndex, ...]:
        """Return the indexes of a table that can be used for reading."""


@value
class ReadIndex:
    """An index to read by: its key expressions and the conjuncts of its predicate, over the table's row as Var(0, …)."""

    index: Index
    keys: tuple[b.Expr, ...]
    predicate: tuple[b.Expr, ...] = ()


@value
class Access:
    """A way to read a table, with the number of rows it gives and its cost."""

    node: p.SeqScan | p.IndexScan | p.SystemLookup
    rows: float
    cost: float


@value
class _Term:
    """A usable condition: `key op expr`; `listed`: any element of the array `expr`."""

    key: b.Expr
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
    share = _share(conditions)
    terms = [term for condition in conditions for term in _terms(scan, condition, outer)]
    if table.kind == "virtual":
        return _virtual(scan, conditions, terms, share)
    total = max(statistics.rows(table), 1.0)
    best = Access(p.SeqScan(table, scan.rel, scan.alias, conditions, scan.rid), max(total * share, 1), total + 5.0)
    if not terms:
        return best
    for entry in statistics.indexes(table):
        read = over(entry, scan.rel)
        if not implied(read.predicate, conditions):
            continue
        access = _by_index(scan, read, terms, conditions, statistics, total)
        if access is not None and access.cost < best.cost:
            best = access
    return best


def over(entry: ReadIndex, rel: int) -> ReadIndex:
    """Return an index with its expressions over relation `rel`."""

    def change(item: object) -> object | None:
        return with_fields(item, source=rel) if isinstance(item, b.Var) else None

    return ReadIndex(
        entry.index, tuple([strip(rewrite(key, change)) for key in entry.keys]), rewrite(entry.predicate, change)
    )


def implied(predicate: tuple[b.Expr, ...], conditions: tuple[b.Expr, ...]) -> bool:
    """Whether rows that satisfy the conditions satisfy a partial index's predicate."""
    for term in predicate:
        if term in conditions:
            continue
        if isinstance(term, b.NullTest) and term.negated and any(_rejects(item, term.arg) for item in conditions):
            continue
        return False
    return True


def _rejects(condition: b.Expr, arg: b.Expr) -> bool:
    """Whether a condition is a strict comparison of `arg`, so that it cannot be true when that is NULL."""
    if isinstance(condition, b.OpExpr):
        return condition.operator.function.strict and any(strip(item) == strip(arg) for item in condition.args)
    return (
        isinstance(condition, b.ArrayOpExpr) and condition.quantifier == "any" and strip(condition.left) == strip(arg)
    )


def tid_condition(node: p.SeqScan) -> tuple[b.Expr, b.Expr] | None:
    """Return the condition that compares a table's ctid with what is known before its rows are read, and that."""
    for condition in node.conditions:
        if isinstance(condition, b.OpExpr) and condition.operator.name == "=" and len(condition.args) == 2:
            for one, other in (condition.args, condition.args[::-1]):
                if isinstance(one, b.Var) and (one.source, one.column) == (node.rel, -3) and other.type is TID:
                    if node.rel not in relations(other) and not is_volatile(other):
                        return condition, other
    return None


def _virtual(scan: p.Scan, conditions: tuple[b.Expr, ...], terms: list[_Term], share: float) -> Access:
    """Read a system table: all of it, or what has one value in a column, by an index made on demand."""
    plain = [term for term in terms if term.op == "=" and not term.listed and isinstance(term.key, b.Var)]
    if not plain:
        rows = max(300 * share, 1)
        return Access(p.SeqScan(scan.table, scan.rel, scan.alias, conditions, scan.rid), rows, 1000.0)
    term = min(plain, key=_system_key)
    assert isinstance(term.key, b.Var), "chosen above"
    rest = tuple([condition for condition in conditions if condition is not term.condition])
    node = p.SystemLookup(scan.table, scan.rel, scan.alias, term.key.column, term.expr, term.condition, rest)
    found = (1.0, 5.0, 100.0)[_system_key(term)]
    return Access(node, max(found * _share(rest), 1), 2.0 + found)


def _system_key(term: _Term) -> int:
    """Return how selective an equality on a system table's column is likely to be, smallest first."""
    assert isinstance(term.key, b.Var), "a column"
    if term.key.column == 0 and term.key.type.name == "oid":
        return 0
    return 1 if term.key.type.name in ("oid", "name") else 2


def _share(conditions: tuple[b.Expr, ...]) -> float:
    share = 1.0
    for condition in conditions:
        share *= selectivity(condition)
    return share


def _terms(scan: p.Scan, condition: b.Expr, outer: frozenset[int] | None) -> list[_Term]:
    found: list[_Term] = []
    if isinstance(condition, b.OpExpr) and len(condition.args) == 2 and condition.operator.name in _MIRRORED:
        left, right = condition.args
        for key, other, name in (
            (left, right, condition.operator.name),
            (right, left, _MIRRORED[condition.operator.name]),
        ):
            bare = strip(key)
            if scan.rel in relations(bare) and same_form(name, bare.type, strip(other).type):
                if _known(scan, other, outer):
                    found.append(_Term(bare, name, strip(other), condition))
    elif isinstance(condition, b.ArrayOpExpr) and (condition.operator.name, condition.quantifier) == ("=", "any"):
        bare = strip(condition.left)
        element = element_of(condition.right.type)
        if scan.rel in relations(bare) and element is not None:
            if same_form("=", bare.type, element) and _known(scan, condition.right, outer):
                found.append(_Term(bare, "=", condition.right, condition, True))
    elif isinstance(condition, b.Var) and condition.source == scan.rel and condition.column >= 0:
        found.append(_Term(condition, "=", b.Const(True, condition.type), condition))
    elif isinstance(condition, b.BoolExpr) and condition.kind == "not" and isinstance(condition.args[0], b.Var):
        if condition.args[0].source == scan.rel:
            found.append(_Term(condition.args[0], "=", b.Const(False, condition.args[0].type), condition))
    return found


def _known(scan: p.Scan, expr: b.Expr, outer: frozenset[int] | None) -> bool:
    used = relations(expr)
    if scan.rel in used or is_volatile(expr):
        return False
    return outer is None or used <= outer


def _by_index(
    scan: p.Scan,
    read: ReadIndex,
    terms: list[_Term],
    conditions: tuple[b.Expr, ...],
    statistics: Statistics,
    total: float,
) -> Access | None:
    equal = equal_prefix(read, terms)
    if len(equal) == len(read.keys):
        return _lookup(scan, read, equal, conditions, statistics, total)
    return _range(scan, read, equal, terms, conditions, total)


def equal_prefix(read: ReadIndex, terms: list[_Term]) -> list[_Term]:
    """Return equality conditions for the leading keys of an index, as many as there are."""
    equal: list[_Term] = []
    for key in read.keys:
        found = [term for term in terms if term.op == "=" and term.key == key]
        if not found:
            break
        equal.append(min(found, key=lambda term: term.listed))
    return equal


def _lookup(
    scan: p.Scan,
    read: ReadIndex,
    equal: list[_Term],
    conditions: tuple[b.Expr, ...],
    statistics: Statistics,
    total: float,
) -> Access:
    used = tuple([term.condition for term in equal])
    rest = tuple([condition for condition in conditions if condition not in used])
    each = 1.0 if read.index.unique else max(total / max(statistics.keys(scan.table, read.index), 1.0), 1.0)
    lookups = 1.0
    for term in equal:
        if term.listed:
            lookups *= list_size(term.expr)
    node = p.IndexScan(
        scan.table, scan.rel, scan.alias, read.index,
        keys=tuple([term.expr for term in equal]), lists=tuple([term.listed for term in equal]),
        index_conditions=used, conditions=rest, rid=scan.rid,
    )  # fmt: skip
    found = each * lookups
    rows = max(min(found, total) * _share(rest), 1 if found >= 1 else found)
    return Access(node, rows, lookups + found * INDEX_ROW - 2)


def _range(
    scan: p.Scan,
    read: ReadIndex,
    equal: list[_Term],
    terms: list[_Term],
    conditions: tuple[b.Expr, ...],
    total: float,
) -> Access | None:
    node = range_scan(scan, read, equal, terms, conditions)
    if not node.keys and node.low is None and node.high is None:
        return None
    share = EQUAL_SHARE**0.5 if node.keys else 1.0
    if node.low is not None or node.high is not None:
        share *= BETWEEN_SHARE if node.low is not None and node.high is not None else RANGE_SHARE
    return Access(node, max(total * share * _share(node.conditions), 1), 10.0 + total * share * INDEX_ROW)


def range_scan(
    scan: p.Scan, read: ReadIndex, equal: list[_Term], terms: list[_Term], conditions: tuple[b.Expr, ...]
) -> p.IndexScan:
    """Return the scan of the part of an index that its leading equalities and the bounds after them allow."""
    if any(term.listed for term in equal):
        equal = equal[: [term.listed for term in equal].index(True)]
    low = high = None
    if len(equal) < len(read.keys):
        key = read.keys[len(equal)]
        low = next((term for term in terms if term.key == key and term.op in (">", ">=")), None)
        high = next((term for term in terms if term.key == key and term.op in ("<", "<=")), None)
    used = tuple([term.condition for term in (*equal, low, high) if term is not None])
    rest = tuple([condition for condition in conditions if condition not in used])
    return p.IndexScan(
        scan.table, scan.rel, scan.alias, read.index, keys=tuple([term.expr for term in equal]), range=True,
        low=None if low is None else (low.expr, low.op == ">="),
        high=None if high is None else (high.expr, high.op == "<="),
        index_conditions=used, conditions=rest, rid=scan.rid,
    )  # fmt: skip


def in_order(
    scan: p.Scan, conditions: tuple[b.Expr, ...], keys: tuple[b.ExprSort, ...], statistics: Statistics
) -> tuple[p.IndexScan, float] | None:
    """Return a scan along an index that gives rows in the order of `keys`, and the share of its rows that count."""
    terms = [term for condition in conditions for term in _terms(scan, condition, None)]
    for entry in statistics.indexes(scan.table):
        read = over(entry, scan.rel)
        if not implied(read.predicate, conditions):
            continue
        equal = [term for term in equal_prefix(read, terms) if not term.listed]
        for skip in {len(equal), 0}:
            reverse = _direction(scan, read, skip, keys)
            if reverse is None:
                continue
            node = range_scan(scan, read, equal[:skip], terms, conditions)
            return with_fields(node, ordered=True, reverse=reverse), _share(node.conditions)
    return None


def _direction(scan: p.Scan, read: ReadIndex, skip: int, keys: tuple[b.ExprSort, ...]) -> bool | None:
    """Return whether an index gives the order backwards, None when it does not give it; `skip` keys are constant."""
    columns = read.index.columns[skip:]
    if len(keys) > len(columns):
        return None
    verdict: bool | None = None
    for key, column, expr in zip(keys, columns, read.keys[skip:], strict=False):
        if strip(key.expr) != expr:
            return None
        reverse = key.descending != column.descending
        if verdict is not None and reverse != verdict:
            return None
        verdict = reverse
        never_null = isinstance(expr, b.Var) and scan.table.columns[expr.column].not_null
        if not never_null and key.nulls_first != (column.nulls_first != reverse):
            return None
    return verdict
