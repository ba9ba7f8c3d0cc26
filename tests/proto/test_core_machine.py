"""Timers, entropy and values: the small parts that all machines share."""

import dataclasses
import subprocess
import sys

import pytest

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import NEED_DATA, PAUSED, Stop, Timers
from rustydb_proto.core.time import Now
from rustydb_proto.core.value import field, value


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


def test_values_have_defaults_and_fields_that_do_not_count() -> None:
    @value
    class Node:
        name: str = "leaf"
        children: list[int] = field(default_factory=list)
        position: int = field(default=-1, compare=False, repr=False)

    assert Node() == Node("leaf", [], 7)
    assert Node().children is not Node().children
    assert repr(Node("a", [1], 2)).endswith("Node(name='a', children=[1])")
    assert dataclasses.replace(Node("a"), name="b") == Node("b")
    assert [one.name for one in dataclasses.fields(Node)] == ["name", "children", "position"]  # type: ignore[arg-type]


def test_values_of_different_classes_differ_and_methods_of_their_own_stay() -> None:
    @value
    class Left:
        x: int

    @value
    class Right:
        x: int

        def __repr__(self) -> str:
            return "mine"

    @value
    class Empty:
        pass

    assert Left(1) != Right(1)  # type: ignore[comparison-overlap]
    assert repr(Right(1)) == "mine"
    assert Empty() == Empty() and hash(Empty()) == hash(Empty())


def test_values_inherit_fields() -> None:
    @value
    class Base:
        x: int

    @value
    class Derived(Base):
        y: int = 2

    assert Derived(1) == Derived(1, 2)
    assert repr(Derived(1)).endswith("Derived(x=1, y=2)")


def test_values_match_by_position() -> None:
    match Now(1, 2):
        case Now(mono, wall):
            assert (mono, wall) == (1, 2)


def test_importing_the_protocol_brings_no_event_loop_and_no_engine() -> None:
    loaded = "import sys, rustydb_proto.pg; print(*sorted(sys.modules))"
    names = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert not {"asyncio", "socket", "ssl", "threading", "uuid", "decimal", "rustydb_engine"} & set(names)
