"""What one half encodes the other decodes to the same: every command, with values of every kind, whole and in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pg_support import SEED, START, cut_bytes, cut_whole, open_session

from rustydb_proto.pg import (
    Bind,
    ClientCommand,
    ClientMachine,
    Close,
    CloseComplete,
    Column,
    CommandComplete,
    CopyBoth,
    CopyIn,
    CopyOut,
    Describe,
    Entropy,
    ErrorResponse,
    Execute,
    Flush,
    FunctionCall,
    FunctionResult,
    LocalProtocolError,
    NoData,
    Notice,
    Notification,
    ParameterDescription,
    ParameterStatus,
    Parse,
    ParseComplete,
    PortalSuspended,
    Query,
    ReadyForQuery,
    RowDescription,
    ServerCommand,
    Stop,
    Sync,
    answer_of,
    framing,
    request_of,
)

# Text that the wire can carry: no zero byte, nothing that is not Unicode.
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
oid = st.integers(0, 2**32 - 1)
int16 = st.integers(-(2**15), 2**15 - 1)
int32 = st.integers(-(2**31), 2**31 - 1)
value = st.none() | st.binary(max_size=40)
code = st.integers(0, 1)
kind = st.sampled_from(["S", "P"])


@st.composite
def binds(draw: st.DrawFn) -> Bind:
    values = draw(st.lists(value, max_size=5))
    formats = draw(st.sampled_from([0, 1, len(values)]))
    codes = tuple(draw(code) for _ in range(formats))
    return Bind(draw(text), draw(text), values, codes, tuple(draw(st.lists(code, max_size=4))))


@st.composite
def function_calls(draw: st.DrawFn) -> FunctionCall:
    values = draw(st.lists(value, max_size=5))
    codes = tuple(draw(code) for _ in range(draw(st.sampled_from([0, 1, len(values)]))))
    return FunctionCall(draw(oid), values, codes, draw(code))


requests = st.one_of(
    st.builds(Query, text),
    st.builds(Parse, text, text, st.lists(oid, max_size=5).map(tuple)),
    binds(),
    st.builds(Describe, kind, text),
    st.builds(Execute, text, st.integers(0, 2**31 - 1)),
    st.builds(Close, kind, text),
    st.builds(Flush),
    st.builds(Sync),
    function_calls(),
)
column = st.builds(Column, text, oid, int16, int32, oid, int16, code)
fields = st.dictionaries(st.sampled_from("MDHPW"), text, max_size=4).map(
    lambda found: {"S": "ERROR", "V": "ERROR", **found}
)
formats = st.lists(code, max_size=5).map(tuple)
answers = st.one_of(
    st.builds(RowDescription, st.lists(column, max_size=4).map(tuple)),
    st.builds(CommandComplete, text),
    st.builds(ParameterDescription, st.lists(oid, max_size=5).map(tuple)),
    st.builds(ErrorResponse, fields),
    st.builds(Notice, fields),
    st.builds(Notification, int32, text, text),
    st.builds(ParameterStatus, text, text),
    st.builds(FunctionResult, value),
    st.builds(CopyIn, code, formats),
    st.builds(CopyOut, code, formats),
    st.builds(CopyBoth, code, formats),
    st.sampled_from([NoData(), ParseComplete(), CloseComplete(), PortalSuspended()]),
    st.builds(ReadyForQuery, st.sampled_from("ITE")),
)


def open_client() -> ClientMachine:
    machine = ClientMachine(START, Entropy(SEED), "ann")
    key = framing.backend_key_data(1, b"key!")
    machine.receive_data(START, framing.AUTHENTICATION_OK + key + framing.READY_IDLE)
    machine.next_event()
    machine.data_to_send()
    return machine


@pytest.mark.parametrize("cut", [cut_whole, cut_bytes])
@given(command=requests)
def test_a_servers_event_is_the_clients_command(cut, command: ClientCommand) -> None:
    client, server = open_client(), open_session()
    client.send(START, command)
    events = []
    for piece in cut(client.data_to_send()):
        server.receive_data(START, piece)
        if not isinstance(event := server.next_event(), Stop):
            events.append(event)
    assert [request_of(event) for event in events] == [command]


@pytest.mark.parametrize("cut", [cut_whole, cut_bytes])
@given(command=answers)
def test_a_clients_event_is_the_servers_command(cut, command: ServerCommand) -> None:
    client, server = open_client(), open_session()
    # A CopyBoth answers a simple query, most others a pipeline.
    asked = [Query("")] if isinstance(command, CopyBoth | FunctionResult | ReadyForQuery) else [Parse("", "")]
    for request in asked:
        client.send(START, request)
    server.receive_data(START, client.data_to_send())
    server.next_event()
    server.send(START, command)
    events = []
    for piece in cut(server.data_to_send()):
        client.receive_data(START, piece)
        if not isinstance(event := client.next_event(), Stop):
            events.append(event)
    assert [answer_of(event) for event in events] == [command]


@pytest.mark.parametrize(
    "command",
    [
        CommandComplete("a\0b"),
        CommandComplete("\ud800"),
        ParameterStatus("a\0", ""),
        Notification(1 << 31, "c", ""),
        RowDescription([Column("c", -1)]),
        RowDescription([Column("c", 1, 1 << 15)]),
        RowDescription([Column("c\0", 1)]),
        RowDescription([Column("c", 1)] * 65_536),
        ParameterDescription([1 << 32]),
        ParameterDescription([1] * 65_536),
        CopyIn(0, [1 << 15]),
        CopyOut(128, []),
        CommandComplete(None),  # type: ignore[arg-type]
        FunctionResult("text"),  # type: ignore[arg-type]
        ReadyForQuery("X"),
    ],
    ids=repr,
)
def test_what_cannot_be_encoded_is_the_embedders_mistake_and_changes_nothing(command: ServerCommand) -> None:
    server = open_session()
    server.receive_data(START, framing.query("select 1"))
    server.next_event()
    phase = server.phase
    with pytest.raises(LocalProtocolError, match=type(command).__name__):
        server.send(START, command)
    assert server.data_to_send() == b"" and server.phase is phase


@pytest.mark.parametrize(
    "command",
    [
        Query("a\0b"),
        Parse("", "", [-1]),
        Bind("", "", [b""] * 65_536),
        Bind("", "", [], [1 << 15]),
        Bind("", "", ["text"]),  # type: ignore[list-item]
        Describe("X", ""),
        Close("", ""),
        Execute("", 1 << 31),
        FunctionCall(-1),
        FunctionCall(1, (), (), -1),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_request_that_cannot_be_encoded_is_a_mistake_too(command: ClientCommand) -> None:
    client = open_client()
    with pytest.raises(LocalProtocolError, match=type(command).__name__):
        client.send(START, command)
    assert client.data_to_send() == b"" and client.outstanding == 0
