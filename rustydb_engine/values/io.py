"""Input and output of every type: text form and binary form, as the wire protocol and COPY show them.

`io_of(type)` gives a `TypeIO` with four functions:

    input(text, typmod, forms, now=None) -> value     22P02, 22003, 22001, 22008 … in PostgreSQL's words
    output(value, forms) -> text
    send(value, forms) -> bytes                       PostgreSQL's binary format
    receive(data, typmod, forms) -> value

`now` (microseconds since 2000-01-01 UTC) is what 'now' and 'today' mean; only date and time types look at it. NULL is
the caller's. Names in reg types ('users'::regclass) need the catalog and are casts: here they are numbers.

    io_of(INT4).input("42", -1, DEFAULT_FORMS) == 42

The row encoder writes a value without a call where `inline_text_kind` or `inline_binary_kind` says how.

Source: PostgreSQL 15, src/backend/utils/adt: the in, out, send and recv function of each type.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from decimal import Decimal

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.values import arrays, floats, integers, jsontext, numeric, records, text
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.jsonpath_text import canonical_path
from rustydb_engine.values.temporal_io import TEMPORAL_IO
from rustydb_engine.values.type_io import TypeIO
from rustydb_engine.values.types import BY_NAME, BY_OID, Type
from rustydb_engine.values.typmods import apply_typmod, format_type, typmod_in

__all__ = [
    "TypeIO",
    "apply_typmod",
    "format_type",
    "inline_binary_kind",
    "inline_text_kind",
    "io_of",
    "typmod_in",
]

_TID = re.compile(r"[ \t\n]*\([ \t\n]*(-?\d{1,10}),[ \t\n]*(\d{1,10})\)", re.A)
_I2, _U4, _I4, _I8, _U8 = (struct.Struct("!" + code) for code in "hIiqQ")
_F4, _F8 = struct.Struct("!f"), struct.Struct("!d")


def io_of(kind: Type) -> TypeIO:
    """Return the input and output functions of a type; 0A000 for a pseudo-type that has none."""
    found = _IO.get(kind.oid)
    if found is None and kind.name == "anyarray":
        # Columns of system tables have this type; they hold arrays of text, or nothing.
        found = _IO[kind.oid] = io_of(BY_NAME["_text"])
    if found is None:
        if not kind.is_array and kind.name != "_record":
            raise not_supported(f"input or output of type {kind.display}")
        found = arrays.array_io(BY_OID[kind.element], io_of(BY_OID[kind.element]))
        _IO[kind.oid] = found
    return found


def inline_text_kind(kind: Type) -> str | None:
    """Return how text output can be inlined: 'int' is str(value), 'str' is the value, 'bool' is t or f."""
    return _TEXT_KINDS.get(kind.name)


def inline_binary_kind(kind: Type) -> str | None:
    """Return how binary output can be inlined: int2b, int4b, oidb (unsigned), int8b, float4b, float8b, boolb, strb, bytesb."""
    return _BINARY_KINDS.get(kind.name)


_TEXT_KINDS = {
    **dict.fromkeys(("int2", "int4", "int8", "oid", "xid", "cid", "xid8"), "int"),
    **dict.fromkeys(
        ("text", "varchar", "bpchar", "name", "json", "jsonb", "jsonpath", "unknown", "cstring", "pg_node_tree"), "str"
    ),
    "bool": "bool",
}
_BINARY_KINDS = {
    "int2": "int2b",
    "int4": "int4b",
    "int8": "int8b",
    "float4": "float4b",
    "float8": "float8b",
    "bool": "boolb",
    "bytea": "bytesb",
    "uuid": "bytesb",
    "date": "int4b",
    **dict.fromkeys(("time", "timestamp", "timestamptz"), "int8b"),
    **dict.fromkeys(("oid", "xid", "cid"), "oidb"),
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "json", "unknown", "cstring"), "strb"),
}


def _wrong_length(data: bytes, size: int) -> SqlError:
    """Return the error for a binary value of the wrong size."""
    if len(data) < size:
        return SqlError("08P01", "insufficient data left in message")
    return SqlError("22P03", "incorrect binary data format")


def _fixed(
    shape: struct.Struct, kind: str
) -> tuple[Callable[[object, Forms], bytes], Callable[[bytes, int, Forms], object]]:
    """Return send and receive of a type whose binary form is one number."""
    pack, unpack, size = shape.pack, shape.unpack, shape.size

    def send(value: object, _forms: Forms) -> bytes:
        return pack(value)

    def receive(data: bytes, _typmod: int, _forms: Forms) -> object:
        if len(data) != size:
            raise _wrong_length(data, size)
        return unpack(data)[0]

    return send, receive


def _str_out(value: object, _forms: Forms) -> str:
    return str(value)


def _same_out(value: str, _forms: Forms) -> str:
    return value


def _str_send(value: str, _forms: Forms) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def _int4_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> int:
    if len(source) < 10 and source.isascii() and source.isdigit():
        return int(source)
    return integers.int4_in(source)


def _int_io(parse: Callable[[str], int], shape: struct.Struct) -> TypeIO:
    send, receive = _fixed(shape, "")

    def read(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> int:
        return parse(source)

    return TypeIO(read, _str_out, send, receive)


def _text_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> str:
    return source


def _text_receive(data: bytes, _typmod: int, _forms: Forms) -> str:
    return text.decode_utf8(data)


def _varchar_input(source: str, typmod: int, _forms: Forms, now: int | None = None) -> str:
    return text.varchar_fit(source, typmod, False)


def _varchar_receive(data: bytes, typmod: int, _forms: Forms) -> str:
    return text.varchar_fit(text.decode_utf8(data), typmod, False)


def _bpchar_input(source: str, typmod: int, _forms: Forms, now: int | None = None) -> str:
    return text.bpchar_fit(source, typmod, False)


def _bpchar_receive(data: bytes, typmod: int, _forms: Forms) -> str:
    return text.bpchar_fit(text.decode_utf8(data), typmod, False)


def _name_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> str:
    return text.name_fit(source)


def _name_receive(data: bytes, _typmod: int, _forms: Forms) -> str:
    name = text.decode_utf8(data)
    if len(data) > text.NAME_BYTES:
        raise SqlError("42622", "identifier too long", detail="Identifier must be less than 64 characters.")
    return name


def _char_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> str:
    return text.char_in(source)


def _char_send(value: str, _forms: Forms) -> bytes:
    return value.encode("latin-1") or b"\0"


def _char_out(value: str, _forms: Forms) -> str:
    return text.char_out(value)


def _char_receive(data: bytes, _typmod: int, _forms: Forms) -> str:
    if len(data) != 1:
        raise _wrong_length(data, 1)
    return "" if data == b"\0" else data.decode("latin-1")


def _bool_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> bool:
    return text.bool_in(source)


def _bool_out(value: bool, _forms: Forms) -> str:
    return "t" if value else "f"


def _bool_send(value: bool, _forms: Forms) -> bytes:
    return b"\1" if value else b"\0"


def _bool_receive(data: bytes, _typmod: int, _forms: Forms) -> bool:
    if len(data) != 1:
        raise _wrong_length(data, 1)
    return data != b"\0"


def _float4_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> float:
    return floats.float4_in(source)


def _float8_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> float:
    return floats.float8_in(source)


def _float4_out(value: float, forms: Forms) -> str:
    return floats.float4_out(value, forms.float_digits)


def _float8_out(value: float, forms: Forms) -> str:
    return floats.float8_out(value, forms.float_digits)


def _numeric_input(source: str, typmod: int, _forms: Forms, now: int | None = None) -> Decimal:
    number = numeric.numeric_in(source)
    return number if typmod < 0 else numeric.fit(number, typmod)


def _numeric_out(value: Decimal, _forms: Forms) -> str:
    shown = str(value)
    return shown if "E" not in shown else format(value, "f")


def _numeric_send(value: Decimal, _forms: Forms) -> bytes:
    return numeric.numeric_send(value)


def _numeric_receive(data: bytes, typmod: int, _forms: Forms) -> Decimal:
    return numeric.fit(numeric.numeric_receive(data), typmod)


def _bytea_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> bytes:
    return text.bytea_in(source)


def _bytea_out(value: bytes, forms: Forms) -> str:
    return text.bytea_out(value, forms.bytea_output)


def _bytes_send(value: bytes, _forms: Forms) -> bytes:
    return value


def _bytea_receive(data: bytes, _typmod: int, _forms: Forms) -> bytes:
    return bytes(data)


def _uuid_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> bytes:
    return text.uuid_in(source)


def _uuid_out(value: bytes, _forms: Forms) -> str:
    return text.uuid_out(value)


def _uuid_receive(data: bytes, _typmod: int, _forms: Forms) -> bytes:
    if len(data) != 16:
        raise _wrong_length(data, 16)
    return bytes(data)


def _json_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> str:
    return jsontext.json_in(source)


def _json_receive(data: bytes, _typmod: int, _forms: Forms) -> str:
    return jsontext.json_in(text.decode_utf8(data))


def _jsonb_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> str:
    return jsontext.canonical(source)


def _jsonb_send(value: str, _forms: Forms) -> bytes:
    return b"\1" + value.encode()


def _jsonb_receive(data: bytes, _typmod: int, _forms: Forms) -> str:
    if data[:1] != b"\1":
        if not data:
            raise _wrong_length(data, 1)
        raise SqlError("XX000", f"unsupported jsonb version number {data[0]}")
    return jsontext.canonical(text.decode_utf8(data[1:]))


def _jsonpath_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> str:
    return canonical_path(source)


def _jsonpath_receive(data: bytes, _typmod: int, _forms: Forms) -> str:
    if data[:1] != b"\1":
        if not data:
            raise _wrong_length(data, 1)
        raise SqlError("XX000", f"unsupported jsonpath version number: {data[0]}")
    return canonical_path(text.decode_utf8(data[1:]))


def _tid_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> int:
    match = _TID.match(source)
    if match is None or not -(2**31) <= int(match[1]) < 2**32 or int(match[2]) > 0xFFFF:
        raise text.syntax_error("tid", source)
    return (int(match[1]) & 0xFFFFFFFF) << 16 | int(match[2])


def _tid_out(value: int, _forms: Forms) -> str:
    return f"({value >> 16},{value & 0xFFFF})"


def _tid_send(value: int, _forms: Forms) -> bytes:
    return value.to_bytes(6, "big")


def _tid_receive(data: bytes, _typmod: int, _forms: Forms) -> int:
    if len(data) != 6:
        raise _wrong_length(data, 6)
    return int.from_bytes(data, "big")


def _lsn_input(source: str, _typmod: int, _forms: Forms, now: int | None = None) -> int:
    high, slash, low = source.partition("/")
    if not slash or not all(0 < len(part) < 9 and set(part) <= set("0123456789abcdefABCDEF") for part in (high, low)):
        raise text.syntax_error("pg_lsn", source)
    return int(high, 16) << 32 | int(low, 16)


def _lsn_out(value: int, _forms: Forms) -> str:
    return f"{value >> 32:X}/{value & 0xFFFFFFFF:X}"


def _void_out(_value: object, _forms: Forms) -> str:
    return ""


def _void_send(_value: object, _forms: Forms) -> bytes:
    return b""


def _record_input(*_args: object, now: int | None = None) -> object:
    raise SqlError("0A000", "input of anonymous composite types is not implemented")


def _load() -> dict[int, TypeIO]:
    plain = TypeIO(_text_input, _same_out, _str_send, _text_receive)
    lsn_send, lsn_receive = _fixed(_U8, "pg_lsn")
    float4_send, float4_receive = _fixed(_F4, "float4")
    float8_send, float8_receive = _fixed(_F8, "float8")
    table = {
        "bool": TypeIO(_bool_input, _bool_out, _bool_send, _bool_receive),
        "bytea": TypeIO(_bytea_input, _bytea_out, _bytes_send, _bytea_receive),
        "char": TypeIO(_char_input, _char_out, _char_send, _char_receive),
        "name": TypeIO(_name_input, _same_out, _str_send, _name_receive),
        "int2": _int_io(integers.int2_in, _I2),
        "int4": TypeIO(_int4_input, _str_out, *_fixed(_I4, "int4")),
        "int8": _int_io(integers.int8_in, _I8),
        "xid": _int_io(integers.xid_in, _U4),
        "cid": _int_io(integers.xid_in, _U4),
        "xid8": _int_io(integers.xid8_in, _U8),
        "text": plain,
        "unknown": plain,
        "cstring": plain,
        "pg_node_tree": plain,
        "aclitem": plain,
        "varchar": TypeIO(_varchar_input, _same_out, _str_send, _varchar_receive),
        "bpchar": TypeIO(_bpchar_input, _same_out, _str_send, _bpchar_receive),
        "float4": TypeIO(_float4_input, _float4_out, float4_send, float4_receive),
        "float8": TypeIO(_float8_input, _float8_out, float8_send, float8_receive),
        "numeric": TypeIO(_numeric_input, _numeric_out, _numeric_send, _numeric_receive),
        "uuid": TypeIO(_uuid_input, _uuid_out, _bytes_send, _uuid_receive),
        "json": TypeIO(_json_input, _same_out, _str_send, _json_receive),
        "jsonb": TypeIO(_jsonb_input, _same_out, _jsonb_send, _jsonb_receive),
        "jsonpath": TypeIO(_jsonpath_input, _same_out, _jsonb_send, _jsonpath_receive),
        "tid": TypeIO(_tid_input, _tid_out, _tid_send, _tid_receive),
        "pg_lsn": TypeIO(_lsn_input, _lsn_out, lsn_send, lsn_receive),
        "void": TypeIO(_text_input, _void_out, _void_send, _text_receive),
        "int2vector": arrays.vector_io("int2", integers.int2_in, _I2, 21),
        "oidvector": arrays.vector_io("oid", integers.oid_in, _U4, 26),
        "record": TypeIO(_record_input, records.record_out, records.record_send, _record_input),
        **TEMPORAL_IO,
    }
    for name in ("oid", "regproc", "regprocedure", "regoper", "regoperator", "regclass", "regtype", "regnamespace",
                 "regrole", "regcollation"):  # fmt: skip
        table[name] = _int_io(integers.oid_in, _U4)
    return {BY_NAME[name].oid: io for name, io in table.items()}


_IO = _load()
