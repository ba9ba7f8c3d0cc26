"""The client half's vocabulary: its events and its commands.

As in messages.py, events are past tense, commands are named by the message that they put on the wire. CopyData and
CopyDone, and the events that report copy data and the end of a connection, are those of messages.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rustydb_proto.core.value import value
from rustydb_proto.pg.messages import (
    Column,
    ConnectionEnded,
    CopyData,
    CopyDataReceived,
    CopyDone,
    CopyDoneReceived,
    ProtocolFailed,
    SwitchProtocol,
)

Row = tuple[bytes | None, ...]

# ---- events


@value
class SessionStarted:
    """The server accepted us and waits for a request; from here on commands may be sent."""

    parameters: Mapping[str, str]
    process_id: int
    secret_key: bytes


@value
class VersionNegotiated:
    """The server speaks an older minor version of protocol 3 than we asked for, or lacks options; comes before the session.

    `unknown_options` are the startup parameters named `_pq_.…` that it does not know.
    """

    minor: int
    unknown_options: tuple[str, ...]


@value
class RowDescriptionReceived:
    """The columns of the rows that follow, or of what was described."""

    columns: tuple[Column, ...]


@value
class RowsReceived:
    """One or more rows, as many as had arrived."""

    rows: list[Row]


@value
class EncodedRowsReceived:
    """In place of RowsReceived for a machine made with `encoded_rows=True`: the DataRow messages as they came.

    `SendEncoded(data)` passes them on; `count` says how many they are.
    """

    data: bytes
    count: int


@value
class CommandCompleted:
    """One statement is done; its tag counts rows: `SELECT 3`."""

    tag: str


@value
class EmptyQueryReceived:
    """The query text held no statement."""


@value
class SuspensionReceived:
    """Execute reached its row limit; another Execute goes on."""


@value
class ParseCompleted:
    """A Parse was carried out."""


@value
class BindCompleted:
    """A Bind was carried out."""


@value
class CloseCompleted:
    """A Close was carried out."""


@value
class NoDataReceived:
    """What was described returns no rows."""


@value
class ParameterDescriptionReceived:
    """The types of a statement's parameters."""

    oids: tuple[int, ...]


@value
class ErrorReceived:
    """A request failed (or with severity FATAL or PANIC, the connection: then it is the last event).

    Fields are keyed by letter: S and V severity, C SQLSTATE, M message, D detail, H hint, P position, ...
    """

    fields: Mapping[str, str]

    @property
    def sqlstate(self) -> str:
        """The error code."""
        return self.fields.get("C", "XX000")

    @property
    def message(self) -> str:
        """The primary message."""
        return self.fields.get("M", "")

    @property
    def severity(self) -> str:
        """ERROR, FATAL or PANIC, in English whatever the server's language."""
        return self.fields.get("V") or self.fields.get("S", "")

    @property
    def detail(self) -> str | None:
        """More about it, if the server says more."""
        return self.fields.get("D")

    @property
    def hint(self) -> str | None:
        """What to do about it, if the server has an idea."""
        return self.fields.get("H")


@value
class NoticeReceived:
    """A notice or warning, with the fields of an error."""

    fields: Mapping[str, str]


@value
class NotificationReceived:
    """A NOTIFY on a channel that we listen to."""

    process_id: int
    channel: str
    payload: str


@value
class ParameterChanged:
    """A reported run-time parameter has a new value."""

    name: str
    value: str


@value
class ReadyReceived:
    """A request, or a pipeline up to its Sync, is answered; `status` is "I", "T" or "E"."""

    status: str


@value
class CopyInStarted:
    """The server wants copy data: send CopyData..., then CopyDone or CopyFail."""

    format: int
    column_formats: tuple[int, ...]


@value
class CopyOutStarted:
    """Copy data follows: CopyDataReceived..., CopyDoneReceived."""

    format: int
    column_formats: tuple[int, ...]


@value
class CopyBothStarted:
    """Copy data flows in both directions (START_REPLICATION): send CopyData..., CopyDone when you have had enough."""

    format: int
    column_formats: tuple[int, ...]


@value
class FunctionResultReceived:
    """What a FunctionCall returned; None is NULL."""

    result: bytes | None


ClientEvent = (
    SwitchProtocol
    | SessionStarted
    | VersionNegotiated
    | RowDescriptionReceived
    | RowsReceived
    | EncodedRowsReceived
    | CommandCompleted
    | EmptyQueryReceived
    | SuspensionReceived
    | ParseCompleted
    | BindCompleted
    | CloseCompleted
    | NoDataReceived
    | ParameterDescriptionReceived
    | ErrorReceived
    | NoticeReceived
    | NotificationReceived
    | ParameterChanged
    | ReadyReceived
    | CopyInStarted
    | CopyOutStarted
    | CopyBothStarted
    | CopyDataReceived
    | CopyDoneReceived
    | FunctionResultReceived
    | ConnectionEnded
    | ProtocolFailed
)

# ---- commands


@value
class Query:
    """Run one or more statements."""

    sql: str


@value
class Parse:
    """Prepare a statement; OID 0 leaves a parameter's type to the server."""

    name: str
    sql: str
    parameter_oids: Sequence[int] = ()


@value
class Bind:
    """Make a portal of a statement. Formats: none is all text, one is for all, else one for each."""

    portal: str
    statement: str
    values: Sequence[bytes | None] = ()
    formats: Sequence[int] = ()
    result_formats: Sequence[int] = ()


@value
class Describe:
    """Describe a statement (kind "S") or a portal (kind "P")."""

    kind: str
    name: str


@value
class Execute:
    """Run a portal for at most `max_rows` rows; 0 is no limit."""

    portal: str = ""
    max_rows: int = 0


@value
class Close:
    """Drop a statement (kind "S") or a portal (kind "P")."""

    kind: str
    name: str


@value
class Flush:
    """Ask for the pending answers without ending the pipeline."""


@value
class Sync:
    """End the pipeline; the server answers ReadyForQuery."""


@value
class FunctionCall:
    """Call a function by OID."""

    function_oid: int
    arguments: Sequence[bytes | None] = ()
    formats: Sequence[int] = ()
    result_format: int = 0


@value
class CopyFail:
    """Give the copy up."""

    reason: str


@value
class Terminate:
    """Say goodbye; the connection is over."""


ClientCommand = (
    Query
    | Parse
    | Bind
    | Describe
    | Execute
    | Close
    | Flush
    | Sync
    | FunctionCall
    | CopyData
    | CopyDone
    | CopyFail
    | Terminate
)
