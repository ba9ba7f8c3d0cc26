"""The server half of the PostgreSQL protocol, version 3: bytes and time in, events out, commands in, bytes out.

The embedder's loop, whatever it waits with:

    machine = ServerMachine(now, entropy, mock_secret=secret)      # one for each connection
    machine.receive_data(now, data)                                # b"" is end of file
    while not isinstance(event := machine.next_event(), Stop):
        answer(event)                                              # machine.send(now, command), ...
    write(machine.data_to_send()); close if machine.output_ended

and one conversation, events to the left of the commands that answer them:

    StartupReceived(user, database, parameters)   Authenticate("scram-sha-256", verifier)
    Authenticated(user)                           SessionReady(parameters, process_id, secret_key)
    QueryReceived(sql)                            RowDescription, SendEncoded(rows), CommandComplete(tag),
                                                  ReadyForQuery("I")
    ParseReceived(name, sql, oids)                ParseComplete()
    BindReceived(portal, statement, ...)          BindComplete()
    DescribeReceived(kind, name)                  [ParameterDescription,] RowDescription | NoData()
    ExecuteReceived(portal, max_rows)             SendEncoded(rows), CommandComplete(tag) | PortalSuspended()
    SyncReceived()                                ReadyForQuery("I")

**Pull.** Messages are parsed one at a time. While you work on an event, do not call `next_event`; the machine
itself pauses where the protocol has one request at a time (from Query, FunctionCall or Sync until ReadyForQuery,
during COPY OUT, until Authenticate and SessionReady). `pending` says whether a whole message waits, `backlogged`
that so much waits that you should stop reading the socket for a while.

**Errors of statements** are yours: `ErrorResponse(fields)`. In the extended protocol the machine then discards
everything until Sync; after a Query you go on with ReadyForQuery. A message whose body is malformed comes as
`MessageRejected` and is answered the same way, since it must fail the transaction. An ErrorResponse of
severity FATAL, or any before SessionReady, ends the connection. **Errors of the peer** that leave no way on (a
wrong length, an unknown type, a limit) are answered by the machine, and `ProtocolFailed` is the last event.

**Answers may lag.** You may pull a pipeline up to its Sync before you answer its first message, as a proxy does; the
answers, in order, end with ReadyForQuery. After your ErrorResponse, send no other answer of that pipeline.

**COPY.** After `CopyIn` come CopyDataReceived..., then CopyDoneReceived or CopyFailReceived; Sync and Flush among
them are ignored (also a Sync that was reported before a CopyIn that lags), and what a client still sends after you
failed the copy is dropped. `CopyOut` is followed by your `CopyData` and `CopyDone`. `CopyBoth` is both at once; each
side ends its own data with CopyDone, and you then go on as after a Query.

**Fast path.** `send` costs a table look-up and a command object. `send_result(data)` appends bytes that you already
have (rows.py, framing.py), covering several messages if you like; `ready(status)` is ReadyForQuery.

    machine.send_result(row_description + rows + command_complete)
    machine.ready("I")

**TLS.** With `tls=True` an SSLRequest is answered `S` and `SwitchProtocol("tls")`; do the handshake, call
`tls_started(channel_binding)`, and feed the decrypted bytes. Otherwise the answer is `N`. GSSAPI is always `N`. Where
TLS began with the first byte (`sslnegotiation=direct`), call `tls_started` on the machine while it is new.

**Versions.** 3.0 is spoken; with `minor_max=2` also 3.2, whose only difference is that secret keys may be longer.
Clients that ask for more are told so (NegotiateProtocolVersion) and go on.

Source: PostgreSQL documentation, "Frontend/Backend Protocol", and what PostgreSQL 15's backend does where that is
silent (postmaster.c, postgres.c, copyfromparse.c).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from struct import Struct
from typing import Final

from rustydb_proto.core.buffer import ReceiveBuffer
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import NEED_DATA, PAUSED, NeedData, Paused, Timers
from rustydb_proto.core.time import Now
from rustydb_proto.pg import framing, messages
from rustydb_proto.pg.admission import Admission
from rustydb_proto.pg.decode import CLIENT_MESSAGES, Malformed, copy_run, invalid_utf8
from rustydb_proto.pg.encode import ENCODERS, UNENCODABLE
from rustydb_proto.pg.limits import KEY_BYTES_MAX, Limits
from rustydb_proto.pg.messages import ServerCommand, ServerEvent, error_fields


class Phase(Enum):
    """What the connection is doing; `next_event` pauses in the phases that wait for the embedder."""

    ADMISSION = auto()  # startup and authentication, see admission.py
    STARTING = auto()  # authenticated: paused until SessionReady
    IDLE = auto()  # between requests
    EXTENDED = auto()  # in a pipeline, before its Sync
    SIMPLE = auto()  # a Query or FunctionCall is being answered: paused until ReadyForQuery
    SYNCING = auto()  # Sync was reported: paused until ReadyForQuery
    SKIPPING = auto()  # a message of the pipeline failed: discarding until Sync
    COPY_IN = auto()  # copy data is awaited
    COPY_OUT = auto()  # copy data is being sent: paused
    COPY_BOTH = auto()  # copy data goes both ways
    CLOSED = auto()  # over


_IDLE: Final = Phase.IDLE
_EXTENDED: Final = Phase.EXTENDED
_SIMPLE: Final = Phase.SIMPLE
_SYNCING: Final = Phase.SYNCING

_PAUSING = frozenset({Phase.STARTING, Phase.SIMPLE, Phase.SYNCING, Phase.COPY_OUT, Phase.CLOSED})
# The phase that a message of a session leads to, from IDLE or EXTENDED.
_NEXT_PHASE: Final[Mapping[int, Phase]] = {
    ord("Q"): Phase.SIMPLE,
    ord("F"): Phase.SIMPLE,
    ord("P"): Phase.EXTENDED,
    ord("B"): Phase.EXTENDED,
    ord("D"): Phase.EXTENDED,
    ord("E"): Phase.EXTENDED,
    ord("C"): Phase.EXTENDED,
    ord("H"): Phase.EXTENDED,
    ord("S"): Phase.SYNCING,
}
_MESSAGES: Final = {kind: (CLIENT_MESSAGES[kind].decode, phase) for kind, phase in _NEXT_PHASE.items()}
_LAST_OF_ADMISSION: Final = (messages.AuthenticationFailed, messages.CancelReceived, messages.ProtocolFailed)

_ADMISSION_COMMANDS: Final = (messages.Authenticate, messages.AcceptPassword, messages.RejectPassword)

# The answers of a pipeline may be sent after its Sync was reported: its ReadyForQuery is not.
_ANSWERING: Final = frozenset({Phase.SIMPLE, Phase.EXTENDED, Phase.SYNCING})
_EXTENDED_ONLY: Final = frozenset({Phase.EXTENDED, Phase.SYNCING})
_SENDING_COPY: Final = frozenset({Phase.COPY_OUT, Phase.COPY_BOTH})
_OPEN: Final = frozenset(set(Phase) - {Phase.CLOSED})
_SESSION: Final = _OPEN - {Phase.ADMISSION}
_NOWHERE: Final[frozenset[Phase]] = frozenset()
# In which phases a command is allowed; ErrorResponse looks closer.
_ALLOWED: Final[Mapping[type, frozenset[Phase]]] = {
    messages.Authenticate: frozenset({Phase.ADMISSION}),
    messages.AcceptPassword: frozenset({Phase.ADMISSION}),
    messages.RejectPassword: frozenset({Phase.ADMISSION}),
    messages.SessionReady: frozenset({Phase.STARTING}),
    messages.RowDescription: _ANSWERING,
    messages.NoData: _EXTENDED_ONLY,
    messages.ParameterDescription: _EXTENDED_ONLY,
    messages.ParseComplete: _EXTENDED_ONLY,
    messages.BindComplete: _EXTENDED_ONLY,
    messages.CloseComplete: _EXTENDED_ONLY,
    messages.SendEncoded: _SESSION,
    messages.CommandComplete: _ANSWERING,
    messages.EmptyQuery: _ANSWERING,
    messages.PortalSuspended: _EXTENDED_ONLY,
    messages.ErrorResponse: _OPEN,
    messages.Notice: _SESSION,
    messages.ParameterStatus: _SESSION,
    messages.Notification: _SESSION,
    messages.ReadyForQuery: frozenset({Phase.SIMPLE, Phase.SYNCING}),
    messages.CopyIn: _ANSWERING,
    messages.CopyOut: _ANSWERING,
    messages.CopyBoth: frozenset({Phase.SIMPLE}),
    messages.CopyData: _SENDING_COPY,
    messages.CopyDone: _SENDING_COPY,
    messages.FunctionResult: frozenset({Phase.SIMPLE}),
}
_COPY_KINDS: Final = frozenset(b"dcf")
_COPYING: Final = frozenset({Phase.COPY_IN, Phase.COPY_OUT, Phase.COPY_BOTH})
_RUN: Final = b"E\0\0\0\x09\0\0\0\0\0" + b"S\0\0\0\4"
_RUN_DESCRIBED: Final = b"D\0\0\0\6P\0" + _RUN
_header = Struct("!BI").unpack_from
_uint32 = Struct("!I").unpack_from


class ServerMachine:
    """One connection of a PostgreSQL server. The module docstring says how to drive it.

    `mock_secret` is the same for all connections of a server, and secret: it keeps users who do not exist from
    being told apart. `tls` says whether an SSLRequest can be granted, `replication` whether replication connections
    are taken, `minor_max` (0 or 2) the newest minor version of the protocol.
    """

    __slots__ = (
        "_admission",
        "_buffer",
        "_copy_base",
        "_eof",
        "_fast_bytes_max",
        "_last_event",
        "_limits",
        "_out",
        "_output_ended",
        "_phase",
        "_timers",
    )

    def __init__(
        self,
        now: Now,
        entropy: Entropy,
        *,
        limits: Limits | None = None,
        tls: bool = False,
        mock_secret: bytes = b"",
        replication: bool = False,
        minor_max: int = 0,
    ) -> None:
        assert minor_max in (0, 2), "3.0 and 3.2 are the versions that there are"
        self._limits = limits or Limits()
        self._buffer = ReceiveBuffer()
        self._out: list[bytes] = []
        self._admission = Admission(
            self._buffer, self._out, entropy, self._limits, tls, mock_secret, minor_max, replication
        )
        self._phase = Phase.ADMISSION
        self._copy_base = Phase.IDLE
        self._last_event: ServerEvent | None = None
        self._eof = False
        self._fast_bytes_max = min(self._limits.message_bytes_max, self._limits.small_message_bytes_max)
        self._output_ended = False
        self._timers = Timers()
        self._timers.set("startup", now.mono_ns + self._limits.startup_ns)

    # ---- bytes in, events out

    def receive_data(self, now: Now, data: bytes) -> None:
        """Take bytes from the client; b"" is its end of file."""
        if not data:
            self._eof = True
        elif self._phase is not Phase.CLOSED:
            self._buffer.feed(data)

    def next_event(self) -> ServerEvent | NeedData | Paused:
        """Return the next event, or NEED_DATA, or PAUSED while the machine waits for a command or is closed."""
        phase = self._phase
        if phase is not _IDLE and phase is not _EXTENDED:
            return self._next_event_elsewhere()
        buffer = self._buffer
        data = buffer.data
        position = buffer.position
        if len(data) - position < 5:
            if position == len(data) and not self._eof and not buffer.tail:
                return NEED_DATA
            return self._await(5)
        kind, length = _header(data, position)
        end: int = position + 1 + length
        # A message of a known type that is whole and small: everything else takes the long way.
        if kind not in _MESSAGES or end > len(data) or not 4 <= length <= self._fast_bytes_max:
            return self._next_message()
        buffer.position = end
        decode, self._phase = _MESSAGES[kind]
        try:
            return decode(data, position + 5, end)
        except (Malformed, UnicodeDecodeError) as error:
            return self._rejected(kind, error)

    def take_run(self) -> bool | None:
        """After a Bind of the unnamed portal: take the messages that run it, if they are what follows.

        Nearly every driver sends Bind, Describe of the portal, Execute of all its rows and Sync in one piece. The embedder that
        can answer all of it at once saves their events: when the last three are here they are taken, and the machine waits for
        ReadyForQuery as after a Sync. Returns None when something else follows, which comes as events, else whether there is a
        Describe. An ErrorResponse skips the rest of the answer.
        """
        buffer = self._buffer
        position = buffer.position
        data = buffer.data
        if data.startswith(_RUN_DESCRIBED, position):
            buffer.position = position + len(_RUN_DESCRIBED)
            described = True
        elif data.startswith(_RUN, position):
            buffer.position = position + len(_RUN)
            described = False
        else:
            return None
        assert self._phase is _EXTENDED, "a Bind was just reported"
        self._phase = _SYNCING
        return described

    def _rejected(self, kind: int, error: Malformed | UnicodeDecodeError) -> ServerEvent:
        # A CopyFail that ends one direction of a copy both ways leaves the other open: the error ends that, too.
        phase = self._copy_base if self._phase is Phase.COPY_OUT else self._phase
        needs_ready = phase is _SIMPLE or phase is _SYNCING
        if isinstance(error, Malformed):
            return messages.MessageRejected(chr(kind), error.sqlstate, error.message, error.detail, needs_ready)
        return messages.MessageRejected(chr(kind), "22021", invalid_utf8(error), None, needs_ready)

    def _next_message(self) -> ServerEvent | NeedData | Paused:
        """Read one message of a session, checking its type and size before waiting for it."""
        buffer = self._buffer
        while True:
            if len(buffer.data) - buffer.position < 5:
                if buffer.want(5):
                    continue
                return self._await(5)
            kind, length = _header(buffer.data, buffer.position)
            known = CLIENT_MESSAGES.get(kind)
            if known is None:
                return self._fail("08P01", f"invalid frontend message type {kind}")
            limit = self._limits.message_bytes_max if known.large else self._limits.small_message_bytes_max
            if length < 4 or length > limit:
                return self._fail("08P01", f"invalid message length {length} in a message of type {chr(kind)!r}")
            if kind == 0x58:  # X
                return self._close(messages.Terminated())
            phase = self._phase
            if phase is Phase.COPY_IN or phase is Phase.COPY_BOTH:
                if kind not in _COPY_KINDS and kind not in b"SH":
                    return self._fail("08P01", f"unexpected message type 0x{kind:02X} during COPY from stdin")
                unwanted = kind in b"SH"
            else:
                # PostgreSQL drops copy messages outside of a copy: the client may not yet know of its failure.
                unwanted = kind in _COPY_KINDS or (phase is Phase.SKIPPING and kind != 0x53)
            if unwanted:
                buffer.discard(length + 1)
                continue
            if buffer.position + 1 + length > len(buffer.data):
                if buffer.want(length + 1):
                    continue
                return self._await(length + 1)
            start, end = buffer.position + 5, buffer.position + 1 + length
            return self._deliver(kind, start, end)

    def _deliver(self, kind: int, start: int, end: int) -> ServerEvent:
        self._buffer.position = end
        if kind == 0x64:
            return self._copy_data(start, end)
        if kind in _COPY_KINDS:
            # In both directions, ours is still open: only its CopyDone leads back.
            self._phase = Phase.COPY_OUT if self._phase is Phase.COPY_BOTH else self._copy_base
        else:
            self._phase = _NEXT_PHASE[kind]
        try:
            return CLIENT_MESSAGES[kind].decode(self._buffer.data, start, end)
        except (Malformed, UnicodeDecodeError) as error:
            return self._rejected(kind, error)

    def _copy_data(self, start: int, end: int) -> ServerEvent:
        """Take the CopyData messages that follow in the buffer too: their borders mean nothing, and many are short."""
        data = self._buffer.data
        limit = self._limits.message_bytes_max
        pieces = [data[start:end]]
        size = len(data)
        while size - end >= 5:
            kind, length = _header(data, end)
            after = end + 1 + length
            if kind != 0x64 or not 4 <= length <= limit or after > size:
                break
            if after - end == end - start + 5:  # as long as the one before: often the first of many
                body, end = copy_run(data, end, length)
                pieces.append(body)
            else:
                pieces.append(data[end + 5 : after])
                end = after
            start = end - length + 4
        self._buffer.position = end
        return messages.CopyDataReceived(b"".join(pieces))

    def _next_event_elsewhere(self) -> ServerEvent | NeedData | Paused:
        """Return the next event outside of the phases that `next_event` handles itself."""
        if self._phase is Phase.ADMISSION:
            return self._next_admission()
        if self._last_event is not None:
            event, self._last_event = self._last_event, None
            return event
        return PAUSED if self._phase in _PAUSING else self._next_message()

    def _next_admission(self) -> ServerEvent | NeedData | Paused:
        event = self._admission.next_event()
        if isinstance(event, messages.Authenticated):
            self._phase = Phase.STARTING
        elif isinstance(event, _LAST_OF_ADMISSION):
            return self._close(event)
        elif event is NEED_DATA and self._eof:
            return self._close(messages.ConnectionEnded(self._buffer.at_rest))
        return event

    def _await(self, size: int) -> ServerEvent | NeedData | Paused:
        """Report that `size` unread bytes are needed: more data, or the end of the connection."""
        if self._buffer.want(size):
            return self.next_event()
        if self._eof:
            return self._close(messages.ConnectionEnded(self._buffer.at_rest))
        return NEED_DATA

    # ---- the end

    def _fail(self, sqlstate: str, message: str) -> ServerEvent:
        """Answer what the peer did wrong with a FATAL error, and close."""
        self._out.append(framing.error_response(error_fields("FATAL", sqlstate, message)))
        return self._close(messages.ProtocolFailed(sqlstate, message))

    def _close(self, event: ServerEvent) -> ServerEvent:
        self._phase = Phase.CLOSED
        self._end()
        return event

    def _end(self) -> None:
        self._output_ended = True
        self._timers.clear()
        self._buffer.take()

    # ---- commands

    def send(self, now: Now, command: ServerCommand) -> None:
        """Carry out a command; LocalProtocolError if the protocol does not allow it now."""
        kind = type(command)
        if self._phase not in _ALLOWED.get(kind, _NOWHERE):
            raise LocalProtocolError(_refusal(kind, self._phase))
        if isinstance(command, _ADMISSION_COMMANDS):
            self._admission.send(command)
            return
        try:
            data = ENCODERS[kind](command)
        except UNENCODABLE as error:
            raise LocalProtocolError(f"{kind.__name__} cannot be encoded: {error}") from error
        change = _PHASE_CHANGES.get(kind)
        phase = self._phase if change is None else change(self, command)
        self._out.append(data)
        self._phase = phase
        if phase is Phase.CLOSED:
            self._end()

    def _begin_session(self, command: ServerCommand) -> Phase:
        assert isinstance(command, messages.SessionReady), "the table says so"
        size = len(command.secret_key)
        if size != 4 and not (self._admission.minor >= 2 and 4 <= size <= KEY_BYTES_MAX):
            raise LocalProtocolError(f"a secret key of {size} bytes in version 3.{self._admission.minor}")
        self._timers.clear()
        return _IDLE

    def _begin_copy(self, command: ServerCommand) -> Phase:
        self._copy_base = self._phase
        if isinstance(command, messages.CopyIn):
            if self._phase is _SYNCING:
                # PostgreSQL would have read that Sync as part of the copy, where it is ignored.
                self._copy_base = _EXTENDED
            return Phase.COPY_IN
        return Phase.COPY_OUT if isinstance(command, messages.CopyOut) else Phase.COPY_BOTH

    def _end_copy(self, command: ServerCommand) -> Phase:
        return Phase.COPY_IN if self._phase is Phase.COPY_BOTH else self._copy_base

    def _fail_request(self, error: ServerCommand) -> Phase:
        assert isinstance(error, messages.ErrorResponse), "the table says so"
        phase = self._phase
        severity = error.fields.get("V") or error.fields.get("S")
        if severity != "ERROR" or phase is Phase.ADMISSION or phase is Phase.STARTING:
            return Phase.CLOSED
        if phase in _COPYING:
            phase = self._copy_base
        if phase is _EXTENDED:
            return Phase.SKIPPING
        if phase is not _SIMPLE and phase is not _SYNCING:
            raise LocalProtocolError(
                f"ErrorResponse of severity ERROR while {phase.name}: no request is being answered"
            )
        return phase

    def tls_started(self, channel_binding: bytes | None = None) -> None:
        """Go on after SwitchProtocol, or begin: the bytes from here on are decrypted.

        `channel_binding` is the tls-server-end-point hash of our certificate, to offer SCRAM-SHA-256-PLUS.
        """
        self._admission.tls_started(channel_binding)

    def send_result(self, data: bytes) -> None:
        """Append encoded messages of the current answer; the machine does not look into them."""
        if self._output_ended:
            raise LocalProtocolError("the connection is closed")
        self._out.append(data)

    def ready(self, status: str) -> None:
        """Send ReadyForQuery with status "I", "T" or "E": the request is answered."""
        phase = self._phase
        if phase is not _SIMPLE and phase is not _SYNCING:
            raise LocalProtocolError(_refusal(messages.ReadyForQuery, phase))
        encoded = framing.READY.get(status)
        if encoded is None:
            raise LocalProtocolError(f'the status of ReadyForQuery is "I", "T" or "E", not {status!r}')
        self._out.append(encoded)
        self._phase = _IDLE

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to write."""
        out = self._out
        if not out:
            return b""
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        return data

    @property
    def output_ended(self) -> bool:
        """True once nothing more will be written: close the connection after `data_to_send`."""
        return self._output_ended

    @property
    def unread_bytes(self) -> int:
        """How many received bytes are held that are not yet parsed."""
        return len(self._buffer)

    @property
    def input_ended(self) -> bool:
        """Whether the client's end of file came, though ConnectionEnded may be behind a request that is being answered."""
        return self._eof

    @property
    def phase(self) -> Phase:
        """What the connection is doing."""
        return self._phase

    @property
    def pending(self) -> bool:
        """Whether a whole message of the session is buffered, for the embedder that plans ahead."""
        buffer = self._buffer
        if len(buffer) < 5:
            return False
        if len(buffer.data) - buffer.position < 5:
            buffer.want(5)
        length: int = _uint32(buffer.data, buffer.position + 1)[0]
        return len(buffer) > length

    @property
    def backlogged(self) -> bool:
        """Whether the embedder should pause reading until it has pulled more events."""
        if len(self._buffer) <= self._limits.backlog_bytes_max:
            return False
        if self._phase is Phase.ADMISSION:
            return not self._admission.reads
        return self._phase in _PAUSING or self.pending

    def deadline(self) -> int | None:
        """Return when `handle_timeout` is due (`mono_ns`), or None."""
        return self._timers.deadline()

    def handle_timeout(self, now: Now) -> None:
        """Fire the timers that are due. Startup and authentication share one."""
        if self._timers.due(now):
            message = "canceling authentication due to timeout"
            if self._admission.started:
                self._out.append(framing.error_response(error_fields("FATAL", "57014", message)))
            self._last_event = self._close(messages.ProtocolFailed("57014", message))

    def take_unread(self) -> tuple[bytes, bool]:
        """Return the unread bytes and whether the end of file came; the machine forgets the bytes."""
        return self._buffer.take(), self._eof


# Commands that lead to another phase, and the methods that say to which; the others lead nowhere.
_PHASE_CHANGES: Final[Mapping[type, Callable[[ServerMachine, ServerCommand], Phase]]] = {
    messages.SessionReady: ServerMachine._begin_session,
    messages.ReadyForQuery: lambda machine, command: _IDLE,
    messages.ErrorResponse: ServerMachine._fail_request,
    messages.CopyIn: ServerMachine._begin_copy,
    messages.CopyOut: ServerMachine._begin_copy,
    messages.CopyBoth: ServerMachine._begin_copy,
    messages.CopyDone: ServerMachine._end_copy,
}


def _refusal(kind: type, phase: Phase) -> str:
    """Return the words for a command that came in the wrong phase: when it would have been right."""
    allowed = _ALLOWED.get(kind)
    if allowed is None:
        return f"{kind.__name__} is no command of a server"
    if phase is Phase.CLOSED:
        return f"{kind.__name__}: the connection is closed"
    names = ", ".join(one.name for one in Phase if one in allowed)
    return f"{kind.__name__} while {phase.name}; it is allowed while {names}"
