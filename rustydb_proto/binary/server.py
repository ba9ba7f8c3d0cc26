"""The server half of the native protocol: bytes and time in, events out, commands in, bytes out.

The embedder's loop is that of every machine (core/machine.py); what it hears and says is in events.py, the messages are in
messages.py, the bytes in README.md. A conversation, events to the left of the commands that answer them:

    HelloReceived(user, database, ...)             Authenticate("scram-sha-256", verifier)
    Authenticated(user)                            SessionReady(7, "RustyDB 0.1")
    RequestReceived(1, Execute("select ..."))      Answer(1, QueryResult(...))
    RequestReceived(2, Execute(..., credit=2))     Answer(2, Columns(...), more), Answer(2, Rows(...), more) twice
    CreditGranted(2)                               Answer(2, Rows(...), more), Answer(2, Completed(...))

**Requests are open** from their event to the Answer without `more`, in any order and number up to the limits that Welcome told. A
request beyond them, or malformed, or with too long a text, is refused by the machine: `RequestRejected` says so, and the
connection goes on. What breaks the framing, or uses a number twice at once, ends it with `ProtocolFailed`.

**Credit.** `credit(request)` is how many Rows may be sent now; an Answer beyond it is a LocalProtocolError. Grants of a client add up.
Uploads go the other way: `Answer(request, Granted(n), more=True)` lets the client send `n` more BulkRows.

**Ping, Heartbeat** are answered here. Silence for two and a half heartbeats, or for `idle_ns` without an open request, ends the connection.

**Fast path.** `answer(request, response)` is `send(Answer(...))` without the record; `answer_body` takes a body that is encoded already
(`encode`, or an encoder of rows of your own).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.admission import NOT_OURS, Admission, Phase
from rustydb_proto.binary.compression import COMPRESSIONS
from rustydb_proto.binary.extensions import ExtensionRegistry
from rustydb_proto.binary.framing import MAGIC, MORE, PREFACE_BYTES
from rustydb_proto.binary.limits import Limits
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.rate_limit import TokenBucket
from rustydb_proto.binary.requests import UNLIMITED, OpenRequests, Refusal
from rustydb_proto.binary.schema import REQUEST_CODEC, RESPONSE_CODEC, Encoding
from rustydb_proto.binary.wire import FrameReader, FrameWriter
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import NEED_DATA, PAUSED, NeedData, Paused, Timers
from rustydb_proto.core.time import NS_PER_MS, Now

_PAUSING: Final = frozenset({Phase.DECIDING, Phase.JUDGING, Phase.STARTING, Phase.CLOSED})
_LAST_OF_ADMISSION: Final = (e.AuthenticationFailed, e.ProtocolFailed)
_CONNECTION_ONLY: Final = (m.Welcome, m.Ready, m.Heartbeat, m.Notified, m.Changed, m.Ended, m.SettingChanged)
_UNANSWERED: Final = (m.Notified, m.Changed, m.Subscribed, m.Ended, m.Notice, m.SettingChanged, m.ExtensionReply)


class ServerMachine:
    """One connection of a native server. The module docstring says how to drive it.

    `mock_secret` is the same for all connections of a server, and secret (pg/server.py has the same). `channel_binding` is the
    tls-server-end-point hash of our certificate, where the connection is under TLS.
    """

    def __init__(
        self,
        now: Now,
        entropy: Entropy,
        *,
        limits: Limits | None = None,
        mock_secret: bytes = b"",
        extensions: ExtensionRegistry | None = None,
        channel_binding: bytes | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._reader = FrameReader(self._limits.handshake_bytes_max)
        self._writer = FrameWriter(self._limits.compress_bytes_min)
        self._admission = Admission(
            self._writer, entropy, self._limits, mock_secret, extensions or ExtensionRegistry(), channel_binding
        )
        self._phase = Phase.PREFACE
        self._encoding = Encoding.MESSAGEPACK
        self._extensions: tuple[str, ...] = ()
        self._heartbeat_ns = 0
        self._open = OpenRequests(self._limits)
        self._bucket: TokenBucket | None = None
        self._eof = False
        self._now = now
        self._heard_ns = now.mono_ns
        self._beat = 0
        self._last_event: e.ServerEvent | None = None
        self._output_ended = False
        self._timers = Timers()
        self._timers.set("handshake", now.mono_ns + self._limits.handshake_ns)

    # ---- bytes in, events out

    def receive_data(self, now: Now, data: bytes) -> None:
        """Take bytes from the client; b"" is its end of file."""
        self._now = now
        if not data:
            self._eof = True
        elif self._phase is not Phase.CLOSED:
            self._heard_ns = now.mono_ns
            self._reader.buffer.feed(data)

    def next_event(self) -> e.ServerEvent | NeedData | Paused:
        """Return the next event, or NEED_DATA, or PAUSED while the machine waits for a command or is closed."""
        if self._last_event is not None:
            last, self._last_event = self._last_event, None
            return last
        if self._phase in _PAUSING:
            return PAUSED
        if self._phase is Phase.PREFACE and (event_or_stop := self._read_preface()) is not None:
            return event_or_stop
        while True:
            try:
                frame = self._reader.next()
            except MalformedError as error:
                return self._fail("08P01", str(error))
            if frame is None:
                return self._await_more()
            request, flags, body = frame
            if flags & MORE:
                return self._fail("08P01", "a client's frame has the flag for more responses")
            if self._phase is not Phase.OPEN:
                event = self._admitted(self._admission.receive(body))
            else:
                event = self._receive(request, body)
            if event is not None:
                return event

    def _await_more(self) -> e.ServerEvent | NeedData:
        if self._eof:
            return self._close(e.ConnectionEnded(self._reader.buffer.at_rest))
        return NEED_DATA

    def _read_preface(self) -> e.ServerEvent | NeedData | None:
        """Read the client's first bytes; None if they are here and all is well."""
        buffer = self._reader.buffer
        if len(buffer.data) - buffer.position < PREFACE_BYTES and not buffer.want(PREFACE_BYTES):
            unread = (buffer.data[buffer.position :] + bytes(buffer.tail))[:4]
            return self._await_more() if MAGIC.startswith(unread) else self._close(NOT_OURS)
        preface = buffer.data[buffer.position : buffer.position + PREFACE_BYTES]
        buffer.position += PREFACE_BYTES
        return self._admitted(self._admission.read_preface(preface))

    def _admitted(self, event: e.ServerEvent | None) -> e.ServerEvent | None:
        """Go where the admission has gone; its last words end the connection."""
        if isinstance(event, _LAST_OF_ADMISSION):
            return self._close(event)
        self._phase = self._admission.phase
        return event

    def _authenticate(self, command: Any) -> None:
        self._last_event = self._admitted(self._admission.authenticate(command))

    def _accept_user(self, command: Any) -> None:
        self._last_event = self._admitted(self._admission.accept_user(command))

    def _reject_user(self, command: Any) -> None:
        self._last_event = self._admitted(self._admission.reject_user(command))

    def _start_session(self, command: Any) -> None:
        agreed = self._admission.agreed
        assert agreed is not None, "Hello was answered with an agreement"
        limits = self._limits
        self._encoding = agreed.encoding
        ready = m.Ready(command.session, self._admission.outcome, command.server_version, command.settings)
        self._write(0, ready)
        self._phase = Phase.OPEN
        self._reader.limit = agreed.frame_bytes_max
        self._reader.compression = self._writer.compression = COMPRESSIONS.get(agreed.compression)
        self._extensions = agreed.extensions
        self._heartbeat_ns = agreed.heartbeat_ms * NS_PER_MS
        if limits.requests_per_s:
            self._bucket = TokenBucket(self._now, limits.requests_per_s, limits.requests_burst or limits.requests_per_s)
        self._timers.clear()
        self._heard_ns = self._now.mono_ns
        if limits.idle_ns:
            self._timers.set("idle", self._heard_ns + limits.idle_ns)
        if self._heartbeat_ns:
            self._timers.set("heartbeat", self._heard_ns + self._heartbeat_ns)

    # ---- requests

    def _receive(self, request: int, body: bytes) -> e.ServerEvent | None:
        """Take the frame of a session; None if that is no event."""
        try:
            message = REQUEST_CODEC.decode(self._encoding, body)
        except MalformedError as error:
            return self._malformed(request, str(error))
        kind = type(message)
        handler = _HANDLERS.get(kind)
        if handler is not None:
            return handler(self, request, message, len(body))
        return self._open_request(request, message, len(body))

    def _open_request(self, request: int, message: Any, size: int) -> e.ServerEvent:
        if request in self._open.table or not request:
            why = "is in use" if request else "is the connection's"
            return self._fail("08P01", f"{type(message).__name__} with request number {request}, which {why}")
        if self._bucket is not None and (wait_ns := self._bucket.take(self._now)):
            hint = f"Try again in {-(-wait_ns // NS_PER_MS)} ms."
            message = f"more than {self._limits.requests_per_s} requests a second"
            return self._reject(request, Refusal("53400", message, hint))
        refusal = self._open.open(request, message, size)
        if refusal is not None:
            return self._reject(request, refusal)
        return e.RequestReceived(request, message)

    def _malformed(self, request: int, reason: str) -> e.ServerEvent:
        opened = self._open.table.get(request)
        if not request or (opened is not None and not opened.uploading):
            return self._fail("08P01", reason)
        return self._reject(request, Refusal("08P01", reason))

    def _reject(self, request: int, refusal: Refusal) -> e.ServerEvent:
        """Answer a request with an error, on our own."""
        self._write(request, m.Error(m.ErrorFields(refusal.message, refusal.sqlstate, hint=refusal.hint)))
        self._open.close(request)
        return e.RequestRejected(request, refusal.sqlstate, refusal.message)

    def _on_ping(self, request: int, message: Any, size: int) -> e.ServerEvent | None:
        self._write(request, m.Pong())
        return None

    def _on_heartbeat(self, request: int, message: Any, size: int) -> e.ServerEvent | None:
        if not message.reply:
            self._write(request, m.Heartbeat(message.sequence, True))
        return None

    def _on_goodbye(self, request: int, message: Any, size: int) -> e.ServerEvent | None:
        return self._close(e.Terminated())

    def _on_cancel(self, request: int, message: Any, size: int) -> e.ServerEvent | None:
        self._write(request, m.Ok())
        return e.CancelReceived(message.request) if message.request in self._open.table else None

    def _on_credit(self, request: int, message: Any, size: int) -> e.ServerEvent | None:
        opened = self._open.table.get(request)
        if opened is None:
            return None  # the result ended while the grant was on its way
        opened.credit = min(opened.credit + message.batches, UNLIMITED)
        opened.credit_bytes = min(opened.credit_bytes + message.bytes, UNLIMITED)
        return e.CreditGranted(request)

    def _on_bulk_rows(self, request: int, message: Any, size: int) -> e.ServerEvent | None:
        opened = self._open.table.get(request)
        if opened is None or not opened.uploading:
            return None  # the insert failed while rows were on their way
        refusal = self._open.add_rows(opened, message, size)
        return e.RequestReceived(request, message) if refusal is None else self._reject(request, refusal)

    def _on_handshake(self, request: int, message: Any, size: int) -> e.ServerEvent | None:
        return self._fail("08P01", f"{type(message).__name__} after the handshake")

    def _on_extension(self, request: int, message: Any, size: int) -> e.ServerEvent | None:
        if message.name in self._extensions or not request or request in self._open.table:
            return self._open_request(request, message, size)
        return self._reject(request, Refusal("0A000", f"extension {message.name[:64]!r} was not agreed"))

    # ---- the end

    def _fail(self, sqlstate: str, message: str) -> e.ServerEvent:
        """Answer what the peer did wrong with a FATAL error, and close."""
        self._error(m.ErrorFields(message, sqlstate, "FATAL"))
        return self._close(e.ProtocolFailed(sqlstate, message))

    def _error(self, fields: m.ErrorFields) -> None:
        if self._phase is not Phase.PREFACE:
            self._encoding = self._admission.encoding
            self._write(0, m.Error(fields))

    def _close(self, event: e.ServerEvent) -> e.ServerEvent:
        self._phase = Phase.CLOSED
        self._output_ended = True
        self._timers.clear()
        self._reader.buffer.take()
        self._open.clear()
        return event

    # ---- commands

    def send(self, now: Now, command: e.ServerCommand) -> None:
        """Carry out a command; LocalProtocolError if the protocol does not allow it now."""
        self._now = now
        if isinstance(command, e.Answer):
            self.answer(command.request, command.response, command.more)
            return
        kind = type(command)
        phase, carry_out = _COMMANDS.get(kind, (None, None))
        if carry_out is None:
            raise LocalProtocolError(f"{kind.__name__} is no command of this machine")
        if self._phase is not phase and (phase is not None or self._phase is Phase.CLOSED):
            raise LocalProtocolError(f"{kind.__name__} while {self._phase.name}")
        carry_out(self, command)

    def answer(self, request: int, response: m.Response, more: bool = False) -> None:
        """Send a response to an open request; without `more` that is the end of it."""
        kind = type(response)
        if kind in _CONNECTION_ONLY:
            raise LocalProtocolError(f"{kind.__name__} answers no request")
        body = RESPONSE_CODEC.encode(self._encoding, response)
        if isinstance(response, m.Granted):
            if not more:
                raise LocalProtocolError("Granted is never the last response")
            self._open.grant(request, response.batches)
        self.answer_body(request, body, more, kind is m.Rows)

    def answer_body(self, request: int, body: bytes, more: bool = False, rows: bool = False) -> None:
        """Send a response that is encoded already; `rows` says that it is Rows, which take credit."""
        opened = self._open.table.get(request)
        if opened is None:
            raise LocalProtocolError(f"request {request} is not open")
        if len(body) > self._reader.limit:
            raise LocalProtocolError(f"a body of {len(body)} bytes is over the frame limit of {self._reader.limit}")
        if rows:
            if not opened.credit or opened.credit_bytes <= 0:
                raise LocalProtocolError(f"request {request} has no credit")
            opened.credit -= 1
            if opened.credit_bytes is not UNLIMITED:
                opened.credit_bytes -= len(body)
        if not more:
            self._open.close(request)
        self._writer.frame(request, body, more)

    def finish(self, request: int, body: bytes) -> bool:
        """Send the last response of a request, encoded and within the frame limit; False if it is not open any more."""
        if not self._open.close(request):
            return False
        assert len(body) <= self._reader.limit, "the embedder has looked"
        self._writer.frame(request, body, False)
        return True

    def notify_body(self, body: bytes) -> None:
        """Send something that answers no request and is encoded already."""
        if self._phase is not Phase.OPEN:
            raise LocalProtocolError(f"a notification while {self._phase.name}")
        self._writer.frame(0, body, False)

    def encode(self, response: m.Response) -> bytes:
        """Return the body of a response, for `answer_body`."""
        return RESPONSE_CODEC.encode(self._encoding, response)

    def _notify(self, command: Any) -> None:
        if not isinstance(command.response, _UNANSWERED):
            raise LocalProtocolError(f"{type(command.response).__name__} answers a request")
        self._write(0, command.response)

    def _end(self, command: Any) -> None:
        self._error(command.fields)
        self._close(e.Terminated())

    def _write(self, request: int, response: m.Response) -> None:
        self._writer.frame(request, RESPONSE_CODEC.encode(self._encoding, response), False)

    # ---- what the embedder may know

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to write."""
        return self._writer.take()

    @property
    def unsent_bytes(self) -> int:
        """About how many bytes `data_to_send` would return."""
        return self._writer.size

    @property
    def output_ended(self) -> bool:
        """True once nothing more will be written: close the connection after `data_to_send`."""
        return self._output_ended

    @property
    def phase(self) -> Phase:
        """What the connection is doing."""
        return self._phase

    @property
    def encoding(self) -> Encoding:
        """How messages are written now."""
        return self._encoding

    @property
    def frame_bytes_max(self) -> int:
        """The largest body that may be sent."""
        return self._reader.limit

    def credit(self, request: int) -> int:
        """Return how many Rows may be sent to a request now; 0 when it is not open."""
        opened = self._open.table.get(request)
        return opened.credit if opened is not None and opened.credit_bytes > 0 else 0

    def is_open(self, request: int) -> bool:
        """Say whether a request waits for its answer."""
        return request in self._open.table

    @property
    def open_requests(self) -> tuple[int, ...]:
        """The requests that are not answered yet, oldest first."""
        return tuple(self._open.table)

    @property
    def pending(self) -> bool:
        """Whether a whole frame is buffered, for the embedder that plans ahead."""
        return self._phase is Phase.OPEN and self._reader.pending

    @property
    def backlogged(self) -> bool:
        """Whether the embedder should pause reading until it has pulled more events."""
        unread = len(self._reader.buffer)
        return unread > self._limits.backlog_bytes_max and (self._phase in _PAUSING or self._reader.pending)

    # ---- time

    def deadline(self) -> int | None:
        """Return when `handle_timeout` is due (`mono_ns`), or None."""
        return self._timers.deadline()

    def handle_timeout(self, now: Now) -> None:
        """Fire the timers that are due."""
        self._now = now
        for name in self._timers.due(now):
            if name == "handshake":
                self._last_event = self._fail("57014", "canceling the handshake due to timeout")
            elif name == "idle":
                self._idle_due(now)
            else:
                self._heartbeat_due(now)
            if self._phase is Phase.CLOSED:
                return

    def _idle_due(self, now: Now) -> None:
        # Bytes only note when they came; the timer is moved here, not with every read.
        end_ns = self._heard_ns + self._limits.idle_ns
        if self._open.table:
            end_ns = now.mono_ns + self._limits.idle_ns
        if end_ns > now.mono_ns:
            self._timers.set("idle", end_ns)
        else:
            self._last_event = self._fail("57P05", "terminating connection due to idle-session timeout")

    def _heartbeat_due(self, now: Now) -> None:
        interval_ns = self._heartbeat_ns
        if 2 * (now.mono_ns - self._heard_ns) >= 5 * interval_ns:
            self._last_event = self._fail("08006", "the client has stopped answering heartbeats")
            return
        self._beat += 1
        self._write(0, m.Heartbeat(self._beat))
        self._timers.set("heartbeat", now.mono_ns + interval_ns)

    def take_unread(self) -> tuple[bytes, bool]:
        """Return the unread bytes and whether the end of file came; the machine forgets the bytes."""
        return self._reader.buffer.take(), self._eof


# ---- tables

_Handler = Callable[[ServerMachine, int, Any, int], "e.ServerEvent | None"]
# Requests that do not open anything; all others do.
_HANDLERS: Final[Mapping[type, _Handler]] = {
    m.Ping: ServerMachine._on_ping,
    m.Heartbeat: ServerMachine._on_heartbeat,
    m.Goodbye: ServerMachine._on_goodbye,
    m.Cancel: ServerMachine._on_cancel,
    m.Credit: ServerMachine._on_credit,
    m.BulkRows: ServerMachine._on_bulk_rows,
    m.Hello: ServerMachine._on_handshake,
    m.Authenticate: ServerMachine._on_handshake,
    m.Extension: ServerMachine._on_extension,
}
_Carry = Callable[[ServerMachine, Any], None]
# Commands, the phase in which each is allowed (None: any but CLOSED), and what carries it out.
_COMMANDS: Final[Mapping[type, tuple[Phase | None, _Carry]]] = {
    e.Authenticate: (Phase.DECIDING, ServerMachine._authenticate),
    e.AcceptUser: (Phase.JUDGING, ServerMachine._accept_user),
    e.RejectUser: (Phase.JUDGING, ServerMachine._reject_user),
    e.SessionReady: (Phase.STARTING, ServerMachine._start_session),
    e.Notify: (Phase.OPEN, ServerMachine._notify),
    e.Fail: (None, ServerMachine._end),
}
