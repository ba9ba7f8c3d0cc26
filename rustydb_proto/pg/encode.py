"""The server's commands as bytes: a table from the type of a command to the function that encodes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import error as StructError
from typing import Any, Final

from rustydb_proto.pg import framing, messages

# What the functions of framing.py raise for values that do not fit into a message: text with a zero byte, numbers that
# are too large, an unknown status or kind, things of another type.
UNENCODABLE: Final = (ValueError, StructError, KeyError, OverflowError, TypeError, AttributeError)


def _session_ready(command: messages.SessionReady) -> bytes:
    parts = [framing.parameter_status(name, text) for name, text in command.parameters.items()]
    parts.append(framing.backend_key_data(command.process_id, command.secret_key))
    parts.append(framing.READY_IDLE)
    return b"".join(parts)


# Each function takes exactly the class at its left; a mapping cannot say that to the type checker.
ENCODERS: Final[Mapping[type, Callable[[Any], bytes]]] = {
    messages.SessionReady: _session_ready,
    messages.RowDescription: lambda command: framing.row_description(command.columns),
    messages.NoData: lambda command: framing.NO_DATA,
    messages.ParameterDescription: lambda command: framing.parameter_description(command.oids),
    messages.ParseComplete: lambda command: framing.PARSE_COMPLETE,
    messages.BindComplete: lambda command: framing.BIND_COMPLETE,
    messages.CloseComplete: lambda command: framing.CLOSE_COMPLETE,
    messages.SendEncoded: lambda command: command.data,
    messages.CommandComplete: lambda command: framing.command_complete(command.tag),
    messages.EmptyQuery: lambda command: framing.EMPTY_QUERY,
    messages.PortalSuspended: lambda command: framing.PORTAL_SUSPENDED,
    messages.ErrorResponse: lambda command: framing.error_response(command.fields),
    messages.Notice: lambda command: framing.notice_response(command.fields),
    messages.ParameterStatus: lambda command: framing.parameter_status(command.name, command.value),
    messages.Notification: lambda command: framing.notification_response(
        command.process_id, command.channel, command.payload
    ),
    messages.ReadyForQuery: lambda command: framing.READY[command.status],
    messages.CopyIn: lambda command: framing.copy_in_response(command.format, command.column_formats),
    messages.CopyOut: lambda command: framing.copy_out_response(command.format, command.column_formats),
    messages.CopyBoth: lambda command: framing.copy_both_response(command.format, command.column_formats),
    messages.CopyData: lambda command: framing.copy_data(command.data),
    messages.CopyDone: lambda command: framing.COPY_DONE,
    messages.FunctionResult: lambda command: framing.function_call_response(command.value),
}
