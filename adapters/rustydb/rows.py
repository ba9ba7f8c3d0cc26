"""Rows and results.

A row is a tuple that also knows the names of its columns:

    row[0]  row[-1]  row[1:]  row["name"]  row.get("name")  dict(row)  id, name = row  row == (1, "Ann")

Iteration, `in`, `==`, `hash` and order are those of the tuple; `keys`, `values`, `items` and `get` those of a mapping, so `dict(row)`
and `**row` work. Where two columns have one name, the name means the first. All rows of results with the same columns
share one class with empty `__slots__`: a row costs what a tuple costs.

A `Result` is a sequence of rows with what the server said about them: columns, command tag, number of rows, notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, SupportsIndex, overload

from rustydb.errors import ProgrammingError


class Row(tuple[Any, ...]):
    """One row: a tuple whose items have names."""

    __slots__ = ()
    columns: ClassVar[tuple[str, ...]] = ()
    _positions: ClassVar[Mapping[str, int]] = {}

    @overload
    def __getitem__(self, key: str | SupportsIndex) -> Any: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, key: str | SupportsIndex | slice) -> Any:
        """Return an item by name or position, or a tuple for a slice; KeyError, IndexError."""
        if isinstance(key, str):
            try:
                return tuple.__getitem__(self, self._positions[key])
            except KeyError:
                known = ", ".join(self.columns)
                raise KeyError(f'no column "{key}" in the row; its columns are {known}') from None
        return tuple.__getitem__(self, key)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the item of a column, or `default` when there is no such column."""
        position = self._positions.get(name)
        return default if position is None else tuple.__getitem__(self, position)

    def keys(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return self.columns

    def values(self) -> tuple[Any, ...]:
        """Return the items as a plain tuple."""
        return tuple(self)

    def items(self) -> list[tuple[str, Any]]:
        """Return pairs of name and item."""
        return list(zip(self.columns, self, strict=True))

    def as_dict(self) -> dict[str, Any]:
        """Return a dict; of columns with one name it has the first."""
        return {name: tuple.__getitem__(self, position) for name, position in self._positions.items()}

    def __repr__(self) -> str:
        """Return `Row(id=1, name='Ann')`."""
        return f"Row({', '.join(f'{name}={item!r}' for name, item in self.items())})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle and copy by names and items: the class is made at run time."""
        return _restore, (self.columns, tuple(self))


@lru_cache(maxsize=512)
def row_type(columns: tuple[str, ...]) -> type[Row]:
    """Return the class of rows with these columns."""
    positions: dict[str, int] = {}
    for position, name in enumerate(columns):
        positions.setdefault(name, position)
    return type("Row", (Row,), {"__slots__": (), "columns": columns, "_positions": positions, "__module__": __name__})


def _restore(columns: tuple[str, ...], items: tuple[Any, ...]) -> Row:
    return row_type(columns)(items)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result: its name, and its type by name (`integer`) and by PostgreSQL's OID (0 where unknown)."""

    name: str
    type_name: str = ""
    type_oid: int = 0
    nullable: bool | None = None


class Result(Sequence[Row]):
    """The rows of a statement and what else came back: `for row in result`, `result[0]["name"]`, `len(result)`."""

    __slots__ = ("columns", "notices", "rows", "tag")

    def __init__(
        self, columns: Sequence[Column], rows: list[Row], tag: str = "", notices: Sequence[Mapping[str, object]] = ()
    ) -> None:
        self.columns = tuple(columns)
        self.rows = rows
        self.tag = tag
        self.notices = tuple(notices)

    @property
    def rowcount(self) -> int:
        """How many rows the statement returned or changed; -1 where its tag has no number (CREATE TABLE)."""
        return rows_of_tag(self.tag) if self.tag else len(self.rows)

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: slice) -> list[Row]: ...
    def __getitem__(self, key: int | slice) -> Row | list[Row]:
        """Return a row by position, or a list of rows."""
        return self.rows[key]

    def __len__(self) -> int:
        """Return the number of rows held."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows."""
        return iter(self.rows)

    def __eq__(self, other: object) -> bool:
        """Compare the rows with those of another result or with a list of tuples."""
        if isinstance(other, Result):
            return self.rows == other.rows
        return self.rows == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # the rows are a list

    def __repr__(self) -> str:
        """Return `Result('SELECT 2', columns=['id', 'name'])`."""
        return f"Result({self.tag!r}, columns={[column.name for column in self.columns]})"

    def first(self) -> Row | None:
        """Return the first row, or None."""
        return self.rows[0] if self.rows else None

    def one(self) -> Row:
        """Return the only row; ProgrammingError when there is none or more than one."""
        if len(self.rows) != 1:
            raise ProgrammingError(f"one row was expected, the statement returned {len(self.rows)}", "P0002")
        return self.rows[0]

    def scalar(self) -> Any:
        """Return the first item of the first row, or None when there is no row."""
        return tuple.__getitem__(self.rows[0], 0) if self.rows else None

    def scalars(self) -> list[Any]:
        """Return the first item of each row."""
        return [tuple.__getitem__(row, 0) for row in self.rows]

    def dicts(self) -> list[dict[str, Any]]:
        """Return each row as a dict."""
        return [row.as_dict() for row in self.rows]


def make_rows(columns: Sequence[Column], items: Iterable[Sequence[Any]]) -> list[Row]:
    """Return rows of the class for these columns."""
    made = row_type(tuple(column.name for column in columns))
    return [made(item) for item in items]


def rows_of_tag(tag: str) -> int:
    """Return the number at the end of a command tag (`INSERT 0 3`), or -1."""
    last = tag.rpartition(" ")[2]
    return int(last) if last.isdigit() else -1
