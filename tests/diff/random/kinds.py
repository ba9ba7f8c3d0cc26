"""The types that random tables have, with the values of each.

The values are few, so that keys match, groups are larger than one row and comparisons come out both ways. No two of a type are
equal and yet different on the wire (1.0 and 1.00, 24 hours and 1 day), since then the choice between them is the server's.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A type: its name in expressions, what columns may be declared as, and its values."""

    name: str
    declared: tuple[str, ...]
    values: tuple[str, ...]
    rare: tuple[str, ...] = ()
    ordered: bool = True
    column: str = ""


def _kind(name: str, declared: str, values: str, rare: str = "", ordered: bool = True, column: str = "") -> Kind:
    return Kind(
        name,
        tuple(declared.split("/")),
        tuple(values.split("|")),
        tuple(rare.split("|")) if rare else (),
        ordered,
        column,
    )


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind("bool", "bool", "t|f", column="b"),
        _kind("int2", "int2", "0|1|2|3|5|-1|10", "100|-100", column="h"),
        _kind("int4", "int4/int", "0|1|2|3|4|5|6|7|-1|-2|10|12", "1000|-77", column="i"),
        _kind("int8", "int8", "0|1|2|3|4|7|-1|-3|11", "3000000000|-3000000000", column="l"),
        _kind("float4", "float4/real", "0|1|0.5|2.25|-1.5|3", "1024", column="f"),
        _kind("float8", "float8", "0|1|0.5|2|-1.25|7.75|100", "Infinity|NaN|1e10", column="d"),
        _kind("numeric", "numeric(8,2)", "0.00|1.00|1.50|2.25|-3.75|10.00|99.99", "NaN|1234.56", column="n"),
        _kind("text", "text", "a|b|c|ab|abc|B|A b|x%y|é|zz", "|  pad |Ωmega|a_b|1|'q'|back\\slash", column="s"),
        _kind("varchar", "varchar/varchar(8)", "a|b|ab|Abc|é|q", "|x y", column="v"),
        _kind("char(5)", "char(5)", "a|b|ab|abc|Z", "", column="c"),
        _kind("bytea", "bytea", "\\x|\\x00|\\x0102|\\xff|\\x6162", "\\x00ff00", column="y"),
        _kind(
            "date",
            "date",
            "2024-01-01|2024-02-29|2023-12-31|2024-03-01|2000-01-01|1999-12-31",
            "infinity|0044-03-15 BC|9999-12-31",
            column="a",
        ),
        _kind("time", "time/time(0)", "00:00:00|12:30:00|23:59:59|08:15:30", "24:00:00|12:30:00.5", column="t"),
        _kind(
            "timestamp",
            "timestamp/timestamp(3)",
            "2024-01-01 00:00:00|2024-02-29 12:34:56|1999-12-31 23:59:59.5|2024-01-01 12:00:00",
            "infinity|-infinity",
            column="m",
        ),
        _kind(
            "timestamptz",
            "timestamptz",
            "2024-01-01 00:00:00+00|2024-03-31 01:30:00+00|2024-02-29 23:00:00+02|2001-02-03 04:05:06-05",
            "infinity",
            column="z",
        ),
        _kind(
            "interval",
            "interval",
            "1 day|2 hours|1 mon|-1 day|1 year 2 mons 3 days|00:00:01.5|0",
            "-1 mon +2 days",
            column="p",
        ),
        _kind(
            "uuid",
            "uuid",
            "00000000-0000-0000-0000-000000000001|00000000-0000-0000-0000-000000000002|ffffffff-0000-0000-0000-000000000000",
            column="u",
        ),
        _kind(
            "jsonb",
            "jsonb",
            '{"a": 1, "b": [1, 2]}|{"a": {"b": "x"}, "c": null}|[1, 2, 3]|"s"|3|null|{"a": "x"}|[]|{}|true',
            '[{"a": 1}, {"a": 2}]|1.5',
            column="j",
        ),
        _kind("json", "json", '{"a": 1, "b": [1, 2]}|[1,  2]|"s"|{"a":{"b":"x"}}|null', ordered=False, column="o"),
        _kind("int4[]", "int4[]/int[]", "{}|{1}|{1,2}|{2,1,3}|{NULL,1}|{5,NULL}", "{{1,2},{3,4}}", column="ia"),
        _kind("text[]", "text[]", '{}|{a}|{a,b}|{b,NULL}|{"a b","",c}', column="sa"),
        _kind("timetz", "timetz", "00:00:00+00|12:30:00+02|23:59:59-05", column="tz"),
    )
}
COLUMN_TYPES = [
    *["int4"] * 8, *["text"] * 6, *["int8"] * 2, "int2", *["numeric"] * 3, *["float8"] * 2, "float4", *["bool"] * 2, *["date"] * 2,
    "timestamp", "timestamptz", "time", "interval", "varchar", "char(5)", "bytea", "uuid", *["jsonb"] * 2, "json", *["int4[]"] * 2, "text[]", "timetz",
]  # fmt: skip
KEY_TYPES = ("int4", "int4", "int4", "text", "int8", "numeric", "date", "uuid", "varchar", "char(5)")
ARRAYS = {"int4": "int4[]", "text": "text[]"}
ORDERED = tuple(kind.name for kind in KINDS.values() if kind.ordered)
