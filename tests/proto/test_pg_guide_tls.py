"""The guide's recipe for TLS, spoken to by psql, psycopg (with channel binding) and our own client half."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from pg_support import SEED, START
from test_pg_guide import program

from rustydb_proto import pg, tls

pytest.importorskip("cryptography")
from tests.support.certificates import Authority, client_context

AUTHORITY = Authority()
SERVER = AUTHORITY.issue("db.example", names=["db.example", "127.0.0.1"])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve `Secured` of the guide, with its users, on blocking sockets."""
    names = program()
    context = SERVER.context()

    def serve(connection: socket.socket) -> None:
        secured = names["Secured"](START, pg.Entropy(SEED), context, names["guarded"])  # type: ignore[operator]
        with connection:
            while not (secured.machine.output_ended or (secured.tls and secured.tls.output_ended)):
                connection.sendall(secured.receive(START, connection.recv(65536)))

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


def test_psycopg_binds_the_password_to_the_channel(port: int) -> None:
    psycopg = pytest.importorskip("psycopg")
    where = f"host=127.0.0.1 port={port} user=ann dbname=ann sslmode=require channel_binding=require"
    with psycopg.connect(f"{where} password=pencil", autocommit=True) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("anything").fetchone() == ("anything",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{where} password=pen")
    with psycopg.connect(
        f"host=127.0.0.1 port={port} user=ann dbname=ann sslmode=disable password=pencil"
    ) as connection:
        assert not connection.pgconn.ssl_in_use


def test_our_own_client_half_does_the_same(port: int) -> None:
    machine = pg.ClientMachine(START, pg.Entropy(SEED), "ann", password="pencil", tls=True, weak_authentication=False)
    context = tls.ClientContext(client_context(AUTHORITY), "db.example")
    layer: tls.TlsMachine | None = None
    events: list[pg.ClientEvent] = []
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        while True:
            while not isinstance(event := machine.next_event(), pg.Stop):
                events.append(event)
                if isinstance(event, pg.SwitchProtocol):
                    layer = tls.TlsMachine(START, context)
                    layer.next_event()
            plain = machine.data_to_send()
            if events and not isinstance(events[-1], pg.SwitchProtocol):
                break
            if layer is None:
                connection.sendall(plain)
                machine.receive_data(START, connection.recv(65536))
                continue
            if plain:
                layer.write(plain)
            connection.sendall(layer.data_to_send())
            layer.receive_data(START, connection.recv(65536))
            while not isinstance(secured := layer.next_event(), pg.Stop):
                if isinstance(secured, tls.HandshakeCompleted):
                    machine.tls_started(secured.channel_binding)
                elif isinstance(secured, tls.DataReceived):
                    machine.receive_data(START, secured.data)
    assert [type(event) for event in events] == [pg.SwitchProtocol, pg.SessionStarted]


def test_clear_text_behind_the_request_is_refused(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(pg.framing.ssl_request() + pg.framing.startup({"user": "ann"}))
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"received unencrypted data after SSL request" in data
