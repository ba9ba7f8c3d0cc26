"""Copy data in both directions, as replication has it: who may still speak, and what comes after."""

import pytest
from pg_support import CUTS, SEED, START, error, open_session, pull

from rustydb_proto.pg import (
    PAUSED,
    ClientMachine,
    ClientPhase,
    CommandComplete,
    CommandCompleted,
    CopyBoth,
    CopyBothStarted,
    CopyData,
    CopyDataReceived,
    CopyDone,
    CopyDoneReceived,
    CopyFail,
    CopyFailReceived,
    Entropy,
    ErrorReceived,
    LocalProtocolError,
    MessageRejected,
    Phase,
    Query,
    QueryReceived,
    ReadyForQuery,
    ReadyReceived,
    ServerMachine,
    framing,
)

QUERY = "start_replication 0/0"


def streaming() -> ServerMachine:
    machine = open_session()
    machine.receive_data(START, framing.query(QUERY))
    assert pull(machine) == [QueryReceived(QUERY)]
    machine.send(START, CopyBoth(0))
    assert machine.data_to_send() == b"W\0\0\0\7\0\0\0"
    assert machine.phase is Phase.COPY_BOTH
    return machine


def receiving() -> ClientMachine:
    machine = ClientMachine(START, Entropy(SEED), "ann")
    key = framing.backend_key_data(1, b"key!")
    machine.receive_data(START, framing.AUTHENTICATION_OK + key + framing.READY_IDLE)
    machine.next_event()
    machine.send(START, Query(QUERY))
    machine.receive_data(START, framing.copy_both_response(0))
    assert machine.next_event() == CopyBothStarted(0, ())
    machine.data_to_send()
    return machine


@pytest.mark.parametrize("cut", CUTS)
def test_a_server_hears_while_it_speaks(cut) -> None:
    machine = streaming()
    heard = b""
    for piece in cut(framing.copy_data(b"status") + framing.copy_data(b"again") + framing.COPY_DONE):
        machine.send(START, CopyData(b"wal"))
        machine.receive_data(START, piece)
        for event in pull(machine):
            heard += event.data if isinstance(event, CopyDataReceived) else b"."
    assert heard == b"statusagain."
    assert machine.phase is Phase.COPY_OUT
    machine.send(START, CopyData(b"the last"))
    machine.send(START, CopyDone())
    machine.send(START, CommandComplete("START_STREAMING"))
    machine.send(START, ReadyForQuery("I"))
    assert machine.phase is Phase.IDLE


def test_a_server_that_ends_first_still_hears() -> None:
    machine = streaming()
    machine.send(START, CopyDone())
    with pytest.raises(LocalProtocolError):
        machine.send(START, CopyData(b"more"))
    with pytest.raises(LocalProtocolError):
        machine.send(START, CommandComplete("too early"))
    machine.receive_data(START, framing.copy_data(b"x") + framing.COPY_DONE + framing.query("next"))
    assert pull(machine) == [CopyDataReceived(b"x"), CopyDoneReceived()]
    assert machine.next_event() is PAUSED
    machine.send(START, CommandComplete("START_STREAMING"))
    machine.send(START, ReadyForQuery("I"))
    assert pull(machine) == [QueryReceived("next")]


def test_a_client_that_fails_its_copy_ends_its_own_direction_only() -> None:
    machine = streaming()
    machine.receive_data(START, framing.copy_fail("no"))
    assert pull(machine) == [CopyFailReceived("no")]
    assert machine.phase is Phase.COPY_OUT


def test_a_malformed_failure_of_the_client_asks_for_ready_as_in_a_query() -> None:
    # The machine said that no ReadyForQuery was due, so that a program which believed it left the client waiting.
    machine = streaming()
    machine.receive_data(START, b"f\0\0\0\5x")
    (rejected,) = pull(machine)
    assert isinstance(rejected, MessageRejected) and rejected.needs_ready
    machine.send(START, error(rejected.sqlstate))
    machine.send(START, ReadyForQuery("I"))
    assert machine.phase is Phase.IDLE


def test_an_error_ends_both_directions() -> None:
    machine = streaming()
    machine.send(START, error("57P01"))
    machine.send(START, ReadyForQuery("I"))
    machine.receive_data(START, framing.copy_data(b"on its way") + framing.COPY_DONE + framing.query("next"))
    assert pull(machine) == [QueryReceived("next")]
    client = receiving()
    client.receive_data(START, framing.error_response({"S": "ERROR", "C": "57P01"}) + framing.READY_IDLE)
    assert isinstance(client.next_event(), ErrorReceived)
    assert client.phase is ClientPhase.OPEN
    assert client.next_event() == ReadyReceived("I")


def test_a_client_ends_first() -> None:
    machine = receiving()
    machine.receive_data(START, framing.copy_data(b"wal"))
    assert machine.next_event() == CopyDataReceived(b"wal")
    machine.send(START, CopyData(b"status"))
    with pytest.raises(LocalProtocolError):
        machine.send(START, Query("select 1"))
    machine.send(START, CopyDone())
    assert machine.data_to_send() == framing.copy_data(b"status") + framing.COPY_DONE
    with pytest.raises(LocalProtocolError):
        machine.send(START, CopyData(b"more"))
    machine.receive_data(START, framing.copy_data(b"wal") + framing.COPY_DONE + framing.command_complete("X"))
    assert machine.next_event() == CopyDataReceived(b"wal")
    assert machine.next_event() == CopyDoneReceived()
    assert machine.next_event() == CommandCompleted("X")


def test_a_server_ends_first_and_the_client_may_still_send() -> None:
    machine = receiving()
    machine.receive_data(START, framing.COPY_DONE)
    assert machine.next_event() == CopyDoneReceived()
    machine.send(START, CopyData(b"status"))
    machine.send(START, CopyFail("enough"))
    assert machine.phase is ClientPhase.OPEN
