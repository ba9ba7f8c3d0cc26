"""Real clients log in to the server half: libpq by psycopg, and asyncpg, both of which check the server's signature."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from pg_support import SEED, START

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.pg import (
    Authenticate,
    Authenticated,
    EmptyQuery,
    QueryReceived,
    ServerMachine,
    SessionReady,
    StartupReceived,
    Stop,
    scram,
)

SCRAM = str(scram.make_verifier("pencil", b"0123456789abcdef"))
METHODS = {
    "scram-sha-256": SCRAM,
    "md5": scram.md5_verifier("pencil", "ann"),
    "password": SCRAM,
}


def serve(connection: socket.socket, method: str, verifier: str | None) -> None:
    """Serve one connection: log in, answer every query as an empty one."""
    machine = ServerMachine(START, Entropy(SEED), mock_secret=b"secret")
    with connection:
        while not machine.output_ended:
            machine.receive_data(START, connection.recv(65536))
            while not isinstance(event := machine.next_event(), Stop):
                if isinstance(event, StartupReceived):
                    machine.send(START, Authenticate(method, verifier if event.user == "ann" else None))
                elif isinstance(event, Authenticated):
                    machine.send(START, SessionReady({"server_version": "15.0", "client_encoding": "UTF8"}, 1, b"key!"))
                elif isinstance(event, QueryReceived):
                    machine.send(START, EmptyQuery())
                    machine.ready("I")
            connection.sendall(machine.data_to_send())


@pytest.fixture
def start() -> Iterator[Callable[[str], int]]:
    """A function that starts a server for one connection and returns its port."""
    listeners = []
    threads = []

    def start_one(method: str) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)
        listeners.append(listener)

        def run() -> None:
            serve(listener.accept()[0], method, METHODS[method])

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        port: int = listener.getsockname()[1]
        return port

    yield start_one
    for thread in threads:
        thread.join()
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("method", METHODS)
def test_libpq_logs_in(start: Callable[[str], int], method: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    dsn = f"host=127.0.0.1 port={start(method)} user=ann password=pencil require_auth={method}"
    if psycopg.pq.version() < 160000:
        dsn = dsn.partition(" require_auth")[0]
    with psycopg.connect(dsn, autocommit=True) as connection:
        assert connection.info.server_version == 150000


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("user", "password"), [("ann", "pen"), ("nobody", "pencil")])
def test_libpq_is_refused(start: Callable[[str], int], method: str, user: str, password: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with pytest.raises(psycopg.OperationalError, match=f'password authentication failed for user "{user}"'):
        psycopg.connect(f"host=127.0.0.1 port={start(method)} user={user} password={password}")


@pytest.mark.parametrize("method", METHODS)
def test_asyncpg_logs_in(start: Callable[[str], int], method: str) -> None:
    asyncpg = pytest.importorskip("asyncpg")

    async def log_in() -> int:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=start(method), user="ann", password="pencil", ssl=False
        )
        major: int = connection.get_server_version().major
        connection.terminate()
        return major

    assert asyncio.run(log_in()) == 15
