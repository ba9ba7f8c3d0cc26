"""The vocabulary of the PostgreSQL protocol, version 3.0: what machines report and what they are told.

Events are past tense and come out of `next_event`; commands are named by the message they put on the wire and go
into `send`. A name that ends in `Received` is a message of the peer; the few others report what became of
the connection. The server half's events are followed by its commands, then the client half's; CopyData, CopyDone
and CopyFail are commands of both.

Text is `str`, decoded as UTF-8; a column's value is `bytes`, or None for NULL, because only the embedder knows
its type. Source: PostgreSQL documentation, "Message Formats".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rustydb_proto.core.value import value

# ---- events of the server half: before the session


@value
class StartupReceived:
    """A client wants a session. Answer with `Authenticate`, or a FATAL `ErrorResponse`.

    `parameters` are run-time parameters to set, `options` ("-c a=b") already merged in; `user` and
    `database` are not among them. `replication` is "" for a common session, "physical" or "logical" for one that may
    say START_REPLICATION (only where the machine was made with `replication=True`). `minor` is the minor version of
    protocol 3 that is spoken from here on: 0, or 2, which allows longer secret keys.
    """

    user: str
    database: str
    parameters: Mapping[str, str]
    replication: str = ""
    minor: int = 0


@value
class CancelReceived:
    """A request to cancel what another connection runs. There is no reply; close. It is the last event.

    Compare keys with `hmac.compare_digest`; one that is wrong is ignored.
    """

    process_id: int
    secret_key: bytes


@value
class SwitchProtocol:
    """The peer was told to go on in another protocol (`tls`). The machine pauses until `tls_started`."""

    protocol: str


@value
class PasswordReceived:
    """A clear text password, with method `external`: answer `AcceptPassword` or `RejectPassword`."""

    password: str


@value
class Authenticated:
    """The user proved who they are; AuthenticationOk is sent. Answer with `SessionReady`."""

    user: str


@value
class AuthenticationFailed:
    """The proof was wrong; the FATAL error is sent. It is the last event. `reason` is for the log only."""

    user: str
    sqlstate: str
    reason: str


# ---- events of the server half: the session


@value
class QueryReceived:
    """A simple query: one or more statements. Its answer ends with `ReadyForQuery`."""

    sql: str


@value
class ParseReceived:
    """Prepare `sql` as statement `name` ("" is the unnamed one). OID 0 leaves a parameter's type to you."""

    name: str
    sql: str
    parameter_oids: tuple[int, ...]


@value
class BindReceived:
    """Make a portal of a statement. Formats are 0 (text) or 1 (binary): none, one for all, or one for each.

    The number of `formats` fits `values`; that of `result_formats` against the columns is for you to check.
    """

    portal: str
    statement: str
    formats: tuple[int, ...]
    values: list[bytes | None]
    result_formats: tuple[int, ...]


@value
class DescribeReceived:
    """Describe a statement (kind "S") or a portal (kind "P")."""

    kind: str
    name: str


@value
class ExecuteReceived:
    """Run a portal for at most `max_rows` rows; 0 is no limit."""

    portal: str
    max_rows: int


@value
class CloseReceived:
    """Drop a statement (kind "S") or a portal (kind "P"); a missing one is no error."""

    kind: str
    name: str


@value
class FlushReceived:
    """Write out what is pending, without a ReadyForQuery."""


@value
class SyncReceived:
    """The end of a pipeline: commit or roll back the implicit transaction and answer `ReadyForQuery`."""


@value
class FunctionCallReceived:
    """Call a function by OID; its answer is `FunctionResult`, then `ReadyForQuery`."""

    function_oid: int
    formats: tuple[int, ...]
    arguments: list[bytes | None]
    result_format: int


@value
class CopyDataReceived:
    """A piece of copy data; its borders mean nothing."""

    data: bytes


@value
class CopyDoneReceived:
    """The copy data is complete."""


@value
class CopyFailReceived:
    """The peer gave the copy up; a server answers with an ErrorResponse (57014) that quotes `message`."""

    message: str


@value
class MessageRejected:
    """A message was framed well but its body is wrong. Treat it as a statement that failed.

    Fail the transaction, send an `ErrorResponse` with these fields, and `ReadyForQuery` if `needs_ready`.
    """

    message_type: str
    sqlstate: str
    message: str
    detail: str | None
    needs_ready: bool


# ---- events of both halves: the end


@value
class Terminated:
    """The client said goodbye. It is the last event."""


@value
class ConnectionEnded:
    """The peer's end of file, without a goodbye. `clean` when it fell between two messages. Last event."""

    clean: bool


@value
class ProtocolFailed:
    """The peer broke the protocol or a limit; a server has sent the FATAL error. It is the last event."""

    sqlstate: str
    message: str


ServerEvent = (
    StartupReceived
    | CancelReceived
    | SwitchProtocol
    | PasswordReceived
    | Authenticated
    | AuthenticationFailed
    | QueryReceived
    | ParseReceived
    | BindReceived
    | DescribeReceived
    | ExecuteReceived
    | CloseReceived
    | FlushReceived
    | SyncReceived
    | FunctionCallReceived
    | CopyDataReceived
    | CopyDoneReceived
    | CopyFailReceived
    | MessageRejected
    | Terminated
    | ConnectionEnded
    | ProtocolFailed
)

# ---- commands of the server half


@value
class Authenticate:
    """Answer to StartupReceived: run an authentication exchange.

    `method` is "trust", "scram-sha-256", "md5", "password" or "external". `verifier` is the stored secret:
    `SCRAM-SHA-256$...`, `md5...` or clear text; None for a user who does not exist (or has no password): the
    exchange runs to its end and fails as for a wrong password. As in PostgreSQL, "md5" with a stored SCRAM
    secret means SCRAM.
    """

    method: str
    verifier: str | None = None


@value
class AcceptPassword:
    """Answer to PasswordReceived: the password is right."""


@value
class RejectPassword:
    """Answer to PasswordReceived: the password is wrong; `reason` is for the log."""

    reason: str = "password rejected"


@value
class SessionReady:
    """Answer to Authenticated: ParameterStatus for each parameter, BackendKeyData, ReadyForQuery (idle).

    `secret_key` is what a CancelReceived for this session must show: 4 random bytes, with version 3.2 up to 256.
    """

    parameters: Mapping[str, str]
    process_id: int
    secret_key: bytes


@value
class Column:
    """One column of a RowDescription. `format` is 0 for text, 1 for binary."""

    name: str
    type_oid: int
    type_size: int = -1
    type_modifier: int = -1
    table_oid: int = 0
    attribute_number: int = 0
    format: int = 0


@value
class RowDescription:
    """The columns of the rows that follow, or of a described statement or portal."""

    columns: Sequence[Column]


@value
class NoData:
    """Answer to Describe: no rows will come."""


@value
class ParameterDescription:
    """Answer to Describe of a statement, before RowDescription or NoData."""

    oids: Sequence[int]


@value
class ParseComplete:
    """Answer to Parse."""


@value
class BindComplete:
    """Answer to Bind."""


@value
class CloseComplete:
    """Answer to Close."""


@value
class SendEncoded:
    """Messages that are already bytes: rows from a row encoder, or a cached answer. Not looked into."""

    data: bytes


@value
class CommandComplete:
    """The end of one statement's answer, with its tag: `SELECT 3`, `INSERT 0 1`, `BEGIN`."""

    tag: str


@value
class EmptyQuery:
    """In place of CommandComplete when the query text holds no statement."""


@value
class PortalSuspended:
    """In place of CommandComplete when Execute reached its row limit."""


@value
class ErrorResponse:
    """An error. Fields are keyed by PostgreSQL's letters: S, V, C, M, D, H, P, ... (see `error_fields`).

    Severity ERROR fails the current request; FATAL and PANIC end the connection.
    """

    fields: Mapping[str, str]


@value
class Notice:
    """A NOTICE, WARNING, INFO, LOG or DEBUG, with the fields of an error; allowed at any time."""

    fields: Mapping[str, str]


@value
class ParameterStatus:
    """A reported run-time parameter has changed; allowed at any time."""

    name: str
    value: str


@value
class Notification:
    """A NOTIFY reached this session; send it between statements."""

    process_id: int
    channel: str
    payload: str


@value
class ReadyForQuery:
    """The request is answered; `status` is "I" (idle), "T" (in a transaction) or "E" (in a failed one)."""

    status: str


@value
class CopyIn:
    """Ask for copy data; `format` is 0 (text) or 1 (binary), as are the columns'."""

    format: int
    column_formats: Sequence[int]


@value
class CopyOut:
    """Announce copy data; `format` is 0 (text) or 1 (binary), as are the columns'."""

    format: int
    column_formats: Sequence[int]


@value
class CopyBoth:
    """Begin copy data in both directions, as START_REPLICATION does. Each side ends its own with a CopyDone."""

    format: int
    column_formats: Sequence[int] = ()


@value
class CopyData:
    """A piece of copy data, from either side."""

    data: bytes


@value
class CopyDone:
    """The copy data is complete, from either side."""


@value
class FunctionResult:
    """Answer to FunctionCallReceived; None is NULL."""

    value: bytes | None


ServerCommand = (
    Authenticate
    | AcceptPassword
    | RejectPassword
    | SessionReady
    | RowDescription
    | NoData
    | ParameterDescription
    | ParseComplete
    | BindComplete
    | CloseComplete
    | SendEncoded
    | CommandComplete
    | EmptyQuery
    | PortalSuspended
    | ErrorResponse
    | Notice
    | ParameterStatus
    | Notification
    | ReadyForQuery
    | CopyIn
    | CopyOut
    | CopyBoth
    | CopyData
    | CopyDone
    | FunctionResult
)


def error_fields(
    severity: str,
    sqlstate: str,
    message: str,
    *,
    detail: str | None = None,
    hint: str | None = None,
    position: int | None = None,
    where: str | None = None,
    schema: str | None = None,
    table: str | None = None,
    column: str | None = None,
    datatype: str | None = None,
    constraint: str | None = None,
    routine: str | None = None,
) -> dict[str, str]:
    """Return the fields of an ErrorResponse or Notice, in PostgreSQL's order.

    `position` is a 1-based character index into the query text, as on the wire.
    """
    fields = {"S": severity, "V": severity, "C": sqlstate, "M": message}
    optional = (
        ("D", detail),
        ("H", hint),
        ("P", None if position is None else str(position)),
        ("W", where),
        ("s", schema),
        ("t", table),
        ("c", column),
        ("d", datatype),
        ("n", constraint),
        ("R", routine),
    )
    fields.update((code, text) for code, text in optional if text is not None)
    return fields
