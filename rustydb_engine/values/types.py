"""The types: one row of pg_type each, with the numbers that PostgreSQL 15 gives them.

Every value in the engine is a plain Python object whose form its type fixes (SQL NULL is None):

| SQL type | Python form |
| --- | --- |
| boolean | bool |
| smallint, integer, bigint, oid, xid, cid, regclass and other reg types | int |
| numeric | decimal.Decimal, its exponent is the display scale; NaN, Infinity and -Infinity too |
| real, double precision | float; a real holds a value that a 32-bit float can hold |
| xid8, pg_lsn | int, unsigned 64-bit |
| tid | int, block * 65536 + offset |
| text, varchar, name, json, unknown, cstring, pg_node_tree, aclitem | str |
| "char" | str: "" for the zero byte, else the one character with the byte's code (below 256) |
| character(n) | str padded with blanks to n |
| bytea | bytes |
| date | int, days since 2000-01-01; DATE_INFINITY and DATE_MINUS_INFINITY |
| time | int, microseconds since midnight (24:00 is 86_400_000_000) |
| timetz | tuple (microseconds since midnight, seconds west of UTC) |
| timestamp, timestamptz | int, microseconds since 2000-01-01 (UTC for timestamptz); INFINITY and MINUS_INFINITY |
| interval | `values.interval.Interval`, a NamedTuple (months, days, micros) |
| uuid | bytes, 16 of them |
| jsonb | str: the canonical text that PostgreSQL would print (keys ordered, one space after `:` and `,`) |
| array of T | tuple of T's form or None; its lower bound is 1; more dimensions are nested tuples; empty is () |
| int2vector, oidvector | tuple of int, subscripts from 0 |
| jsonpath | str: the canonical text (`$."a"[*]`) |
| record | tuple |
| void | "" |

A type's modifier (`typmod`) is PostgreSQL's: varchar(n) is n + 4, numeric(p, s) is (p << 16 | s) + 4,
timestamp(p) is p, -1 is none.

Source: PostgreSQL 15, src/include/catalog/pg_type.dat.
"""

from __future__ import annotations

from rustydb_proto.core.value import value

DATE_INFINITY = 2**31 - 1
DATE_MINUS_INFINITY = -(2**31)
INFINITY = 2**63 - 1
MINUS_INFINITY = -(2**63)


@value
class Type:
    """One type. `size` is typlen; `category` and `preferred` steer overload resolution (PostgreSQL 15, chapter 10).

    `kind` is typtype: b base, p pseudo. `array` and `element` are OIDs, 0 for none; `display` is what format_type
    shows without a modifier.
    """

    oid: int
    name: str
    size: int
    category: str
    preferred: bool
    array: int
    element: int
    display: str
    kind: str = "b"
    align: str = "i"
    storage: str = "p"
    by_value: bool = False

    @property
    def is_array(self) -> bool:
        """Whether this is a true array type (int2vector and oidvector are not)."""
        return self.category == "A" and self.size == -1 and self.name.startswith("_")


# oid|name|size|category|preferred|array|display|kind|align|storage|by_value|element
_TABLE = """
16|bool|1|B|t|1000|boolean|b|c|p|t|0
17|bytea|-1|U|f|1001|bytea|b|i|x|f|0
18|char|1|Z|f|1002|"char"|b|c|p|t|0
19|name|64|S|f|1003|name|b|c|p|f|18
20|int8|8|N|f|1016|bigint|b|d|p|t|0
21|int2|2|N|f|1005|smallint|b|s|p|t|0
22|int2vector|-1|A|f|1006|int2vector|b|i|p|f|21
23|int4|4|N|f|1007|integer|b|i|p|t|0
24|regproc|4|N|f|1008|regproc|b|i|p|t|0
25|text|-1|S|t|1009|text|b|i|x|f|0
26|oid|4|N|t|1028|oid|b|i|p|t|0
27|tid|6|U|f|1010|tid|b|s|p|f|0
28|xid|4|U|f|1011|xid|b|i|p|t|0
29|cid|4|U|f|1012|cid|b|i|p|t|0
30|oidvector|-1|A|f|1013|oidvector|b|i|p|f|26
114|json|-1|U|f|199|json|b|i|x|f|0
194|pg_node_tree|-1|Z|f|0|pg_node_tree|b|i|x|f|0
700|float4|4|N|f|1021|real|b|i|p|t|0
701|float8|8|N|t|1022|double_SPACE_precision|b|d|p|t|0
705|unknown|-2|X|f|0|unknown|p|c|p|f|0
1033|aclitem|12|U|f|1034|aclitem|b|i|p|f|0
1042|bpchar|-1|S|f|1014|character|b|i|x|f|0
1043|varchar|-1|S|f|1015|character_SPACE_varying|b|i|x|f|0
1082|date|4|D|f|1182|date|b|i|p|t|0
1083|time|8|D|f|1183|time_SPACE_without_SPACE_time_SPACE_zone|b|d|p|t|0
1114|timestamp|8|D|f|1115|timestamp_SPACE_without_SPACE_time_SPACE_zone|b|d|p|t|0
1184|timestamptz|8|D|t|1185|timestamp_SPACE_with_SPACE_time_SPACE_zone|b|d|p|t|0
1186|interval|16|T|t|1187|interval|b|d|p|f|0
1266|timetz|12|D|f|1270|time_SPACE_with_SPACE_time_SPACE_zone|b|d|p|f|0
1700|numeric|-1|N|f|1231|numeric|b|i|m|f|0
2202|regprocedure|4|N|f|2207|regprocedure|b|i|p|t|0
2203|regoper|4|N|f|2208|regoper|b|i|p|t|0
2204|regoperator|4|N|f|2209|regoperator|b|i|p|t|0
2205|regclass|4|N|f|2210|regclass|b|i|p|t|0
2206|regtype|4|N|f|2211|regtype|b|i|p|t|0
2249|record|-1|P|f|2287|record|p|d|x|f|0
2275|cstring|-2|P|f|1263|cstring|p|c|p|f|0
2276|any|4|P|f|0|"any"|p|i|p|t|0
2277|anyarray|-1|P|f|0|anyarray|p|d|x|f|0
2278|void|4|P|f|0|void|p|i|p|t|0
2279|trigger|4|P|f|0|trigger|p|i|p|t|0
2281|internal|8|P|f|0|internal|p|d|p|t|0
2283|anyelement|4|P|f|0|anyelement|p|i|p|t|0
2776|anynonarray|4|P|f|0|anynonarray|p|i|p|t|0
2950|uuid|16|U|f|2951|uuid|b|c|p|f|0
3220|pg_lsn|8|U|f|3221|pg_lsn|b|d|p|t|0
3802|jsonb|-1|U|f|3807|jsonb|b|i|x|f|0
4072|jsonpath|-1|U|f|4073|jsonpath|b|i|x|f|0
4089|regnamespace|4|N|f|4090|regnamespace|b|i|p|t|0
4096|regrole|4|N|f|4097|regrole|b|i|p|t|0
4191|regcollation|4|N|f|4192|regcollation|b|i|p|t|0
5069|xid8|8|U|f|271|xid8|b|d|p|t|0
5077|anycompatible|4|P|f|0|anycompatible|p|i|p|t|0
5078|anycompatiblearray|-1|P|f|0|anycompatiblearray|p|d|x|f|0
5079|anycompatiblenonarray|4|P|f|0|anycompatiblenonarray|p|i|p|t|0
"""

BY_OID: dict[int, Type] = {}
BY_NAME: dict[str, Type] = {}


def _register(kind: Type) -> Type:
    BY_OID[kind.oid] = kind
    BY_NAME[kind.name] = kind
    return kind


def _load() -> None:
    for line in _TABLE.split():
        oid, name, size, category, preferred, array, display, kind, align, storage, by_value, element = line.replace(
            "_SPACE_", " "
        ).split("|")
        numbers = (int(size), category, preferred == "t", int(array), int(element))
        base = _register(Type(int(oid), name, *numbers, display, kind, align, storage, by_value == "t"))
        if base.array:
            wide = "d" if align == "d" else "i"
            kind_of_array = "p" if name == "record" else "b"
            category_of_array = "P" if name == "record" else "A"
            shown = (base.oid, display + "[]", kind_of_array, wide, "x")
            _register(Type(base.array, "_" + name, -1, category_of_array, False, 0, *shown))


_load()


def type_by_oid(oid: int) -> Type:
    """Return the type with this OID; KeyError when there is none."""
    return BY_OID[oid]


def array_of(element: Type) -> Type | None:
    """Return the array type over `element`, or None when it has none."""
    return BY_OID.get(element.array)


def element_of(array: Type) -> Type | None:
    """Return the element type of an array or vector type, or None."""
    return BY_OID.get(array.element) if array.category == "A" or array.name == "_record" else None


BOOL = BY_NAME["bool"]
BYTEA = BY_NAME["bytea"]
CHAR = BY_NAME["char"]
NAME = BY_NAME["name"]
INT8 = BY_NAME["int8"]
INT2 = BY_NAME["int2"]
INT2VECTOR = BY_NAME["int2vector"]
INT4 = BY_NAME["int4"]
REGPROC = BY_NAME["regproc"]
TEXT = BY_NAME["text"]
OID = BY_NAME["oid"]
TID = BY_NAME["tid"]
XID = BY_NAME["xid"]
CID = BY_NAME["cid"]
OIDVECTOR = BY_NAME["oidvector"]
JSON = BY_NAME["json"]
JSONB = BY_NAME["jsonb"]
FLOAT4 = BY_NAME["float4"]
FLOAT8 = BY_NAME["float8"]
UNKNOWN = BY_NAME["unknown"]
BPCHAR = BY_NAME["bpchar"]
VARCHAR = BY_NAME["varchar"]
DATE = BY_NAME["date"]
TIME = BY_NAME["time"]
TIMESTAMP = BY_NAME["timestamp"]
TIMESTAMPTZ = BY_NAME["timestamptz"]
INTERVAL = BY_NAME["interval"]
TIMETZ = BY_NAME["timetz"]
NUMERIC = BY_NAME["numeric"]
UUID = BY_NAME["uuid"]
REGCLASS = BY_NAME["regclass"]
REGTYPE = BY_NAME["regtype"]
REGNAMESPACE = BY_NAME["regnamespace"]
REGROLE = BY_NAME["regrole"]
RECORD = BY_NAME["record"]
CSTRING = BY_NAME["cstring"]
VOID = BY_NAME["void"]
ANY = BY_NAME["any"]
ANYARRAY = BY_NAME["anyarray"]
ANYELEMENT = BY_NAME["anyelement"]
ANYNONARRAY = BY_NAME["anynonarray"]
ANYCOMPATIBLE = BY_NAME["anycompatible"]
ANYCOMPATIBLEARRAY = BY_NAME["anycompatiblearray"]
ANYCOMPATIBLENONARRAY = BY_NAME["anycompatiblenonarray"]
INTERNAL = BY_NAME["internal"]

UNKNOWN_TYPES = (UNKNOWN,)
TEXT_LIKE = frozenset((TEXT.oid, VARCHAR.oid, BPCHAR.oid, NAME.oid))
INTEGERS = frozenset((INT2.oid, INT4.oid, INT8.oid))
POLYMORPHIC = frozenset(
    (
        ANYARRAY.oid,
        ANYELEMENT.oid,
        ANYNONARRAY.oid,
        ANYCOMPATIBLE.oid,
        ANYCOMPATIBLEARRAY.oid,
        ANYCOMPATIBLENONARRAY.oid,
    )
)
