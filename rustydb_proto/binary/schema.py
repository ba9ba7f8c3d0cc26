"""Which message has which variant and which fields: the tables behind both encodings.

The index in `REQUESTS` and `RESPONSES` is the variant: the `u32` in front of a message in bincode, the first element of the
array in MessagePack. Variants are never reused; a later version adds at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from struct import Struct
from struct import error as StructError
from typing import Any, Final

from rustydb_proto.binary import messages as m
from rustydb_proto.binary.kinds import (
    BOOL,
    BYTES,
    I32,
    ROW,
    ROWS,
    TEXT,
    U8,
    U32,
    U64,
    VALUES,
    Kind,
    check_values,
    many,
    optional,
    pair,
    record,
)
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.messagepack import dumps, loads
from rustydb_proto.core.errors import LocalProtocolError


class Encoding(Enum):
    """How messages are written; the value is the byte in the preface."""

    MESSAGEPACK = 0
    BINCODE = 1


# The names in `Hello.encodings` and `Welcome.encoding`.
ENCODING_NAMES: Final = {"messagepack": Encoding.MESSAGEPACK, "bincode": Encoding.BINCODE}

_MAYBE_TEXT = optional(TEXT)
_TEXTS = many(TEXT, 2_000)
_SETTINGS = many(pair(TEXT), 500)
COLUMN: Final = record(m.Column, (TEXT, TEXT, U32, I32))
COLUMNS: Final = many(COLUMN, 2_000)
ERROR_FIELDS: Final = record(
    m.ErrorFields,
    (TEXT, TEXT, TEXT, _MAYBE_TEXT, _MAYBE_TEXT, optional(U32), *(_MAYBE_TEXT,) * 6),
)
OPTIONS: Final = optional(record(m.Options, (U64, U32, U64, U32, U64, U32)))
STATEMENT: Final = record(m.Statement, (TEXT, VALUES))

REQUESTS: Final[tuple[tuple[type, tuple[Kind, ...]], ...]] = (
    (m.Query, (TEXT,)),
    (m.BeginTransaction, ()),
    (m.Commit, ()),
    (m.Rollback, ()),
    (m.Ping, ()),
    (m.Hello, (TEXT, TEXT, TEXT, BYTES, _TEXTS, _TEXTS, U32, U32, TEXT, _TEXTS, _SETTINGS)),
    (m.Authenticate, (BYTES,)),
    (m.Execute, (TEXT, VALUES, OPTIONS)),
    (m.Prepare, (TEXT, many(U32))),
    (m.ExecutePrepared, (U32, VALUES, OPTIONS)),
    (m.ClosePrepared, (U32,)),
    (m.BulkInsert, (TEXT, _TEXTS, ROWS, BOOL, OPTIONS)),
    (m.BulkRows, (ROWS, BOOL)),
    (m.Batch, (many(STATEMENT, 10_000), BOOL, OPTIONS)),
    (m.Cancel, (U32,)),
    (m.Credit, (U32, U64)),
    (m.Heartbeat, (U64, BOOL)),
    (m.Begin, (TEXT, optional(BOOL), optional(BOOL))),
    (m.CommitTransaction, (U64,)),
    (m.RollbackTransaction, (U64,)),
    (m.Listen, (TEXT,)),
    (m.Unlisten, (TEXT,)),
    (m.Subscribe, (TEXT, U8, _TEXTS, TEXT, U64)),
    (m.Unsubscribe, (U64,)),
    (m.Extension, (TEXT, BYTES)),
    (m.Goodbye, ()),
)
RESPONSES: Final[tuple[tuple[type, tuple[Kind, ...]], ...]] = (
    (m.QueryResult, (COLUMNS, ROWS, U64, TEXT)),
    (m.TransactionId, (U64,)),
    (m.Ok, ()),
    (m.Error, (ERROR_FIELDS,)),
    (m.Pong, ()),
    (m.Welcome, (TEXT, TEXT, *(U32,) * 7, _TEXTS, TEXT, BYTES)),
    (m.Ready, (U64, BYTES, TEXT, _SETTINGS)),
    (m.Prepared, (U32, many(U32), COLUMNS)),
    (m.Columns, (COLUMNS,)),
    (m.Rows, (ROWS,)),
    (m.Completed, (U64, TEXT, BOOL)),
    (m.Granted, (U32,)),
    (m.Notified, (TEXT, TEXT, U64)),
    (m.Subscribed, (U64, COLUMNS, U64)),
    (m.Changed, (U64, U8, U64, optional(ROW), optional(ROW))),
    (m.Notice, (ERROR_FIELDS,)),
    (m.SettingChanged, (TEXT, TEXT)),
    (m.ExtensionReply, (TEXT, BYTES)),
    (m.Heartbeat, (U64, BOOL)),
    (m.Ended, (U64, ERROR_FIELDS)),
)

_variant = Struct("<I")


class MessageCodec:
    """Writes and reads the messages of one direction in both encodings."""

    __slots__ = ("_kinds", "_requests", "_variants")

    def __init__(self, table: tuple[tuple[type, tuple[Kind, ...]], ...]) -> None:
        self._kinds = [record(make, kinds) for make, kinds in table]
        self._requests = table is REQUESTS
        self._variants = {make: (index, self._kinds[index]) for index, (make, _) in enumerate(table)}

    def encode(self, encoding: Encoding, message: m.Message) -> bytes:
        """Return the body of a frame; LocalProtocolError for a message or value that cannot be written."""
        try:
            variant, kind = self._variants[type(message)]
            if encoding is Encoding.MESSAGEPACK:
                return dumps([variant, *kind.plain(message)])
            parts = [_variant.pack(variant)]
            kind.write(parts.append, message)
            return b"".join(parts)
        except KeyError:
            raise LocalProtocolError(f"{type(message).__name__} does not go in this direction") from None
        except (TypeError, ValueError, OverflowError, StructError) as error:
            raise LocalProtocolError(f"{type(message).__name__} cannot be encoded: {error}") from error

    def decode(self, encoding: Encoding, body: bytes) -> m.Message:
        """Return the message of a frame's body; MalformedError if it is none."""
        return self._decode_messagepack(body) if encoding is Encoding.MESSAGEPACK else self._decode_bincode(body)

    def _decode_messagepack(self, body: bytes) -> m.Message:
        plain = loads(body)
        if type(plain) is not tuple or not plain or type(plain[0]) is not int:
            raise MalformedError("a message is an array that begins with its variant")
        if plain[0] == 9 and self._requests and len(plain) == 4 and plain[3] is None:
            # ExecutePrepared without options is what pipelines are full of.
            statement = plain[1]
            if type(statement) is int and 0 <= statement < 1 << 32:
                return m.ExecutePrepared(statement, check_values(plain[2]))
        kind = self._kind(plain[0])
        message: m.Message = kind.check(plain[1:])
        return message

    def _decode_bincode(self, body: bytes) -> m.Message:
        if len(body) < 4:
            raise MalformedError(f"a message of {len(body)} bytes has no variant")
        message: m.Message
        message, position = self._kind(_variant.unpack_from(body)[0]).read(body, 4)
        if position != len(body):
            raise MalformedError(f"{len(body) - position} bytes follow the message")
        return message

    def _kind(self, variant: int) -> Kind:
        if not 0 <= variant < len(self._kinds):
            raise MalformedError(f"message variant {variant} is unknown")
        return self._kinds[variant]


REQUEST_CODEC: Final = MessageCodec(REQUESTS)
RESPONSE_CODEC: Final = MessageCodec(RESPONSES)
Decode = Callable[[Encoding, bytes], Any]
