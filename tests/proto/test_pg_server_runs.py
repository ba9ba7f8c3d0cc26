"""`ServerMachine.take_run`: what follows a Bind, taken as one; and CopyData messages, which are taken together."""

import pytest
from pg_support import START, error, message_types, open_session

from rustydb_proto.pg import NEED_DATA, BindReceived, CopyDataReceived, CopyIn, Phase, QueryReceived, framing
from rustydb_proto.pg.decode import copy_run
from rustydb_proto.pg.server import ServerMachine

BIND = framing.bind("", "s", [b"1"])
DESCRIBE = framing.describe("P", "")
EXECUTE = framing.execute("")


def after_bind(data: bytes) -> ServerMachine:
    """Return a machine that has just reported a Bind, with `data` behind it."""
    machine = open_session()
    machine.receive_data(START, BIND + data)
    assert isinstance(machine.next_event(), BindReceived)
    return machine


@pytest.mark.parametrize(("data", "described"), [(DESCRIBE, True), (b"", False)])
def test_the_usual_messages_behind_a_bind_are_taken_as_one(data: bytes, described: bool) -> None:
    machine = after_bind(data + EXECUTE + framing.SYNC + framing.query("next"))
    assert machine.take_run() is described
    assert machine.phase is Phase.SYNCING
    machine.send_result(framing.BIND_COMPLETE)
    machine.ready("I")
    assert machine.next_event() == QueryReceived("next")


def test_an_error_in_a_run_is_followed_by_ready_for_query() -> None:
    machine = after_bind(DESCRIBE + EXECUTE + framing.SYNC + framing.query("next"))
    assert machine.take_run() is True
    machine.send(START, error("22012"))
    machine.ready("I")
    assert message_types(machine.data_to_send()) == "EZ"
    assert machine.next_event() == QueryReceived("next")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        DESCRIBE,
        DESCRIBE + EXECUTE,
        (DESCRIBE + EXECUTE + framing.SYNC)[:-1],
        framing.FLUSH + DESCRIBE + EXECUTE + framing.SYNC,
        framing.describe("S", "s") + EXECUTE + framing.SYNC,
        DESCRIBE + framing.execute("", 1) + framing.SYNC,
        DESCRIBE + framing.execute("p") + framing.SYNC,
    ],
)
def test_anything_else_stays_for_next_event(data: bytes) -> None:
    machine = after_bind(data)
    assert machine.take_run() is None
    assert machine.phase is Phase.EXTENDED
    assert (machine.next_event() is NEED_DATA) == (data == b"")


@pytest.mark.parametrize("size", [0, 1, 7, 300])
@pytest.mark.parametrize("rest", [b"", framing.copy_data(b"other"), framing.COPY_DONE, b"d\0\0\0", b"d\0\0\0\4"])
def test_copy_data_of_one_length_is_taken_together(size: int, rest: bytes) -> None:
    bodies = [bytes([100, 0, 0, 0, number] * 60)[:size] for number in range(40)]
    machine = open_session()
    machine.receive_data(START, framing.query("copy"))
    machine.next_event()
    machine.send(START, CopyIn(0, (0,)))
    machine.receive_data(START, b"".join(map(framing.copy_data, bodies)) + rest)
    data = b""
    while isinstance(event := machine.next_event(), CopyDataReceived):
        data += event.data
    assert data == b"".join(bodies) + (b"other" if b"other" in rest else b"")


def test_a_run_of_copy_data_ends_where_the_length_changes() -> None:
    data = framing.copy_data(b"abc") * 3 + framing.copy_data(b"defg") + framing.copy_data(b"abc")
    assert copy_run(b"xx" + data, 2, 7) == (b"abcabcabc", 26)
