"""Work grows with the input and not faster: the executed lines of hostile inputs, of a size and of twice that size, are counted.

A count does not depend on the machine. That time is linear in the bytes that single operations touch (slices, joins) is
seen by the count of bytes that are held: see `unread_bytes` in fuzz/pg_server.py and fuzz/pg_client.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

import pytest
from pg_support import SEED, START, STARTUP, cut_bytes, cut_whole, open_session, server

from rustydb_proto.pg import (
    ClientMachine,
    CopyIn,
    Entropy,
    MessageStream,
    ParseReceived,
    Query,
    QueryReceived,
    ServerMachine,
    Stop,
    SyncReceived,
    error_fields,
    framing,
)
from rustydb_proto.pg import ErrorResponse as Failure

RATIO_MAX = 2.4


def lines_executed(work: Callable[[], object]) -> int:
    """Return how many lines of Python run during `work`."""
    count = 0

    def local(frame: FrameType, event: str, argument: object) -> object:
        nonlocal count
        count += event == "line"
        return local

    sys.settrace(lambda frame, event, argument: local)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


def serve(machine: ServerMachine, data: bytes, cut: Callable[[bytes], object]) -> None:
    for piece in cut(data):  # type: ignore[attr-defined]  # an iterator
        machine.receive_data(START, piece)
        while not isinstance(event := machine.next_event(), Stop):
            match event:
                case QueryReceived(sql):
                    machine.send(START, CopyIn(0, [0])) if sql == "copy" else machine.ready("I")
                case ParseReceived("fail"):
                    machine.send(START, Failure(error_fields("ERROR", "42601", "no")))
                case SyncReceived():
                    machine.ready("I")


SESSIONS: dict[str, Callable[[int], bytes]] = {
    "queries": lambda n: framing.query("x") * n,
    "a long query": lambda n: framing.query("x" * n * 20),
    "many parameters": lambda n: framing.bind("", "", [b""] * min(n * 10, 60_000)) + framing.SYNC,
    "many types": lambda n: framing.parse("", "", [0] * min(n * 10, 60_000)) + framing.SYNC,
    "copy data of one length": lambda n: framing.query("copy") + framing.copy_data(b"abc") * n + framing.COPY_DONE,
    "copy data of two lengths": lambda n: (
        framing.query("copy") + (framing.copy_data(b"a") * 2 + framing.copy_data(b"")) * n
    ),
    "skipped messages": lambda n: framing.parse("fail", "") + framing.bind("", "", [b"x" * 20]) * n,
    "copy data outside of a copy": lambda n: framing.copy_data(b"x") * n,
    "malformed messages": lambda n: framing.message(b"Q", b"") * n,
}


@pytest.mark.parametrize("cut", [cut_whole, cut_bytes])
@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_works_in_proportion_to_its_bytes(name: str, cut) -> None:
    counts = [lines_executed(partial(serve, open_session(), SESSIONS[name](n), cut)) for n in (200, 400)]
    assert counts[1] <= RATIO_MAX * counts[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda n: framing.startup({"user": "ann"} | {f"p{number}": "" for number in range(n)}),
        lambda n: framing.startup({"user": "ann", "options": "-c a=b " * n}),
        lambda n: framing.startup({"user": "ann", "options": "\\" * n * 4}),
        lambda n: framing.startup({"user": "ann"} | {f"_pq_.{number}": "" for number in range(n)}),
    ],
)
def test_a_startup_packet_is_read_in_proportion_to_its_bytes(make) -> None:
    counts = [lines_executed(partial(serve, server(), make(n), cut_bytes)) for n in (200, 400)]
    assert counts[1] <= RATIO_MAX * counts[0]


ANSWERS: dict[str, Callable[[int], bytes]] = {
    "rows": lambda n: framing.data_row([b"1", None]) * n,
    "a wide row": lambda n: framing.data_row([None] * n * 10),
    "a wide description": lambda n: framing.message(b"T", (n * 5).to_bytes(2, "big") + (b"\0" + bytes(18)) * n * 5),
    "notices": lambda n: framing.notice_response({"M": "x"}) * n,
    "a notice of many fields": lambda n: framing.message(b"N", b"Mx\0" * n * 10 + b"\0"),
    "parameters": lambda n: framing.parameter_status("a", "b") * n,
}


@pytest.mark.parametrize("cut", [cut_whole, cut_bytes])
@pytest.mark.parametrize("name", ANSWERS)
def test_a_client_works_in_proportion_to_what_it_is_told(name: str, cut) -> None:
    def listen(data: bytes) -> None:
        machine = ClientMachine(START, Entropy(SEED), "ann")
        key = framing.backend_key_data(1, b"key!")
        machine.receive_data(START, framing.AUTHENTICATION_OK + key + framing.READY_IDLE)
        machine.next_event()
        machine.send(START, Query("x"))
        for piece in cut(data):
            machine.receive_data(START, piece)
            while not isinstance(machine.next_event(), Stop):
                pass

    counts = [lines_executed(partial(listen, ANSWERS[name](n))) for n in (200, 400)]
    assert counts[1] <= RATIO_MAX * counts[0]


@pytest.mark.parametrize("cut", [cut_whole, cut_bytes])
def test_a_stream_works_in_proportion_to_its_bytes(cut) -> None:
    def read(data: bytes) -> None:
        stream = MessageStream("client")
        for piece in cut(data):
            stream.feed(piece)
            while stream.next_message() is not None:
                pass

    counts = [lines_executed(partial(read, STARTUP + framing.query("x" * 10) * n)) for n in (200, 400)]
    assert counts[1] <= RATIO_MAX * counts[0]
