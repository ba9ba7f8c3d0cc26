"""The kinds of fields that messages are made of, each in both encodings.

A message is a record; schema.py lists the kinds of its fields. A kind knows four things:

    write(append, value), read(body, position)      bincode
    plain(value), check(plain)                      MessagePack: to and from what messagepack.py writes and reads

`check` raises MalformedError, since a MessagePack body says itself what type each thing in it has. A record that got more
elements than it has fields ignores the rest, and one that got fewer takes the defaults of its last fields: so a later
version can add fields in MessagePack. In bincode a message that has grown is another variant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeAlias

from rustydb_proto.binary import bincode
from rustydb_proto.binary.bincode import Append, Read, Write
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.messagepack import VALUE_SET
from rustydb_proto.binary.values import INT_MAX
from rustydb_proto.core.value import value

Convert: TypeAlias = Callable[[Any], Any]

# More elements than this in one list are refused; rows have a limit of their own (limits.py).
LIST_MAX = 70_000


@value
class Kind:
    """One kind of field."""

    write: Write
    read: Read
    plain: Convert
    check: Convert


def _same(anything: Any) -> Any:
    return anything


def _wrong(expected: str, got: object) -> MalformedError:
    return MalformedError(f"{expected} expected, not {type(got).__name__}")


def integer(code: str, low: int, high: int) -> Kind:
    """Return the kind of integers from `low` to `high`; `code` is that of `struct`."""

    def check(plain: Any) -> Any:
        if type(plain) is not int:
            raise _wrong("an integer", plain)
        if not low <= plain <= high:
            raise MalformedError(f"integer {plain} is not between {low} and {high}")
        return plain

    return Kind(*bincode.number(code), check, check)


def _exactly(kind: type, expected: str) -> Convert:
    def check(plain: Any) -> Any:
        if type(plain) is not kind:
            raise _wrong(expected, plain)
        return plain

    return check


def _check_value(plain: Any) -> Any:
    if type(plain) not in VALUE_SET or (type(plain) is int and plain > INT_MAX):
        raise _wrong("a value", plain)
    return plain


def optional(inner: Kind) -> Kind:
    """Return the kind of `inner` or None."""
    write_inner, read_inner, plain_inner, check_inner = inner.write, inner.read, inner.plain, inner.check

    def write(append: Append, value: Any) -> None:
        if value is None:
            append(b"\0")
        else:
            append(b"\1")
            write_inner(append, value)

    def read(body: bytes, position: int) -> tuple[Any, int]:
        given, position = bincode.read_bool(body, position)
        return read_inner(body, position) if given else (None, position)

    return Kind(
        write,
        read,
        lambda value: None if value is None else plain_inner(value),
        lambda plain: None if plain is None else check_inner(plain),
    )


def many(inner: Kind, limit: int = LIST_MAX) -> Kind:
    """Return the kind of tuples of `inner`, at most `limit` long."""
    write_inner, read_inner, plain_inner, check_inner = inner.write, inner.read, inner.plain, inner.check
    write_count = bincode.number("Q")[0]

    def write(append: Append, values: Any) -> None:
        write_count(append, len(values))
        for element in values:
            write_inner(append, element)

    def read(body: bytes, position: int) -> tuple[Any, int]:
        count, position = bincode.read_count(body, position, limit)
        values = []
        for _ in range(count):
            value, position = read_inner(body, position)
            values.append(value)
        return tuple(values), position

    def plain(values: Any) -> Any:
        return values if plain_inner is _same else [plain_inner(value) for value in values]

    def check(plain: Any) -> Any:
        if type(plain) is not tuple:
            raise _wrong("an array", plain)
        if len(plain) > limit:
            raise MalformedError(f"a list of {len(plain)} elements is over the limit of {limit}")
        return tuple(map(check_inner, plain))

    return Kind(write, read, plain, check)


def pair(inner: Kind) -> Kind:
    """Return the kind of two of `inner`."""
    write_inner, read_inner, check_inner = inner.write, inner.read, inner.check

    def write(append: Append, value: Any) -> None:
        write_inner(append, value[0])
        write_inner(append, value[1])

    def read(body: bytes, position: int) -> tuple[Any, int]:
        first, position = read_inner(body, position)
        second, position = read_inner(body, position)
        return (first, second), position

    def check(plain: Any) -> Any:
        if type(plain) is not tuple or len(plain) != 2:
            raise _wrong("a pair", plain)
        return check_inner(plain[0]), check_inner(plain[1])

    return Kind(write, read, _same, check)


def record(make: Callable[..., Any], kinds: tuple[Kind, ...]) -> Kind:
    """Return the kind of a record of class `make`, whose fields have these kinds."""
    columns = fields(make)  # type: ignore[arg-type]  # every record is a dataclass
    assert len(columns) == len(kinds), f"{make} has {len(columns)} fields and {len(kinds)} kinds"
    names = [column.name for column in columns]
    writes = [(name, kind.write) for name, kind in zip(names, kinds, strict=True)]
    reads = [kind.read for kind in kinds]
    plains = [(name, kind.plain) for name, kind in zip(names, kinds, strict=True)]
    checks = [kind.check for kind in kinds]
    needed = sum(column.default is MISSING for column in columns)

    def write(append: Append, value: Any) -> None:
        for name, write_field in writes:
            write_field(append, getattr(value, name))

    def read(body: bytes, position: int) -> tuple[Any, int]:
        values = []
        for read_field in reads:
            value, position = read_field(body, position)
            values.append(value)
        return make(*values), position

    def plain(value: Any) -> Any:
        return [plain_field(getattr(value, name)) for name, plain_field in plains]

    def check(plain: Any) -> Any:
        if type(plain) is not tuple:
            raise _wrong("an array", plain)
        if len(plain) < needed:
            raise MalformedError(f"an array of {len(plain)} elements is shorter than the {needed} of its record")
        return make(*[check_field(part) for check_field, part in zip(checks, plain, strict=False)])

    return Kind(write, read, plain, check)


def check_values(plain: Any) -> Any:
    """Return a row or a list of parameters, if that is what it is."""
    if type(plain) is not tuple:
        raise _wrong("an array of values", plain)
    if not VALUE_SET.issuperset(map(type, plain)):
        raise MalformedError("an array holds something that is not a value")
    for part in plain:
        if type(part) is int and part > INT_MAX:
            raise MalformedError(f"integer {part} is over {INT_MAX}")
    return plain


BOOL = Kind(bincode.write_bool, bincode.read_bool, _same, _exactly(bool, "a bool"))
U8 = integer("B", 0, (1 << 8) - 1)
U32 = integer("I", 0, (1 << 32) - 1)
I32 = integer("i", -(1 << 31), (1 << 31) - 1)
U64 = integer("Q", 0, (1 << 64) - 1)
TEXT = Kind(bincode.write_text, bincode.read_text, _same, _exactly(str, "a string"))
BYTES = Kind(bincode.write_bytes, bincode.read_bytes, _same, _exactly(bytes, "bytes"))
# An integer of more than 64 bits would be written as an unsigned one, which no reader takes. Rows are not looked at: they are many.
VALUE = Kind(bincode.write_value, bincode.read_value, _check_value, _check_value)
_values = many(VALUE)
VALUES = Kind(_values.write, _values.read, _values.plain, check_values)
_row = many(VALUE)
ROW = Kind(_row.write, _row.read, _same, check_values)
ROWS = many(ROW)
