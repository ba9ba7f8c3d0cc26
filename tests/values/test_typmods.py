"""Type modifiers and the names they are shown by."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.interval_typmod import MASKS
from rustydb_engine.values.io import apply_typmod, format_type, typmod_in
from rustydb_engine.values.types import BY_NAME, BY_OID, INTERVAL, NUMERIC, VARCHAR

# type, typmod, format_type(type, typmod): recorded from pg_attribute of PostgreSQL 15
SHOWN = [
    ("bpchar", -1, "bpchar"),
    ("bpchar", 7, "character(3)"),
    ("varchar", 24, "character varying(20)"),
    ("varchar", -1, "character varying"),
    ("numeric", 655366, "numeric(10,2)"),
    ("numeric", 198658, "numeric(3,-2)"),
    ("timestamp", 3, "timestamp(3) without time zone"),
    ("timestamptz", 0, "timestamp(0) with time zone"),
    ("time", 2, "time(2) without time zone"),
    ("timetz", 6, "time(6) with time zone"),
    ("interval", 2147418116, "interval(4)"),
    ("interval", 327679, "interval year"),
    ("interval", 470351871, "interval day to second"),
    ("interval", 268435459, "interval second(3)"),
    ("interval", 470286338, "interval day to second(2)"),
    ("_varchar", 24, "character varying(20)[]"),
    ("char", -1, '"char"'),
    ("_bpchar", -1, "bpchar[]"),
    ("name", -1, "name"),
    ("_timestamp", 3, "timestamp(3) without time zone[]"),
    ("_bpchar", 5, "character(1)[]"),
]


@pytest.mark.parametrize(("name", "typmod", "shown"), SHOWN)
def test_format_type_shows_what_postgresql_shows(name: str, typmod: int, shown: str) -> None:
    assert format_type(BY_NAME[name], typmod) == shown


def test_without_a_known_modifier_character_keeps_its_name() -> None:
    assert format_type(BY_NAME["bpchar"]) == "character"
    assert format_type(INTERVAL) == "interval"


def test_modifiers_become_postgresqls_typmods() -> None:
    assert typmod_in(VARCHAR, (20,)) == 24
    assert typmod_in(NUMERIC, (10, 2)) == 655366
    assert typmod_in(NUMERIC, (3, -2)) == 198658
    assert typmod_in(BY_NAME["_timestamp"], (9,)) == 6
    assert typmod_in(INTERVAL, (MASKS["day to second"], 2)) == 470286338
    assert typmod_in(VARCHAR, ()) == -1


@pytest.mark.parametrize(
    ("name", "modifiers", "sqlstate", "message"),
    [
        ("varchar", (0,), "22023", "length for type varchar must be at least 1"),
        ("bpchar", (10485761,), "22023", "length for type char cannot exceed 10485760"),
        ("numeric", (0,), "22023", "NUMERIC precision 0 must be between 1 and 1000"),
        ("numeric", (5, 1001), "22023", "NUMERIC scale 1001 must be between -1000 and 1000"),
        ("numeric", (1, 2, 3), "22023", "invalid NUMERIC type modifier"),
        ("timestamptz", (-1,), "22023", "TIMESTAMP(-1) WITH TIME ZONE precision must not be negative"),
        ("int4", (3,), "42601", 'type modifier is not allowed for type "int4"'),
    ],
)
def test_wrong_modifiers_are_refused(name: str, modifiers: tuple[int, ...], sqlstate: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        typmod_in(BY_NAME[name], modifiers)
    assert (caught.value.sqlstate, caught.value.message) == (sqlstate, message)


def test_an_explicit_cast_truncates_and_an_assignment_does_not() -> None:
    assert apply_typmod(VARCHAR, "abcdef", 7, True) == "abc"
    assert apply_typmod(VARCHAR, "abc   ", 7, False) == "abc"
    with pytest.raises(SqlError) as caught:
        apply_typmod(VARCHAR, "abcdef", 7, False)
    assert (caught.value.sqlstate, caught.value.message) == ("22001", "value too long for type character varying(3)")


def test_the_modifier_of_an_array_applies_to_its_elements() -> None:
    assert apply_typmod(BY_NAME["_numeric"], ((Decimal("1.255"), None),), typmod_in(NUMERIC, (4, 2)), False) == (
        (Decimal("1.26"), None),
    )
    assert apply_typmod(BY_NAME["_interval"], (Interval(14, 3, 5),), typmod_in(INTERVAL, (MASKS["year"],)), False) == (
        Interval(12, 0, 0),
    )


def test_null_and_types_without_a_modifier_pass() -> None:
    assert apply_typmod(VARCHAR, None, 7, False) is None
    assert apply_typmod(BY_NAME["int4"], 5, 7, False) == 5


def test_every_type_has_a_name_to_show() -> None:
    assert all(format_type(kind, -1) for kind in BY_OID.values())
