"""What a native peer may not do: malformed frames, sizes, numbers, silence; and what is refused without ending the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from native_support import START, Pair, admit, client, open_pair, server
from pg_support import CUTS

from rustydb_proto.binary import (
    COMPRESSION_NAMES,
    BreakerConfig,
    Circuit,
    CircuitBreaker,
    Limits,
    LocalProtocolError,
    Now,
    Phase,
    ServerMachine,
    Stop,
    TokenBucket,
)
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.compression import COMPRESSIONS
from rustydb_proto.binary.framing import client_preface, frame, pack_header, server_preface, unpack_header
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.schema import REQUEST_CODEC, RESPONSE_CODEC, Encoding
from rustydb_proto.core.time import NS_PER_S

Cut = Callable[[bytes], Iterator[bytes]]
MESSAGEPACK = Encoding.MESSAGEPACK
SMALL = Limits(frame_bytes_max=8000, sql_bytes_max=100, requests_max=3, requests_bytes_max=2000, batch_rows_max=5)


def later(seconds: float) -> Now:
    return Now(int(seconds * NS_PER_S), 0)


def pull(machine: ServerMachine) -> list[e.ServerEvent]:
    events: list[e.ServerEvent] = []
    while not isinstance(event := machine.next_event(), Stop):
        events.append(event)
        admit(machine, event)
    return events


def feed(machine: ServerMachine, data: bytes, cut: Cut) -> list[e.ServerEvent]:
    events = []
    for piece in cut(data):
        machine.receive_data(START, piece)
        events += pull(machine)
    return events


def errors(data: bytes) -> list[tuple[int, m.ErrorFields]]:
    """Return the errors in a server's output, which is in MessagePack."""
    found = []
    position = 0
    while position < len(data):
        length, _, request = unpack_header(data, position)
        message = RESPONSE_CODEC.decode(MESSAGEPACK, data[position + 9 : position + 9 + length])
        if isinstance(message, m.Error):
            found.append((request, message.fields))
        position += 9 + length
    return found


def request(number: int, message: m.Request) -> bytes:
    return frame(number, REQUEST_CODEC.encode(MESSAGEPACK, message))


# ---- the first bytes


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x08\x04\xd2\x16\x2f", b"\xabRDX\1\1\0\0"])
def test_other_protocols_are_not_answered(cut: Cut, data: bytes) -> None:
    machine = server()
    (end,) = feed(machine, data, cut)
    assert isinstance(end, e.ProtocolFailed) and machine.output_ended and machine.data_to_send() == b""


@pytest.mark.parametrize("preface", [client_preface(0, 2, 9), client_preface(7), b"\xabRDB\1\1\0\1"])
def test_a_version_or_encoding_that_we_do_not_speak(preface: bytes) -> None:
    machine = server()
    (end,) = feed(machine, preface, CUTS[0])
    assert isinstance(end, e.ProtocolFailed) and machine.data_to_send() == server_preface(0, 0)


def test_a_client_takes_no_other_server() -> None:
    for data in (b"HTTP/1.1 400 Bad Request\r\n", b"N", server_preface(0, 0), server_preface(1, 1)):
        machine = client()
        machine.receive_data(START, data)
        assert isinstance(machine.next_event(), e.ProtocolFailed)
        assert machine.output_ended


def test_requests_before_the_session_end_the_connection() -> None:
    machine = server()
    events = feed(machine, client_preface(0) + request(1, m.Query("select 1")), CUTS[0])
    assert events == [e.ProtocolFailed("08P01", "Query during the handshake")]


def test_a_frame_of_the_handshake_is_small() -> None:
    machine = server()
    events = feed(machine, client_preface(0) + pack_header(70_000, 0, 0), CUTS[0])
    assert events == [e.ProtocolFailed("08P01", "a frame of 70000 bytes is over the limit of 65536")]


# ---- frames and numbers


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pack_header(8001, 0, 1), "a frame of 8001 bytes is over the limit of 8000"),
        (pack_header(0xFFFFFFFF, 0, 1), "a frame of 4294967295 bytes is over the limit of 8000"),
        (pack_header(1, 4, 1), "a frame has the unknown flags 0x04"),
        (frame(1, b"\x91\4", 2), "a client's frame has the flag for more responses"),
        (frame(1, b"\0\0\0\0", 1), "a frame is compressed, which was not agreed"),
        (request(0, m.Query("")), "Query with request number 0, which is the connection's"),
        (request(1, m.Query("")) + request(1, m.Query("")), "Query with request number 1, which is in use"),
        (request(1, m.Query("")) + frame(1, b"\xc1"), "MessagePack type 0xC1 is not used by the protocol"),
        (request(0, m.Authenticate(b"")), "Authenticate after the handshake"),
    ],
)
def test_what_ends_the_connection(cut: Cut, data: bytes, reason: str) -> None:
    machine = open_pair(limits=SMALL).server
    (*_, end) = feed(machine, data, cut)
    assert isinstance(end, e.ProtocolFailed) and machine.output_ended and machine.phase is Phase.CLOSED
    assert end.message == reason or reason.startswith("MessagePack")
    ((number, fields),) = errors(machine.data_to_send())
    assert (number, fields.severity, fields.message) == (0, "FATAL", end.message)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("message", "sqlstate"),
    [
        (m.Query("x" * 101), "54000"),
        (m.Query("ü" * 51), "54000"),
        (m.Batch((m.Statement("select 1"), m.Statement("x" * 101))), "54000"),
        (m.BulkInsert("t", (), ((1,),) * 6), "54000"),
        (m.Extension("x-nix", b""), "0A000"),
    ],
)
def test_what_is_refused_and_the_connection_goes_on(cut: Cut, message: m.Request, sqlstate: str) -> None:
    machine = open_pair(limits=SMALL).server
    events = feed(machine, request(5, message) + request(6, m.Query("select 1")), cut)
    assert isinstance(events[0], e.RequestRejected) and (events[0].request, events[0].sqlstate) == (5, sqlstate)
    assert events[1] == e.RequestReceived(6, m.Query("select 1"))
    ((number, fields),) = errors(machine.data_to_send())
    assert (number, fields.severity, fields.sqlstate) == (5, "ERROR", sqlstate)


def test_a_malformed_request_is_answered() -> None:
    machine = open_pair().server
    (rejected, good) = feed(machine, frame(3, b"\x92\0\xc3") + request(4, m.Query("")), CUTS[0])
    assert rejected == e.RequestRejected(3, "08P01", "a string expected, not bool") and good == e.RequestReceived(
        4, m.Query("")
    )


def test_only_so_many_requests_are_open() -> None:
    machine = open_pair(limits=SMALL).server
    events = feed(machine, b"".join(request(n, m.Query("w")) for n in range(1, 6)), CUTS[0])
    assert [type(event).__name__ for event in events] == ["RequestReceived"] * 3 + ["RequestRejected"] * 2
    assert [fields.sqlstate for _, fields in errors(machine.data_to_send())] == ["53400"] * 2
    machine.answer(2, m.Ok())
    assert feed(machine, request(4, m.Query("w")), CUTS[0]) == [e.RequestReceived(4, m.Query("w"))]


def test_only_so_many_bytes_of_requests_are_open() -> None:
    machine = open_pair(limits=SMALL).server
    big = m.Execute("s", ("x" * 1500,))
    events = feed(machine, request(1, big) + request(2, big), CUTS[0])
    assert events == [
        e.RequestReceived(1, big),
        e.RequestRejected(2, "53400", "more than 2000 bytes of requests at once"),
    ]
    machine.answer(1, m.Ok())
    assert feed(machine, request(2, big), CUTS[0]) == [e.RequestReceived(2, big)]


def test_the_client_keeps_the_limits_that_it_was_told() -> None:
    pair = open_pair(limits=SMALL)
    assert pair.client.capacity == 3
    with pytest.raises(LocalProtocolError, match="limit of 100 bytes"):
        pair.client.request(START, m.Query("x" * 101))
    with pytest.raises(LocalProtocolError, match="the server takes 5"):
        pair.client.request(START, m.BulkInsert("t", (), ((1,),) * 6))
    with pytest.raises(LocalProtocolError, match="frame limit of 8000"):
        pair.client.request(START, m.Execute("s", ("x" * 9000,)))
    for _ in range(3):
        pair.client.request(START, m.Query("w"))
    with pytest.raises(LocalProtocolError, match="not answered yet"):
        pair.client.request(START, m.Query("w"))
    pair.client.request(START, m.Cancel(1))
    with pytest.raises(LocalProtocolError, match="is not sent by"):
        pair.client.request(START, m.Credit(1))


def test_a_server_cannot_answer_what_was_not_asked() -> None:
    for data in (
        frame(9, RESPONSE_CODEC.encode(MESSAGEPACK, m.Ok())),
        frame(0, RESPONSE_CODEC.encode(MESSAGEPACK, m.Ok())),
        frame(0, b"\xc1"),
        pack_header(1 << 31, 0, 0),
    ):
        machine = open_pair().client
        machine.receive_data(START, data)
        assert isinstance(machine.next_event(), e.ProtocolFailed) and machine.output_ended


def test_mistakes_of_the_embedder() -> None:
    pair = open_pair(limits=SMALL)
    pair.ask(m.Query("w"))
    machine = pair.server
    for command, words in (
        (e.Answer(7, m.Ok()), "request 7 is not open"),
        (e.Answer(1, m.Welcome("", "", 0, 0, 0, 0, 0, 0, 0, (), "", b"")), "Welcome answers no request"),
        (e.Answer(1, m.Granted(1)), "never the last"),
        (e.Answer(1, m.Rows(()), True), "no credit"),
        (e.Answer(1, m.QueryResult((), (("x" * 9000,),), 0, "")), "over the frame limit"),
        (e.Answer(1, m.QueryResult((), ((1 << 70,),), 0, "")), "cannot be encoded"),
        (e.Authenticate("trust"), "Authenticate while OPEN"),
    ):
        with pytest.raises(LocalProtocolError, match=words):
            machine.send(START, command)
    machine.data_to_send()
    machine.send(START, e.Answer(1, m.Ok()))
    assert pair.run() == [e.ResponseReceived(1, m.Ok(), False)]


# ---- compression


@pytest.mark.parametrize("name", COMPRESSION_NAMES)
def test_what_expands_is_bounded(name: str) -> None:
    one = COMPRESSIONS[name]
    body = one.compress(b"x" * 100_000)
    assert body is not None and one.expand(body, 100_000) == b"x" * 100_000
    with pytest.raises(MalformedError, match="the limit is 99999"):
        one.expand(body, 99_999)
    for wrong in (body[:4], body[:10], b"\0\0\0\0" + body[4:], b"\x9f\x86\1\0" + body[4:], b"", b"\5\0\0\0hello"):
        with pytest.raises(MalformedError):
            one.expand(wrong, 100_000)
    assert one.compress(bytes(range(256))) is None, "it would not be shorter"


@pytest.mark.skipif("zstd" not in COMPRESSIONS, reason="cramjam is not installed")
@pytest.mark.parametrize("head", ["00a8", "60ffffff7f", "a0ffffff7f", "e0ffffffffffffff7f"])
def test_a_zstd_frame_cannot_ask_for_a_large_window(head: str) -> None:
    with pytest.raises(MalformedError, match="zstd"):
        COMPRESSIONS["zstd"].expand(b"\x10\0\0\0\x28\xb5\x2f\xfd" + bytes.fromhex(head) + bytes(20), 1 << 20)


# ---- time


def test_a_handshake_has_its_time() -> None:
    machine = server()
    machine.receive_data(START, client_preface(0))
    assert machine.deadline() == 30 * NS_PER_S and isinstance(machine.next_event(), Stop)
    machine.handle_timeout(later(29))
    assert isinstance(machine.next_event(), Stop)
    machine.handle_timeout(later(30))
    assert machine.next_event() == e.ProtocolFailed("57014", "canceling the handshake due to timeout")
    assert [fields.sqlstate for _, fields in errors(machine.data_to_send()[8:])] == ["57014"]
    waiting = client()
    waiting.handle_timeout(later(30))
    assert isinstance(waiting.next_event(), e.ProtocolFailed)


def test_an_idle_client_goes_but_one_that_waits_stays() -> None:
    pair = open_pair()
    machine = pair.server
    machine.receive_data(later(500), request(1, m.Query("w")))
    assert pull(machine)
    machine.handle_timeout(later(600))
    machine.handle_timeout(later(1300))
    assert isinstance(machine.next_event(), Stop), "a request is open"
    machine.answer(1, m.Ok())
    deadline = machine.deadline()
    assert deadline is not None
    machine.handle_timeout(Now(deadline, 0))
    assert machine.next_event() == e.ProtocolFailed("57P05", "terminating connection due to idle-session timeout")
    assert open_pair(limits=Limits(idle_ns=0)).server.deadline() is None


def test_heartbeats() -> None:
    pair = open_pair(heartbeat_ms=10_000)
    assert pair.server.deadline() == 10 * NS_PER_S
    pair.server.handle_timeout(later(10))
    beat = pair.server.data_to_send()
    pair.client.receive_data(later(10), beat)
    assert isinstance(pair.client.next_event(), Stop)
    pair.server.receive_data(later(10), pair.client.data_to_send())
    assert isinstance(pair.server.next_event(), Stop)
    pair.client.handle_timeout(later(30))
    assert isinstance(pair.client.next_event(), Stop), "it was heard at 10 s"
    pair.client.handle_timeout(later(35))
    assert pair.client.next_event() == e.ProtocolFailed("08006", "the server has stopped sending heartbeats")
    for seconds in (20, 30):
        pair.server.handle_timeout(later(seconds))
        assert isinstance(pair.server.next_event(), Stop)
    pair.server.handle_timeout(later(40))
    assert pair.server.next_event() == e.ProtocolFailed("08006", "the client has stopped answering heartbeats")


def test_a_heartbeat_of_the_client_is_answered() -> None:
    machine = open_pair().server
    machine.receive_data(START, request(0, m.Heartbeat(5)))
    assert isinstance(machine.next_event(), Stop)
    assert RESPONSE_CODEC.decode(MESSAGEPACK, machine.data_to_send()[9:]) == m.Heartbeat(5, True)


def test_requests_a_second_are_limited() -> None:
    pair = open_pair(limits=Limits(requests_per_s=10, requests_burst=2))
    machine = pair.server
    events = feed(machine, b"".join(request(n, m.Query("")) for n in range(1, 4)), CUTS[0])
    assert [type(event).__name__ for event in events] == ["RequestReceived", "RequestReceived", "RequestRejected"]
    ((_, fields),) = errors(machine.data_to_send())
    assert (fields.sqlstate, fields.hint) == ("53400", "Try again in 100 ms.")
    machine.receive_data(later(0.1), request(3, m.Query("")))
    assert pull(machine) == [e.RequestReceived(3, m.Query(""))]


def test_a_token_bucket_loses_nothing_to_rounding() -> None:
    bucket = TokenBucket(START, 3, 1)
    assert bucket.take(START) == 0
    wait_ns = bucket.take(START)
    assert wait_ns == 333_333_334
    assert bucket.take(Now(wait_ns - 1, 0)) == 1
    assert bucket.take(Now(wait_ns, 0)) == 0
    taken = sum(bucket.take(later(1 + n / 100)) == 0 for n in range(1000))
    assert 30 <= taken <= 31


def test_a_circuit_breaker() -> None:
    breaker = CircuitBreaker(BreakerConfig(failure_threshold=2, success_threshold=2, timeout_ns=30 * NS_PER_S))
    breaker.failed(START)
    breaker.succeeded()
    breaker.failed(START)
    assert breaker.state is Circuit.CLOSED and breaker.allow(START), "not in a row"
    breaker.failed(START)
    assert (
        breaker.state is Circuit.OPEN
        and not breaker.allow(later(29.9))
        and breaker.retry_ns(later(10)) == 20 * NS_PER_S
    )
    assert breaker.allow(later(30)) and not breaker.allow(later(30)), "one at a time"
    breaker.failed(later(31))
    assert breaker.state is Circuit.OPEN and not breaker.allow(later(60))
    for seconds in (61, 62):
        assert breaker.state is not Circuit.CLOSED and breaker.allow(later(seconds))
        breaker.succeeded()
    assert breaker.state is Circuit.CLOSED and breaker.retry_ns(later(62)) == 0


# ---- the end


@pytest.mark.parametrize("cut", CUTS)
def test_the_end_of_file(cut: Cut) -> None:
    for data, clean in ((b"", True), (request(1, m.Query("")), True), (request(1, m.Query(""))[:-1], False)):
        machine = open_pair().server
        feed(machine, data, cut)
        machine.receive_data(START, b"")
        assert machine.next_event() == e.ConnectionEnded(clean) and machine.output_ended


def test_backlogged_says_when_to_stop_reading() -> None:
    limits = Limits(backlog_bytes_max=1000)
    machine = open_pair(limits=limits).server
    machine.receive_data(START, b"".join(request(n, m.Query("x" * 50)) for n in range(1, 50)))
    assert machine.backlogged and machine.pending
    pull(machine)
    assert not machine.backlogged and not machine.pending
    machine.receive_data(START, request(60, m.Query("x" * 3000))[:2000])
    assert not machine.backlogged, "the rest of the frame is awaited"


def test_unread_bytes_can_be_taken() -> None:
    pair = Pair(client(), server())
    pair.run()
    pair.server.receive_data(START, b"abc")
    assert pair.server.take_unread() == (b"abc", False)
