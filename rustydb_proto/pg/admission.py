"""From the first byte to AuthenticationOk: the part of a server connection that comes before its session.

    STARTUP --SSLRequest granted--> SWITCHING --tls_started--> STARTUP
       |  \\--CancelRequest--> (over)
       v StartupMessage
    AUTHORIZING --Authenticate--> AUTHENTICATING <--> DECIDING (external passwords)
                                       |
                                       v
                                    PROVED: the session begins

`Admission` shares the connection's receive buffer and output with its `ServerMachine`, which owns time, the end
of file and closing. Source: "Start-up" in PostgreSQL's "Message Flow"; ProcessStartupPacket in postmaster.c.
"""

from __future__ import annotations

from enum import Enum, auto
from struct import Struct

from rustydb_proto.core.buffer import ReceiveBuffer
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import NEED_DATA, PAUSED, NeedData, Paused
from rustydb_proto.pg import framing
from rustydb_proto.pg.authentication import METHODS, Asked, Continue, Exchange, Proved, Refused, Reply
from rustydb_proto.pg.limits import KEY_BYTES_MAX, Limits
from rustydb_proto.pg.messages import (
    AcceptPassword,
    Authenticate,
    Authenticated,
    AuthenticationFailed,
    CancelReceived,
    PasswordReceived,
    ProtocolFailed,
    RejectPassword,
    StartupReceived,
    SwitchProtocol,
    error_fields,
)
from rustydb_proto.pg.startup import StartupRefused, parse_startup

AdmissionEvent = (
    StartupReceived
    | CancelReceived
    | SwitchProtocol
    | PasswordReceived
    | Authenticated
    | AuthenticationFailed
    | ProtocolFailed
)

_header = Struct("!BI").unpack_from
_uint32 = Struct("!I").unpack_from
_int32 = Struct("!i").unpack_from


class Stage(Enum):
    """How far a connection has come."""

    STARTUP = auto()
    SWITCHING = auto()
    AUTHORIZING = auto()
    AUTHENTICATING = auto()
    DECIDING = auto()
    PROVED = auto()


class Admission:
    """Startup and authentication of one connection. Its events go to the embedder as they are."""

    __slots__ = (
        "_binding",
        "_buffer",
        "_clear_text",
        "_entropy",
        "_exchange",
        "_gssenc_answered",
        "_limits",
        "_minor_max",
        "_mock_secret",
        "_out",
        "_replication",
        "_reply",
        "_ssl_answered",
        "_stage",
        "_tls",
        "_user",
        "minor",
    )

    def __init__(
        self,
        buffer: ReceiveBuffer,
        out: list[bytes],
        entropy: Entropy,
        limits: Limits,
        tls: bool,
        mock_secret: bytes,
        minor_max: int,
        replication: bool,
    ) -> None:
        self._buffer = buffer
        self._out = out
        self._entropy = entropy
        self._limits = limits
        self._tls = tls
        self._mock_secret = mock_secret
        self._minor_max = minor_max
        self._replication = replication
        self.minor = 0
        self._stage = Stage.STARTUP
        self._exchange: Exchange | None = None
        self._reply: Reply | None = None
        self._binding: bytes | None = None
        self._ssl_answered = False
        self._clear_text = False
        self._gssenc_answered = False
        self._user = ""

    @property
    def started(self) -> bool:
        """Whether the startup packet was read: from there on a peer understands an ErrorResponse."""
        return self._stage is not Stage.STARTUP and self._stage is not Stage.SWITCHING

    @property
    def reads(self) -> bool:
        """Whether the peer's next message is awaited; otherwise the embedder is."""
        return self._stage is Stage.STARTUP or self._stage is Stage.AUTHENTICATING

    def next_event(self) -> AdmissionEvent | NeedData | Paused:
        """Return the next event; AuthenticationFailed, CancelReceived and ProtocolFailed are the last one."""
        while True:
            event: AdmissionEvent | NeedData | None
            if self._reply is not None:
                reply, self._reply = self._reply, None
                event = self._act(reply)
            elif self._stage is Stage.STARTUP:
                event = self._next_startup()
            elif self._stage is Stage.AUTHENTICATING:
                event = self._next_answer()
            else:
                return PAUSED
            if event is not None:
                return event

    def send(self, command: Authenticate | AcceptPassword | RejectPassword) -> None:
        """Carry out the embedder's decision."""
        awaited = Stage.AUTHORIZING if isinstance(command, Authenticate) else Stage.DECIDING
        if self._stage is not awaited:
            raise LocalProtocolError(f"{type(command).__name__} while {self._stage.name}")
        if isinstance(command, AcceptPassword):
            self._reply = Proved(b"")
        elif isinstance(command, RejectPassword):
            self._reply = Refused(command.reason)
        else:
            if command.method not in METHODS:
                raise LocalProtocolError(f"unknown authentication method {command.method!r}")
            self._exchange = Exchange(
                command.method, command.verifier, self._user, self._entropy, self._mock_secret, self._binding
            )
            begun = self._exchange.begin()
            if isinstance(begun, Continue):
                # Sent at once, so that a host that flushes after `send` need not pull an event first.
                self._out.append(begun.data)
                self._stage = Stage.AUTHENTICATING
            else:
                self._reply = begun

    def tls_started(self, channel_binding: bytes | None) -> None:
        """Read a startup packet, decrypted: again after SwitchProtocol, or from the first byte."""
        if self._stage is not Stage.SWITCHING and (self._stage is not Stage.STARTUP or self._ssl_answered):
            raise LocalProtocolError(f"tls_started while {self._stage.name}")
        self._ssl_answered = True
        self._binding = channel_binding
        self._gssenc_answered = True
        self._stage = Stage.STARTUP
        self._clear_text = len(self._buffer) > 0

    # ---- the startup packet; None from these means: go round again

    def _next_startup(self) -> AdmissionEvent | NeedData | None:
        buffer = self._buffer
        if self._clear_text:
            return self._refuse_clear_text()
        if len(buffer.data) - buffer.position < 4:
            return None if buffer.want(4) else NEED_DATA
        length: int = _uint32(buffer.data, buffer.position)[0]
        if not 8 <= length <= self._limits.startup_bytes_max:
            return self._hang_up("invalid length of startup packet")
        if len(buffer.data) - buffer.position < length:
            return None if buffer.want(length) else NEED_DATA
        code: int = _uint32(buffer.data, buffer.position + 4)[0]
        body = buffer.data[buffer.position + 8 : buffer.position + length]
        buffer.position += length
        if code == framing.SSL_CODE and not self._ssl_answered:
            return self._answer_ssl()
        if code == framing.GSSENC_CODE and not self._gssenc_answered:
            self._gssenc_answered = True
            self._out.append(b"N")
            return None
        if code == framing.CANCEL_CODE:
            if len(body) < 8 or len(body) > (4 + KEY_BYTES_MAX if self._minor_max >= 2 else 8):
                return self._hang_up("invalid length of query cancel packet")
            return CancelReceived(_int32(body)[0], body[4:])
        return self._start(code >> 16, code & 0xFFFF, body)

    def _answer_ssl(self) -> SwitchProtocol | ProtocolFailed | None:
        self._ssl_answered = True
        if not self._tls:
            self._out.append(b"N")
            return None
        if len(self._buffer):
            # CVE-2021-23222: what came before the handshake may be another's, slipped in before the client's.
            return self._refuse_clear_text()
        self._out.append(b"S")
        self._stage = Stage.SWITCHING
        return SwitchProtocol("tls")

    def _refuse_clear_text(self) -> ProtocolFailed:
        return self._fail(
            "08P01",
            "received unencrypted data after SSL request",
            detail="This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
        )

    def _start(self, major: int, minor: int, body: bytes) -> StartupReceived | ProtocolFailed:
        newest = self._minor_max
        if major != 3:
            message = f"unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.{newest}"
            if major < 3:
                # As PostgreSQL: such a client understands errors of protocol 2, a line of text.
                self._out.append(b"EFATAL:  " + message.encode() + b"\n\0")
                return ProtocolFailed("0A000", message)
            return self._fail("0A000", message)
        startup = parse_startup(body, self._replication)
        if isinstance(startup, StartupRefused):
            return self._fail(startup.sqlstate, startup.message, startup.hint)
        self.minor = min(minor, newest)
        if minor > newest or startup.unknown_options:
            version = framing.PROTOCOL_3_0 + self.minor
            self._out.append(framing.negotiate_protocol_version(version, startup.unknown_options))
        if not startup.user:
            return self._fail("28000", "no PostgreSQL user name specified in startup packet")
        self._user = startup.user
        self._stage = Stage.AUTHORIZING
        return StartupReceived(startup.user, startup.database, startup.parameters, startup.replication, self.minor)

    # ---- the exchange

    def _next_answer(self) -> AdmissionEvent | NeedData | None:
        buffer = self._buffer
        exchange = self._exchange
        assert exchange is not None, "the exchange begins with Authenticate"
        if len(buffer.data) - buffer.position < 5:
            return None if buffer.want(5) else NEED_DATA
        kind, length = _header(buffer.data, buffer.position)
        if kind != 0x70:  # p
            awaited = "SASL" if exchange.method == "scram-sha-256" else "password"
            return self._fail("08P01", f"expected {awaited} response, got message type {kind}")
        if not 4 <= length <= self._limits.authentication_bytes_max:
            return self._fail("08P01", f"invalid message length {length} in a message of type 'p'")
        end = buffer.position + 1 + length
        if end > len(buffer.data):
            return None if buffer.want(length + 1) else NEED_DATA
        body = buffer.data[buffer.position + 5 : end]
        buffer.position = end
        return self._act(exchange.receive(body))

    def _act(self, reply: Reply) -> AdmissionEvent | None:
        """Carry out what the exchange, or the embedder, decided."""
        if isinstance(reply, Continue):
            self._out.append(reply.data)
            return None
        if isinstance(reply, Proved):
            self._out.append(reply.data + framing.AUTHENTICATION_OK)
            self._stage = Stage.PROVED
            self._exchange = None
            return Authenticated(self._user)
        if isinstance(reply, Asked):
            self._stage = Stage.DECIDING
            return PasswordReceived(reply.password)
        message = reply.message or f'password authentication failed for user "{self._user}"'
        fields = error_fields("FATAL", reply.sqlstate, message, detail=reply.detail)
        self._out.append(framing.error_response(fields))
        return AuthenticationFailed(self._user, reply.sqlstate, reply.reason)

    def _fail(self, sqlstate: str, message: str, hint: str | None = None, detail: str | None = None) -> ProtocolFailed:
        self._out.append(framing.error_response(error_fields("FATAL", sqlstate, message, detail=detail, hint=hint)))
        return ProtocolFailed(sqlstate, message)

    def _hang_up(self, message: str) -> ProtocolFailed:
        # PostgreSQL logs these and closes without a word: whoever sends them does not speak the protocol.
        return ProtocolFailed("08P01", message)
