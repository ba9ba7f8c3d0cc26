"""The answer to one statement: a session's `Sink` that collects rows until they can be sent.

A result that is complete within one batch is one QueryResult, whatever the client asked for. A longer one is streamed where the
client gave credit: Columns, then Rows as long as there is credit, then Completed. Without credit it is collected, encoded, up to
what one frame can hold, and refused above that (54000).

What a statement sends after its first result (a query text may have several statements) replaces it; once rows were streamed that
is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.node.native.values import wire_column, wire_converter
from rustydb_engine.session.entry import Entry, Formats
from rustydb_engine.values.forms import Forms
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.rows import RowEncoder
from rustydb_proto.binary.schema import Encoding
from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.node.native.front import NativeFront

Rows = list[tuple[object, ...]]
RESULT_ROWS_MAX: Final = 65_536
_HEAD_BYTES: Final = 64  # more than the list heads, the tag and the variant of a result take
_SELECT_TAGS: Final = tuple(f"SELECT {count}" for count in range(256))


@value
class NativeWire:
    """What a plan's entry keeps for the native protocol: `encode` gives rows, `encoder` puts results around them."""

    description: bytes
    bound: bytes
    encode: RowsToBytes
    encoder: RowEncoder


class RowsToBytes:
    """Encodes batches of rows in the engine's forms."""

    __slots__ = ("_converters", "_encode")

    def __init__(self, entry: Entry, encoder: RowEncoder, forms: Forms) -> None:
        converters = [wire_converter(column, forms) for column in entry.columns]
        self._encode = encoder.rows
        self._converters = converters if any(converters) else None

    def __call__(self, batch: object) -> bytes:
        rows: Rows = batch  # type: ignore[assignment]  # entries keep encoders of any protocol
        converters = self._converters
        if converters is None:
            return self._encode(rows)
        columns = [
            column if convert is None else [None if item is None else convert(item) for item in column]
            for convert, column in zip(converters, zip(*rows, strict=True), strict=True)
        ]
        return self._encode(list(zip(*columns, strict=True)))


def native_wire(entry: Entry, encoding: Encoding, forms: Forms) -> NativeWire:
    """Return the entry's wire for an encoding, making it at the first use."""
    key: Formats = (-1, encoding.value)  # no PostgreSQL client asks for such formats
    found = entry.wire.get(key)
    if isinstance(found, NativeWire):
        return found
    encoder = RowEncoder(encoding, [wire_column(column) for column in entry.columns])
    made = NativeWire(b"", b"", RowsToBytes(entry, encoder, forms), encoder)
    entry.wire[key] = made
    return made


def count_of(tag: str) -> int:
    """Return the number of rows in a command tag, 0 if it has none."""
    digits = tag.rpartition(" ")[2]
    return int(digits) if digits.isdecimal() else 0


def error_fields(error: SqlError) -> m.ErrorFields:
    """Return the common error object of an error."""
    return m.ErrorFields(
        error.message,
        error.sqlstate,
        error.severity,
        error.detail,
        error.hint,
        None if error.position is None or error.position < 0 else error.position + 1,
        error.where,
        error.schema,
        error.table,
        error.column,
        error.datatype,
        error.constraint,
    )


class Result:
    """The sink of one statement of one request.

    `options` are the request's; `more` says that other responses of the request follow this result (a batch). `body` is the last
    response, once the statement has ended.
    """

    # Most results are one batch that comes whole: what they do not use stays with the class.
    wire: NativeWire | None = None
    total = 0
    started = False
    limited = False
    tag: str | None = None
    error_seen: SqlError | None = None
    body: bytes | None = None
    _count = _bytes = 0
    _parts: list[bytes] = []  # these two are replaced, never changed, when they are empty
    _ready: list[tuple[list[bytes], int]] = []  # full batches that wait for credit

    def __init__(
        self, front: NativeFront, request: int, forms: Forms, options: m.Options | None, more: bool = False
    ) -> None:
        self.front = front
        self.request = request
        self.forms = forms
        self._batch_rows = front.batch_rows
        self._streams = False
        if options is not None:
            self._streams = options.credit > 0 and not more
            if options.batch_rows:
                self._batch_rows = min(options.batch_rows, RESULT_ROWS_MAX)

    # ---- what a session says

    def describe(self, entry: Entry, formats: Formats) -> None:
        """Begin a result."""
        self._next()
        self._begin(entry)

    def rows(self, entry: Entry, formats: Formats, batch: Rows) -> None:
        """Take rows."""
        wire = self.wire
        if wire is None:
            wire = self._begin(entry)
        step = self._batch_rows
        for first in range(0, len(batch), step):
            self._take(wire, batch[first : first + step] if len(batch) > step else batch)

    def result(self, entry: Entry, batch: Rows) -> None:
        """Take a whole result of a query that gives its rows at once."""
        self.answer(entry, (), batch)

    def answer(self, entry: Entry, formats: Formats, batch: Rows) -> None:
        """Take a whole result."""
        self._next()
        count = len(batch)
        tag = _SELECT_TAGS[count] if count < 256 else f"SELECT {count}"
        if count > self._batch_rows:
            self.rows(entry, formats, batch)
            self.complete(tag)
            return
        wire = entry.wire.get((-1, self.front.encoding.value))
        if not isinstance(wire, NativeWire):
            wire = native_wire(entry, self.front.encoding, self.forms)
        body = wire.encoder.single_result(wire.encode(batch), count, tag)
        if len(body) > self.front.frame_bytes_max:
            self.rows(entry, formats, batch)
            self.complete(tag)
            return
        self.tag = tag
        self.body = body

    def bound(self, entry: Entry, formats: Formats, described: bool) -> None:
        """Nothing: the columns travel with the rows."""

    def complete(self, tag: str) -> None:
        """Take the end of a statement."""
        self._next()
        self.tag = tag

    def empty(self) -> None:
        """Take the end of a statement without text."""
        self._next()
        self.tag = ""

    def suspended(self) -> None:
        """The row limit is reached, and there is more."""
        self.limited = True
        self.tag = f"SELECT {self.total}"

    def error(self, error: SqlError) -> None:
        """Take the error that ends the request."""
        self.error_seen = error

    def notice(self, error: SqlError) -> None:
        """Send a notice."""
        self.front.answer(self.request, m.Notice(error_fields(error)), more=True)

    def copy_in(self, binary: bool, columns: int) -> None:
        """COPY has a message of its own here."""
        raise not_supported("COPY FROM STDIN in the native protocol", hint="Use BulkInsert.")

    def copy_out(self, binary: bool, columns: int) -> None:
        """COPY has a message of its own here."""
        raise not_supported("COPY TO STDOUT in the native protocol", hint="Use a SELECT with credit.")

    def copy_data(self, pieces: list[bytes]) -> None:
        """Nothing comes after copy_out was refused."""

    def copy_done(self) -> None:
        """Nothing comes after copy_out was refused."""

    # ---- sending

    @property
    def stalled(self) -> bool:
        """Whether rows wait for credit: the statement shall not go on."""
        return bool(self._ready)

    def flush(self) -> bool:
        """Send what the credit allows; return whether everything that was ready is sent."""
        front = self.front
        ready = self._ready
        sent = 0
        for parts, count in ready:
            if not front.machine.credit(self.request):
                if front.machine.is_open(self.request):
                    break
                sent = len(ready)  # nobody waits for them any more
                break
            assert self.wire is not None, "rows have columns"
            if not self.started:
                self.started = True
                front.answer_body(self.request, self.wire.encoder.columns_body(), more=True)
            front.answer_body(self.request, self.wire.encoder.rows_body(parts, count), more=True, rows=True)
            sent += 1
        self._ready = ready[sent:]
        if sent:
            front.touch()
        return not ready

    def finish(self) -> bool:
        """The statement has ended: make its last response; False while rows wait for credit."""
        if self.error_seen is not None:
            self._ready = []
            self.body = self.front.machine.encode(m.Error(error_fields(self.error_seen)))
            return True
        if self.body is not None:
            return True
        tag = self.tag or ""
        encoder = self.wire.encoder if self.wire is not None else self.front.no_columns
        if not self._streams or not (self.started or self._ready or self.limited):
            self.body = encoder.query_result(self._parts, self._count, count_of(tag), tag)
            return True
        if self._parts or not self.total:
            self._end_batch()
        if not self.flush():
            return False
        self.body = self.front.machine.encode(m.Completed(count_of(tag), tag, self.limited))
        return True

    # ---- inside

    def _next(self) -> None:
        """If a statement before has given its result, forget that: the last one counts."""
        if self.tag is not None:
            if self.started:
                raise not_supported("a stream of several results", hint="Send the statements one by one.")
            self.tag = self.body = self.wire = None
            self._parts = []
            self._ready = []
            self._count = self._bytes = self.total = 0

    def _begin(self, entry: Entry) -> NativeWire:
        wire = self.wire = native_wire(entry, self.front.encoding, self.forms)
        if len(wire.encoder.head) + _HEAD_BYTES > self.front.frame_bytes_max:
            limit = self.front.frame_bytes_max
            raise SqlError("54000", f"the description of the columns is over the frame limit of {limit} bytes")
        return wire

    def _take(self, wire: NativeWire, batch: Rows) -> None:
        data = wire.encode(batch)
        limit = self.front.frame_bytes_max - _HEAD_BYTES
        if len(data) > limit and len(batch) > 1:
            half = len(batch) // 2
            self._take(wire, batch[:half])
            self._take(wire, batch[half:])
            return
        if len(data) > limit:
            raise SqlError(
                "54000", f"a row of {len(data)} bytes is over the frame limit of {self.front.frame_bytes_max} bytes"
            )
        size = self._bytes + len(data)
        count = self._count + len(batch)
        if self._streams and self._parts and (size > min(self.front.batch_bytes, limit) or count > self._batch_rows):
            self._end_batch()
            size, count = len(data), len(batch)
        if not self._streams and (size + len(wire.encoder.head) > limit or count > RESULT_ROWS_MAX):
            raise SqlError(
                "54000",
                f"the result is over what one response holds: {RESULT_ROWS_MAX} rows and {limit} bytes",
                hint="Give the request credit, so that its result is streamed.",
            )
        if self._parts:
            self._parts.append(data)
        else:
            self._parts = [data]
        self._bytes = size
        self._count = count
        self.total += len(batch)

    def _end_batch(self) -> None:
        self._ready = [*self._ready, (self._parts, self._count)]
        self._parts = []
        self._count = self._bytes = 0
        self.flush()
