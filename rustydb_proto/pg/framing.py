"""Messages as bytes: one pure function for each message, and constants for those without content.

A message is a type byte, an Int32 length that counts itself but not the type, and a body; strings are UTF-8 and
end with a zero byte. The server half's functions come first. Cache their results: a RowDescription or a
CommandComplete of a cached plan need not be built twice, and the machines accept bytes (`SendEncoded`,
`ServerMachine.send_result`).

Strings that hold a zero byte cannot be told to the peer; it is replaced by U+FFFD where text comes from outside
(error fields), and is a ValueError in names. Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct

from rustydb_proto.pg.messages import Column

PARSE_COMPLETE = b"1\0\0\0\4"
BIND_COMPLETE = b"2\0\0\0\4"
CLOSE_COMPLETE = b"3\0\0\0\4"
NO_DATA = b"n\0\0\0\4"
EMPTY_QUERY = b"I\0\0\0\4"
PORTAL_SUSPENDED = b"s\0\0\0\4"
COPY_DONE = b"c\0\0\0\4"
AUTHENTICATION_OK = b"R\0\0\0\x08\0\0\0\0"
READY: Mapping[str, bytes] = {status: b"Z\0\0\0\5" + status.encode() for status in "ITE"}
READY_IDLE = READY["I"]
READY_IN_TRANSACTION = READY["T"]
READY_FAILED = READY["E"]

PROTOCOL_3_0 = 196608  # the minor version is added: 3.2 is 196610
CANCEL_CODE = 80877102
SSL_CODE = 80877103
GSSENC_CODE = 80877104

_header = Struct("!cI").pack
_int32 = Struct("!i").pack
_uint32 = Struct("!I").pack
_column_tail = Struct("!IhIhih").pack


def message(kind: bytes, body: bytes) -> bytes:
    """Return one message of type `kind`."""
    return _header(kind, len(body) + 4) + body


def cstring(text: str) -> bytes:
    """Return `text` as a zero-terminated string; ValueError if it holds a zero itself."""
    data = text.encode("utf-8", "replace")
    if b"\0" in data:
        raise ValueError("a string on the wire cannot hold a zero byte")
    return data + b"\0"


# ---- server to client


def authentication(code: int, data: bytes = b"") -> bytes:
    """Return an Authentication request: 3 clear text, 5 MD5 + salt, 10/11/12 SASL."""
    return message(b"R", _int32(code) + data)


def parameter_status(name: str, value: str) -> bytes:
    """Return a ParameterStatus."""
    return message(b"S", cstring(name) + cstring(value))


def backend_key_data(process_id: int, secret_key: bytes) -> bytes:
    """Return a BackendKeyData; the key has four bytes, in version 3.2 up to 256."""
    return message(b"K", _int32(process_id) + secret_key)


def negotiate_protocol_version(newest: int, options: Sequence[str]) -> bytes:
    """Return a NegotiateProtocolVersion: the newest version we speak, the options we do not know."""
    names = b"".join(map(cstring, options))
    return message(b"v", _uint32(newest) + _int32(len(options)) + names)


def row_description(columns: Sequence[Column], formats: Sequence[int] | None = None) -> bytes:
    """Return a RowDescription.

    `formats`, if given, replaces the columns' own, by Bind's rule: none is all text, one is for all.
    """
    count = len(columns)
    if formats is None:
        formats = [column.format for column in columns]
    elif len(formats) < 2:
        formats = [formats[0] if formats else 0] * count
    assert len(formats) == count, "one format for each column"
    parts = [count.to_bytes(2, "big")]
    for column, code in zip(columns, formats, strict=True):
        parts.append(cstring(column.name))
        parts.append(
            _column_tail(
                column.table_oid,
                column.attribute_number,
                column.type_oid,
                column.type_size,
                column.type_modifier,
                code,
            )
        )
    return message(b"T", b"".join(parts))


def data_row(values: Sequence[bytes | None]) -> bytes:
    """Return one DataRow. For batches see rows.py, which is several times faster."""
    parts = [len(values).to_bytes(2, "big")]
    for value in values:
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts.append(_int32(len(value)))
            parts.append(value)
    return message(b"D", b"".join(parts))


def command_complete(tag: str) -> bytes:
    """Return a CommandComplete."""
    body = tag.encode()
    if b"\0" in body:
        raise ValueError("a string on the wire cannot hold a zero byte")
    return _header(b"C", len(body) + 5) + body + b"\0"


def parameter_description(oids: Sequence[int]) -> bytes:
    """Return a ParameterDescription."""
    return message(b"t", len(oids).to_bytes(2, "big") + b"".join(map(_uint32, oids)))


def error_response(fields: Mapping[str, str]) -> bytes:
    """Return an ErrorResponse with fields in the mapping's order."""
    return message(b"E", _fields(fields))


def notice_response(fields: Mapping[str, str]) -> bytes:
    """Return a NoticeResponse with fields in the mapping's order."""
    return message(b"N", _fields(fields))


def _fields(fields: Mapping[str, str]) -> bytes:
    parts = [cstring(code + text.replace("\0", "�")) for code, text in fields.items()]
    return b"".join(parts) + b"\0"


def notification_response(process_id: int, channel: str, payload: str) -> bytes:
    """Return a NotificationResponse."""
    return message(b"A", _int32(process_id) + cstring(channel) + cstring(payload))


def copy_in_response(format: int, column_formats: Sequence[int]) -> bytes:
    """Return a CopyInResponse."""
    return message(b"G", _copy_formats(format, column_formats))


def copy_out_response(format: int, column_formats: Sequence[int]) -> bytes:
    """Return a CopyOutResponse."""
    return message(b"H", _copy_formats(format, column_formats))


def copy_both_response(format: int, column_formats: Sequence[int] = ()) -> bytes:
    """Return a CopyBothResponse."""
    return message(b"W", _copy_formats(format, column_formats))


def _copy_formats(format: int, column_formats: Sequence[int]) -> bytes:
    return Struct(f"!bH{len(column_formats)}h").pack(format, len(column_formats), *column_formats)


def copy_data(data: bytes) -> bytes:
    """Return a CopyData, from either side."""
    return _header(b"d", len(data) + 4) + data


def function_call_response(value: bytes | None) -> bytes:
    """Return a FunctionCallResponse; None is NULL."""
    return message(b"V", b"\xff\xff\xff\xff" if value is None else _int32(len(value)) + value)


# ---- client to server


def startup(parameters: Mapping[str, str], version: int = PROTOCOL_3_0) -> bytes:
    """Return a StartupMessage; `parameters` holds `user` and, if it differs, `database`."""
    body = b"".join(cstring(name) + cstring(text) for name, text in parameters.items())
    return _uint32(len(body) + 9) + _uint32(version) + body + b"\0"


def ssl_request() -> bytes:
    """Return an SSLRequest."""
    return _uint32(8) + _uint32(SSL_CODE)


def gssenc_request() -> bytes:
    """Return a GSSENCRequest."""
    return _uint32(8) + _uint32(GSSENC_CODE)


def cancel_request(process_id: int, secret_key: bytes) -> bytes:
    """Return a CancelRequest, the only message of a connection of its own."""
    return _uint32(12 + len(secret_key)) + _uint32(CANCEL_CODE) + _int32(process_id) + secret_key


def password_message(password: bytes) -> bytes:
    """Return a PasswordMessage with a clear text or MD5 password."""
    return message(b"p", password + b"\0")


def sasl_initial_response(mechanism: str, data: bytes) -> bytes:
    """Return a SASLInitialResponse."""
    return message(b"p", cstring(mechanism) + _int32(len(data)) + data)


def sasl_response(data: bytes) -> bytes:
    """Return a SASLResponse."""
    return message(b"p", data)


def query(sql: str) -> bytes:
    """Return a simple Query."""
    return message(b"Q", cstring(sql))


def parse(name: str, sql: str, parameter_oids: Sequence[int] = ()) -> bytes:
    """Return a Parse."""
    count = len(parameter_oids).to_bytes(2, "big")
    return message(b"P", cstring(name) + cstring(sql) + count + b"".join(map(_uint32, parameter_oids)))


def bind(
    portal: str,
    statement: str,
    values: Sequence[bytes | None],
    formats: Sequence[int] = (),
    result_formats: Sequence[int] = (),
) -> bytes:
    """Return a Bind."""
    parts = [cstring(portal), cstring(statement), _int16_list(formats), len(values).to_bytes(2, "big")]
    for value in values:
        parts.append(b"\xff\xff\xff\xff" if value is None else _int32(len(value)) + value)
    parts.append(_int16_list(result_formats))
    return message(b"B", b"".join(parts))


def describe(kind: str, name: str) -> bytes:
    """Return a Describe; `kind` is "S" or "P"."""
    return message(b"D", _KINDS[kind] + cstring(name))


def execute(portal: str = "", max_rows: int = 0) -> bytes:
    """Return an Execute."""
    return message(b"E", cstring(portal) + _int32(max_rows))


def close(kind: str, name: str) -> bytes:
    """Return a Close; `kind` is "S" or "P"."""
    return message(b"C", _KINDS[kind] + cstring(name))


def function_call(
    function_oid: int, arguments: Sequence[bytes | None], formats: Sequence[int] = (), result_format: int = 0
) -> bytes:
    """Return a FunctionCall."""
    parts = [_uint32(function_oid), _int16_list(formats), len(arguments).to_bytes(2, "big")]
    for value in arguments:
        parts.append(b"\xff\xff\xff\xff" if value is None else _int32(len(value)) + value)
    parts.append(result_format.to_bytes(2, "big"))
    return message(b"F", b"".join(parts))


def copy_fail(reason: str) -> bytes:
    """Return a CopyFail."""
    return message(b"f", cstring(reason))


_KINDS: Mapping[str, bytes] = {"S": b"S", "P": b"P"}  # of statements and portals
FLUSH = b"H\0\0\0\4"
SYNC = b"S\0\0\0\4"
TERMINATE = b"X\0\0\0\4"


def _int16_list(codes: Sequence[int]) -> bytes:
    return Struct(f"!H{len(codes)}h").pack(len(codes), *codes)
