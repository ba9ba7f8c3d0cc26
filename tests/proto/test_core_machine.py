"""Timers, entropy and values: the small parts that all machines share."""

import pytest

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import NEED_DATA, PAUSED, Stop, Timers
from rustydb_proto.core.time import Now
from rustydb_proto.core.value import value


def test_the_deadline_is_the_least_of_the_timers() -> None:
    timers = Timers()
    assert timers.deadline() is None
    timers.set("idle", 50)
    timers.set("close", 20)
    assert timers.deadline() == 20
    timers.cancel("close")
    timers.cancel("never set")
    assert timers.deadline() == 50


def test_due_timers_fire_once_and_in_order() -> None:
    timers = Timers()
    timers.set("b", 30)
    timers.set("a", 10)
    timers.set("c", 99)
    assert timers.due(Now(30, 0)) == ["a", "b"]
    assert timers.due(Now(30, 0)) == []
    assert timers.deadline() == 99


def test_stops_are_told_apart_from_events() -> None:
    assert isinstance(NEED_DATA, Stop) and isinstance(PAUSED, Stop)
    assert repr(NEED_DATA) == "NEED_DATA" and repr(PAUSED) == "PAUSED"


def test_entropy_children_depend_on_seed_and_label_only() -> None:
    parent = Entropy(bytes(32))
    parent.bytes(7)
    assert parent.child("a").bytes(40) == Entropy(bytes(32)).child("a").bytes(40)
    assert parent.child("a").bytes(40) != parent.child("b").bytes(40)


def test_entropy_is_a_stream() -> None:
    whole = Entropy(bytes(32)).bytes(100)
    pieces = Entropy(bytes(32))
    assert b"".join(pieces.bytes(size) for size in (1, 31, 33, 35)) == whole
    assert 0 <= pieces.below(3) < 3
    assert 0.0 <= pieces.fraction() < 1.0


def test_values_compare_by_their_fields_and_have_no_others() -> None:
    @value
    class Point:
        x: int
        y: int

    assert Point(1, 2) == Point(1, 2) != Point(2, 1)
    assert len({Point(1, 2), Point(1, 2)}) == 1
    with pytest.raises(AttributeError):
        Point(1, 2).z = 3  # type: ignore[attr-defined]  # the point of the test
