"""Conversations of both halves of the native protocol, whole, byte by byte and in pieces, in every encoding and compression."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from native_support import COLUMN, START, Pair, client, open_pair, server
from pg_support import CUTS

from rustydb_proto.binary import (
    COMPRESSION_NAMES,
    Encoding,
    ExtensionRegistry,
    Limits,
    LocalProtocolError,
    Phase,
    ServerMachine,
)
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m

Cut = Callable[[bytes], Iterator[bytes]]
ENCODINGS = ("messagepack", "bincode")


def echo(machine: ServerMachine, event: e.ServerEvent) -> None:
    """Answer an Execute with its parameters as a row."""
    match event:
        case e.RequestReceived(request, m.Execute(_, parameters)):
            machine.answer(request, m.QueryResult((COLUMN,) * len(parameters), (parameters,), 1, "SELECT 1"))
        case e.RequestReceived(request, m.Query()):
            machine.answer(request, m.Error(m.ErrorFields("no", "42601", position=3)))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("compression", ["none", *COMPRESSION_NAMES])
def test_a_conversation(cut: Cut, encoding: str, compression: str) -> None:
    offers = () if compression == "none" else (compression,)
    pair = open_pair(echo, cut, encodings=(encoding,), compressions=offers)
    long = "x" * 3000
    assert pair.ask(m.Execute("select $1", (1, long)), m.Query("select"), m.Ping()) == [
        e.ResponseReceived(1, m.QueryResult((COLUMN, COLUMN), ((1, long),), 1, "SELECT 1"), False),
        e.ResponseReceived(2, m.Error(m.ErrorFields("no", "42601", position=3)), False),
        e.ResponseReceived(3, m.Pong(), False),
    ]
    assert pair.server_events[:2] == [
        e.HelloReceived("ann", "", "", (), "SCRAM-SHA-256"),
        e.Authenticated("ann", "SCRAM-SHA-256"),
    ]
    pair.client.send(START, m.Goodbye())
    pair.run()
    assert pair.server_events[-1] == e.Terminated() and pair.server.output_ended and pair.client.output_ended


def test_what_the_handshake_agrees_on() -> None:
    registry = ExtensionRegistry({"x-trace": "spans", "x-other": "else"})
    machine = server(extensions=registry, limits=Limits(frame_bytes_max=1 << 20))
    pair = Pair(
        client(
            database="shop",
            application_name="app",
            settings=(("TimeZone", "UTC"),),
            encodings=("messagepack", "bincode"),
            extensions=("x-none", "x-trace", "x-trace"),
            limits=Limits(frame_bytes_max=50_000),
        ),
        machine,
    )
    assert pair.run() == [e.SessionStarted(7, "RustyDB", (("TimeZone", "UTC"),), "messagepack", "none", ("x-trace",))]
    assert pair.server_events[0] == e.HelloReceived("ann", "shop", "app", (("TimeZone", "UTC"),), "SCRAM-SHA-256")
    welcome = pair.client.limits
    assert welcome is not None and welcome.frame_bytes_max == machine.frame_bytes_max == 50_000
    assert (welcome.sql_bytes_max, welcome.requests_max) == (50_000, 1024)


def test_the_first_encoding_offered_is_that_of_the_handshake_and_after() -> None:
    pair = open_pair(echo, encodings=("bincode", "messagepack"))
    assert pair.client.encoding is pair.server.encoding is Encoding.BINCODE


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [("ann", "wrong", 'password authentication failed for user "ann"'), ("bob", "pencil", None)],
)
def test_a_wrong_password_and_an_unknown_user_look_the_same(
    cut: Cut, user: str, password: str, reason: str | None
) -> None:
    pair = Pair(client(user=user, password=password), server(), cut=cut)
    said = f'password authentication failed for user "{user}"'
    assert pair.run() == [e.AuthenticationFailed(user, said, "28P01")]
    assert pair.server_events[-1] == e.AuthenticationFailed(user, "SCRAM proof does not match", "28P01")
    assert pair.server.output_ended and pair.client.output_ended


class Tokens:
    """An application that takes tokens."""

    def __call__(self, machine: ServerMachine, event: e.ServerEvent) -> None:
        match event:
            case e.TokenReceived("good"):
                machine.send(START, e.AcceptUser("zoe"))
            case e.TokenReceived():
                machine.send(START, e.RejectUser("token expired"))


def let_in(pair: Pair, method: str, application: Callable[[ServerMachine, e.ServerEvent], None]) -> list[e.ClientEvent]:
    def serve(machine: ServerMachine, event: e.ServerEvent) -> None:
        if isinstance(event, e.HelloReceived):
            machine.send(START, e.Authenticate(method))
        elif isinstance(event, e.Authenticated):
            machine.send(START, e.SessionReady(1, "RustyDB"))
        application(machine, event)

    events: list[e.ClientEvent] = []
    while upstream := pair.client.data_to_send():
        pair.server.receive_data(START, upstream)
        while isinstance(event := pair.server.next_event(), e.ServerEvent):  # type: ignore[arg-type, misc]
            pair.server_events.append(event)
            serve(pair.server, event)
        pair.client.receive_data(START, pair.server.data_to_send())
        while isinstance(answer := pair.client.next_event(), e.ClientEvent):  # type: ignore[arg-type, misc]
            events.append(answer)
    return events


def test_a_token() -> None:
    pair = Pair(client(user="", password=None, token="good"), server())
    assert isinstance(let_in(pair, "token", Tokens())[0], e.SessionStarted)
    assert e.Authenticated("zoe", "TOKEN") in pair.server_events
    pair = Pair(client(user="", password=None, token="bad"), server())
    assert let_in(pair, "token", Tokens()) == [e.AuthenticationFailed("", "token expired", "28000")]
    pair = Pair(client(), server())
    failure = let_in(pair, "token", Tokens())
    assert failure == [e.AuthenticationFailed("ann", "mechanism 'SCRAM-SHA-256' is not accepted, TOKEN is", "28000")]


def test_trust() -> None:
    pair = Pair(client(), server())
    assert isinstance(let_in(pair, "trust", Tokens())[0], e.SessionStarted)


def test_channel_binding() -> None:
    both = b"hash of the certificate"
    pair = Pair(client(channel_binding=both), server(channel_binding=both))
    assert isinstance(pair.run()[-1], e.SessionStarted)
    assert pair.server_events[1] == e.Authenticated("ann", "SCRAM-SHA-256-PLUS")
    pair = Pair(client(channel_binding=b"of another"), server(channel_binding=both))
    assert pair.run() == [e.AuthenticationFailed("ann", "SCRAM channel binding check failed", "28000")]
    pair = Pair(client(channel_binding=both), server())
    assert isinstance(pair.run()[-1], e.AuthenticationFailed)


@pytest.mark.parametrize("cut", CUTS)
def test_responses_come_in_any_order_and_carry_the_number(cut: Cut) -> None:
    waiting: list[tuple[int, Any]] = []

    def later(machine: ServerMachine, event: e.ServerEvent) -> None:
        if isinstance(event, e.RequestReceived):
            waiting.append((event.request, event.message))

    pair = open_pair(later, cut)
    assert pair.ask(*[m.Execute(f"select {number}") for number in range(5)]) == []
    assert pair.server.open_requests == (1, 2, 3, 4, 5)
    for request, _ in reversed(waiting):
        pair.server.send(START, e.Answer(request, m.Ok()))
    assert [event.request for event in pair.run() if isinstance(event, e.ResponseReceived)] == [5, 4, 3, 2, 1]
    assert pair.server.open_requests == () == pair.client.open_requests


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_result_streams_with_credit(cut: Cut, encoding: str) -> None:
    left = {"rows": 7}

    def stream(machine: ServerMachine, event: e.ServerEvent) -> None:
        match event:
            case e.RequestReceived(request):
                machine.answer(request, m.Columns((COLUMN,)), more=True)
            case e.CreditGranted(request):
                pass
            case _:
                return
        while machine.credit(request) and left["rows"]:
            machine.answer(request, m.Rows(((left["rows"],),)), more=True)
            left["rows"] -= 1
        if not left["rows"]:
            machine.answer(request, m.Completed(7, "SELECT 7"))

    pair = open_pair(stream, cut, encodings=(encoding,))
    first = pair.ask(m.Execute("select", (), m.Options(credit=2)))
    assert [type(event.response) for event in first if isinstance(event, e.ResponseReceived)] == [
        m.Columns,
        m.Rows,
        m.Rows,
    ]
    assert left["rows"] == 5
    pair.client.credit(START, 1, 1)
    assert pair.run() == [e.ResponseReceived(1, m.Rows(((5,),)), True)]
    pair.client.credit(START, 1, 100)
    rest = pair.run()
    assert rest[-1] == e.ResponseReceived(1, m.Completed(7, "SELECT 7"), False) and len(rest) == 5
    pair.client.credit(START, 1, 1)
    assert pair.run() == []


def test_credit_can_be_in_bytes() -> None:
    pair = open_pair()
    pair.ask(m.Execute("select", (), m.Options(credit=10, credit_bytes=60)))
    row = m.Rows((("x" * 40,),))
    pair.server.answer(1, row, more=True)
    assert pair.server.credit(1) == 9
    pair.server.answer(1, row, more=True)
    assert pair.server.credit(1) == 0, "the bytes are used up"
    with pytest.raises(LocalProtocolError, match="request 1 has no credit"):
        pair.server.answer(1, row, more=True)
    pair.client.credit(START, 1, 0, 1000)
    pair.run()
    assert pair.server.credit(1) == 8


def test_a_server_that_sends_more_rows_than_granted_is_cut_off() -> None:
    pair = open_pair()
    pair.ask(m.Execute("select"))
    rows = pair.server.encode(m.Rows(((1,),)))
    pair.server.answer_body(1, rows, more=True)
    assert pair.run() == [e.ProtocolFailed("08P01", "Rows without credit for request 1")]


@pytest.mark.parametrize("cut", CUTS)
def test_an_upload_is_paced_by_grants(cut: Cut) -> None:
    got: list[m.Row] = []

    def take(machine: ServerMachine, event: e.ServerEvent) -> None:
        match event:
            case e.RequestReceived(request, m.BulkInsert(_, _, rows, more) | m.BulkRows(rows, more)):
                got.extend(rows)
                if not more:
                    machine.answer(request, m.Completed(len(got), f"INSERT 0 {len(got)}"))
                elif len(got) % 2 == 0:
                    machine.answer(request, m.Granted(2), more=True)

    pair = open_pair(take, cut, Limits(upload_batches=2))
    request = pair.client.request(START, m.BulkInsert("t", ("a",), ((0,),), True))
    pair.run()
    assert pair.client.upload_capacity(request) == 2
    for number in range(1, 3):
        pair.client.upload(START, request, m.BulkRows(((number,),), True))
    with pytest.raises(LocalProtocolError, match="than the server granted"):
        pair.client.upload(START, request, m.BulkRows(((9,),), True))
    assert pair.run() == [e.ResponseReceived(request, m.Granted(2), True)]
    pair.client.upload(START, request, m.BulkRows(((3,),), False))
    assert pair.run()[-1] == e.ResponseReceived(request, m.Completed(4, "INSERT 0 4"), False)
    assert got == [(0,), (1,), (2,), (3,)]
    with pytest.raises(LocalProtocolError, match="no BulkInsert"):
        pair.client.upload(START, request, m.BulkRows((), False))


def test_rows_of_an_upload_that_has_failed_are_dropped() -> None:
    pair = open_pair()
    request = pair.client.request(START, m.BulkInsert("t", (), ((0,),), True))
    pair.client.upload(START, request, m.BulkRows(((1,),), False))
    upstream = pair.client.data_to_send()
    pair.server.receive_data(START, upstream)
    assert isinstance(pair.server.next_event(), e.RequestReceived)
    pair.server.answer(request, m.Error(m.ErrorFields("no such table", "42P01")))
    assert pair.run() == [e.ResponseReceived(request, m.Error(m.ErrorFields("no such table", "42P01")), False)]
    assert pair.server.phase is Phase.OPEN and pair.server.open_requests == ()


def test_cancel() -> None:
    pair = open_pair()
    pair.ask(m.Execute("select pg_sleep(9)"))
    assert pair.ask(m.Cancel(1), m.Cancel(77)) == [
        e.ResponseReceived(2, m.Ok(), False),
        e.ResponseReceived(3, m.Ok(), False),
    ]
    assert pair.server_events[-1] == e.CancelReceived(1)


def test_notifications_have_number_zero() -> None:
    pair = open_pair()
    for message in (m.Notified("c", "p", 7), m.Changed(1, 1, 5, None, (1, "x")), m.SettingChanged("TimeZone", "UTC")):
        pair.server.send(START, e.Notify(message))
        assert pair.run() == [e.NotificationReceived(message)]
    with pytest.raises(LocalProtocolError, match="Ok answers a request"):
        pair.server.send(START, e.Notify(m.Ok()))


def test_the_server_ends_the_connection_and_says_why() -> None:
    pair = open_pair()
    fields = m.ErrorFields("terminating connection due to administrator command", "57P01", "FATAL")
    pair.server.send(START, e.Fail(fields))
    assert pair.run() == [e.ConnectionFailed(fields)]
    assert pair.server.output_ended and pair.client.output_ended


def test_extensions_must_be_agreed() -> None:
    pair = Pair(client(extensions=("x-trace",)), server(extensions=ExtensionRegistry({"x-trace": "spans"})))
    pair.run()
    assert pair.ask(m.Extension("x-trace", b"1")) == []
    pair.server.answer(1, m.ExtensionReply("x-trace", b"2"))
    assert pair.run() == [e.ResponseReceived(1, m.ExtensionReply("x-trace", b"2"), False)]
    (refused,) = pair.ask(m.Extension("x-else", b"1"))
    assert isinstance(refused, e.ResponseReceived) and isinstance(refused.response, m.Error)
    assert refused.response.fields.sqlstate == "0A000"
    for name in ("X", "", "a b"):
        with pytest.raises(ValueError, match="lower-case"):
            ExtensionRegistry({name: ""})
