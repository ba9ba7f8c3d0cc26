"""The names that PostgreSQL chooses for what a statement does not name: t_pkey, t_a_key, t_a_b_idx, t_a_check, t_id_seq.

    object_name("orders", "customer_id", "fkey")     orders_customer_id_fkey

A name has at most 63 bytes: the longer of the two parts is cut first. A name that is taken gets a number.
Source: PostgreSQL 15, makeObjectName, ChooseRelationName and ChooseConstraintName.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Constraint

NAME_BYTES = 63


def object_name(first: str, second: str, label: str) -> str:
    """Return `first_second_label`, or `first_label` without a second, cut to 63 bytes."""
    overhead = (len(label) + 1 if label else 0) + (1 if second else 0)
    room = NAME_BYTES - overhead
    one, two = first.encode(), second.encode()
    length_one, length_two = len(one), len(two)
    while length_one + length_two > room:
        if length_one > length_two:
            length_one -= 1
        else:
            length_two -= 1
    parts = [one[:length_one].decode(errors="ignore")]
    if second:
        parts.append(two[:length_two].decode(errors="ignore"))
    if label:
        parts.append(label)
    return "_".join(parts)


def join_columns(names: Sequence[str]) -> str:
    """Return column names joined for use in a chosen name; what comes after 63 bytes would be cut anyway."""
    text = ""
    for name in names:
        text = f"{text}_{name}" if text else name
        if len(text.encode()) > NAME_BYTES:
            break
    return text


def relation_name(
    catalog: Catalog,
    first: str,
    second: str,
    label: str,
    schema: int,
    *,
    constraint: bool = False,
    taken: Collection[str] = (),
) -> str:
    """Choose a name that no relation of the schema has, nor a constraint when it will name one too."""
    number = 0
    while True:
        name = object_name(first, second, f"{label}{number or ''}")
        free = name not in taken and catalog.relation_in(schema, name) is None
        if free and not (constraint and constraint_exists(catalog, schema, name)):
            return name
        number += 1


def constraint_name(
    catalog: Catalog, first: str, second: str, label: str, schema: int, taken: Collection[str] = ()
) -> str:
    """Choose a name that no constraint of the schema has."""
    number = 0
    while True:
        name = object_name(first, second, f"{label}{number or ''}")
        if name not in taken and not constraint_exists(catalog, schema, name):
            return name
        number += 1


def constraint_exists(catalog: Catalog, schema: int, name: str) -> bool:
    """Return whether any table of the schema has a constraint of this name."""
    return any(
        isinstance(entry, Constraint) and entry.name == name and entry.schema == schema
        for entry in catalog.objects("constraint")
    )
