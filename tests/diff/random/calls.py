"""Random aggregate and window calls.

What depends on the order of rows is given an order: aggregates are sorted by their own argument, window functions by all
columns of the scope, so that rows that tie are the same.
"""

from __future__ import annotations

from random import Random

from tests.diff.random.expressions import Expressions, Scope, total_order
from tests.diff.random.kinds import KINDS
from tests.diff.random.templates import slots
from tests.diff.random.tree import Part, joined

# result type: call; {x} is an argument; a template in which a slot occurs twice as {a} sorts by its argument.
AGGREGATES = """
int8: count(*)
int8: count({T})
int8: count(distinct {T})
int8: sum({int4})
int8: sum(distinct {int4})
int8: sum({int2})
numeric: sum({int8})
numeric: sum({numeric})
numeric: avg({int4})
numeric: avg({numeric})
numeric: avg(distinct {int4})
numeric: variance({int4})
numeric: stddev_pop({numeric})
float8: sum({float8})
float8: avg({float8})
float8: stddev({float8})
float8: var_pop({float4})
float8: corr({float8}, {float8})
float8: regr_count({float8}, {float8})::float8
float8: percentile_cont(0.5) within group (order by {float8})
float4: sum({float4})
bool: bool_and({bool})
bool: bool_or({bool})
bool: every({bool})
int4: bit_and({int4})
int4: bit_or({int4})
int4: bit_xor({int4})
text: string_agg({=text}, ',' order by {=text})
text: string_agg({=text}, '|' order by {=text} desc nulls first)
text: string_agg(distinct {text}, ',')
jsonb: jsonb_agg({=int4} order by {=int4})
jsonb: jsonb_agg({=jsonb} order by {=jsonb})
jsonb: jsonb_object_agg(coalesce({=text}, '-'), {=int4} order by {=text}, {=int4})
json: json_agg({=text} order by {=text})
int4[]: array_agg({=int4} order by {=int4})
int4[]: array_agg(distinct {int4})
int4[]: array_agg({=int4} order by {=int4} desc nulls last)
text[]: array_agg({=text} order by {=text})
text[]: array_agg(distinct {=text} order by {=text} desc)
int8: rank({int4!}) within group (order by {int4})
int8: dense_rank({int4!}) within group (order by {int4} desc)
"""
ORDERED_SET = """
T: mode() within group (order by {T})
T: percentile_disc(0.3) within group (order by {T})
"""
MIN_MAX = ("int2", "int4", "int8", "float4", "float8", "numeric", "text", "date", "time", "timestamp", "timestamptz", "interval", "char(5)", "int4[]", "text[]", "timetz")  # fmt: skip

_BY_KIND: dict[str, list[str]] = {}
for _line in AGGREGATES.strip().splitlines():
    _kind, _, _template = _line.partition(": ")
    _BY_KIND.setdefault(_kind, []).append(_template)

# result type: function; those marked ~ look only at their peers and need no total order.
WINDOW_FUNCTIONS = """
int8: row_number()
int8: ~rank()
int8: ~dense_rank()
float8: ~percent_rank()
float8: ~cume_dist()
int4: ntile(3)
T: lag({T})
T: lag({T}, 2)
T: lead({T}, 1, {T})
T: first_value({T})
T: last_value({T})
T: nth_value({T}, 2)
"""
_WINDOW: dict[str, list[str]] = {}
for _line in WINDOW_FUNCTIONS.strip().splitlines():
    _kind, _, _template = _line.partition(": ")
    _WINDOW.setdefault(_kind, []).append(_template)

BOUNDS = (
    "unbounded preceding and current row",
    "unbounded preceding and unbounded following",
    "current row and unbounded following",
    "1 preceding and 1 following",
    "2 preceding and 1 preceding",
    "1 following and 2 following",
    "current row and 1 following",
    "1 preceding and current row",
    "current row and current row",
)
EXCLUDE = ("", "", "", " exclude current row", " exclude ties", " exclude group", " exclude no others")
OFFSETS = {
    "int4": "1",
    "int8": "2",
    "numeric": "1.5",
    "float8": "0.5",
    "date": "'1 day'",
    "timestamp": "'1 day'",
    "interval": "'1 day'",
}


def aggregate(rng: Random, rows: Expressions, kind: str, size: int, distinct: bool = True) -> Part | None:
    """Return an aggregate call of a type over expressions of the rows that are grouped."""
    pool = list(_BY_KIND.get(kind, []))
    if kind in MIN_MAX:
        pool += [f"min({{{kind}}})", f"max({{{kind}}})"]
    if KINDS[kind].ordered and distinct and rng.random() < 0.1:
        pool += [line.partition(": ")[2].replace("{T}", f"{{{kind}}}") for line in ORDERED_SET.strip().splitlines()]
    if not distinct:
        pool = [template for template in pool if "distinct" not in template and " order by " not in template]
    if not pool:
        return None
    template = rng.choice(pool)
    kept: dict[str, Part] = {}
    pieces: list[str | Part] = []
    any_kind = rows.kind()
    if rng.random() < 0.9:  # with columns of an enclosing query alone it would be that query's aggregate
        rows = Expressions(rng, Scope(rows.scope.columns), None)
    for place, piece in enumerate(slots(template)):
        if place % 2 == 0:
            pieces.append(piece)
        elif piece.startswith("="):
            pieces.append(kept.setdefault(piece, rows.make(piece[1:], size)))
        elif piece.endswith("!"):
            pieces.append(rows.constant(piece[:-1]))
        else:
            pieces.append(rows.make(any_kind if piece == "T" else piece, size))
    if rng.random() < 0.2 and not template.endswith("::float8"):
        pieces.append(Part(" filter (where ", rows.make("bool", min(size, 1)), ")", optional=True))
    return Part(*pieces, sort=kind)


class Windows:
    """Makes window calls over the rows of a scope; named windows are gathered in `named`."""

    def __init__(self, rng: Random, rows: Expressions, scope: Scope) -> None:
        self.rng = rng
        self.rows = rows
        self.scope = scope
        self.named: list[Part] = []

    def call(self, kind: str, size: int) -> Part | None:
        """Return a window call of a type."""
        rng = self.rng
        if not self.scope.columns:
            return None
        total = True
        pool = list(_WINDOW.get(kind, []))
        if KINDS[kind].ordered and kind != "char(5)":
            pool += [template.replace("{T}", f"{{{kind}}}") for template in _WINDOW["T"]]
        if pool and rng.random() < 0.6:
            template = rng.choice(pool)
            total = not template.startswith("~")
            pieces: list[str | Part] = []
            for place, piece in enumerate(slots(template.removeprefix("~"))):
                pieces.append(self.rows.make(piece, min(size, 1)) if place % 2 else piece)
            function = Part(*pieces)
        else:
            found = aggregate(rng, self.rows, kind, min(size, 1), distinct=False)
            if found is None or "within group" in str(found) or str(found).endswith("::float8"):
                return None
            function = found
        return Part(function, " over ", self._window(total), sort=kind)

    def _window(self, total: bool) -> Part:
        rng = self.rng
        pieces: list[str | Part] = []
        if rng.random() < 0.5:
            pieces.append(Part("partition by ", self.rows.make(self.rows.kind(), 1), " ", optional=True))
        offset = ""
        terms: list[str | Part] = []
        if rng.random() < 0.7:
            kind = self.rows.kind()
            terms.append(Part(self.rows.leaf(kind), rng.choice(("", " desc", " nulls first", " desc nulls last"))))
            offset = OFFSETS.get(kind, "")
        framed = rng.random()
        if total or framed < 0.35:
            terms += total_order(self.scope)
        if terms:
            pieces.append(Part("order by ", *joined(terms), " "))
        frame = rng.choice(BOUNDS) + rng.choice(EXCLUDE)
        if framed < 0.35:
            pieces.append(Part("rows between ", frame, optional=True))
        elif framed < 0.5 and terms:
            pieces.append(Part("groups between ", frame, optional=True))
        elif framed < 0.65 and len(terms) == 1 and offset:
            pieces.append(Part("range between ", self._range(frame, offset), optional=True))
        if rng.random() < 0.15:
            name = f"w{len(self.named)}"
            self.named.append(Part(name, " as (", *pieces, ")"))
            return Part(name)
        return Part("(", *pieces, ")")

    def _range(self, frame: str, offset: str) -> str:
        return (
            frame.replace("1 p", f"{offset} p")
            .replace("1 f", f"{offset} f")
            .replace("2 p", f"{offset} p")
            .replace("2 f", f"{offset} f")
        )
