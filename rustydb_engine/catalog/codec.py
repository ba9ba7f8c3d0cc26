"""Catalog objects as plain tuples, for the log and the checkpoint.

A record is `(kind, format, field, …)`: the fields of the object in their declared order, with types as OIDs and nested
records as tuples of their fields. Fields that were added later have defaults, so a record that an older version wrote,
being shorter, still reads. What the disk says is not trusted: `decode` raises ValueError for anything that is
not such a record.

    encode(Schema(2200, "public"))    ('schema', 1, 2200, 'public', 10)
"""

from __future__ import annotations

from dataclasses import fields
from typing import TypeVar

from rustydb_engine.catalog.catalog import Changes
from rustydb_engine.catalog.objects import (
    CatalogObject,
    Comment,
    Constraint,
    Index,
    IndexColumn,
    Role,
    Schema,
    Sequence,
    Table,
    TableColumn,
)
from rustydb_engine.values.types import BY_OID, Type

Plain = tuple[object, ...]
T = TypeVar("T")
FORMAT = 1

_CLASSES: dict[str, type[CatalogObject]] = {
    "role": Role, "schema": Schema, "table": Table, "index": Index, "constraint": Constraint, "sequence": Sequence,
    "comment": Comment,
}  # fmt: skip
_NAMES = {cls: name for name, cls in _CLASSES.items()}
_FIELDS: dict[type, tuple[str, ...]] = {
    cls: tuple(f.name for f in fields(cls)) for cls in (*_CLASSES.values(), TableColumn, IndexColumn)
}
_NESTED: dict[tuple[type, str], type] = {(Table, "columns"): TableColumn, (Index, "columns"): IndexColumn}


def encode(entry: CatalogObject) -> Plain:
    """Return the plain tuple of a catalog object."""
    return (_NAMES[type(entry)], FORMAT, *_plain_fields(entry))


def _plain_fields(record: object) -> Plain:
    return tuple(_plain(getattr(record, name)) for name in _FIELDS[type(record)])


def _plain(item: object) -> object:
    if isinstance(item, Type):
        return item.oid
    if isinstance(item, tuple):
        return tuple(_plain(part) for part in item)
    if type(item) in _FIELDS:
        return _plain_fields(item)
    return item


def decode(record: object) -> CatalogObject:
    """Return the object that `encode` made into `record`; ValueError when it is no such record."""
    if not isinstance(record, tuple) or len(record) < 3:
        raise ValueError(f"not a catalog record: {record!r:.100}")
    kind, version, *items = record
    if not isinstance(kind, str) or kind not in _CLASSES or version != FORMAT:
        raise ValueError(f"catalog record of kind {kind!r:.40}, format {version!r:.10}")
    return _build(_CLASSES[kind], tuple(items))


def _build(cls: type[T], items: Plain) -> T:
    names = _FIELDS[cls]
    if len(items) > len(names):
        raise ValueError(f"catalog record of {cls.__name__} has {len(items)} fields, expected at most {len(names)}")
    values: dict[str, object] = {}
    for name, item in zip(names, items, strict=False):
        nested = _NESTED.get((cls, name))
        if nested is not None:
            if not isinstance(item, tuple) or not all(isinstance(part, tuple) for part in item):
                raise ValueError(f"catalog record of {cls.__name__}: {name} is not a tuple of records")
            values[name] = tuple(_build(nested, part) for part in item)
        elif cls is TableColumn and name == "type":
            if not isinstance(item, int) or item not in BY_OID:
                raise ValueError(f"catalog record of a column has the unknown type {item!r:.40}")
            values[name] = BY_OID[item]
        else:
            values[name] = item
    try:
        return cls(**values)
    except TypeError as error:
        raise ValueError(f"catalog record of {cls.__name__}: {error}") from None


def encode_changes(changes: Changes) -> Plain:
    """Return what the log stores for a transaction's DDL: `(oid, record or None)` pairs."""
    return tuple((oid, None if entry is None else encode(entry)) for oid, entry in changes)


def decode_changes(record: object) -> Changes:
    """Return the changes that `encode_changes` wrote; ValueError for anything else."""
    if not isinstance(record, tuple):
        raise ValueError("catalog changes are not a tuple")
    changes: list[tuple[int, CatalogObject | None]] = []
    for pair in record:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], int):
            raise ValueError(f"not a catalog change: {pair!r:.100}")
        entry = None if pair[1] is None else decode(pair[1])
        if entry is not None and entry.oid != pair[0]:
            raise ValueError(f"catalog change {pair[0]} holds object {entry.oid}")
        changes.append((pair[0], entry))
    return tuple(changes)
