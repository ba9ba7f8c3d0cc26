"""`@value`: to the rest of Python a dataclass, with slots, equality and hash by fields."""

from __future__ import annotations

import dataclasses

import pytest

from rustydb_proto.core.value import field, value


@value
class Point:
    """A point."""

    x: int
    y: int = 2
    tags: list[int] = field(default_factory=list, compare=False)
    place: int = field(default=-1, compare=False, repr=False)


class Shape:
    """A base that announces what its subclasses have."""

    __slots__ = ()
    size: int


@value
class Square(Shape):
    """A square."""

    side: int
    size: int = 4


def test_values_compare_hash_and_print_by_their_fields() -> None:
    assert Point(1, place=5) == Point(1, 2, [9])
    assert hash(Point(1, place=5)) == hash(Point(1))
    assert Point(1) != Point(2)
    assert Point(1) != Square(1)
    assert repr(Point(1, place=5)) == "Point(x=1, y=2, tags=[])"


def test_values_have_slots_and_no_dict() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]
    assert Square(3).size == 4


def test_values_are_dataclasses() -> None:
    assert [one.name for one in dataclasses.fields(Point)] == ["x", "y", "tags", "place"]  # type: ignore[arg-type]
    assert dataclasses.replace(Point(1), x=3) == Point(3)  # type: ignore[type-var]
    match Point(1, 7):
        case Point(x, y):
            assert (x, y) == (1, 7)


def test_wrong_arguments_are_a_type_error() -> None:
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Point(1, nonsense=2)  # type: ignore[call-arg]
    assert Point(1).tags is not Point(1).tags
