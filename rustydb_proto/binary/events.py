"""What the two halves of the native protocol report, and what they are told.

Events of the server half and the commands that answer them:

    HelloReceived(user, database, ...)     Authenticate(method, verifier)
    TokenReceived(token)                   AcceptUser(user) | RejectUser()
    Authenticated(user)                    SessionReady(session, server_version, settings)
    RequestReceived(request, message)      Answer(request, response, more), ...
    CreditGranted(request)                 more Rows, if the request streams
    CancelReceived(request)                the request ends with an Error, as soon as it can
    RequestRejected(request, ...)          nothing: the machine has answered; whatever worked on it stops

and of the client half, whose commands are the messages themselves:

    SessionStarted(...)                    Execute, Prepare, ...
    ResponseReceived(request, response, more)
    NotificationReceived(response)

The last event of a connection is one of Terminated, ConnectionEnded, ConnectionFailed, AuthenticationFailed and ProtocolFailed.
"""

from __future__ import annotations

from typing import TypeAlias, final

from rustydb_proto.binary.messages import ErrorFields, Request, Response
from rustydb_proto.core.value import value

# ---- events of the server half


@value
class HelloReceived:
    """A client says who it is; `mechanism` is how it wants to prove that."""

    user: str
    database: str
    application_name: str
    settings: tuple[tuple[str, str], ...]
    mechanism: str


@value
class TokenReceived:
    """The client's proof is this token; the embedder decides."""

    token: str


@value
class Authenticated:
    """The client is who it says."""

    user: str
    mechanism: str


@final
class RequestReceived:
    """A request, or a part of one (BulkRows)."""

    __slots__ = ("message", "request")
    __match_args__ = ("request", "message")

    def __init__(self, request: int, message: Request) -> None:
        self.request = request
        self.message = message

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RequestReceived):
            return NotImplemented
        return self.request == other.request and self.message == other.message

    __hash__ = None  # type: ignore[assignment]  # compared in tests, kept in no set

    def __repr__(self) -> str:
        return f"RequestReceived({self.request}, {self.message!r})"


@value
class CreditGranted:
    """A streaming request may go on; `ServerMachine.credit` says how far."""

    request: int


@value
class CancelReceived:
    """The client wants this open request to end."""

    request: int


@value
class RequestRejected:
    """A request was refused and answered by the machine; if it was open (an upload), it is so no more."""

    request: int
    sqlstate: str
    message: str


@value
class Terminated:
    """The client said goodbye."""


# ---- events of the client half


@value
class SessionStarted:
    """The session is open. What was agreed and what the server accepts."""

    session: int
    server_version: str
    settings: tuple[tuple[str, str], ...]
    encoding: str
    compression: str
    extensions: tuple[str, ...]


@value
class ResponseReceived:
    """A response to a request; `more`: others follow."""

    request: int
    response: Response
    more: bool


@value
class NotificationReceived:
    """Something that answers no request: Notified, Changed, Subscribed, Ended, Notice, SettingChanged, ExtensionReply."""

    response: Response


@value
class ConnectionFailed:
    """The server ended the connection and said why."""

    fields: ErrorFields


# ---- events of both


@value
class AuthenticationFailed:
    """The client did not prove who it is. On the server `reason` is for the log, on the client what the server said."""

    user: str
    reason: str
    sqlstate: str = "28P01"


@value
class ConnectionEnded:
    """The peer's end of file; `clean` if it came between frames."""

    clean: bool


@value
class ProtocolFailed:
    """The peer broke the protocol, a limit or a deadline."""

    sqlstate: str
    message: str


ServerEvent: TypeAlias = (
    HelloReceived
    | TokenReceived
    | Authenticated
    | RequestReceived
    | CreditGranted
    | CancelReceived
    | RequestRejected
    | Terminated
    | AuthenticationFailed
    | ConnectionEnded
    | ProtocolFailed
)
ClientEvent: TypeAlias = (
    SessionStarted
    | ResponseReceived
    | NotificationReceived
    | ConnectionFailed
    | AuthenticationFailed
    | ConnectionEnded
    | ProtocolFailed
)

# ---- commands of the server half


@value
class Authenticate:
    """How the client shall prove who it is.

    `method` is "trust", "scram-sha-256" with the stored verifier (None: no such user, fails at its end; a password in clear
    works too), or "token", which asks for the client's token by TokenReceived.
    """

    method: str
    verifier: str | None = None


@value
class AcceptUser:
    """The token is good, and stands for this user."""

    user: str


@value
class RejectUser:
    """The token is no good; the client reads `message`."""

    message: str = "token authentication failed"


@value
class SessionReady:
    """The session is open; its number, what the server calls its version, and the settings that clients care about."""

    session: int
    server_version: str
    settings: tuple[tuple[str, str], ...] = ()


@value
class Answer:
    """A response to a request; `more`: not the last."""

    request: int
    response: Response
    more: bool = False


@value
class Notify:
    """Something that answers no request."""

    response: Response


@value
class Fail:
    """End the connection and say why."""

    fields: ErrorFields


ServerCommand: TypeAlias = Authenticate | AcceptUser | RejectUser | SessionReady | Answer | Notify | Fail
ClientCommand: TypeAlias = Request
