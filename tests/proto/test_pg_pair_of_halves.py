"""`Pair`, which ships with the protocol: virtual time, pieces, ends. The guide's programs use the rest of it."""

from __future__ import annotations

import pytest
from pg_support import START

from rustydb_proto import pg
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.time import NS_PER_S
from rustydb_proto.pg.pair import Pair


def answer(event: pg.ServerEvent) -> list[pg.ServerCommand] | None:
    match event:
        case pg.StartupReceived("silent"):
            return None  # never decides
        case pg.StartupReceived():
            return [pg.Authenticate("scram-sha-256", "pencil")]
        case pg.Authenticated():
            return [pg.SessionReady({"a": "b"}, 1, b"key!")]
        case pg.QueryReceived():
            return [pg.CommandComplete("DONE"), pg.ReadyForQuery("I")]
    return None


@pytest.mark.parametrize("piece_bytes", [None, 1, 3])
def test_a_run_begins_the_session_if_there_is_none(piece_bytes: int | None) -> None:
    pair = Pair(answer, piece_bytes=piece_bytes)
    events = pair.run(pg.Query("x"))
    assert events == [
        pg.SessionStarted({"a": "b"}, 1, b"key!"),
        pg.CommandCompleted("DONE"),
        pg.ReadyReceived("I"),
    ]
    assert [type(event).__name__ for event in pair.heard] == ["StartupReceived", "Authenticated", "QueryReceived"]


def test_time_passes_when_the_test_says_so() -> None:
    pair = Pair(answer, client=pg.ClientMachine(START, Entropy(bytes(32)), "silent"))
    assert pair.run() == []
    assert pair.wait(59 * NS_PER_S) == []
    told = pair.wait(NS_PER_S)
    assert pair.heard[-1] == pg.ProtocolFailed("57014", "canceling authentication due to timeout")
    assert [type(event) for event in told] == [pg.ProtocolFailed], "both sides have the same patience"


def test_a_client_hangs_up() -> None:
    pair = Pair(answer)
    pair.run()
    pair.hang_up()
    assert pair.heard[-1] == pg.ConnectionEnded(True)
    assert pair.server.output_ended


def test_what_the_server_says_unasked_is_heard() -> None:
    pair = Pair(answer)
    pair.run()
    pair.server.send(pair.now, pg.ParameterStatus("z", "1"))
    assert pair.run() == [pg.ParameterChanged("z", "1")]
    assert pair.client.parameters == {"a": "b", "z": "1"}
