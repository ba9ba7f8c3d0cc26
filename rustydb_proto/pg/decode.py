"""The client's messages, from bytes to events: one function for each, called with the borders of the body.

    decoder(data, start, end) -> event          data[start:end] is the body, without type and length

A body that does not fit raises `Malformed` (or UnicodeDecodeError), with PostgreSQL's words; the server machine
makes a `MessageRejected` of it. Nothing here knows of state or limits: `end` is known to lie within `data`.
`CLIENT_MESSAGES` is the table of them all, with how large each may be. Source: pqformat.c, postgres.c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct
from struct import error as StructError
from typing import Final

from rustydb_proto.core.value import value
from rustydb_proto.pg.messages import (
    BindReceived,
    CloseReceived,
    CopyDataReceived,
    CopyDoneReceived,
    CopyFailReceived,
    DescribeReceived,
    ExecuteReceived,
    FlushReceived,
    FunctionCallReceived,
    ParseReceived,
    QueryReceived,
    SyncReceived,
    Terminated,
)

_uint16 = Struct("!H").unpack_from
_two_uint16 = Struct("!HH").unpack_from
_int32 = Struct("!i").unpack_from
_uint32 = Struct("!I").unpack_from

EXECUTE_ALL_RECEIVED: Final = ExecuteReceived("", 0)
SYNC_RECEIVED: Final = SyncReceived()
FLUSH_RECEIVED: Final = FlushReceived()
COPY_DONE_RECEIVED: Final = CopyDoneReceived()
TERMINATED: Final = Terminated()


class Malformed(Exception):
    """The body of a message is wrong."""

    def __init__(self, message: str, sqlstate: str = "08P01", detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.detail = detail


COPY_RUN_MAX: Final = 4096
"""How many CopyData messages of one length are taken together."""
COPY_RUN_FIRST: Final = 8
"""How many are looked at first."""

NO_STRING_END: Final = "invalid string in message"
TOO_SHORT: Final = "insufficient data left in message"
TOO_LONG: Final = "invalid message format"


def query(data: bytes, start: int, end: int) -> QueryReceived:
    """Decode Query."""
    zero = data.find(0, start, end)
    if zero != end - 1:
        raise Malformed(NO_STRING_END if zero < 0 else TOO_LONG)
    return QueryReceived(data[start:zero].decode())


def parse(data: bytes, start: int, end: int) -> ParseReceived:
    """Decode Parse."""
    zero = data.find(0, start, end)
    if zero < 0:
        raise Malformed(NO_STRING_END)
    name = data[start:zero].decode()
    start = zero + 1
    zero = data.find(0, start, end)
    if zero < 0:
        raise Malformed(NO_STRING_END)
    sql = data[start:zero].decode()
    position = zero + 1
    if position + 2 > end:
        raise Malformed(TOO_SHORT)
    count: int = _uint16(data, position)[0]
    position += 2
    if position + 4 * count != end:
        raise Malformed(TOO_SHORT if position + 4 * count > end else TOO_LONG)
    oids = Struct(f"!{count}I").unpack_from(data, position) if count else ()
    return ParseReceived(name, sql, oids)


def bind(data: bytes, start: int, end: int) -> BindReceived:
    """Decode Bind.

    The hottest of them all: instead of checking each read against `end`, it may read into the next message,
    and the position that it comes to says whether the body was right.
    """
    try:
        if data[start] == 0:
            portal = ""
            position = start + 1
        else:
            zero = data.find(0, start, end)
            if zero < 0:
                raise Malformed(NO_STRING_END)
            portal = data[start:zero].decode()
            position = zero + 1
        zero = data.find(0, position, end)
        if zero < 0:
            raise Malformed(NO_STRING_END)
        statement = data[position:zero].decode()
        position = zero + 1
        # The usual two cases of _formats, and _values, without the calls: a quarter of the time of a Bind.
        format_count, follower = _two_uint16(data, position)
        if format_count == 0:
            formats: tuple[int, ...] = ()
            position += 2
        elif format_count == 1 and follower < 2:
            formats = _BINARY if follower else _TEXT
            position += 4
        else:
            formats, position = _formats(data, position, end)
        count: int = _uint16(data, position)[0]
        position += 2
        values: list[bytes | None] = []
        while count:
            count -= 1
            size = _int32(data, position)[0]
            position += 4
            if size >= 0:
                values.append(data[position : position + size])
                position += size
            elif size == -1:
                values.append(None)
            else:
                raise Malformed(TOO_SHORT)
            if position > end:
                raise Malformed(TOO_SHORT)
        if format_count > 1 and format_count != len(values):
            raise Malformed(f"bind message has {format_count} parameter formats but {len(values)} parameters")
        common = _COMMON_FORMATS.get(data[position:end])
        if common is not None:
            return BindReceived(portal, statement, formats, values, common)
        result_formats, position = _formats(data, position, end)
    except (StructError, IndexError):
        raise Malformed(TOO_SHORT) from None
    if position != end:
        raise Malformed(TOO_SHORT if position > end else TOO_LONG)
    return BindReceived(portal, statement, formats, values, result_formats)


def describe(data: bytes, start: int, end: int) -> DescribeReceived:
    """Decode Describe."""
    kind, name = _kind_and_name(data, start, end, "DESCRIBE")
    return DescribeReceived(kind, name)


def close(data: bytes, start: int, end: int) -> CloseReceived:
    """Decode Close."""
    kind, name = _kind_and_name(data, start, end, "CLOSE")
    return CloseReceived(kind, name)


def execute(data: bytes, start: int, end: int) -> ExecuteReceived:
    """Decode Execute. A negative row limit is none, as for PostgreSQL."""
    if data[start:end] == b"\0\0\0\0\0":
        return EXECUTE_ALL_RECEIVED
    zero = data.find(0, start, end)
    if zero < 0 or zero != end - 5:
        raise Malformed(NO_STRING_END if zero < 0 else TOO_SHORT if zero > end - 5 else TOO_LONG)
    max_rows = _int32(data, zero + 1)[0]
    return ExecuteReceived(data[start:zero].decode(), max_rows if max_rows > 0 else 0)


def function_call(data: bytes, start: int, end: int) -> FunctionCallReceived:
    """Decode FunctionCall."""
    try:
        oid = _uint32(data, start)[0]
        formats, position = _formats(data, start + 4, end)
        arguments, position = _values(data, position, end)
        result_format = _uint16(data, position)[0]
    except StructError:
        raise Malformed(TOO_SHORT) from None
    if position + 2 != end:
        raise Malformed(TOO_SHORT if position + 2 > end else TOO_LONG)
    if len(formats) > 1 and len(formats) != len(arguments):
        raise Malformed(
            f"function call message contains {len(formats)} argument formats but {len(arguments)} arguments"
        )
    return FunctionCallReceived(oid, formats, arguments, result_format)


def copy_data(data: bytes, start: int, end: int) -> CopyDataReceived:
    """Decode CopyData."""
    return CopyDataReceived(data[start:end])


def copy_run(data: bytes, start: int, length: int) -> tuple[bytes, int]:
    """Return the joined bodies of the CopyData messages of this length that begin at `start`, and where they end.

    The first of them is known to be whole. Clients such as pgbench send a short message for each row: here they cost
    a few byte operations for all of them together, instead of a pass of a Python loop for each.
    """
    stride = length + 1
    whole = min((len(data) - start) // stride, COPY_RUN_MAX)
    size = COPY_RUN_FIRST
    while True:
        # The window grows while all of it is a run, so that a short run among other lengths does not cost a long look.
        window = data[start : start + min(size, whole) * stride]
        # How many times each byte of the first header recurs at the stride; the least of the five is the run's length.
        count = min([_prefix(window[place::stride]) for place in range(5)])
        if count < size or size >= whole:
            break
        size *= 8
    bodies = Struct(f"5x{length - 4}s").iter_unpack(window[: count * stride])
    return b"".join([body for (body,) in bodies]), start + count * stride


def _prefix(column: bytes) -> int:
    """Return how often the first byte is repeated at the beginning."""
    return len(column) - len(column.lstrip(column[:1]))


def copy_done(data: bytes, start: int, end: int) -> CopyDoneReceived:
    """Decode CopyDone; like PostgreSQL, do not look at its body."""
    return COPY_DONE_RECEIVED


def copy_fail(data: bytes, start: int, end: int) -> CopyFailReceived:
    """Decode CopyFail."""
    zero = data.find(0, start, end)
    if zero < 0:
        raise Malformed(NO_STRING_END)
    return CopyFailReceived(data[start:zero].decode("utf-8", "replace"))


def sync(data: bytes, start: int, end: int) -> SyncReceived:
    """Decode Sync."""
    if start != end:
        raise Malformed(TOO_LONG)
    return SYNC_RECEIVED


def flush(data: bytes, start: int, end: int) -> FlushReceived:
    """Decode Flush."""
    if start != end:
        raise Malformed(TOO_LONG)
    return FLUSH_RECEIVED


def terminate(data: bytes, start: int, end: int) -> Terminated:
    """Decode Terminate; whatever its body says, the client is leaving."""
    return TERMINATED


ClientMessage = (
    QueryReceived
    | ParseReceived
    | BindReceived
    | DescribeReceived
    | ExecuteReceived
    | CloseReceived
    | FlushReceived
    | SyncReceived
    | FunctionCallReceived
    | CopyDataReceived
    | CopyDoneReceived
    | CopyFailReceived
    | Terminated
)


@value
class MessageType:
    """What a type byte means: its decoder, and whether its size is that of data or of names only."""

    decode: Callable[[bytes, int, int], ClientMessage]
    large: bool


CLIENT_MESSAGES: Final[Mapping[int, MessageType]] = {
    ord("Q"): MessageType(query, True),
    ord("P"): MessageType(parse, True),
    ord("B"): MessageType(bind, True),
    ord("D"): MessageType(describe, False),
    ord("E"): MessageType(execute, False),
    ord("C"): MessageType(close, False),
    ord("H"): MessageType(flush, False),
    ord("S"): MessageType(sync, False),
    ord("F"): MessageType(function_call, True),
    ord("d"): MessageType(copy_data, True),
    ord("c"): MessageType(copy_done, False),
    ord("f"): MessageType(copy_fail, False),
    ord("X"): MessageType(terminate, False),
}


def invalid_utf8(error: UnicodeDecodeError) -> str:
    """Return PostgreSQL's message for bytes that are not UTF-8: the first character that is wrong, in hex."""
    rest = error.object[error.start :]
    first = rest[0]
    size = 1 if first < 0xC0 or first > 0xF7 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    shown = " ".join(f"0x{byte:02x}" for byte in rest[:size])
    return f'invalid byte sequence for encoding "UTF8": {shown}'


def _kind_and_name(data: bytes, start: int, end: int, command: str) -> tuple[str, str]:
    if start == end:
        raise Malformed("no data left in message")
    zero = data.find(0, start + 1, end)
    if zero != end - 1:
        raise Malformed(NO_STRING_END if zero < 0 else TOO_LONG)
    kind = data[start]
    if kind != 0x53 and kind != 0x50:  # S, P
        raise Malformed(f"invalid {command} message subtype {kind}")
    return chr(kind), data[start + 1 : zero].decode()


# The format lists that nearly every client sends, as the whole rest of a Bind.
_COMMON_FORMATS: Final[Mapping[bytes, tuple[int, ...]]] = {
    b"\0\0": (),
    b"\0\1\0\0": (0,),
    b"\0\1\0\1": (1,),
}
_TEXT: Final = (0,)
_BINARY: Final = (1,)


def _formats(data: bytes, position: int, end: int) -> tuple[tuple[int, ...], int]:
    """Return a list of format codes and the position after it; may read behind the end of the message."""
    count: int = _uint16(data, position)[0]
    position += 2
    if count == 0:
        return (), position
    if count == 1:
        code = _uint16(data, position)[0]
        if code < 2:
            return (_BINARY if code else _TEXT), position + 2
    if position + 2 * count > end:
        raise Malformed(TOO_SHORT)
    codes: tuple[int, ...] = Struct(f"!{count}h").unpack_from(data, position)
    for code in codes:
        if code != 0 and code != 1:
            raise Malformed(f"unsupported format code: {code}", "22023")
    return codes, position + 2 * count


def _values(data: bytes, position: int, end: int) -> tuple[list[bytes | None], int]:
    """Return a list of values with their lengths before them, and the position after it."""
    count: int = _uint16(data, position)[0]
    position += 2
    values: list[bytes | None] = []
    for _ in range(count):
        size = _int32(data, position)[0]
        position += 4
        if size >= 0:
            stop = position + size
            if stop > end:
                raise Malformed(TOO_SHORT)
            values.append(data[position:stop])
            position = stop
        elif size == -1:
            values.append(None)
        else:
            raise Malformed(TOO_SHORT)
    return values, position
