"""Rows and results: tuples with names."""

from __future__ import annotations

import copy
import pickle

import pytest
from rustydb.errors import ProgrammingError
from rustydb.rows import Column, Result, Row, make_rows, row_type, rows_of_tag

COLUMNS = [Column("id", "integer", 23), Column("name", "text", 25)]


def result(*items: tuple[object, ...], tag: str = "") -> Result:
    return Result(COLUMNS, make_rows(COLUMNS, items), tag or f"SELECT {len(items)}")


def test_a_row_is_read_by_name_and_by_position() -> None:
    (row,) = result((1, "Ann"))
    assert (row["id"], row["name"], row[0], row[-1], row[0:2]) == (1, "Ann", 1, "Ann", (1, "Ann"))
    assert row.get("name") == "Ann" and row.get("age") is None and row.get("age", 7) == 7
    number, name = row
    assert (number, name) == (1, "Ann")
    assert dict(row) == {"id": 1, "name": "Ann"} == row.as_dict()  # type: ignore[call-overload]  # by keys()
    assert row.keys() == ("id", "name") and row.values() == (1, "Ann") and row.items() == [("id", 1), ("name", "Ann")]


def test_a_row_equals_and_sorts_as_its_tuple() -> None:
    row = make_rows(COLUMNS, [(1, "Ann")])[0]
    assert row == (1, "Ann") and hash(row) == hash((1, "Ann")) and row < (2, "")
    assert isinstance(row, tuple) and isinstance(row, Row) and "Ann" in row
    assert repr(row) == "Row(id=1, name='Ann')"
    assert not hasattr(row, "__dict__")


def test_what_a_row_does_not_have() -> None:
    row = make_rows(COLUMNS, [(1, "Ann")])[0]
    with pytest.raises(KeyError, match='no column "agee" in the row; its columns are id, name'):
        row["agee"]
    with pytest.raises(IndexError):
        row[2]


def test_of_columns_with_one_name_the_first_is_meant() -> None:
    row = make_rows([Column("a"), Column("a")], [(1, 2)])[0]
    assert row["a"] == 1 and row[1] == 2 and row.as_dict() == {"a": 1}


def test_rows_survive_pickle_and_copy() -> None:
    row = make_rows(COLUMNS, [(1, "Ann")])[0]
    for other in (pickle.loads(pickle.dumps(row)), copy.deepcopy(row)):
        assert other == row and other["name"] == "Ann" and type(other) is row_type(("id", "name"))


def test_a_result_is_a_sequence_of_rows() -> None:
    found = result((1, "Ann"), (2, "Bob"))
    assert len(found) == 2 and [row["id"] for row in found] == [1, 2] and found[-1]["name"] == "Bob"
    assert found == [(1, "Ann"), (2, "Bob")] and found == result((1, "Ann"), (2, "Bob")) and found != []
    assert found.rowcount == 2 and found.first() == (1, "Ann") and found.scalar() == 1 and found.scalars() == [1, 2]
    assert found.dicts() == [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}]
    assert repr(found) == "Result('SELECT 2', columns=['id', 'name'])"
    assert not result() and result().first() is None and result().scalar() is None


def test_one_row_is_one_row() -> None:
    assert result((1, "Ann")).one() == (1, "Ann")
    with pytest.raises(ProgrammingError, match="returned 2"):
        result((1, "Ann"), (2, "Bob")).one()


def test_the_number_of_rows_is_in_the_tag() -> None:
    assert [rows_of_tag(tag) for tag in ("INSERT 0 3", "UPDATE 0", "CREATE TABLE", "")] == [3, 0, -1, -1]
    assert result(tag="UPDATE 5").rowcount == 5 and result(tag="BEGIN").rowcount == -1
