"""Running SQL/JSON paths: from a document to the sequence of items that a path selects.

Evaluation is by generators, so a path that only has to exist stops at its first item. In lax mode accessors unwrap
arrays and structural errors (a missing key, a subscript out of bounds) select nothing; in strict mode they are
errors. Conditions have three values: an error or an incomparable pair makes them unknown (None), which a filter
takes as false.

    list(run(parse("$.a[*] ? (@ > 1)"), {"a": [1, 2]}, {}))  ->  [2]

Items are the Python forms of JSON (numbers are Decimals). `.datetime()` is not supported.

Source: SQL:2016 part 2, 9.39; PostgreSQL 15, src/backend/utils/adt/jsonpath_exec.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.values.floats import float8_in, float8_out
from rustydb_engine.values.jsonpath import Item, Path, is_predicate
from rustydb_engine.values.jsontext import Json
from rustydb_engine.values.numeric import EXACT, add, divide, multiply, numeric_in, numeric_out, remainder, subtract
from rustydb_engine.values.regex import compile_regex

Sequence = Iterator[Json]

_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": add, "-": subtract, "*": multiply, "/": divide, "%": remainder,
}  # fmt: skip
_COMPARE: dict[str, Callable[[int], bool]] = {
    "==": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}
# Errors that make a condition unknown and that `silent` suppresses: those of the SQL/JSON class 22 and arithmetic.
_SUPPRESSED = ("22", "2F")


def suppressible(error: SqlError) -> bool:
    """Whether an error is one of evaluating a path."""
    return error.sqlstate.startswith(_SUPPRESSED)


class Run:
    """One evaluation: the document, the variables, and what `@` and `last` mean at the moment."""

    __slots__ = ("lax", "lenient", "root", "sizes", "variables")

    def __init__(self, path: Path, root: Json, variables: dict[str, Json]) -> None:
        self.lax = not path.strict
        self.lenient = self.lax
        self.root = root
        self.variables = variables
        self.sizes: list[int] = []

    # ---- items

    def items(self, item: Item, current: Json) -> Sequence:
        """Give what an item selects; a condition gives true, false or null."""
        if is_predicate(item):
            yield self.truth(item, current)
            return
        base = self._base(item, current)
        yield from self._steps(base, item.steps, 0) if item.steps else base

    def _base(self, item: Item, current: Json) -> Sequence:
        """Give the items of a primary without its accessors."""
        match item.kind:
            case "root":
                yield self.root
            case "current":
                yield current
            case "last":
                yield Decimal(self.sizes[-1] - 1)
            case "variable":
                name = str(item.value)
                if name not in self.variables:
                    raise SqlError("42704", f'could not find jsonpath variable "{name}"')
                yield self.variables[name]
            case "null":
                yield None
            case "string" | "number" | "bool":
                yield item.value
            case "negative" | "positive":
                yield from self._signed(item, current)
            case "+" | "-" | "*" | "/" | "%":
                yield self._arithmetic(item, current)
            case _:
                yield self.truth(Item(item.kind, item.value, item.left, item.right), current)

    def _signed(self, item: Item, current: Json) -> Sequence:
        assert item.left is not None, "a sign has an operand"
        for found in self._unwrapped(item.left, current):
            if not isinstance(found, Decimal):
                sign = "-" if item.kind == "negative" else "+"
                raise SqlError("2203B", f"operand of unary jsonpath operator {sign} is not a numeric value")
            yield found.copy_negate() if item.kind == "negative" and found else found

    def _arithmetic(self, item: Item, current: Json) -> Decimal:
        assert item.left is not None and item.right is not None, "two operands"
        numbers: list[Decimal] = []
        for side, operand in (("left", item.left), ("right", item.right)):
            found = list(self._unwrapped(operand, current))
            if len(found) != 1 or not isinstance(found[0], Decimal):
                message = f"{side} operand of jsonpath operator {item.kind} is not a single numeric value"
                raise SqlError("22038", message)
            numbers.append(found[0])
        return _ARITHMETIC[item.kind](*numbers)

    def _unwrapped(self, item: Item, current: Json) -> Sequence:
        """Give an operand's items; in lax mode the elements of arrays among them."""
        for found in self.items(item, current):
            if self.lax and isinstance(found, list):
                yield from found
            else:
                yield found

    # ---- accessors

    def _steps(self, found: Sequence, steps: tuple[Item, ...], at: int) -> Sequence:
        """Apply accessors from number `at` on to each item."""
        if at == len(steps):
            yield from found
            return
        for item in found:
            yield from self._steps(self._step(steps[at], item, self.lax), steps, at + 1)

    def _step(self, step: Item, item: Json, unwrap: bool) -> Sequence:
        """Apply one accessor to one item; `unwrap` says whether an array stands for its elements."""
        kind = step.kind
        if kind in ("key", "anykey", "filter") or (kind == "method" and step.value not in ("type", "size")):
            if unwrap and isinstance(item, list):
                for element in item:
                    yield from self._step(step, element, False)
                return
        match kind:
            case "key":
                yield from self._key(str(step.value), item)
            case "anykey":
                if isinstance(item, dict):
                    yield from item.values()
                elif not self.lenient:
                    raise SqlError("2203C", "jsonpath wildcard member accessor can only be applied to an object")
            case "anyarray":
                if isinstance(item, list):
                    yield from item
                elif self.lax:
                    yield item
                elif not self.lenient:
                    raise SqlError("22039", "jsonpath wildcard array accessor can only be applied to an array")
            case "index":
                yield from self._subscripts(step, item)
            case "any":
                yield from self._levels(step, item)
            case "filter":
                assert step.left is not None, "a filter has a predicate"
                if self.truth(step.left, item):
                    yield item
            case "method":
                yield from self._method(str(step.value), item)
            case _:
                raise not_supported("the jsonpath item method .datetime()")

    def _key(self, name: str, item: Json) -> Sequence:
        if isinstance(item, dict):
            if name in item:
                yield item[name]
            elif not self.lenient:
                raise SqlError("2203A", f'JSON object does not contain key "{name}"')
        elif not self.lenient:
            raise SqlError("2203A", "jsonpath member accessor can only be applied to an object")

    def _subscripts(self, step: Item, item: Json) -> Sequence:
        if isinstance(item, list):
            array = item
        elif self.lax:
            array = [item]
        elif self.lenient:
            return
        else:
            raise SqlError("22039", "jsonpath array accessor can only be applied to an array")
        assert isinstance(step.value, tuple), "subscripts"
        for low, high in step.value:
            self.sizes.append(len(array))
            try:
                first = self._index(low, item)
                last = first if high is None else self._index(high, item)
            finally:
                self.sizes.pop()
            if not self.lenient and (first < 0 or first > last or last >= len(array)):
                raise SqlError("22033", "jsonpath array subscript is out of bounds")
            yield from array[max(first, 0) : max(last + 1, 0)]

    def _index(self, subscript: Item, item: Json) -> int:
        found = list(self.items(subscript, item))
        if len(found) != 1 or not isinstance(found[0], Decimal):
            raise SqlError("22033", "jsonpath array subscript is not a single numeric value")
        number = found[0]
        if number.adjusted() > 10 or not -(2**31) <= int(number) < 2**31:
            raise SqlError("22033", "jsonpath array subscript is out of integer range")
        return int(number)

    def _levels(self, step: Item, item: Json) -> Sequence:
        """Give the item and what is inside it, by depth; structural errors behind `**` select nothing."""
        assert isinstance(step.value, tuple), "two levels"
        first, last = step.value
        lenient, self.lenient = self.lenient, True
        yield from self._below(item, 0, first, last)
        self.lenient = lenient

    def _below(self, item: Json, level: int, first: int, last: int) -> Sequence:
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        leaf = not isinstance(item, dict | list)
        if (level >= first >= 0 and (last < 0 or level <= last)) or (first < 0 and leaf):
            if not (first < 0) or leaf:
                yield item
        if last < 0 or level < last:
            for each in inner:
                yield from self._below(each, level + 1, first, last)

    # ---- methods

    def _method(self, name: str, item: Json) -> Sequence:
        match name:
            case "type":
                yield _type_name(item)
            case "size":
                if isinstance(item, list):
                    yield Decimal(len(item))
                elif self.lax:
                    yield Decimal(1)
                elif not self.lenient:
                    raise SqlError("22039", "jsonpath item method .size() can only be applied to an array")
            case "double":
                yield _double(item)
            case "keyvalue":
                if not isinstance(item, dict):
                    raise SqlError("2203C", "jsonpath item method .keyvalue() can only be applied to an object")
                for key, each in item.items():
                    yield {"id": Decimal(0), "key": key, "value": each}
            case _:
                yield _rounded(name, item)

    # ---- conditions

    def truth(self, item: Item, current: Json) -> bool | None:
        """Return whether a condition holds; None is unknown."""
        match item.kind:
            case "&&" | "||":
                assert item.left is not None and item.right is not None, "two conditions"
                decides = item.kind == "||"
                left = self.truth(item.left, current)
                if left is decides:
                    return left
                right = self.truth(item.right, current)
                return right if right is decides or left is not None else left
            case "!":
                assert item.left is not None, "a condition"
                found = self.truth(item.left, current)
                return None if found is None else not found
            case "unknown":
                assert item.left is not None, "a condition"
                return self.truth(item.left, current) is None
            case "exists":
                return self._exists(item, current)
        return self._compared(item, current)

    def _exists(self, item: Item, current: Json) -> bool | None:
        assert item.left is not None, "an operand"
        try:
            if self.lax:
                return next(self._as_tuples(item.left, current), None) is not None
            return bool(list(self._as_tuples(item.left, current)))
        except SqlError as error:
            if not suppressible(error):
                raise
            return None

    def _as_tuples(self, item: Item, current: Json) -> Iterator[tuple[Json]]:
        return ((found,) for found in self.items(item, current))

    def _compared(self, item: Item, current: Json) -> bool | None:
        """Return whether any pair of operands satisfies a predicate."""
        assert item.left is not None, "an operand"
        try:
            left = list(self._unwrapped(item.left, current))
            right: list[Json] = [None]
            if item.right is not None:
                again = self._unwrapped if item.kind in _COMPARE else self.items
                right = list(again(item.right, current))
        except SqlError as error:
            if not suppressible(error):
                raise
            return None
        unknown = found = False
        for one in left:
            for other in right:
                result = _satisfies(item, one, other)
                if result is None:
                    if not self.lax:
                        return None
                    unknown = True
                elif result:
                    if self.lax:
                        return True
                    found = True
        return True if found else None if unknown else False


def _satisfies(item: Item, one: Json, other: Json) -> bool | None:
    if item.kind == "starts":
        return one.startswith(other) if isinstance(one, str) and isinstance(other, str) else None
    if item.kind == "like":
        assert isinstance(item.value, tuple), "pattern and flags"
        pattern, flags = item.value
        if not isinstance(one, str):
            return None
        return compile_regex(pattern, _regex_flags(flags)).search(one) is not None
    sign = _order(one, other)
    if sign is None:
        if (one is None) != (other is None):
            return item.kind == "!="
        return None
    return _COMPARE[item.kind](sign)


def _regex_flags(flags: str) -> str:
    """Translate the flags of XQuery to those of POSIX expressions."""
    ignore = "i" if "i" in flags else "c"
    if "q" in flags:
        return ignore + "q"
    return (
        ignore
        + {(True, True): "w", (True, False): "s", (False, True): "n", (False, False): "p"}["s" in flags, "m" in flags]
    )


def _order(one: Json, other: Json) -> int | None:
    """Compare two scalars of one type; None when they cannot be compared."""
    if one is None and other is None:
        return 0
    if isinstance(one, bool) and isinstance(other, bool):
        return one - other
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return (one > other) - (one < other)
    if isinstance(one, str) and isinstance(other, str):
        return (one > other) - (one < other)
    return None


def _type_name(item: Json) -> str:
    if item is None:
        return "null"
    for kind, name in ((bool, "boolean"), (Decimal, "number"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(item, kind):
            return name
    raise AssertionError("a JSON value")


def _double(item: Json) -> Decimal:
    """Return a number or the number that a string holds, as a double precision."""
    wrong = "numeric argument of jsonpath item method .double() is out of range for type double precision"
    if isinstance(item, str):
        wrong = "string argument of jsonpath item method .double() is not a valid representation of a double precision number"
    elif not isinstance(item, Decimal):
        raise SqlError("22036", "jsonpath item method .double() can only be applied to a string or numeric value")
    try:
        number = float8_in(item if isinstance(item, str) else numeric_out(item))
    except SqlError:
        raise SqlError("22036", wrong) from None
    if number - number != 0.0:
        raise SqlError("22036", "NaN or Infinity is not allowed for jsonpath item method .double()")
    return numeric_in(float8_out(number))


def _rounded(name: str, item: Json) -> Decimal:
    if not isinstance(item, Decimal):
        raise SqlError("22036", f"jsonpath item method .{name}() can only be applied to a numeric value")
    if name == "abs":
        return item.copy_abs()
    rounded = item.to_integral_value(ROUND_CEILING if name == "ceiling" else ROUND_FLOOR, EXACT)
    return rounded if rounded else rounded.copy_abs()


def run(path: Path, document: Json, variables: dict[str, Json]) -> Sequence:
    """Give the items that a path selects in a document."""
    return Run(path, document, variables).items(path.item, document)
