"""The pollers: what is ready is told with what it is ready for, and the pipe ends the waiting."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from selectors import EVENT_READ, EVENT_WRITE

import pytest
from rustydb_host.polling import READ_AND_WRITE, Epoll, Kqueue, Selecting

POLLERS = [Kqueue, *([Epoll] if hasattr(select, "epoll") else [])]
Pair = tuple[socket.socket, socket.socket]


class Note:
    def ready(self, mask: int) -> None:
        raise AssertionError("nobody calls it here")


class Descriptor:
    """What a poller asks of a socket."""

    def __init__(self, poller: Epoll | Kqueue) -> None:
        self.fileno = poller.fileno


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, two = socket.socketpair()
    with one, two:
        yield one, two


@pytest.fixture(params=POLLERS)
def poller(request: pytest.FixtureRequest) -> Iterator[Epoll | Kqueue]:
    with closing(request.param()) as found:
        yield found


def test_a_socket_is_ready_for_what_is_asked_and_possible(poller: Epoll | Kqueue, pair: Pair) -> None:
    one, two = pair
    note = Note()
    poller.register(one, EVENT_READ, note)
    assert poller.poll(0) == []
    two.send(b"x")
    assert poller.poll(None) == [(note, EVENT_READ)]
    assert poller.poll(0) == [(note, EVENT_READ)], "until it is read"
    poller.modify(one, READ_AND_WRITE, note)
    assert poller.poll(0) == [(note, READ_AND_WRITE)]
    poller.modify(one, EVENT_WRITE, note)
    assert poller.poll(0) == [(note, EVENT_WRITE)]
    poller.unregister(one)
    assert poller.poll(0) == []


def test_a_peer_that_is_gone_makes_a_socket_readable(poller: Epoll | Kqueue, pair: Pair) -> None:
    one, two = pair
    note = Note()
    poller.register(one, EVENT_READ, note)
    two.close()
    ((found, mask),) = poller.poll(None)
    assert found is note and mask & EVENT_READ
    assert one.recv(1) == b""


def test_a_poller_is_readable_when_a_socket_in_it_is(poller: Epoll | Kqueue, pair: Pair) -> None:
    one, two = pair
    poller.register(one, EVENT_READ, Note())
    with closing(POLLERS[0]()) as outer:
        outer.register(Descriptor(poller), EVENT_READ, Note())
        assert outer.poll(0) == []
        two.send(b"x")
        assert len(outer.poll(None)) == 1


def test_waking_ends_the_waiting_once(pair: Pair) -> None:
    with closing(Selecting()) as selecting:
        thread = threading.Thread(target=selecting.wake)
        thread.start()
        ((watched, mask),) = selecting.events(None)
        thread.join()
        watched.ready(mask)
        assert selecting.events(0) == []


def test_waking_a_thousand_times_is_no_trouble() -> None:
    with closing(Selecting()) as selecting:
        for _ in range(100_000):
            selecting.wake()
        while found := selecting.events(0):
            for watched, mask in found:
                watched.ready(mask)
    selecting.wake()
