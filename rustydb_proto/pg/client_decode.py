"""The server's messages, from bytes to the client half's events: one function for each, given the body.

A body that does not fit raises `Malformed`, UnicodeDecodeError or struct's error; to a client they all mean that
it lost step with the server, and the client machine ends the connection. `SERVER_MESSAGES` is the table, with the
phases of a connection in which a message may come: `answer` while a request is outstanding, `always` also between
requests. Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Final

from rustydb_proto.core.value import value
from rustydb_proto.pg import client_messages as events
from rustydb_proto.pg.decode import COPY_DONE_RECEIVED, NO_STRING_END, TOO_LONG, TOO_SHORT, Malformed
from rustydb_proto.pg.messages import Column, CopyDataReceived

_uint16 = Struct("!H").unpack_from
_int32 = Struct("!i").unpack_from
_two_uint32 = Struct("!II").unpack_from
_header = Struct("!BI").unpack_from
_column_tail = Struct("!IhIhih")


def row_description(body: bytes) -> events.RowDescriptionReceived:
    """Decode RowDescription."""
    count: int = _uint16(body)[0]
    position = 2
    columns: list[Column] = []
    for _ in range(count):
        name, position = cstring(body, position)
        table, number, oid, size, modifier, code = _column_tail.unpack_from(body, position)
        position += _column_tail.size
        columns.append(Column(name, oid, size, modifier, table, number, code))
    _check_end(body, position)
    return events.RowDescriptionReceived(tuple(columns))


def data_row(data: bytes, start: int, end: int) -> events.Row:
    """Decode the body data[start:end] of a DataRow."""
    count: int = _uint16(data, start)[0]
    position = start + 2
    row: list[bytes | None] = []
    for _ in range(count):
        size = _int32(data, position)[0]
        position += 4
        if size >= 0:
            row.append(data[position : position + size])
            position += size
        else:
            row.append(None)
        if position > end:
            raise Malformed(TOO_SHORT)
    if position != end:
        raise Malformed(TOO_LONG)
    return tuple(row)


def command_complete(body: bytes) -> events.CommandCompleted:
    """Decode CommandComplete."""
    tag, position = cstring(body, 0)
    _check_end(body, position)
    return events.CommandCompleted(tag)


def parameter_description(body: bytes) -> events.ParameterDescriptionReceived:
    """Decode ParameterDescription."""
    count: int = _uint16(body)[0]
    _check_end(body, 2 + 4 * count)
    return events.ParameterDescriptionReceived(Struct(f"!{count}I").unpack_from(body, 2))


def error_response(body: bytes) -> events.ErrorReceived:
    """Decode ErrorResponse."""
    return events.ErrorReceived(_fields(body))


def notice_response(body: bytes) -> events.NoticeReceived:
    """Decode NoticeResponse."""
    return events.NoticeReceived(_fields(body))


def notification_response(body: bytes) -> events.NotificationReceived:
    """Decode NotificationResponse."""
    process_id = _int32(body)[0]
    channel, position = cstring(body, 4)
    payload, position = cstring(body, position)
    _check_end(body, position)
    return events.NotificationReceived(process_id, channel, payload)


def parameter_status(body: bytes) -> events.ParameterChanged:
    """Decode ParameterStatus."""
    name, position = cstring(body, 0)
    text, position = cstring(body, position)
    _check_end(body, position)
    return events.ParameterChanged(name, text)


def ready_for_query(body: bytes) -> events.ReadyReceived:
    """Decode ReadyForQuery."""
    if body not in (b"I", b"T", b"E"):
        raise Malformed("invalid transaction status")
    return events.ReadyReceived(body.decode())


def copy_in_response(body: bytes) -> events.CopyInStarted:
    """Decode CopyInResponse."""
    return events.CopyInStarted(*_copy_formats(body))


def copy_out_response(body: bytes) -> events.CopyOutStarted:
    """Decode CopyOutResponse."""
    return events.CopyOutStarted(*_copy_formats(body))


def copy_both_response(body: bytes) -> events.CopyBothStarted:
    """Decode CopyBothResponse."""
    return events.CopyBothStarted(*_copy_formats(body))


def negotiation(body: bytes, minor: int) -> events.VersionNegotiated:
    """Decode NegotiateProtocolVersion, which answers a client that asked for version 3.`minor`."""
    version, count = _two_uint32(body)
    position = 8
    names: list[str] = []
    for _ in range(count):
        name, position = cstring(body, position)
        if not name.startswith("_pq_."):
            raise Malformed(f'the server names an unsupported option without "_pq_." prefix: "{name}"')
        names.append(name)
    _check_end(body, position)
    major, newest = version >> 16, version & 0xFFFF
    if major != 3 or newest > minor:
        raise Malformed(f"the server offers version {major}.{newest} to a client of version 3.{minor}")
    if newest == minor and not names:
        raise Malformed("the server negotiates the version but asks for no change")
    return events.VersionNegotiated(newest, tuple(names))


def rows_end(data: bytes, position: int, length_max: int) -> tuple[int, int]:
    """Return where the run of whole DataRows that begins at `position` ends, and how many they are."""
    size = len(data)
    count = 0
    while size - position >= 5:
        kind, length = _header(data, position)
        end = position + 1 + length
        if kind != 0x44 or end > size or not 4 <= length <= length_max:
            break
        position = end
        count += 1
    return position, count


def function_call_response(body: bytes) -> events.FunctionResultReceived:
    """Decode FunctionCallResponse."""
    size = _int32(body)[0]
    if size < 0:
        _check_end(body, 4)
        return events.FunctionResultReceived(None)
    _check_end(body, 4 + size)
    return events.FunctionResultReceived(body[4:])


def cstring(body: bytes, position: int) -> tuple[str, int]:
    """Return the zero-terminated string at `position` and the position after it."""
    zero = body.find(0, position)
    if zero < 0:
        raise Malformed(NO_STRING_END)
    return body[position:zero].decode(), zero + 1


def _fields(body: bytes) -> dict[str, str]:
    """Return the fields of an error; text that is not UTF-8 (an error before the encoding is set) is replaced."""
    fields: dict[str, str] = {}
    pieces = body.split(b"\0")
    if len(pieces) < 2 or pieces[-1] or pieces[-2]:
        raise Malformed(NO_STRING_END)
    for piece in pieces[:-2]:
        text = piece.decode("utf-8", "replace")
        fields[text[:1]] = text[1:]
    return fields


def _copy_formats(body: bytes) -> tuple[int, tuple[int, ...]]:
    count: int = _uint16(body, 1)[0]
    _check_end(body, 3 + 2 * count)
    return body[0], Struct(f"!{count}h").unpack_from(body, 3)


def _check_end(body: bytes, position: int) -> None:
    if position != len(body):
        raise Malformed(TOO_SHORT if position > len(body) else TOO_LONG)


def _empty(event: events.ClientEvent) -> Callable[[bytes], events.ClientEvent]:
    def decode(body: bytes) -> events.ClientEvent:
        _check_end(body, 0)
        return event

    return decode


@value
class MessageType:
    """What a type byte means: its decoder, whether it may be large, whether it may come between requests."""

    decode: Callable[[bytes], events.ClientEvent]
    large: bool = False
    always: bool = False


# DataRow is not here: the machine decodes runs of them.
SERVER_MESSAGES: Final[Mapping[int, MessageType]] = {
    ord("T"): MessageType(row_description, large=True),
    ord("C"): MessageType(command_complete),
    ord("I"): MessageType(_empty(events.EmptyQueryReceived())),
    ord("s"): MessageType(_empty(events.SuspensionReceived())),
    ord("1"): MessageType(_empty(events.ParseCompleted())),
    ord("2"): MessageType(_empty(events.BindCompleted())),
    ord("3"): MessageType(_empty(events.CloseCompleted())),
    ord("n"): MessageType(_empty(events.NoDataReceived())),
    ord("t"): MessageType(parameter_description, large=True),
    ord("E"): MessageType(error_response, large=True, always=True),
    ord("N"): MessageType(notice_response, large=True, always=True),
    ord("A"): MessageType(notification_response, large=True, always=True),
    ord("S"): MessageType(parameter_status, large=True, always=True),
    ord("Z"): MessageType(ready_for_query),
    ord("G"): MessageType(copy_in_response, large=True),
    ord("H"): MessageType(copy_out_response, large=True),
    ord("W"): MessageType(copy_both_response, large=True),
    ord("d"): MessageType(CopyDataReceived, large=True),
    ord("c"): MessageType(_empty(COPY_DONE_RECEIVED)),
    ord("V"): MessageType(function_call_response, large=True),
}
