"""A connection of the server half until its client is authenticated: preface, Hello, and the proof.

`Admission` has no buffer and no timer of its own: the machine hands it the preface and the bodies of frames, and it returns events and
writes its answers into the machine's writer. An AuthenticationFailed or ProtocolFailed that it returns is the end, with the
Error already written.
"""

from __future__ import annotations

from enum import Enum, auto

from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.extensions import ExtensionRegistry
from rustydb_proto.binary.framing import MAGIC, VERSION, server_preface
from rustydb_proto.binary.handshake import METHODS, NONE, TOKEN, Agreement, Exchange, agree, welcome
from rustydb_proto.binary.limits import Limits
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.schema import REQUEST_CODEC, RESPONSE_CODEC, Encoding
from rustydb_proto.binary.wire import FrameWriter
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.scram import ScramError


class Phase(Enum):
    """What the connection is doing."""

    PREFACE = auto()  # the first eight bytes are awaited
    HELLO = auto()  # Hello is awaited
    DECIDING = auto()  # Hello was reported: paused until Authenticate
    PROVING = auto()  # the client's next message of its mechanism is awaited
    JUDGING = auto()  # a token was reported: paused until AcceptUser or RejectUser
    STARTING = auto()  # authenticated: paused until SessionReady
    OPEN = auto()
    CLOSED = auto()


class Admission:
    """Lets one client in. `phase` is the machine's as long as the client is not."""

    __slots__ = (
        "_binding",
        "_entropy",
        "_exchange",
        "_hello",
        "_limits",
        "_registry",
        "_secret",
        "_writer",
        "agreed",
        "encoding",
        "outcome",
        "phase",
    )

    def __init__(
        self,
        writer: FrameWriter,
        entropy: Entropy,
        limits: Limits,
        mock_secret: bytes,
        registry: ExtensionRegistry,
        channel_binding: bytes | None,
    ) -> None:
        self._writer = writer
        self._entropy = entropy
        self._limits = limits
        self._secret = mock_secret
        self._registry = registry
        self._binding = channel_binding
        self._hello: m.Hello | None = None
        self._exchange: Exchange | None = None
        self.phase = Phase.PREFACE
        self.encoding = Encoding.MESSAGEPACK
        self.agreed: Agreement | None = None
        self.outcome = b""

    def read_preface(self, preface: bytes) -> e.ServerEvent | None:
        """Take the client's first eight bytes; an event is the end."""
        low, high, encoding, zero = preface[4:]
        if preface[:4] != MAGIC:
            return NOT_OURS
        if not low <= VERSION <= high or encoding > 1 or zero:
            self._writer.out.append(server_preface(0, 0))
            what = f"versions {low} to {high} with encoding {encoding}"
            return e.ProtocolFailed("08P01", f"the client speaks {what}, which we do not")
        self.encoding = Encoding(encoding)
        self._writer.out.append(server_preface(VERSION, encoding))
        self.phase = Phase.HELLO
        return None

    def receive(self, body: bytes) -> e.ServerEvent:
        """Take the body of a frame."""
        try:
            message = REQUEST_CODEC.decode(self.encoding, body)
        except MalformedError as error:
            return self.fail("08P01", str(error))
        if self.phase is Phase.HELLO and isinstance(message, m.Hello):
            self._hello = message
            self.agreed = agree(message, self.encoding, self._limits, self._registry)
            self.phase = Phase.DECIDING
            return e.HelloReceived(
                message.user, message.database, message.application_name, message.settings, message.mechanism
            )
        if self.phase is Phase.PROVING and isinstance(message, m.Authenticate):
            return self._receive_proof(message.response)
        return self.fail("08P01", f"{type(message).__name__} during the handshake")

    def fail(self, sqlstate: str, message: str) -> e.ServerEvent:
        """Write a FATAL error, unless the client has not yet shown to be one of ours; return the end."""
        if self.phase is not Phase.PREFACE:
            self._write(m.Error(m.ErrorFields(message, sqlstate, "FATAL")))
        return e.ProtocolFailed(sqlstate, message)

    def _receive_proof(self, response: bytes) -> e.ServerEvent:
        assert self._exchange is not None and self._hello is not None, "PROVING begins with them"
        try:
            outcome = self._exchange.final(response)
        except ScramError as error:
            return self._refuse(error.message, error.sqlstate, error.detail)
        if outcome is None:
            message = f'password authentication failed for user "{self._hello.user}"'
            return self._refuse(message, "28P01", "SCRAM proof does not match")
        self.outcome = outcome
        return self._authenticated(self._hello.user)

    def _authenticated(self, user: str) -> e.ServerEvent:
        assert self._hello is not None, "somebody said who they are"
        self.phase = Phase.STARTING
        return e.Authenticated(user, self._hello.mechanism)

    def _refuse(self, message: str, sqlstate: str, reason: str | None = None) -> e.ServerEvent:
        assert self._hello is not None, "somebody said who they are"
        self._write(m.Error(m.ErrorFields(message, sqlstate, "FATAL")))
        return e.AuthenticationFailed(self._hello.user, reason or message, sqlstate)

    def _welcome(self, mechanism: str, challenge: bytes) -> None:
        assert self.agreed is not None, "Hello was answered with an agreement"
        self._write(welcome(self.agreed, self._limits, mechanism, challenge))
        self.encoding = self.agreed.encoding

    def _write(self, response: m.Response) -> None:
        self._writer.frame(0, RESPONSE_CODEC.encode(self.encoding, response), False)

    # ---- commands

    def authenticate(self, command: e.Authenticate) -> e.ServerEvent | None:
        """Begin the proof; an event is next, or the end."""
        assert self._hello is not None, "Hello was reported"
        if command.method not in METHODS:
            raise LocalProtocolError(f"unknown authentication method {command.method!r}")
        if command.method == "trust":
            self._welcome(NONE, b"")
            return self._authenticated(self._hello.user)
        if command.method == "token":
            return self._receive_token(self._hello)
        try:
            exchange = Exchange(self._hello, command.verifier, self._entropy, self._secret, self._binding)
            challenge = exchange.first(self._hello.initial_response)
        except ScramError as error:
            return self._refuse(error.message, error.sqlstate, error.detail)
        self._exchange = exchange
        self._welcome(self._hello.mechanism, challenge)
        self.phase = Phase.PROVING
        return None

    def _receive_token(self, hello: m.Hello) -> e.ServerEvent:
        if hello.mechanism != TOKEN:
            return self._refuse(f"mechanism {hello.mechanism[:40]!r} is not accepted, TOKEN is", "28000")
        try:
            token = hello.initial_response.decode()
        except UnicodeDecodeError:
            return self._refuse("the token is not UTF-8", "28000")
        self.phase = Phase.JUDGING
        return e.TokenReceived(token)

    def accept_user(self, command: e.AcceptUser) -> e.ServerEvent:
        """The token was good."""
        self._welcome(TOKEN, b"")
        return self._authenticated(command.user)

    def reject_user(self, command: e.RejectUser) -> e.ServerEvent:
        """The token was not."""
        return self._refuse(command.message, "28000")


NOT_OURS = e.ProtocolFailed("08P01", "the first bytes are not those of the protocol")
