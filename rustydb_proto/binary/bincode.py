"""bincode 1.x: how values are laid out one after the other, without names, types or padding.

Integers have fixed width and are little-endian, a bool is one byte, 0 or 1. A string is its length in bytes as u64 and UTF-8; a
list is its length as u64 and its elements; an option is one byte, and the value if that is 1; a variant of an enum
is its index as u32 and its fields; a record is its fields in order. This is what `bincode::serialize` of the Rust crate,
version 1, does by default.

    Query { sql: "A" }     00000000 0100000000000000 41

A writer is given the `append` of a list of byte strings. A reader is given the body and a position, and returns what it read and
the position after it. Lengths are compared with what is left of the body before anything is allocated.

Source: the specification of bincode 1.3 (fixint encoding, little endian), docs/spec.md of its repository.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from struct import error as StructError
from typing import Any, TypeAlias, cast

from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.values import (
    DIMENSIONS_MAX,
    VALUE_TYPES,
    Array,
    Date,
    Interval,
    Json,
    Numeric,
    Other,
    Time,
    Timestamp,
    TimestampTz,
    TimeTz,
    Uuid,
    Value,
)

Append: TypeAlias = Callable[[bytes], Any]
Write: TypeAlias = Callable[[Append, Any], Any]
Read: TypeAlias = Callable[[bytes, int], tuple[Any, int]]

_u8 = Struct("<B")
_u32 = Struct("<I")
_i32 = Struct("<i")
_u64 = Struct("<Q")
_i64 = Struct("<q")
_f64 = Struct("<d")
_tag_i64 = Struct("<Iq")
_tag_f64 = Struct("<Id")
_tag_u64 = Struct("<IQ")
_timetz = Struct("<qi")
_interval = Struct("<iiq")
_pair = Struct("<Ii")
_NULL = _u32.pack(0)
_BOOLS = (_u32.pack(1) + b"\0", _u32.pack(1) + b"\1")


def number(code: str) -> tuple[Write, Read]:
    """Return the writer and reader of a number with this `struct` code."""
    layout = Struct("<" + code)
    pack, unpack_from, size = layout.pack, layout.unpack_from, layout.size

    def write(append: Append, value: Any) -> None:
        append(pack(value))

    def read(body: bytes, position: int) -> tuple[Any, int]:
        try:
            return unpack_from(body, position)[0], position + size
        except StructError:
            raise short(body, position, size) from None

    return write, read


def short(body: bytes, position: int, size: int) -> MalformedError:
    """Return the error for a body that ends too soon."""
    return MalformedError(f"{size} bytes wanted at byte {position} of a body of {len(body)}")


def write_bool(append: Append, value: bool) -> None:
    append(b"\1" if value else b"\0")


def read_bool(body: bytes, position: int) -> tuple[bool, int]:
    if position >= len(body):
        raise short(body, position, 1)
    flag = body[position]
    if flag > 1:
        raise MalformedError(f"a bool at byte {position} is {flag}")
    return flag == 1, position + 1


def write_bytes(append: Append, value: bytes) -> None:
    append(_u64.pack(len(value)))
    append(value)


def read_bytes(body: bytes, position: int) -> tuple[bytes, int]:
    if position + 8 > len(body):
        raise short(body, position, 8)
    (size,) = _u64.unpack_from(body, position)
    start = position + 8
    if size > len(body) - start:
        raise short(body, start, size)
    return body[start : start + size], start + size


def write_text(append: Append, value: str) -> None:
    data = value.encode()
    append(_u64.pack(len(data)))
    append(data)


def read_text(body: bytes, position: int) -> tuple[str, int]:
    data, after = read_bytes(body, position)
    try:
        return data.decode(), after
    except UnicodeDecodeError:
        raise MalformedError(f"a string at byte {position} is not UTF-8") from None


def read_count(body: bytes, position: int, limit: int) -> tuple[int, int]:
    """Read the length of a list whose elements have at least a byte; refuse one that cannot be or is over `limit`."""
    if position + 8 > len(body):
        raise short(body, position, 8)
    (count,) = _u64.unpack_from(body, position)
    if count > len(body) - position - 8:
        raise MalformedError(f"{count} elements wanted at byte {position} of a body of {len(body)}")
    if count > limit:
        raise MalformedError(f"a list of {count} elements is over the limit of {limit}")
    return count, position + 8


# ---- values


def write_value(append: Append, value: Value) -> None:
    """Write a value: its tag, then what its variant holds."""
    kind = type(value)
    if kind is int:
        append(_tag_i64.pack(2, cast(int, value)))
    elif kind is str:
        data = cast(str, value).encode()
        append(_tag_u64.pack(4, len(data)))
        append(data)
    elif value is None:
        append(_NULL)
    elif kind is bool:
        append(_BOOLS[cast(bool, value)])
    elif kind is float:
        append(_tag_f64.pack(3, cast(float, value)))
    else:
        writer = _WRITERS.get(kind)
        if writer is None:
            raise TypeError(f"{kind.__name__} is not a value of the native protocol")
        writer(append, value)


def _write_tagged(tag: int, write: Write) -> Write:
    head = _u32.pack(tag)

    def write_tagged(append: Append, value: Any) -> None:
        append(head)
        write(append, value)

    return write_tagged


def _write_uuid(append: Append, value: Uuid) -> None:
    if len(value.data) != 16:
        raise TypeError(f"a Uuid has 16 bytes, not {len(value.data)}")
    append(value.data)


def _write_array(append: Append, value: Array) -> None:
    append(_u32.pack(value.element_oid))
    append(_u64.pack(len(value.dimensions)))
    for length, lower in value.dimensions:
        append(_pair.pack(length, lower))
    append(_u64.pack(len(value.elements)))
    for element in value.elements:
        if type(element) is Array:
            raise TypeError("an element of an Array is no Array")
        write_value(append, element)


def _write_other(append: Append, value: Other) -> None:
    append(_u32.pack(value.type_oid))
    write_text(append, value.text)


_WRITERS: dict[type, Write] = {
    kind: _write_tagged(VALUE_TYPES.index(kind), write)
    for kind, write in {
        bytes: write_bytes,
        Numeric: lambda append, value: write_text(append, value.text),
        Date: lambda append, value: append(_i32.pack(value.days)),
        Time: lambda append, value: append(_i64.pack(value.micros)),
        TimeTz: lambda append, value: append(_timetz.pack(value.micros, value.offset_s)),
        Timestamp: lambda append, value: append(_i64.pack(value.micros)),
        TimestampTz: lambda append, value: append(_i64.pack(value.micros)),
        Interval: lambda append, value: append(_interval.pack(value.months, value.days, value.micros)),
        Uuid: _write_uuid,
        Json: lambda append, value: write_text(append, value.text),
        Array: _write_array,
        Other: _write_other,
    }.items()
}


def read_value(body: bytes, position: int) -> tuple[Value, int]:
    """Read a value."""
    try:
        (tag,) = _u32.unpack_from(body, position)
        if tag == 2:
            number: int = _i64.unpack_from(body, position + 4)[0]
            return number, position + 12
        if tag == 4:
            return read_text(body, position + 4)
        if tag == 0:
            return None, position + 4
        if tag >= len(_READERS):
            raise MalformedError(f"a value at byte {position} has the unknown variant {tag}")
        value: Value
        value, position = _READERS[tag](body, position + 4)
        return value, position
    except StructError:
        raise short(body, position, 4) from None


def _read_record(layout: Struct, make: Callable[..., Value]) -> Read:
    unpack_from, size = layout.unpack_from, layout.size
    return lambda body, position: (make(*unpack_from(body, position)), position + size)


def _read_wrapped(make: Callable[[str], Value]) -> Read:
    def read(body: bytes, position: int) -> tuple[Value, int]:
        text, after = read_text(body, position)
        return make(text), after

    return read


def _read_uuid(body: bytes, position: int) -> tuple[Value, int]:
    if position + 16 > len(body):
        raise short(body, position, 16)
    return Uuid(body[position : position + 16]), position + 16


def _read_array(body: bytes, position: int) -> tuple[Value, int]:
    (oid,) = _u32.unpack_from(body, position)
    count, position = read_count(body, position + 4, DIMENSIONS_MAX)
    dimensions = []
    for _ in range(count):
        dimensions.append(cast("tuple[int, int]", _pair.unpack_from(body, position)))
        position += 8
    count, position = read_count(body, position, len(body))
    elements: list[Value] = []
    for _ in range(count):
        if body.startswith(_ARRAY_TAG, position):
            raise MalformedError("an element of an array is an array")
        element, position = read_value(body, position)
        elements.append(element)
    return checked_array(oid, tuple(dimensions), tuple(elements)), position


def checked_array(oid: int, dimensions: tuple[tuple[int, int], ...], elements: tuple[Value, ...]) -> Array:
    """Return the array, or raise MalformedError if its dimensions do not fit the elements."""
    size = 1 if dimensions else 0
    for length, _ in dimensions:
        size *= length
    if size != len(elements) or (dimensions and not size):
        raise MalformedError(f"an array of {len(elements)} elements has dimensions for {size}")
    return Array(oid, dimensions, elements)


def _read_other(body: bytes, position: int) -> tuple[Value, int]:
    (oid,) = _u32.unpack_from(body, position)
    text, position = read_text(body, position + 4)
    return Other(oid, text), position


_ARRAY_TAG = _u32.pack(VALUE_TYPES.index(Array))
# By variant; 0, 2 and 4 are in `read_value`.
_READERS: tuple[Read, ...] = (
    read_bytes,
    read_bool,
    read_bytes,
    _read_record(_f64, lambda number: number),
    read_text,
    read_bytes,
    _read_wrapped(Numeric),
    _read_record(_i32, Date),
    _read_record(_i64, Time),
    _read_record(_timetz, TimeTz),
    _read_record(_i64, Timestamp),
    _read_record(_i64, TimestampTz),
    _read_record(_interval, Interval),
    _read_uuid,
    _read_wrapped(Json),
    _read_array,
    _read_other,
)
