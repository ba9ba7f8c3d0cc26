"""Results as bytes, for servers that have many: the head of a result once, then batches of rows, then the end.

    encoder = RowEncoder(Encoding.MESSAGEPACK, columns)
    data, count = encoder.rows(batch), len(batch)          # tuples of values; may be joined with other batches
    body = encoder.query_result([data], count, affected_rows, tag)
    body = encoder.columns_body()                           # or, streamed: Columns,
    body = encoder.rows_body([data], count)                 # Rows, ...

The bodies are those that `MessageCodec.encode` makes of QueryResult, Columns and Rows: a test compares them. An encoder
belongs to one set of columns and is used again for each of its results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Any, Final

from rustydb_proto.binary import bincode, messagepack
from rustydb_proto.binary.messages import Column, Columns
from rustydb_proto.binary.schema import COLUMNS, RESPONSE_CODEC, Encoding

_count = Struct("<Q").pack
_ROWS_BINCODE: Final = Struct("<I").pack(9)
_ROWS_MESSAGEPACK: Final = b"\x92\x09"
_TAILS_MAX: Final = 256


class RowEncoder:
    """Encodes the results of one statement."""

    __slots__ = ("_columns", "_list_head", "_tails", "encoding", "head", "rows")

    def __init__(self, encoding: Encoding, columns: Sequence[Column]) -> None:
        self.encoding = encoding
        self._columns = tuple(columns)
        self._tails: dict[tuple[int, str], bytes] = {}
        self._list_head: Callable[[int], bytes]
        self.rows: Callable[[Sequence[tuple[Any, ...]]], bytes]
        if encoding is Encoding.MESSAGEPACK:
            self.head = b"\x95\x00" + messagepack.dumps(COLUMNS.plain(self._columns))
            self._list_head = messagepack.array_head
            self.rows = _messagepack_rows
        else:
            parts = [b"\0\0\0\0"]
            COLUMNS.write(parts.append, self._columns)
            self.head = b"".join(parts)
            self._list_head = _count
            self.rows = _bincode_rows

    def query_result(self, parts: Iterable[bytes], count: int, affected_rows: int, tag: str) -> bytes:
        """Return the body of a QueryResult; `parts` are `count` encoded rows."""
        return b"".join((self.head, self._list_head(count), *parts, self._tail(affected_rows, tag)))

    def single_result(self, data: bytes, count: int, tag: str) -> bytes:
        """Return the body of a QueryResult whose rows are one piece, and as many as were affected."""
        return self.head + self._list_head(count) + data + self._tail(count, tag)

    def columns_body(self) -> bytes:
        """Return the body of Columns."""
        return RESPONSE_CODEC.encode(self.encoding, Columns(self._columns))

    def rows_body(self, parts: Iterable[bytes], count: int) -> bytes:
        """Return the body of Rows."""
        variant = _ROWS_MESSAGEPACK if self.encoding is Encoding.MESSAGEPACK else _ROWS_BINCODE
        return b"".join((variant, self._list_head(count), *parts))

    def _tail(self, affected_rows: int, tag: str) -> bytes:
        key = (affected_rows, tag)
        found = self._tails.get(key)
        if found is None:
            if self.encoding is Encoding.MESSAGEPACK:
                found = messagepack.dumps(affected_rows) + messagepack.dumps(tag)
            else:
                parts = [_count(affected_rows)]
                bincode.write_text(parts.append, tag)
                found = b"".join(parts)
            if len(self._tails) < _TAILS_MAX:
                self._tails[key] = found
        return found


def _messagepack_rows(rows: Sequence[tuple[Any, ...]]) -> bytes:
    data = messagepack.dumps(rows)
    return data[len(messagepack.array_head(len(rows))) :]


def _bincode_rows(rows: Sequence[tuple[Any, ...]]) -> bytes:
    parts: list[bytes] = []
    append = parts.append
    write_value = bincode.write_value
    for row in rows:
        append(_count(len(row)))
        for value in row:
            write_value(append, value)
    return b"".join(parts)
