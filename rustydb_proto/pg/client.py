"""The client half of the PostgreSQL protocol, version 3.

The mirror of server.py, for a client library, a pooler, or a node that forwards to another database:

    machine = ClientMachine(now, entropy, "ann", "shop", password="...")
    write(machine.data_to_send())                          # the startup packet
    machine.receive_data(now, read())                      # until SessionStarted has come
    machine.send(now, Query("select 1"))

    SessionStarted(parameters, process_id, secret_key)     commands may be sent from here on
    RowDescriptionReceived(columns)                        Query: one of these blocks for each statement
    RowsReceived(rows) ...
    CommandCompleted(tag)
    ReadyReceived("I")

**Pipelines.** Parse, Bind, Describe, Execute and Close may be sent in any number before a Sync, and several pipelines
before the first answer; answers come in order, `outstanding` counts the ReadyReceived that are still to come.
After ErrorReceived the server skips to the next Sync. `Flush` asks for answers without ending a pipeline.

**Authentication** is the machine's: SCRAM-SHA-256 (and -PLUS over TLS), MD5 and clear text, the last two only if
`weak_authentication` is left on. A server that asks for a password that was not given fails with
`fe_sendauth: no password supplied`, as libpq says it.

**COPY.** After CopyInStarted send CopyData, then CopyDone or CopyFail; after CopyOutStarted come CopyDataReceived.

A copy that an Execute began ends with a Sync of its own: the server ignores those that were sent ahead.
CopyBothStarted (replication) is both at once; each side ends its own data.

**TLS.** With `tls=True` the machine asks first; a server that agrees gives SwitchProtocol("tls"): do the handshake,
call `tls_started`, feed decrypted bytes. One that refuses is a ProtocolFailed, with `tls_required=False` it is
talked to in clear text. Where TLS begins with the first byte, do the handshake before you make the machine, with
`channel_binding`.

**Proxies.** With `encoded_rows=True` rows come as EncodedRowsReceived, framed but not decoded. relay.py maps the
events of each half to the commands of the other.

**Versions.** `minor=2` asks for 3.2; a server that knows only 3.0 says so in VersionNegotiated, and all goes on.

To cancel, open another connection, write `cancel_request()` to it, and close it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum, auto
from struct import Struct
from struct import error as StructError
from typing import Any, Final

from rustydb_proto.core.buffer import ReceiveBuffer
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import NEED_DATA, PAUSED, NeedData, Paused, Timers
from rustydb_proto.core.scram import ScramError
from rustydb_proto.core.time import Now
from rustydb_proto.pg import client_messages as commands
from rustydb_proto.pg import framing, messages
from rustydb_proto.pg.client_authentication import ClientExchange
from rustydb_proto.pg.client_decode import SERVER_MESSAGES, cstring, data_row, negotiation, rows_end
from rustydb_proto.pg.client_messages import (
    ClientCommand,
    ClientEvent,
    CopyInStarted,
    CopyOutStarted,
    ErrorReceived,
    ReadyReceived,
    Row,
    RowsReceived,
    SessionStarted,
)
from rustydb_proto.pg.decode import TOO_SHORT, Malformed
from rustydb_proto.pg.encode import UNENCODABLE
from rustydb_proto.pg.limits import KEY_BYTES_MAX, Limits

SHORT_MESSAGE_BYTES_MAX: Final = 30_000
CLEAR_TEXT_AFTER_TLS: Final = "received unencrypted data after SSL response"


class ClientPhase(Enum):
    """What the connection is doing."""

    ASKING_TLS = auto()  # the one-byte answer to SSLRequest is awaited
    SWITCHING = auto()  # the TLS handshake is under way: paused
    STARTING = auto()  # authentication and what comes before the first ReadyForQuery
    OPEN = auto()
    COPY_IN = auto()  # the server takes copy data
    COPY_OUT = auto()  # the server sends copy data
    COPY_BOTH = auto()  # copy data goes both ways
    CLOSED = auto()


_header = Struct("!BI").unpack_from
_int32 = Struct("!i").unpack_from

# Each function takes exactly the class at its left; a mapping cannot say that to the type checker.
_ENCODERS: Final[Mapping[type, Callable[[Any], bytes]]] = {
    commands.Query: lambda command: framing.query(command.sql),
    commands.Parse: lambda command: framing.parse(command.name, command.sql, command.parameter_oids),
    commands.Bind: lambda command: framing.bind(
        command.portal, command.statement, command.values, command.formats, command.result_formats
    ),
    commands.Describe: lambda command: framing.describe(command.kind, command.name),
    commands.Execute: lambda command: framing.execute(command.portal, command.max_rows),
    commands.Close: lambda command: framing.close(command.kind, command.name),
    commands.Flush: lambda command: framing.FLUSH,
    commands.Sync: lambda command: framing.SYNC,
    commands.FunctionCall: lambda command: framing.function_call(
        command.function_oid, command.arguments, command.formats, command.result_format
    ),
    messages.CopyData: lambda command: framing.copy_data(command.data),
    messages.CopyDone: lambda command: framing.COPY_DONE,
    commands.CopyFail: lambda command: framing.copy_fail(command.reason),
    commands.Terminate: lambda command: framing.TERMINATE,
}
_COPY_COMMANDS: Final = frozenset({messages.CopyData, messages.CopyDone, commands.CopyFail})
_ANSWERED_BY_READY: Final = frozenset({commands.Query, commands.FunctionCall, commands.Sync})
_COPY_EVENTS: Final = frozenset(b"dc")
_TAKES_COPY: Final = frozenset({ClientPhase.COPY_IN, ClientPhase.COPY_BOTH})
_SENDS_COPY: Final = frozenset({ClientPhase.COPY_OUT, ClientPhase.COPY_BOTH})
_ASKING: Final = frozenset({ClientPhase.OPEN, ClientPhase.COPY_OUT})


class ClientMachine:
    """One connection of a PostgreSQL client. The module docstring says how to drive it.

    `parameters` are run-time parameters for the startup packet (`options`, `replication` and `_pq_.…` too).
    """

    __slots__ = (
        "_buffer",
        "_encoded_rows",
        "_eof",
        "_exchange",
        "_in_pipeline",
        "_key",
        "_last_event",
        "_limits",
        "_minor",
        "_out",
        "_output_ended",
        "_parameters",
        "_phase",
        "_requests",
        "_startup",
        "_timers",
        "_tls_required",
    )

    def __init__(
        self,
        now: Now,
        entropy: Entropy,
        user: str,
        database: str = "",
        *,
        password: str | None = None,
        parameters: Mapping[str, str] | None = None,
        tls: bool = False,
        tls_required: bool = True,
        channel_binding: bytes | None = None,
        weak_authentication: bool = True,
        encoded_rows: bool = False,
        minor: int = 0,
        limits: Limits | None = None,
    ) -> None:
        assert minor in (0, 2), "3.0 and 3.2 are the versions that there are"
        self._limits = limits or Limits()
        self._exchange = ClientExchange(user, password, entropy, weak_authentication)
        self._exchange.channel_binding = channel_binding
        self._encoded_rows = encoded_rows
        self._tls_required = tls_required
        self._minor = minor
        self._startup = {"user": user, "database": database or user, **(parameters or {})}
        self._buffer = ReceiveBuffer()
        self._out: list[bytes] = []
        self._requests: deque[type] = deque()
        self._in_pipeline = False
        self._parameters: dict[str, str] = {}
        self._key = (0, bytes(4))
        self._eof = False
        self._output_ended = False
        self._last_event: ClientEvent | None = None
        self._timers = Timers()
        self._timers.set("startup", now.mono_ns + self._limits.startup_ns)
        self._phase = ClientPhase.ASKING_TLS if tls else ClientPhase.STARTING
        if tls:
            self._out.append(framing.ssl_request())
        else:
            self._start()

    # ---- bytes in, events out

    def receive_data(self, now: Now, data: bytes) -> None:
        """Take bytes from the server; b"" is its end of file."""
        if not data:
            self._eof = True
        elif self._phase is not ClientPhase.CLOSED:
            self._buffer.feed(data)

    def next_event(self) -> ClientEvent | NeedData | Paused:
        """Return the next event, or NEED_DATA, or PAUSED during a TLS handshake and when closed."""
        if self._last_event is not None:
            event, self._last_event = self._last_event, None
            return event
        if self._phase is ClientPhase.CLOSED or self._phase is ClientPhase.SWITCHING:
            return PAUSED
        if self._phase is ClientPhase.ASKING_TLS:
            return self._next_tls_answer()
        try:
            while True:
                found = self._next_message()
                if found is not None:
                    return found
        except (Malformed, UnicodeDecodeError) as error:
            return self._fail(f"invalid message from the server: {error}")
        except StructError:  # its words depend on what follows the message
            return self._fail(f"invalid message from the server: {TOO_SHORT}")
        except ScramError as error:
            return self._fail(error.detail or error.message)

    def _next_tls_answer(self) -> ClientEvent | NeedData | Paused:
        if not len(self._buffer):
            return self._need_data()
        buffer = self._buffer
        buffer.want(1)
        if buffer.data[buffer.position] == 0x4E and not self._tls_required:  # N
            buffer.position += 1
            self._phase = ClientPhase.STARTING
            self._start()
            return self.next_event()
        answer = buffer.take()
        if answer == b"S":
            self._phase = ClientPhase.SWITCHING
            return messages.SwitchProtocol("tls")
        if answer[:1] == b"N":
            return self._fail("server does not support SSL, but SSL was required")
        if answer[:1] == b"S":
            # CVE-2021-23222: what follows the S in clear text may be another's.
            return self._fail(CLEAR_TEXT_AFTER_TLS)
        return self._fail(f"received invalid response to SSL negotiation: {answer[:1]!r}")

    def _next_message(self) -> ClientEvent | NeedData | None:
        """Read one message; None when it made no event."""
        buffer = self._buffer
        if len(buffer.data) - buffer.position < 5 and not buffer.want(5):
            return self._need_data()
        kind, length = _header(buffer.data, buffer.position)
        known = SERVER_MESSAGES.get(kind)
        large = kind == 0x44 or (known is not None and known.large)
        limit = self._limits.message_bytes_max if large else SHORT_MESSAGE_BYTES_MAX
        if not 4 <= length <= limit:
            return self._fail(f'lost synchronization with server: got message type "{chr(kind)}", length {length}')
        if len(buffer.data) - buffer.position < length + 1 and not buffer.want(length + 1):
            return self._need_data()
        if kind == 0x44 and self._is_answering() and self._phase is ClientPhase.OPEN:  # D
            return self._undecoded_rows() if self._encoded_rows else self._rows()
        body = buffer.data[buffer.position + 5 : buffer.position + 1 + length]
        buffer.position += length + 1
        if self._phase is ClientPhase.STARTING and kind in b"RKSZv":
            return self._starting(kind, body)
        if known is None or not self._expects(kind, known.always):
            return self._fail(f"unexpected message type 0x{kind:02x} from server while {self._phase.name}")
        return self._report(known.decode(body))

    def _expects(self, kind: int, always: bool) -> bool:
        if always:
            return True
        if kind in _COPY_EVENTS:
            return self._phase in _SENDS_COPY
        return self._phase is not ClientPhase.STARTING and self._is_answering()

    def _is_answering(self) -> bool:
        return bool(self._requests) or self._in_pipeline

    def _report(self, event: ClientEvent) -> ClientEvent:
        """Change state for an event of the session, and return it."""
        if isinstance(event, ReadyReceived):
            if self._requests:
                self._requests.popleft()
            self._phase = ClientPhase.OPEN
        elif isinstance(event, ErrorReceived):
            if self._phase is ClientPhase.STARTING or event.severity in ("FATAL", "PANIC"):
                return self._close(event)
            self._phase = ClientPhase.OPEN
        elif isinstance(event, CopyInStarted):
            self._phase = ClientPhase.COPY_IN
            # The server ignores the Syncs that were sent ahead of the copy data: none of them will be answered.
            while self._requests and self._requests[0] is commands.Sync:
                self._requests.popleft()
                self._in_pipeline = True
        elif isinstance(event, CopyOutStarted):
            self._phase = ClientPhase.COPY_OUT
        elif isinstance(event, commands.CopyBothStarted):
            self._phase = ClientPhase.COPY_BOTH
        elif isinstance(event, messages.CopyDoneReceived):
            both = self._phase is ClientPhase.COPY_BOTH
            self._phase = ClientPhase.COPY_IN if both else ClientPhase.OPEN  # ours is still open
        elif isinstance(event, commands.ParameterChanged):
            self._parameters[event.name] = event.value
        return event

    def _rows(self) -> RowsReceived:
        """Return every whole DataRow that stands at the buffer's front."""
        buffer = self._buffer
        data = buffer.data
        position = buffer.position
        size = len(data)
        rows: list[Row] = []
        while size - position >= 5:
            kind, length = _header(data, position)
            end = position + 1 + length
            if kind != 0x44 or end > size or not 4 <= length <= self._limits.message_bytes_max:
                break
            try:
                rows.append(data_row(data, position + 5, end))
            except (Malformed, StructError):
                if not rows:
                    raise
                break  # report the good rows first; the bad one is found again
            position = end
        buffer.position = position
        return RowsReceived(rows)

    def _undecoded_rows(self) -> commands.EncodedRowsReceived:
        """Return every whole DataRow that stands at the buffer's front, as it is."""
        buffer = self._buffer
        start = buffer.position
        buffer.position, count = rows_end(buffer.data, start, self._limits.message_bytes_max)
        assert count, "the first row is whole"
        return commands.EncodedRowsReceived(buffer.data[start : buffer.position], count)

    def _starting(self, kind: int, body: bytes) -> ClientEvent | None:
        """Take a message that comes before the session: authentication, parameters, key, ready."""
        if kind == 0x52:  # R
            answer = self._exchange.receive(body)
            if answer is not None:
                self._out.append(answer)
        elif kind == 0x4B:  # K
            size = len(body) - 4
            if size != 4 and not (self._minor >= 2 and 4 <= size <= KEY_BYTES_MAX):
                raise Malformed(f"a secret key of {size} bytes in version 3.{self._minor}")
            self._key = (_int32(body)[0], body[4:])
        elif kind == 0x53:  # S
            name, position = cstring(body, 0)
            self._parameters[name] = cstring(body, position)[0]
        elif kind == 0x5A:  # Z
            if not self._exchange.finished:
                raise Malformed("ReadyForQuery before AuthenticationOk")
            self._phase = ClientPhase.OPEN
            self._timers.clear()
            return SessionStarted(dict(self._parameters), *self._key)
        elif kind == 0x76:  # v
            negotiated = negotiation(body, self._minor)
            self._minor = negotiated.minor
            return negotiated
        return None

    def _need_data(self) -> ClientEvent | NeedData:
        if self._eof:
            return self._close(messages.ConnectionEnded(self._buffer.at_rest))
        return NEED_DATA

    def _fail(self, message: str) -> ClientEvent:
        return self._close(messages.ProtocolFailed("08P01", message))

    def _close(self, event: ClientEvent) -> ClientEvent:
        self._end()
        return event

    def _end(self) -> None:
        self._phase = ClientPhase.CLOSED
        self._output_ended = True
        self._timers.clear()
        self._buffer.take()

    # ---- commands

    def send(self, now: Now, command: ClientCommand) -> None:
        """Carry out a command; LocalProtocolError if the protocol does not allow it now."""
        kind = type(command)
        encode = _ENCODERS.get(kind)
        if encode is None or not self._allows(kind):
            raise LocalProtocolError(f"{kind.__name__} while {self._phase.name}")
        try:
            self._out.append(encode(command))
        except UNENCODABLE as error:
            raise LocalProtocolError(f"{kind.__name__} cannot be encoded: {error}") from error
        if kind in _ANSWERED_BY_READY:
            self._requests.append(kind)
            self._in_pipeline = False
        elif kind is commands.Terminate:
            self._end()
        elif kind is messages.CopyDone or kind is commands.CopyFail:
            both = self._phase is ClientPhase.COPY_BOTH
            self._phase = ClientPhase.COPY_OUT if both else ClientPhase.OPEN
        elif kind is not messages.CopyData:
            self._in_pipeline = True

    def _allows(self, kind: type) -> bool:
        phase = self._phase
        if kind in _COPY_COMMANDS:
            return phase in _TAKES_COPY
        if kind is commands.Terminate:
            return phase is not ClientPhase.CLOSED
        return phase in _ASKING

    def tls_started(self, channel_binding: bytes | None = None) -> None:
        """Go on after SwitchProtocol; `channel_binding` is the tls-server-end-point hash of the certificate."""
        if self._phase is not ClientPhase.SWITCHING:
            raise LocalProtocolError("tls_started without SwitchProtocol")
        if len(self._buffer):
            self._last_event = self._fail(CLEAR_TEXT_AFTER_TLS)
            return
        self._exchange.channel_binding = channel_binding
        self._phase = ClientPhase.STARTING
        self._start()

    def _start(self) -> None:
        self._out.append(framing.startup(self._startup, framing.PROTOCOL_3_0 + self._minor))

    @property
    def unread_bytes(self) -> int:
        """How many received bytes are held that are not yet parsed."""
        return len(self._buffer)

    @property
    def backlogged(self) -> bool:
        """Whether the embedder should pause reading until it has pulled more events."""
        buffer = self._buffer
        if len(buffer) <= max(self._limits.backlog_bytes_max, 4):
            return False
        if self._phase in (ClientPhase.ASKING_TLS, ClientPhase.SWITCHING):
            return True
        if len(buffer.data) - buffer.position < 5:
            buffer.want(5)
        length: int = _header(buffer.data, buffer.position)[1]
        return len(buffer) > length

    def cancel_request(self) -> bytes:
        """Return the bytes to write to a new connection to cancel what runs on this one."""
        return framing.cancel_request(*self._key)

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to write."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    @property
    def output_ended(self) -> bool:
        """True once nothing more will be written: close the connection after `data_to_send`."""
        return self._output_ended

    @property
    def outstanding(self) -> int:
        """How many ReadyReceived are still to come for what was sent."""
        return len(self._requests)

    @property
    def in_pipeline(self) -> bool:
        """Whether requests of the extended protocol were sent that no Sync has followed yet."""
        return self._in_pipeline

    @property
    def phase(self) -> ClientPhase:
        """What the connection is doing."""
        return self._phase

    @property
    def parameters(self) -> Mapping[str, str]:
        """The server's reported run-time parameters, up to date."""
        return self._parameters

    def deadline(self) -> int | None:
        """Return when `handle_timeout` is due (`mono_ns`), or None."""
        return self._timers.deadline()

    def handle_timeout(self, now: Now) -> None:
        """Fire the timers that are due: the server took too long to let us in."""
        if self._timers.due(now):
            self._last_event = self._close(messages.ProtocolFailed("08001", "timeout expired"))

    def take_unread(self) -> tuple[bytes, bool]:
        """Return the unread bytes and whether the end of file came; the machine forgets the bytes."""
        return self._buffer.take(), self._eof
