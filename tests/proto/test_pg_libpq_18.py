"""What libpq can do since version 17 and 18: protocol 3.2 with long keys, negotiation, TLS from the first byte."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pg_support import SEED, START

from rustydb_proto import pg, tls

psycopg = pytest.importorskip("psycopg")
if psycopg.pq.version() < 180000:
    pytest.skip("libpq is older than 18", allow_module_level=True)

KEY = bytes(range(1, 65))


def answer(event: pg.ServerEvent, key: bytes) -> list[pg.ServerCommand]:
    match event:
        case pg.StartupReceived():
            return [pg.Authenticate("scram-sha-256", "pencil")]
        case pg.Authenticated():
            return [pg.SessionReady({"server_version": "18.0", "client_encoding": "UTF8"}, 7, key)]
        case pg.QueryReceived():
            return [pg.EmptyQuery(), pg.ReadyForQuery("I")]
    return []


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Accept connections, each in a thread of its own."""

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=[connection], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def converse(connection: socket.socket, minor_max: int, heard: queue.SimpleQueue[pg.ServerEvent]) -> None:
    machine = pg.ServerMachine(START, pg.Entropy(SEED), minor_max=minor_max)
    with connection:
        while not machine.output_ended:
            machine.receive_data(START, connection.recv(65536))
            while not isinstance(event := machine.next_event(), pg.Stop):
                heard.put(event)
                for command in answer(event, KEY if minor_max else KEY[:4]):
                    machine.send(START, command)
            connection.sendall(machine.data_to_send())


@pytest.mark.parametrize(("minor_max", "least"), [(2, "3.2"), (0, "3.0")])
def test_the_newest_version_that_both_speak_is_spoken(minor_max: int, least: str) -> None:
    heard: queue.SimpleQueue[pg.ServerEvent] = queue.SimpleQueue()
    with listening(lambda connection: converse(connection, minor_max, heard)) as port:
        where = f"host=127.0.0.1 port={port} user=ann password=pencil sslmode=disable"
        versions = f"min_protocol_version={least} max_protocol_version=latest"
        with psycopg.connect(f"{where} {versions}", autocommit=True) as connection:
            assert connection.pgconn.full_protocol_version == 30000 + minor_max
            connection.execute("")
            connection.cancel_safe()  # `cancel` would hold the interpreter while the server, in this process, is to answer
        events = []
        while not isinstance(event := heard.get(timeout=20), pg.CancelReceived):
            events.append(event)
    started = events[0]
    assert isinstance(started, pg.StartupReceived) and started.minor == minor_max
    assert event == pg.CancelReceived(7, KEY if minor_max else KEY[:4])


def test_tls_may_begin_with_the_first_byte() -> None:
    pytest.importorskip("cryptography")
    from tests.support.certificates import Authority

    issued = Authority().issue("localhost", names=["localhost", "127.0.0.1"])
    context = issued.context(alpn=["postgresql"])

    def serve(connection: socket.socket) -> None:
        layer = tls.TlsMachine(START, context)
        machine = pg.ServerMachine(START, pg.Entropy(SEED), tls=True)
        with connection:
            while not (machine.output_ended or layer.output_ended):
                layer.receive_data(START, connection.recv(65536))
                while not isinstance(event := layer.next_event(), pg.Stop):
                    if isinstance(event, tls.HandshakeCompleted):
                        assert event.alpn == "postgresql"
                        machine.tls_started(event.channel_binding)
                        continue
                    machine.receive_data(START, event.data if isinstance(event, tls.DataReceived) else b"")
                    while not isinstance(asked := machine.next_event(), pg.Stop):
                        for command in answer(asked, KEY[:4]):
                            machine.send(START, command)
                    if layer.open:
                        layer.write(machine.data_to_send())
                connection.sendall(layer.data_to_send())

    with listening(serve) as port:
        where = f"host=127.0.0.1 port={port} user=ann password=pencil channel_binding=require"
        with psycopg.connect(f"{where} sslmode=require sslnegotiation=direct", autocommit=True) as connection:
            assert connection.pgconn.ssl_in_use
            connection.execute("")
