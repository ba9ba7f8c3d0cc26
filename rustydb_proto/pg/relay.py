"""Between two halves: what a proxy, pooler or recorder says to one side when it hears the other.

    client  <->  ServerMachine  --request_of-->  ClientMachine  <->  server
                                <--answer_of--

`request_of` turns an event of the server half into the command that asks the same of another server; `answer_of` turns an
event of the client half into the command that answers the same. Between the two a proxy may look, change, count,
refuse. Events of starting and ending (who the user is, passwords, TLS, cancel, the end) have no counterpart: both
functions return None for them, and the proxy decides. The server half lets answers lag behind the
requests that it reported, so a proxy forwards each event as it comes. Only a Query or FunctionCall within a pipeline, before its
Sync, cannot lag: whether an error is its own or an earlier request's is not to be seen from outside. No driver sends that;
ask `ClientMachine.in_pipeline`, and refuse it.

Make the client half with `encoded_rows=True`: rows then pass as they are, without being decoded. For a proxy that need not
take part in the conversation at all, stream.py is simpler. `adapters/examples/postgres_proxy.py` is such a proxy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rustydb_proto.pg import client_messages as client
from rustydb_proto.pg import messages as server
from rustydb_proto.pg.client_messages import ClientCommand, ClientEvent
from rustydb_proto.pg.framing import data_row
from rustydb_proto.pg.messages import ServerCommand, ServerEvent

# Each function takes exactly the class at its left; a mapping cannot say that to the type checker.
_REQUESTS: Final[Mapping[type, Callable[[Any], ClientCommand]]] = {
    server.QueryReceived: lambda event: client.Query(event.sql),
    server.ParseReceived: lambda event: client.Parse(event.name, event.sql, event.parameter_oids),
    server.BindReceived: lambda event: client.Bind(
        event.portal, event.statement, event.values, event.formats, event.result_formats
    ),
    server.DescribeReceived: lambda event: client.Describe(event.kind, event.name),
    server.ExecuteReceived: lambda event: client.Execute(event.portal, event.max_rows),
    server.CloseReceived: lambda event: client.Close(event.kind, event.name),
    server.FlushReceived: lambda event: client.Flush(),
    server.SyncReceived: lambda event: client.Sync(),
    server.FunctionCallReceived: lambda event: client.FunctionCall(
        event.function_oid, event.arguments, event.formats, event.result_format
    ),
    server.CopyDataReceived: lambda event: server.CopyData(event.data),
    server.CopyDoneReceived: lambda event: server.CopyDone(),
    server.CopyFailReceived: lambda event: client.CopyFail(event.message),
    server.Terminated: lambda event: client.Terminate(),
}
_ANSWERS: Final[Mapping[type, Callable[[Any], ServerCommand]]] = {
    client.RowDescriptionReceived: lambda event: server.RowDescription(event.columns),
    client.RowsReceived: lambda event: server.SendEncoded(b"".join(map(data_row, event.rows))),
    client.EncodedRowsReceived: lambda event: server.SendEncoded(event.data),
    client.CommandCompleted: lambda event: server.CommandComplete(event.tag),
    client.EmptyQueryReceived: lambda event: server.EmptyQuery(),
    client.SuspensionReceived: lambda event: server.PortalSuspended(),
    client.ParseCompleted: lambda event: server.ParseComplete(),
    client.BindCompleted: lambda event: server.BindComplete(),
    client.CloseCompleted: lambda event: server.CloseComplete(),
    client.NoDataReceived: lambda event: server.NoData(),
    client.ParameterDescriptionReceived: lambda event: server.ParameterDescription(event.oids),
    client.ErrorReceived: lambda event: server.ErrorResponse(event.fields),
    client.NoticeReceived: lambda event: server.Notice(event.fields),
    client.NotificationReceived: lambda event: server.Notification(event.process_id, event.channel, event.payload),
    client.ParameterChanged: lambda event: server.ParameterStatus(event.name, event.value),
    client.ReadyReceived: lambda event: server.ReadyForQuery(event.status),
    client.CopyInStarted: lambda event: server.CopyIn(event.format, event.column_formats),
    client.CopyOutStarted: lambda event: server.CopyOut(event.format, event.column_formats),
    client.CopyBothStarted: lambda event: server.CopyBoth(event.format, event.column_formats),
    server.CopyDataReceived: lambda event: server.CopyData(event.data),
    server.CopyDoneReceived: lambda event: server.CopyDone(),
    client.FunctionResultReceived: lambda event: server.FunctionResult(event.result),
}


def request_of(event: ServerEvent) -> ClientCommand | None:
    """Return the command that makes the same request of another server, or None if the event is no request."""
    make = _REQUESTS.get(type(event))
    return None if make is None else make(event)


def answer_of(event: ClientEvent) -> ServerCommand | None:
    """Return the command that gives the same answer to a client, or None if the event is no answer."""
    make = _ANSWERS.get(type(event))
    return None if make is None else make(event)
