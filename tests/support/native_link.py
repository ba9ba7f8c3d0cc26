"""A native client over a blocking socket, for tests and benchmarks of a real server."""

from __future__ import annotations

import secrets
import socket
import time
from typing import Any

from rustydb_proto.binary import ClientMachine, Entropy, Now, Stop
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m

TIMEOUT_SECONDS = 120


def now() -> Now:
    return Now(time.monotonic_ns(), time.time_ns() // 1000)


class NativeLink:
    """One connection; `machine` is its protocol."""

    def __init__(self, port: int, **options: Any) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        given = {"user": "admin", "password": "admin", "database": "rustydb"} | options
        self.machine = ClientMachine(now(), Entropy(secrets.token_bytes(32)), **given)
        self.started = self.next()
        assert isinstance(self.started, e.SessionStarted), self.started

    def __enter__(self) -> NativeLink:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *messages: m.Request) -> list[int]:
        """Send requests in one piece; return their numbers."""
        numbers = [self.machine.request(now(), message) for message in messages]
        self.flush()
        return numbers

    def flush(self) -> None:
        """Write what the machine has to say."""
        data = self.machine.data_to_send()
        if data:
            self.socket.sendall(data)

    def next(self) -> e.ClientEvent:
        """Wait for the next event."""
        while isinstance(event := self.machine.next_event(), Stop):
            self.flush()
            self.machine.receive_data(now(), self.socket.recv(1 << 18))
        return event

    def response(self) -> e.ResponseReceived:
        """Wait for the next event, which is a response."""
        event = self.next()
        assert isinstance(event, e.ResponseReceived), event
        return event

    def ask(self, message: m.Request) -> m.Response:
        """Send a request and wait for its only response."""
        (number,) = self.send(message)
        event = self.response()
        assert event.request == number and not event.more, event
        return event.response
