"""MessagePack: bytes to plain Python values and back, with extension types for the SQL values that it has no type for.

Only what the native protocol uses exists here: nil, booleans, 64-bit integers, float64 (float32 is read), str, bin, arrays, and
extension types 6 to 16 (values.py). Maps are refused: messages are arrays, and a value is never a map. The payload of
an extension type is what bincode has after the tag, with no length before the text of Numeric, Json and Other; that of Array
is MessagePack again: `[element OID, [[length, lower bound], ...], [elements]]`.

The library `msgpack` does the work where it is installed. What it is given from a peer is bounded first: it allocates an
array from the length that its header claims, so a body in which many large arrays could nest goes to our own reader, which
allocates nothing that it has not read. Both accept and refuse the same bodies.

Source: the MessagePack specification.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final, cast

from rustydb_proto.binary.bincode import checked_array
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.values import (
    ARRAY,
    DIMENSIONS_MAX,
    FIRST_EXTENSION,
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

try:
    import msgpack
except ImportError:
    msgpack = None

DEPTH_MAX: Final = 8
# The library may nest 1024 arrays, and gives each the size that its header claims: not more than the body has bytes. In a small
# body that comes to little; in another, arrays of 16 elements and more begin with one of two bytes, which are counted.
_SMALL_BYTES_MAX: Final = 2048
_LARGE_ARRAYS_MAX: Final = 48
_ARRAY_ELEMENTS_MAX: Final = 80_000

_u16 = Struct(">H")
_u32 = Struct(">I")
_little_u32 = Struct("<I")
_little_i32 = Struct("<i")
_little_i64 = Struct("<q")
_timetz = Struct("<qi")
_interval = Struct("<iiq")
_ARRAY16, _ARRAY32 = b"\xdc", b"\xdd"

_NUMBERS: Final = {
    0xCA: Struct(">f"),
    0xCB: Struct(">d"),
    0xCC: Struct(">B"),
    0xCD: Struct(">H"),
    0xCE: Struct(">I"),
    0xCF: Struct(">Q"),
    0xD0: Struct(">b"),
    0xD1: Struct(">h"),
    0xD2: Struct(">i"),
    0xD3: Struct(">q"),
}
_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}


# ---- extension types


def _pack_uuid(value: Uuid) -> bytes:
    if len(value.data) != 16:
        raise TypeError(f"a Uuid has 16 bytes, not {len(value.data)}")
    return value.data


def _pack_array(value: Array) -> bytes:
    if any(type(element) is Array for element in value.elements):
        raise TypeError("an element of an Array is no Array")
    for length, lower in value.dimensions:
        _little_u32.pack(length), _little_i32.pack(lower)
    _little_u32.pack(value.element_oid)
    return _pack_array_elements((value.element_oid, value.dimensions, value.elements))


_PACKERS: Final[dict[type, Callable[[Any], bytes]]] = {
    Numeric: lambda value: value.text.encode(),
    Date: lambda value: _little_i32.pack(value.days),
    Time: lambda value: _little_i64.pack(value.micros),
    TimeTz: lambda value: _timetz.pack(value.micros, value.offset_s),
    Timestamp: lambda value: _little_i64.pack(value.micros),
    TimestampTz: lambda value: _little_i64.pack(value.micros),
    Interval: lambda value: _interval.pack(value.months, value.days, value.micros),
    Uuid: _pack_uuid,
    Json: lambda value: value.text.encode(),
    Array: _pack_array,
    Other: lambda value: _little_u32.pack(value.type_oid) + value.text.encode(),
}
_CODES: Final = {kind: code for code, kind in enumerate(VALUE_TYPES) if code >= FIRST_EXTENSION}


def pack_extension(value: Any) -> tuple[int, bytes]:
    """Return the code and payload of a value that MessagePack has no type for; TypeError for what is no value."""
    kind = type(value)
    packer = _PACKERS.get(kind)
    if packer is None:
        raise TypeError(f"{kind.__name__} is not a value of the native protocol")
    return _CODES[kind], packer(value)


def _text(make: Callable[[str], Value]) -> Callable[[bytes], Value]:
    return lambda data: make(data.decode())


def _fixed(layout: Struct, make: Callable[..., Value]) -> Callable[[bytes], Value]:
    def unpack(data: bytes) -> Value:
        if len(data) != layout.size:
            raise MalformedError(f"an extension value has {len(data)} bytes, not {layout.size}")
        return make(*layout.unpack(data))

    return unpack


def _unpack_other(data: bytes) -> Value:
    if len(data) < 4:
        raise MalformedError(f"an extension value has {len(data)} bytes, not 4")
    return Other(_little_u32.unpack_from(data)[0], data[4:].decode())


def _unpack_array(data: bytes) -> Value:
    match loads(data):
        case (int(oid), tuple(dimensions), tuple(elements)) if 0 <= oid < 1 << 32:
            pass
        case _:
            raise MalformedError("an array is not [element OID, dimensions, elements]")
    if len(dimensions) > DIMENSIONS_MAX:
        raise MalformedError(f"an array has {len(dimensions)} dimensions, the limit is {DIMENSIONS_MAX}")
    for dimension in dimensions:
        match dimension:
            case (int(length), int(lower)) if 0 <= length < 1 << 32 and -(1 << 31) <= lower < 1 << 31:
                pass
            case _:
                raise MalformedError("a dimension of an array is not [length, lower bound]")
    for element in elements:
        if type(element) not in VALUE_SET or type(element) is Array:
            raise MalformedError("an element of an array is an array")
    return checked_array(oid, dimensions, elements)


_UNPACKERS: Final[dict[int, Callable[[bytes], Value]]] = {
    6: _text(Numeric),
    7: _fixed(_little_i32, Date),
    8: _fixed(_little_i64, Time),
    9: _fixed(_timetz, TimeTz),
    10: _fixed(_little_i64, Timestamp),
    11: _fixed(_little_i64, TimestampTz),
    12: _fixed(_interval, Interval),
    13: _fixed(Struct("16s"), Uuid),
    14: _text(Json),
    ARRAY: _unpack_array,
    16: _unpack_other,
}
VALUE_SET: Final = frozenset(VALUE_TYPES)


def unpack_extension(code: int, data: bytes) -> Value:
    """Return the value of an extension type; MalformedError for one that does not exist."""
    unpacker = _UNPACKERS.get(code)
    if unpacker is None:
        raise MalformedError(f"MessagePack extension type {code} is unknown")
    return unpacker(data)


# ---- writing


def dumps_pure(value: Any) -> bytes:
    """Return `value` as MessagePack: None, bool, int, float, str, bytes, tuples or lists of them, and SQL values."""
    parts: list[bytes] = []
    _write(parts.append, value)
    return b"".join(parts)


def _write(append: Callable[[bytes], Any], value: Any) -> None:
    kind = type(value)
    if kind is int:
        append(_integer(value))
    elif kind is str:
        data = value.encode()
        append(_head(len(data), 0xA0, 32, 0xD9))
        append(data)
    elif value is None:
        append(b"\xc0")
    elif kind is bool:
        append(b"\xc3" if value else b"\xc2")
    elif kind is float:
        append(b"\xcb" + _NUMBERS[0xCB].pack(value))
    elif kind is bytes:
        append(_head(len(value), 0, 0, 0xC4))
        append(value)
    elif kind is tuple or kind is list:
        append(array_head(len(value)))
        for element in value:
            _write(append, element)
    else:
        code, data = pack_extension(value)
        append(_FIXED_EXTENSIONS.get(len(data)) or _head(len(data), 0, 0, 0xC7))
        append(bytes((code,)))
        append(data)


_FIXED_EXTENSIONS: Final = {1: b"\xd4", 2: b"\xd5", 4: b"\xd6", 8: b"\xd7", 16: b"\xd8"}


def _integer(number: int) -> bytes:
    if -32 <= number < 128:
        return bytes((number & 0xFF,))
    if number >= 0:
        for kind, bits in ((0xCC, 8), (0xCD, 16), (0xCE, 32), (0xCF, 64)):
            if number < 1 << bits:
                return bytes((kind,)) + number.to_bytes(bits // 8, "big")
    else:
        for kind, bits in ((0xD0, 8), (0xD1, 16), (0xD2, 32), (0xD3, 64)):
            if number >= -1 << (bits - 1):
                return bytes((kind,)) + number.to_bytes(bits // 8, "big", signed=True)
    raise OverflowError(f"integer {number} has more than 64 bits")


def _head(size: int, fixed: int, fixed_below: int, kind: int) -> bytes:
    """Return the head of a str, bin or ext: `kind` is its 8-bit form, the 16 and 32-bit forms follow it."""
    if size < fixed_below:
        return bytes((fixed | size,))
    if size < 1 << 8:
        return bytes((kind, size))
    if size < 1 << 16:
        return bytes((kind + 1,)) + _u16.pack(size)
    return bytes((kind + 2,)) + _u32.pack(size)


def array_head(size: int) -> bytes:
    """Return what stands before the elements of an array."""
    if size < 16:
        return bytes((0x90 | size,))
    if size < 1 << 16:
        return _ARRAY16 + _u16.pack(size)
    return _ARRAY32 + _u32.pack(size)


# ---- reading


def loads_pure(body: bytes) -> Any:
    """Return what `body` holds, arrays as tuples; MalformedError if it is not exactly one value."""
    try:
        value, position = _read(body, 0, 0)
    except UnicodeDecodeError:
        raise MalformedError("a string is not UTF-8") from None
    if position != len(body):
        raise MalformedError(f"{len(body) - position} bytes follow the message")
    return value


def _read(body: bytes, position: int, depth: int) -> tuple[Any, int]:
    if position >= len(body):
        raise _short(position, 1, body)
    kind = body[position]
    position += 1
    if kind < 0x80:
        return kind, position
    if kind >= 0xE0:
        return kind - 256, position
    if kind in _CONSTANTS:
        return _CONSTANTS[kind], position
    if 0xA0 <= kind <= 0xBF:
        data, position = _take(body, position, kind & 0x1F)
        return data.decode(), position
    if kind in _NUMBERS:
        layout = _NUMBERS[kind]
        data, position = _take(body, position, layout.size)
        return layout.unpack(data)[0], position
    if 0x90 <= kind <= 0x9F:
        return _read_array(body, position, kind & 0x0F, depth)
    if kind in (0xDC, 0xDD):
        size, position = _read_size(body, position, 2 if kind == 0xDC else 4)
        return _read_array(body, position, size, depth)
    if 0xD9 <= kind <= 0xDB:
        size, position = _read_size(body, position, 1 << (kind - 0xD9))
        data, position = _take(body, position, size)
        return data.decode(), position
    if 0xC4 <= kind <= 0xC6:
        size, position = _read_size(body, position, 1 << (kind - 0xC4))
        return _take(body, position, size)
    if 0xD4 <= kind <= 0xD8 or 0xC7 <= kind <= 0xC9:
        size = 1 << (kind - 0xD4) if kind >= 0xD4 else 0
        if kind < 0xD4:
            size, position = _read_size(body, position, 1 << (kind - 0xC7))
        code, position = _take(body, position, 1)
        data, position = _take(body, position, size)
        return unpack_extension(int.from_bytes(code, signed=True), data), position
    raise MalformedError(f"MessagePack type 0x{kind:02X} is not used by the protocol")


def _read_array(body: bytes, position: int, size: int, depth: int) -> tuple[Any, int]:
    if depth >= DEPTH_MAX:
        raise MalformedError(f"arrays are nested deeper than {DEPTH_MAX}")
    if size > _ARRAY_ELEMENTS_MAX:
        raise MalformedError(f"an array of {size} elements is over the limit of {_ARRAY_ELEMENTS_MAX}")
    if size > len(body) - position:
        raise _short(position, size, body)
    elements = []
    for _ in range(size):
        element, position = _read(body, position, depth + 1)
        elements.append(element)
    return tuple(elements), position


def _read_size(body: bytes, position: int, width: int) -> tuple[int, int]:
    data, position = _take(body, position, width)
    return int.from_bytes(data), position


def _take(body: bytes, position: int, size: int) -> tuple[bytes, int]:
    if size > len(body) - position:
        raise _short(position, size, body)
    return body[position : position + size], position + size


def _short(position: int, size: int, body: bytes) -> MalformedError:
    return MalformedError(f"{size} bytes wanted at byte {position} of a body of {len(body)}")


# ---- the library

if msgpack is None:
    dumps: Callable[[Any], bytes] = dumps_pure
    _pack_array_elements = dumps_pure
    loads: Callable[[bytes], Any] = loads_pure
else:
    _make_extension = msgpack.ExtType
    _unpackb = msgpack.unpackb

    def _default(value: object) -> object:
        return _make_extension(*pack_extension(value))

    # `packb` makes a new packer each time; this one is kept. An Array inside a value is packed while it works, by its own.
    _pack = msgpack.Packer(default=_default).pack

    def _pack_array_elements(value: Any) -> bytes:
        return cast(bytes, msgpack.packb(value, default=_default))

    def _refuse_map(pairs: object) -> object:
        raise MalformedError("a map is not used by the protocol")

    def _limit_arrays() -> Callable[[Any], Any]:
        left = _ARRAY_ELEMENTS_MAX

        def count(array: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise MalformedError(f"more than {_ARRAY_ELEMENTS_MAX} arrays in a message")
            return array

        return count

    def dumps(value: Any) -> bytes:
        """Return `value` as MessagePack, by the library."""
        return cast(bytes, _pack(value))

    def loads(body: bytes) -> Any:
        """Return what `body` holds, by the library where that is safe."""
        try:
            if len(body) <= _SMALL_BYTES_MAX:
                return _unpackb(body, use_list=False, ext_hook=unpack_extension, object_pairs_hook=_refuse_map)
            if body.count(_ARRAY16) + body.count(_ARRAY32) > _LARGE_ARRAYS_MAX:
                return loads_pure(body)
            return _unpackb(
                body,
                use_list=False,
                ext_hook=unpack_extension,
                object_pairs_hook=_refuse_map,
                list_hook=_limit_arrays(),
                max_array_len=_ARRAY_ELEMENTS_MAX,
            )
        except MalformedError:
            raise
        except ValueError as error:
            raise MalformedError(f"malformed MessagePack: {error}") from None
