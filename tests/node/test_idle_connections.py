"""Ten thousand idle connections cost little memory, and the others are answered meanwhile."""

from __future__ import annotations

import gc
import tracemalloc

from tests.node.support import Host

CONNECTIONS = 10_000
BYTES_EACH = 40_000


def test_ten_thousand_idle_sessions_take_less_than_40_kb_each() -> None:
    host = Host(connections_max=CONNECTIONS + 10)
    first = [host.connect() for _ in range(10)]
    for client in first:
        client.ask("SELECT 1")
    gc.collect()
    tracemalloc.start()
    for _ in range(200):
        client = host.connect()
        client.ask("SELECT 1")
        client.machine = None  # only the server's side counts
    gc.collect()
    each = tracemalloc.get_traced_memory()[0] / 200
    tracemalloc.stop()
    assert each < BYTES_EACH, f"{each:.0f} bytes for each session"


def test_queries_are_answered_while_ten_thousand_sessions_are_idle() -> None:
    host = Host(connections_max=CONNECTIONS + 10)
    for _ in range(CONNECTIONS):
        host.connect().machine = None
    assert len(host.node.sessions) == CONNECTIONS
    client = host.connect()
    client.ask("CREATE TABLE t (a int PRIMARY KEY)")
    for number in range(100):
        assert client.ask(f"INSERT INTO t VALUES ({number})").sqlstate == ""
    assert client.ask("SELECT count(*) FROM t").rows == [(b"100",)]
    assert client.ask("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle'").rows[0][0] is not None
