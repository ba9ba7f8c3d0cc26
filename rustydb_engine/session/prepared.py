"""Prepared statements and portals: what Parse and Bind leave behind.

A portal runs in one go, or, with a row limit, in pieces: then `steps` is its suspended generator and `buffer` what it gave
beyond the limit. Source: PostgreSQL 15, section 55.2.3.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Completion, Yielded
from rustydb_engine.session.entry import Entry, Formats
from rustydb_engine.sql import ast
from rustydb_engine.txn.snapshot import Snapshot
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import BYTEA, INT2, INT4, INT8, TEXT, VARCHAR, Type
from rustydb_proto.core.value import value

Decoder = Callable[[bytes], object]


class Prepared:
    """A prepared statement. `types` are what the client declared (None: left to us); `by_sql` made by PREPARE."""

    __slots__ = ("by_sql", "decoders", "entry", "made_at", "types")

    def __init__(self, entry: Entry, types: tuple[Type | None, ...], made_at: int, by_sql: bool = False) -> None:
        self.entry = entry
        self.types = types
        self.made_at = made_at
        self.by_sql = by_sql
        self.decoders: dict[Formats, tuple[Decoder, ...]] = {}


@value
class Wider:
    """A cursor's query with the ctid of each of `tables` as a further column; `types` are those of its parameters."""

    query: ast.Select
    tables: tuple[int, ...]
    types: tuple[Type, ...]


class Portal:
    """A bound statement. `position` counts the rows sent; `depth` is the savepoint level that made it.

    A cursor of DECLARE keeps its rows in `kept` once they were fetched, when it can scroll or was declared WITH HOLD.
    `outlives`: its transaction was committed, so that no other one's end concerns it. `failed`: it ran into an error.
    """

    steps: Generator[Yielded, None, Completion] | None = None
    snapshot: Snapshot | None = None
    held = False
    started = False
    done = False
    position = 0
    depth = 0
    kept: list[tuple[object, ...]] | None = None
    scroll = False
    scroll_declared = False
    hold = False
    outlives = False
    failed = False
    binary = False
    after = False
    made_at = 0
    places: tuple[int, ...] = ()  # of a cursor: the tables whose ctid its rows end with (positions.py)
    wider: Wider | None = None  # the form of its query that has them, while the cursor is read in its own
    current: tuple[object, ...] | None = None  # the row that a cursor is on, unless `kept` has it
    # Most portals are bound, run and forgotten: what they do not use stays with the class, lists as empty tuples.
    buffer: Sequence[tuple[object, ...]] = ()
    seen: Sequence[tuple[object, ...]] = ()  # of a cursor a list, which grows

    def __init__(self, name: str, entry: Entry, params: tuple[object, ...], formats: Formats) -> None:
        self.name = name
        self.entry = entry
        self.params = params
        self.formats = formats

    @property
    def text(self) -> str:
        """The statement as it was written."""
        return self.entry.text


def _text(kind: Type, forms: Forms) -> Decoder:
    read = io_of(kind).input

    def decode(data: bytes) -> object:
        return read(_utf8(data), -1, forms)

    if kind is TEXT or kind is VARCHAR:
        return _utf8
    if kind in (INT2, INT4, INT8):
        digits_max = {2: 4, 4: 9, 8: 18}[kind.size]

        def decode_integer(data: bytes) -> object:
            return int(data) if len(data) <= digits_max and data.isdigit() else decode(data)

        return decode_integer
    return decode


def _utf8(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise SqlError("22021", f'invalid byte sequence for encoding "UTF8": 0x{data[error.start]:02x}') from None
    if "\0" in text:
        raise SqlError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return text


def _binary(kind: Type, forms: Forms) -> Decoder:
    receive = io_of(kind).receive
    if kind is TEXT or kind is VARCHAR:
        return _utf8
    if kind is BYTEA:
        return bytes
    if kind in (INT2, INT4, INT8):
        size = kind.size

        def decode_integer(data: bytes) -> object:
            return int.from_bytes(data, "big", signed=True) if len(data) == size else receive(data, -1, forms)

        return decode_integer
    return lambda data: receive(data, -1, forms)


def decoders_for(
    types: tuple[Type, ...], formats: Formats, forms: Forms, named: Callable[[str, Type], int]
) -> tuple[Decoder, ...]:
    """Return one decoder for each parameter; `formats` is none, one for all, or one for each.

    `named(text, type)` looks up the name of a reg type's object ('users' for a regclass).
    """
    count = len(types)
    each = formats * count if len(formats) == 1 else formats or (0,) * count
    if len(each) != count:
        raise SqlError("08P01", f"bind message has {len(each)} parameter formats but {count} parameters")
    return tuple(
        _binary(kind, forms) if form else _name(kind, named) if kind.name.startswith("reg") else _text(kind, forms)
        for kind, form in zip(types, each, strict=True)
    )


def _name(kind: Type, named: Callable[[str, Type], int]) -> Decoder:
    return lambda data: named(_utf8(data), kind)
