"""The vocabulary of the native protocol: what a client asks, what a server answers.

The first five requests and responses are those of the wire protocol's plain form, in its order: a client that knows only
them can work. `Query` belongs to the current transaction of the connection, if `BeginTransaction` began one. The others name
what they belong to: `Options.transaction` is a number from `TransactionId`.

A request travels with a number that its client chose, and each response repeats the number of the request that it answers. A
response that is not the last one of its request says so in its frame ("more", see framing.py):

    Query                                QueryResult | Error
    Execute, ExecutePrepared             QueryResult | Columns, Rows..., Completed | Error (also after Columns)
    Batch                                one QueryResult or Error a statement, each with "more"; then Ok | Error
    BulkInsert, BulkRows...              Granted..., then Completed | Error
    Prepare                              Prepared | Error
    Begin, BeginTransaction              TransactionId | Error
    Subscribe                            Subscribed | Error; Changed, Subscribed, Ended with number 0 from then on
    Listen                               Ok | Error; Notified with number 0 from then on
    Cancel                               Ok; the cancelled request answers for itself
    Credit, Goodbye                      nothing
    everything else                      Ok | Error

Number 0 is the connection: the handshake, heartbeats, notifications, notices, and an `Error` that ends it.
"""

from __future__ import annotations

from typing import TypeAlias

from rustydb_proto.binary.values import Value
from rustydb_proto.core.value import value

Row: TypeAlias = tuple[Value, ...]


@value
class Column:
    """A column of a result: `type_name` as `format_type` prints it, PostgreSQL's OID and typmod (-1: none) of the type."""

    name: str
    type_name: str
    type_oid: int
    typmod: int = -1


@value
class ErrorFields:
    """The common error object. `position` is 1-based, in characters of the statement's text."""

    message: str
    sqlstate: str = "XX000"
    severity: str = "ERROR"
    detail: str | None = None
    hint: str | None = None
    position: int | None = None
    where: str | None = None
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    datatype: str | None = None
    constraint: str | None = None


@value
class Options:
    """How to run a statement. The defaults: by itself, without limits, the whole result in one response.

    `transaction` is a number from TransactionId; 0 is the connection's current transaction, or none. `timeout_ms` 0: the
    server's setting. `row_limit` 0: all rows. `credit` is the number of Rows responses that the server may send before it
    waits for a Credit; 0 asks for one QueryResult. `credit_bytes` limits their bodies in the same way; 0: no limit of
    bytes. `batch_rows` 0: as many rows in a batch as the server thinks best.
    """

    transaction: int = 0
    timeout_ms: int = 0
    row_limit: int = 0
    credit: int = 0
    credit_bytes: int = 0
    batch_rows: int = 0


@value
class Statement:
    """One statement of a batch."""

    sql: str
    parameters: tuple[Value, ...] = ()


# ---- requests: variants 0 to 4 are the plain form


@value
class Query:
    """Run SQL text in the connection's current transaction, or by itself."""

    sql: str


@value
class BeginTransaction:
    """Begin the connection's current transaction."""


@value
class Commit:
    """Commit the connection's current transaction."""


@value
class Rollback:
    """Roll the connection's current transaction back."""


@value
class Ping:
    """Ask for a Pong; the server's machine answers by itself."""


@value
class Hello:
    """The client's part of the handshake (handshake.py). Offers are in order of preference.

    `mechanism` is `SCRAM-SHA-256`, `SCRAM-SHA-256-PLUS`, `TOKEN` or `NONE`, and `initial_response` its first message: SCRAM's
    client-first, or the token. `heartbeat_ms` 0: no heartbeats.
    """

    user: str
    database: str
    mechanism: str
    initial_response: bytes
    encodings: tuple[str, ...]
    compressions: tuple[str, ...]
    frame_bytes_max: int
    heartbeat_ms: int
    application_name: str
    extensions: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]


@value
class Authenticate:
    """The client's next message of its mechanism: SCRAM's client-final."""

    response: bytes


@value
class Execute:
    """Run one statement with parameters `$1`, `$2`, ..."""

    sql: str
    parameters: tuple[Value, ...] = ()
    options: Options | None = None


@value
class Prepare:
    """Parse and plan a statement; `parameter_types` are OIDs, 0 or absent where the server shall infer one."""

    sql: str
    parameter_types: tuple[int, ...] = ()


@value
class ExecutePrepared:
    """Run a prepared statement."""

    statement: int
    parameters: tuple[Value, ...] = ()
    options: Options | None = None


@value
class ClosePrepared:
    """Forget a prepared statement; an unknown one is no error."""

    statement: int


@value
class BulkInsert:
    """Insert many rows; `columns` empty means all in order. With `more`, BulkRows with the same number follow."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    more: bool = False
    options: Options | None = None


@value
class BulkRows:
    """More rows of a BulkInsert. Of those with `more`, as many may be on their way as the server granted."""

    rows: tuple[Row, ...]
    more: bool = False


@value
class Batch:
    """Run statements in order; `transactional`: all or nothing, and the first error is the only answer after it."""

    statements: tuple[Statement, ...]
    transactional: bool = True
    options: Options | None = None


@value
class Cancel:
    """Cancel the request with this number; one that is answered already is no error."""

    request: int


@value
class Credit:
    """Let the server send this many more Rows responses, and bytes in them, to the request whose number the frame has."""

    batches: int
    bytes: int = 0


@value
class Heartbeat:
    """Sent by either side; the answer is a Heartbeat of the same number with `reply`."""

    sequence: int
    reply: bool = False


@value
class Begin:
    """Begin a transaction of its own. `isolation` is SQL's name for it, or empty."""

    isolation: str = ""
    read_only: bool | None = None
    deferrable: bool | None = None


@value
class CommitTransaction:
    """Commit a transaction by number."""

    transaction: int


@value
class RollbackTransaction:
    """Roll a transaction back by number."""

    transaction: int


@value
class Listen:
    """Ask for the notifications of a channel."""

    channel: str


@value
class Unlisten:
    """Listen no more; empty: to nothing."""

    channel: str


@value
class Subscribe:
    """Ask for the changes of a table.

    `operations` adds 1 for inserts, 2 updates, 4 deletes, 8 truncates; 0 means all. `columns` empty: all. `condition` is a SQL
    expression over the row, or empty. `position` is that of the last change already seen; 0: from now on.
    """

    table: str
    operations: int = 0
    columns: tuple[str, ...] = ()
    condition: str = ""
    position: int = 0


@value
class Unsubscribe:
    """End a subscription."""

    subscription: int


@value
class Extension:
    """A message of an extension that the handshake agreed on; the extension says what answers."""

    name: str
    data: bytes


@value
class Goodbye:
    """The client closes the connection."""


# ---- responses: variants 0 to 4 are the plain form


@value
class QueryResult:
    """A whole result. `tag` is PostgreSQL's command tag, `affected_rows` the count in it."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    affected_rows: int
    tag: str


@value
class TransactionId:
    """A transaction has begun."""

    transaction: int


@value
class Ok:
    """Done."""


@value
class Error:
    """It failed; with number 0 the connection is over. The message comes first, as in the plain form."""

    fields: ErrorFields


@value
class Pong:
    """The answer to Ping."""


@value
class Welcome:
    """The server's part of the handshake: what is agreed, what it accepts, and its mechanism's first message.

    Limits: a frame's body, SQL text, requests that are not answered yet, their bytes together, BulkRows not granted anew,
    rows in one BulkInsert or BulkRows.
    """

    encoding: str
    compression: str
    frame_bytes_max: int
    sql_bytes_max: int
    requests_max: int
    requests_bytes_max: int
    upload_batches: int
    batch_rows_max: int
    heartbeat_ms: int
    extensions: tuple[str, ...]
    mechanism: str
    challenge: bytes


@value
class Ready:
    """The client is in. `outcome` is the mechanism's last message: SCRAM's server-final."""

    session: int
    outcome: bytes
    server_version: str
    settings: tuple[tuple[str, str], ...]


@value
class Prepared:
    """A statement is prepared; without columns it returns no rows."""

    statement: int
    parameter_types: tuple[int, ...]
    columns: tuple[Column, ...]


@value
class Columns:
    """A streamed result begins."""

    columns: tuple[Column, ...]


@value
class Rows:
    """A batch of a streamed result."""

    rows: tuple[Row, ...]


@value
class Completed:
    """A streamed result or a bulk insert is complete. `limited`: there are more rows than `row_limit`."""

    affected_rows: int
    tag: str
    limited: bool = False


@value
class Granted:
    """So many more BulkRows may be sent."""

    batches: int


@value
class Notified:
    """A NOTIFY on a channel that the client listens to."""

    channel: str
    payload: str
    session: int


@value
class Subscribed:
    """A subscription began; its rows have these columns. `position` is the feed's at that moment.

    With number 0: its table was altered, and rows from here on have these columns.
    """

    subscription: int
    columns: tuple[Column, ...]
    position: int


@value
class Changed:
    """One row of a subscribed table changed. `operation` is 1 insert, 2 update, 4 delete, 8 truncate.

    `old` is None for an insert, `new` for a delete, both for a truncate.
    """

    subscription: int
    operation: int
    position: int
    old: Row | None
    new: Row | None


@value
class Ended:
    """A subscription is over, and why: the table was dropped, or the client did not keep up (53400)."""

    subscription: int
    fields: ErrorFields


@value
class Notice:
    """A notice or warning of a request, or of the server."""

    fields: ErrorFields


@value
class SettingChanged:
    """A setting that clients care about has another value."""

    name: str
    value: str


@value
class ExtensionReply:
    """A message of an extension from the server."""

    name: str
    data: bytes


Request: TypeAlias = (
    Query
    | BeginTransaction
    | Commit
    | Rollback
    | Ping
    | Hello
    | Authenticate
    | Execute
    | Prepare
    | ExecutePrepared
    | ClosePrepared
    | BulkInsert
    | BulkRows
    | Batch
    | Cancel
    | Credit
    | Heartbeat
    | Begin
    | CommitTransaction
    | RollbackTransaction
    | Listen
    | Unlisten
    | Subscribe
    | Unsubscribe
    | Extension
    | Goodbye
)
Response: TypeAlias = (
    QueryResult
    | TransactionId
    | Ok
    | Error
    | Pong
    | Welcome
    | Ready
    | Prepared
    | Columns
    | Rows
    | Completed
    | Granted
    | Notified
    | Subscribed
    | Changed
    | Notice
    | SettingChanged
    | ExtensionReply
    | Heartbeat
    | Ended
)
Message: TypeAlias = Request | Response
