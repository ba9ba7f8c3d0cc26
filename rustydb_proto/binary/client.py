"""The client half of the native protocol: the mirror of server.py.

    machine = ClientMachine(now, entropy, user="ann", password="pencil", database="shop")
    write(machine.data_to_send())                      # preface and Hello
    ...                                                # the loop, until SessionStarted
    request = machine.request(now, Execute("select $1", (7,)))
    ...                                                # ResponseReceived(request, QueryResult(...), more=False)

Requests may be sent without waiting for the answers of others; `request` chooses their numbers. `send` is the same for an embedder
that does not need the number. What the server told about its limits is checked here, before a byte is written: a text that is
too long, or a request too many, is a LocalProtocolError (`capacity` says how many fit).

**Streams.** An Execute with `Options(credit=n)` may get `n` Rows; each that has been used up is worth a
`credit(now, request, 1)`. A server that sends more than it was given breaks the protocol, so what a client must hold is bounded by
what it asked for.

**Uploads.** After BulkInsert with `more`, `upload(now, request, BulkRows(...))`, of which `upload_capacity(request)` may be sent now; Granted
is a response that raises it.

A server must prove that it knows the verifier before its Ready is believed, when the mechanism is SCRAM.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.compression import COMPRESSIONS
from rustydb_proto.binary.framing import MAGIC, MORE, PREFACE_BYTES, REQUEST_MAX, VERSION, client_preface
from rustydb_proto.binary.handshake import NONE, TOKEN
from rustydb_proto.binary.limits import Limits
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.schema import ENCODING_NAMES, REQUEST_CODEC, RESPONSE_CODEC, Encoding
from rustydb_proto.binary.wire import FrameReader, FrameWriter
from rustydb_proto.core import scram
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import NEED_DATA, PAUSED, NeedData, Paused, Timers
from rustydb_proto.core.time import NS_PER_MS, Now


class ClientPhase(Enum):
    """What the connection is doing."""

    PREFACE = auto()  # the server's first eight bytes are awaited
    WELCOME = auto()  # Welcome is awaited
    PROVING = auto()  # Ready is awaited
    OPEN = auto()
    CLOSED = auto()


_NOT_REQUESTS: Final = (m.Hello, m.Authenticate, m.BulkRows, m.Credit, m.Heartbeat)
_UNANSWERED: Final = (m.Notified, m.Changed, m.Subscribed, m.Ended, m.Notice, m.SettingChanged, m.ExtensionReply)


class _Sent:
    """A request that is not answered yet."""

    __slots__ = ("body_bytes", "credit", "upload_left", "uploading")

    def __init__(self, body_bytes: int, message: m.Request, upload_batches: int) -> None:
        options = getattr(message, "options", None)
        self.body_bytes = body_bytes
        self.credit: int = options.credit if options is not None else 0
        self.uploading = isinstance(message, m.BulkInsert) and message.more
        self.upload_left = upload_batches if self.uploading else 0


class ClientMachine:
    """One connection of a native client. The module docstring says how to drive it.

    `password` or `token` is what proves the user. `encodings` and `compressions` are in order of preference; the first encoding is that
    of the handshake. `channel_binding` is the hash of the server's certificate (tls-server-end-point), to bind to.
    """

    def __init__(
        self,
        now: Now,
        entropy: Entropy,
        *,
        user: str,
        database: str = "",
        password: str | None = None,
        token: str | None = None,
        application_name: str = "",
        settings: Sequence[tuple[str, str]] = (),
        encodings: Sequence[str] = ("messagepack", "bincode"),
        compressions: Sequence[str] = (),
        extensions: Sequence[str] = (),
        heartbeat_ms: int = 0,
        limits: Limits | None = None,
        channel_binding: bytes | None = None,
    ) -> None:
        if not encodings or any(name not in ENCODING_NAMES for name in encodings):
            raise LocalProtocolError(f"encodings {tuple(encodings)} are not some of {tuple(ENCODING_NAMES)}")
        if any(name not in COMPRESSIONS for name in compressions):
            raise LocalProtocolError(f"compressions {tuple(compressions)} are not some of {tuple(COMPRESSIONS)}")
        self._limits = limits or Limits()
        self._reader = FrameReader(self._limits.handshake_bytes_max)
        self._writer = FrameWriter(self._limits.compress_bytes_min)
        self._encoding = ENCODING_NAMES[encodings[0]]
        self._user = user
        self._scram: scram.ScramClient | None = None
        mechanism, initial = NONE, b""
        if token is not None:
            mechanism, initial = TOKEN, token.encode()
        elif password is not None:
            plus = channel_binding is not None
            mechanism = scram.MECHANISM_PLUS if plus else scram.MECHANISM
            flag = "p=tls-server-end-point" if plus else "n"
            self._scram = scram.ScramClient(password, entropy.bytes(scram.NONCE_BYTES), flag, channel_binding or b"")
            initial = self._scram.first()
        self._hello = m.Hello(
            user,
            database,
            mechanism,
            initial,
            tuple(encodings),
            tuple(compressions),
            self._limits.frame_bytes_max,
            heartbeat_ms,
            application_name,
            tuple(extensions),
            tuple(settings),
        )
        self._phase = ClientPhase.PREFACE
        self._welcome: m.Welcome | None = None
        self._sent: dict[int, _Sent] = {}
        self._sent_bytes = 0
        self._last_number = 0
        self._eof = False
        self._heard_ns = now.mono_ns
        self._last_event: e.ClientEvent | None = None
        self._output_ended = False
        self._timers = Timers()
        self._timers.set("handshake", now.mono_ns + self._limits.handshake_ns)
        self._writer.out.append(client_preface(self._encoding.value))
        self._write(0, self._hello)

    # ---- bytes in, events out

    def receive_data(self, now: Now, data: bytes) -> None:
        """Take bytes from the server; b"" is its end of file."""
        if not data:
            self._eof = True
        elif self._phase is not ClientPhase.CLOSED:
            self._heard_ns = now.mono_ns
            self._reader.buffer.feed(data)

    def next_event(self) -> e.ClientEvent | NeedData | Paused:
        """Return the next event, or NEED_DATA, or PAUSED when the connection is over."""
        if self._last_event is not None:
            last, self._last_event = self._last_event, None
            return last
        if self._phase is ClientPhase.CLOSED:
            return PAUSED
        if self._phase is ClientPhase.PREFACE and (stop := self._read_preface()) is not None:
            return stop
        while True:
            try:
                frame = self._reader.next()
                if frame is None:
                    return self._await_more()
                request, flags, body = frame
                message = RESPONSE_CODEC.decode(self._encoding, body)
            except MalformedError as error:
                return self._fail("08P01", str(error))
            if self._phase is ClientPhase.OPEN:
                event = self._receive(request, message, bool(flags & MORE))
            else:
                event = self._handshake(message)
            if event is not None:
                return event

    def _await_more(self) -> e.ClientEvent | NeedData:
        if self._eof:
            return self._close(e.ConnectionEnded(self._reader.buffer.at_rest))
        return NEED_DATA

    def _read_preface(self) -> e.ClientEvent | NeedData | None:
        buffer = self._reader.buffer
        if len(buffer.data) - buffer.position < PREFACE_BYTES and not buffer.want(PREFACE_BYTES):
            unread = (buffer.data[buffer.position :] + bytes(buffer.tail))[:4]
            if MAGIC.startswith(unread):
                return self._await_more()
            return self._fail("08P01", "the server does not speak the native protocol")
        preface = buffer.data[buffer.position : buffer.position + PREFACE_BYTES]
        buffer.position += PREFACE_BYTES
        if preface[:4] != MAGIC:
            return self._fail("08P01", "the server does not speak the native protocol")
        version, encoding = preface[4], preface[5]
        if version != VERSION or encoding != self._encoding.value:
            return self._fail(
                "08P01", f"the server does not speak version {VERSION} in encoding {self._encoding.value}"
            )
        self._phase = ClientPhase.WELCOME
        return None

    # ---- the handshake

    def _handshake(self, message: m.Message) -> e.ClientEvent | None:
        if isinstance(message, m.Error):
            fields = message.fields
            return self._close(e.AuthenticationFailed(self._user, fields.message, fields.sqlstate))
        try:
            if self._phase is ClientPhase.WELCOME and isinstance(message, m.Welcome):
                return self._receive_welcome(message)
            if self._phase is ClientPhase.PROVING and isinstance(message, m.Ready):
                return self._receive_ready(message)
        except scram.ScramError as error:
            return self._fail(error.sqlstate, error.message)
        return self._fail("08P01", f"{type(message).__name__} during the handshake")

    def _receive_welcome(self, welcome: m.Welcome) -> e.ClientEvent | None:
        hello = self._hello
        if welcome.encoding not in hello.encodings:
            return self._fail(
                "08P01", f"the server chose the encoding {welcome.encoding[:40]!r}, which was not offered"
            )
        if welcome.compression != "none" and welcome.compression not in hello.compressions:
            return self._fail("08P01", f"the server chose {welcome.compression[:40]!r}, which was not offered")
        if welcome.mechanism not in (hello.mechanism, NONE):
            return self._fail("08P01", f"the server chose the mechanism {welcome.mechanism[:40]!r}")
        if not set(welcome.extensions) <= set(hello.extensions):
            return self._fail("08P01", "the server chose extensions that were not offered")
        self._welcome = welcome
        self._encoding = ENCODING_NAMES[welcome.encoding]
        self._phase = ClientPhase.PROVING
        if welcome.mechanism == NONE:
            self._scram = None
        elif self._scram is not None:
            self._write(0, m.Authenticate(self._scram.final(welcome.challenge)))
        return None

    def _receive_ready(self, ready: m.Ready) -> e.ClientEvent:
        welcome = self._welcome
        assert welcome is not None, "Ready is awaited after Welcome"
        if self._scram is not None:
            self._scram.verify(ready.outcome)
        self._phase = ClientPhase.OPEN
        self._scram = None
        self._reader.limit = min(max(welcome.frame_bytes_max, 1), self._limits.frame_bytes_max)
        self._reader.compression = self._writer.compression = COMPRESSIONS.get(welcome.compression)
        self._timers.clear()
        if welcome.heartbeat_ms:
            self._timers.set("heartbeat", self._heard_ns + self._silence_ns(welcome))
        return e.SessionStarted(
            ready.session,
            ready.server_version,
            ready.settings,
            welcome.encoding,
            welcome.compression,
            welcome.extensions,
        )

    # ---- responses

    def _receive(self, request: int, message: m.Message, more: bool) -> e.ClientEvent | None:
        if not request:
            return self._receive_unasked(message)
        sent = self._sent.get(request)
        if sent is None:
            return self._fail("08P01", f"{type(message).__name__} for request {request}, which was not sent")
        if isinstance(message, m.Rows):
            if not sent.credit:
                return self._fail("08P01", f"Rows without credit for request {request}")
            sent.credit -= 1
        elif isinstance(message, m.Granted):
            sent.upload_left += message.batches
        if not more:
            del self._sent[request]
            self._sent_bytes -= sent.body_bytes
        return e.ResponseReceived(request, message, more)  # type: ignore[arg-type]  # RESPONSE_CODEC gives no other

    def _receive_unasked(self, message: m.Message) -> e.ClientEvent | None:
        if isinstance(message, m.Heartbeat):
            if not message.reply:
                self._write(0, m.Heartbeat(message.sequence, True))
            return None
        if isinstance(message, m.Error):
            return self._close(e.ConnectionFailed(message.fields))
        if isinstance(message, _UNANSWERED):
            return e.NotificationReceived(message)
        return self._fail("08P01", f"{type(message).__name__} without a request")

    # ---- the end

    def _fail(self, sqlstate: str, message: str) -> e.ClientEvent:
        return self._close(e.ProtocolFailed(sqlstate, message))

    def _close(self, event: e.ClientEvent) -> e.ClientEvent:
        self._phase = ClientPhase.CLOSED
        self._output_ended = True
        self._timers.clear()
        self._reader.buffer.take()
        return event

    # ---- commands

    def send(self, now: Now, command: m.Request) -> None:
        """Send a request, or say Goodbye; LocalProtocolError if the protocol or the server's limits do not allow it."""
        self.request(now, command)

    def request(self, now: Now, message: m.Request) -> int:
        """Send a request and return its number; the response repeats it."""
        welcome = self._require_open(type(message).__name__)
        if isinstance(message, _NOT_REQUESTS):
            raise LocalProtocolError(f"{type(message).__name__} is not sent by `request`")
        if isinstance(message, m.Goodbye):
            self._write(0, message)
            self._close(e.ConnectionEnded(True))
            return 0
        sql = getattr(message, "sql", "")
        if len(sql) * 4 > welcome.sql_bytes_max and len(sql.encode()) > welcome.sql_bytes_max:
            raise LocalProtocolError(f"SQL text is over the server's limit of {welcome.sql_bytes_max} bytes")
        if isinstance(message, m.BulkInsert):
            self._check_rows(welcome, message)
        body = self._encode(welcome, message)
        # Cancel and Ping open nothing on the server, so they are never too many.
        if not isinstance(message, m.Cancel | m.Ping):
            if len(self._sent) >= welcome.requests_max:
                raise LocalProtocolError(f"{len(self._sent)} requests are not answered yet, the limit is the server's")
            if self._sent and self._sent_bytes + len(body) > welcome.requests_bytes_max:
                raise LocalProtocolError(f"requests are over the server's limit of {welcome.requests_bytes_max} bytes")
        number = self._next_number()
        self._sent[number] = _Sent(len(body), message, welcome.upload_batches)
        self._sent_bytes += len(body)
        self._writer.frame(number, body, False)
        return number

    def upload(self, now: Now, request: int, rows: m.BulkRows) -> None:
        """Send more rows of a BulkInsert; the last without `more`. After an Error to it there is nothing to send."""
        welcome = self._require_open("BulkRows")
        sent = self._sent.get(request)
        if sent is None or not sent.uploading:
            raise LocalProtocolError(f"request {request} is no BulkInsert that waits for rows")
        if not sent.upload_left and rows.more:
            raise LocalProtocolError(f"more BulkRows for request {request} than the server granted")
        self._check_rows(welcome, rows)
        body = self._encode(welcome, rows)
        sent.upload_left -= 1
        sent.uploading = rows.more
        self._writer.frame(request, body, False)

    def credit(self, now: Now, request: int, batches: int, size: int = 0) -> None:
        """Let the server send this many more Rows, and bytes in them, to a request; one that has ended is no error."""
        self._require_open("Credit")
        sent = self._sent.get(request)
        if sent is not None:
            sent.credit += batches
            self._write(request, m.Credit(batches, size))

    def _require_open(self, what: str) -> m.Welcome:
        if self._phase is not ClientPhase.OPEN or self._welcome is None:
            raise LocalProtocolError(f"{what} while {self._phase.name}")
        return self._welcome

    def _check_rows(self, welcome: m.Welcome, message: m.BulkInsert | m.BulkRows) -> None:
        if len(message.rows) > welcome.batch_rows_max:
            raise LocalProtocolError(
                f"{len(message.rows)} rows in one message, the server takes {welcome.batch_rows_max}"
            )

    def _encode(self, welcome: m.Welcome, message: m.Request) -> bytes:
        body = REQUEST_CODEC.encode(self._encoding, message)
        if len(body) > welcome.frame_bytes_max:
            raise LocalProtocolError(
                f"a body of {len(body)} bytes is over the frame limit of {welcome.frame_bytes_max}"
            )
        return body

    def _next_number(self) -> int:
        number = self._last_number
        while True:
            number = number + 1 if number < REQUEST_MAX else 1
            if number not in self._sent:
                self._last_number = number
                return number

    def _write(self, request: int, message: m.Request) -> None:
        self._writer.frame(request, REQUEST_CODEC.encode(self._encoding, message), False)

    # ---- what the embedder may know

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to write."""
        return self._writer.take()

    @property
    def output_ended(self) -> bool:
        """True once nothing more will be written: close the connection after `data_to_send`."""
        return self._output_ended

    @property
    def phase(self) -> ClientPhase:
        """What the connection is doing."""
        return self._phase

    @property
    def encoding(self) -> Encoding:
        """How messages are written now."""
        return self._encoding

    @property
    def limits(self) -> m.Welcome | None:
        """What the server told about itself, once it has."""
        return self._welcome

    @property
    def capacity(self) -> int:
        """How many more requests the server would take now."""
        if self._phase is not ClientPhase.OPEN or self._welcome is None:
            return 0
        return max(0, self._welcome.requests_max - len(self._sent))

    def upload_capacity(self, request: int) -> int:
        """Return how many BulkRows with `more` may be sent to a request now."""
        sent = self._sent.get(request)
        return max(0, sent.upload_left) if sent is not None and sent.uploading else 0

    @property
    def open_requests(self) -> tuple[int, ...]:
        """The requests that are not answered yet, oldest first."""
        return tuple(self._sent)

    @property
    def backlogged(self) -> bool:
        """Whether the embedder should pause reading until it has pulled more events."""
        return len(self._reader.buffer) > self._limits.backlog_bytes_max and self._reader.pending

    # ---- time

    def deadline(self) -> int | None:
        """Return when `handle_timeout` is due (`mono_ns`), or None."""
        return self._timers.deadline()

    def handle_timeout(self, now: Now) -> None:
        """Fire the timers that are due."""
        for name in self._timers.due(now):
            if name == "handshake":
                self._last_event = self._fail("57014", "the server did not finish the handshake in time")
                return
            assert self._welcome is not None, "heartbeats begin with the session"
            silent_ns = self._silence_ns(self._welcome)
            if now.mono_ns - self._heard_ns >= silent_ns:
                self._last_event = self._fail("08006", "the server has stopped sending heartbeats")
                return
            self._timers.set("heartbeat", self._heard_ns + silent_ns)

    @staticmethod
    def _silence_ns(welcome: m.Welcome) -> int:
        return welcome.heartbeat_ms * NS_PER_MS * 5 // 2

    def take_unread(self) -> tuple[bytes, bool]:
        """Return the unread bytes and whether the end of file came; the machine forgets the bytes."""
        return self._reader.buffer.take(), self._eof
