"""One example of every message and value, and what bincode makes of it, spelled out.

`plain` is a message as bincode's own specification would see it, without a name of ours: nested tuples of a type and what is in it.
`encode_plain` below is a second encoder, written from that specification alone.
"""

from __future__ import annotations

from typing import Any

from rustydb_proto.binary import messages as m
from rustydb_proto.binary import values as v

VALUES: dict[str, tuple[v.Value, tuple[Any, ...]]] = {
    "null": (None, ("enum", 0)),
    "true": (True, ("enum", 1, ("bool", True))),
    "false": (False, ("enum", 1, ("bool", False))),
    "int": (-2, ("enum", 2, ("i64", -2))),
    "int max": (v.INT_MAX, ("enum", 2, ("i64", 9223372036854775807))),
    "int min": (v.INT_MIN, ("enum", 2, ("i64", -9223372036854775808))),
    "float": (1.5, ("enum", 3, ("f64", 1.5))),
    "infinity": (float("inf"), ("enum", 3, ("f64", float("inf")))),
    "text": ("grün", ("enum", 4, ("str", "grün"))),
    "empty text": ("", ("enum", 4, ("str", ""))),
    "bytes": (b"\0\xff", ("enum", 5, ("bytes", b"\0\xff"))),
    "numeric": (v.Numeric("-12.340"), ("enum", 6, ("str", "-12.340"))),
    "numeric NaN": (v.Numeric("NaN"), ("enum", 6, ("str", "NaN"))),
    "date 2024-02-29": (v.Date(8825), ("enum", 7, ("i32", 8825))),
    "date 0044-03-15 BC": (v.Date(-746142), ("enum", 7, ("i32", -746142))),
    "date infinity": (v.Date(v.DATE_INFINITY), ("enum", 7, ("i32", 2147483647))),
    "date -infinity": (v.Date(v.DATE_NEGATIVE_INFINITY), ("enum", 7, ("i32", -2147483648))),
    "time 12:34:56.789": (v.Time(45296789000), ("enum", 8, ("i64", 45296789000))),
    "timetz 00:00:00+01": (v.TimeTz(0, 3600), ("enum", 9, ("i64", 0), ("i32", 3600))),
    "timestamp 2000-01-01 00:00:01": (v.Timestamp(1000000), ("enum", 10, ("i64", 1000000))),
    "timestamptz infinity": (v.TimestampTz(v.TIMESTAMP_INFINITY), ("enum", 11, ("i64", 9223372036854775807))),
    "interval 1 mon -2 days 00:00:03": (
        v.Interval(1, -2, 3000000),
        ("enum", 12, ("i32", 1), ("i32", -2), ("i64", 3000000)),
    ),
    "uuid": (v.Uuid(bytes(range(16))), ("enum", 13, *[("u8", number) for number in range(16)])),
    "json": (v.Json('{"a": 1}'), ("enum", 14, ("str", '{"a": 1}'))),
    "array {1,NULL}": (
        v.Array(23, ((2, 1),), (1, None)),
        (
            "enum",
            15,
            ("u32", 23),
            ("list", ("record", ("u32", 2), ("i32", 1))),
            ("list", ("enum", 2, ("i64", 1)), ("enum", 0)),
        ),
    ),
    "empty array": (v.Array(25, (), ()), ("enum", 15, ("u32", 25), ("list",), ("list",))),
    "other (point)": (v.Other(600, "(1,2)"), ("enum", 16, ("u32", 600), ("str", "(1,2)"))),
}

_NONE = ("option",)
_COLUMN = m.Column("n", "integer", 23)
_PLAIN_COLUMN = ("record", ("str", "n"), ("str", "integer"), ("u32", 23), ("i32", -1))
_OPTIONS = m.Options(5, 1000, 100, 8, 65536, 500)
_PLAIN_OPTIONS = (
    "option",
    ("record", ("u64", 5), ("u32", 1000), ("u64", 100), ("u32", 8), ("u64", 65536), ("u32", 500)),
)
_ONE = ("list", ("enum", 2, ("i64", 1)))

REQUESTS: dict[m.Request, tuple[Any, ...]] = {
    m.Query("SELECT 1"): ("enum", 0, ("str", "SELECT 1")),
    m.BeginTransaction(): ("enum", 1),
    m.Commit(): ("enum", 2),
    m.Rollback(): ("enum", 3),
    m.Ping(): ("enum", 4),
    m.Hello(
        "ann", "shop", "TOKEN", b"secret", ("bincode",), ("lz4",), 16777216, 0, "app", ("x-a",), (("TimeZone", "UTC"),)
    ): (
        "enum",
        5,
        ("str", "ann"),
        ("str", "shop"),
        ("str", "TOKEN"),
        ("bytes", b"secret"),
        ("list", ("str", "bincode")),
        ("list", ("str", "lz4")),
        ("u32", 16777216),
        ("u32", 0),
        ("str", "app"),
        ("list", ("str", "x-a")),
        ("list", ("record", ("str", "TimeZone"), ("str", "UTC"))),
    ),
    m.Authenticate(b"c=biws"): ("enum", 6, ("bytes", b"c=biws")),
    m.Execute("SELECT $1", (1,)): ("enum", 7, ("str", "SELECT $1"), _ONE, _NONE),
    m.Execute("SELECT 1", (), _OPTIONS): ("enum", 7, ("str", "SELECT 1"), ("list",), _PLAIN_OPTIONS),
    m.Prepare("SELECT $1", (23, 0)): ("enum", 8, ("str", "SELECT $1"), ("list", ("u32", 23), ("u32", 0))),
    m.ExecutePrepared(3, (1,)): ("enum", 9, ("u32", 3), _ONE, _NONE),
    m.ClosePrepared(3): ("enum", 10, ("u32", 3)),
    m.BulkInsert("t", ("a",), ((1,), (1,)), True): (
        "enum",
        11,
        ("str", "t"),
        ("list", ("str", "a")),
        ("list", _ONE, _ONE),
        ("bool", True),
        _NONE,
    ),
    m.BulkRows(((1,),)): ("enum", 12, ("list", _ONE), ("bool", False)),
    m.Batch((m.Statement("SELECT $1", (1,)),), False): (
        "enum",
        13,
        ("list", ("record", ("str", "SELECT $1"), _ONE)),
        ("bool", False),
        _NONE,
    ),
    m.Cancel(258): ("enum", 14, ("u32", 258)),
    m.Credit(2, 65536): ("enum", 15, ("u32", 2), ("u64", 65536)),
    m.Heartbeat(9): ("enum", 16, ("u64", 9), ("bool", False)),
    m.Begin("serializable", True): (
        "enum",
        17,
        ("str", "serializable"),
        ("option", ("bool", True)),
        _NONE,
    ),
    m.CommitTransaction(5): ("enum", 18, ("u64", 5)),
    m.RollbackTransaction(5): ("enum", 19, ("u64", 5)),
    m.Listen("c"): ("enum", 20, ("str", "c")),
    m.Unlisten(""): ("enum", 21, ("str", "")),
    m.Subscribe("t", 3, ("a",), "a > 1", 7): (
        "enum",
        22,
        ("str", "t"),
        ("u8", 3),
        ("list", ("str", "a")),
        ("str", "a > 1"),
        ("u64", 7),
    ),
    m.Unsubscribe(1): ("enum", 23, ("u64", 1)),
    m.Extension("x-a", b"\1"): ("enum", 24, ("str", "x-a"), ("bytes", b"\1")),
    m.Goodbye(): ("enum", 25),
}

_FIELDS = m.ErrorFields('column "x" does not exist', "42703", hint="Perhaps y.", position=8, table="t")
_PLAIN_FIELDS = (
    "record",
    ("str", 'column "x" does not exist'),
    ("str", "42703"),
    ("str", "ERROR"),
    _NONE,
    ("option", ("str", "Perhaps y.")),
    ("option", ("u32", 8)),
    _NONE,
    _NONE,
    ("option", ("str", "t")),
    _NONE,
    _NONE,
    _NONE,
)

RESPONSES: dict[m.Response, tuple[Any, ...]] = {
    m.QueryResult((_COLUMN,), ((1,),), 1, "SELECT 1"): (
        "enum",
        0,
        ("list", _PLAIN_COLUMN),
        ("list", _ONE),
        ("u64", 1),
        ("str", "SELECT 1"),
    ),
    m.TransactionId(5): ("enum", 1, ("u64", 5)),
    m.Ok(): ("enum", 2),
    m.Error(_FIELDS): ("enum", 3, _PLAIN_FIELDS),
    m.Pong(): ("enum", 4),
    m.Welcome("bincode", "none", 16777216, 1048576, 1024, 33554432, 4, 65536, 0, (), "SCRAM-SHA-256", b"r="): (
        "enum",
        5,
        ("str", "bincode"),
        ("str", "none"),
        *[("u32", number) for number in (16777216, 1048576, 1024, 33554432, 4, 65536, 0)],
        ("list",),
        ("str", "SCRAM-SHA-256"),
        ("bytes", b"r="),
    ),
    m.Ready(7, b"v=", "RustyDB 0.1", ()): ("enum", 6, ("u64", 7), ("bytes", b"v="), ("str", "RustyDB 0.1"), ("list",)),
    m.Prepared(3, (23,), (_COLUMN,)): ("enum", 7, ("u32", 3), ("list", ("u32", 23)), ("list", _PLAIN_COLUMN)),
    m.Columns((_COLUMN,)): ("enum", 8, ("list", _PLAIN_COLUMN)),
    m.Rows(((1,), (1,))): ("enum", 9, ("list", _ONE, _ONE)),
    m.Completed(2, "INSERT 0 2"): ("enum", 10, ("u64", 2), ("str", "INSERT 0 2"), ("bool", False)),
    m.Granted(4): ("enum", 11, ("u32", 4)),
    m.Notified("c", "p", 7): ("enum", 12, ("str", "c"), ("str", "p"), ("u64", 7)),
    m.Subscribed(1, (_COLUMN,), 9): ("enum", 13, ("u64", 1), ("list", _PLAIN_COLUMN), ("u64", 9)),
    m.Changed(1, 2, 10, None, (1,)): ("enum", 14, ("u64", 1), ("u8", 2), ("u64", 10), _NONE, ("option", _ONE)),
    m.Notice(_FIELDS): ("enum", 15, _PLAIN_FIELDS),
    m.SettingChanged("TimeZone", "UTC"): ("enum", 16, ("str", "TimeZone"), ("str", "UTC")),
    m.ExtensionReply("x-a", b"\2"): ("enum", 17, ("str", "x-a"), ("bytes", b"\2")),
    m.Heartbeat(9, True): ("enum", 18, ("u64", 9), ("bool", True)),
    m.Ended(1, _FIELDS): ("enum", 19, ("u64", 1), _PLAIN_FIELDS),
}


def encode_plain(plain: tuple[Any, ...]) -> bytes:
    """Encode by bincode's specification: fixed-width little-endian integers, u64 lengths, u32 variants."""
    kind, *rest = plain
    if kind in ("u8", "u32", "u64"):
        return int(rest[0]).to_bytes(int(kind[1:]) // 8, "little")
    if kind in ("i32", "i64"):
        return int(rest[0]).to_bytes(int(kind[1:]) // 8, "little", signed=True)
    if kind == "f64":
        bits = {1.5: 0x3FF8000000000000, float("inf"): 0x7FF0000000000000}[rest[0]]
        return bits.to_bytes(8, "little")
    if kind == "bool":
        return b"\1" if rest[0] else b"\0"
    if kind in ("str", "bytes"):
        data = rest[0].encode() if kind == "str" else rest[0]
        return len(data).to_bytes(8, "little") + bytes(data)
    if kind == "list":
        return len(rest).to_bytes(8, "little") + b"".join(map(encode_plain, rest))
    if kind == "option":
        return b"\1" + encode_plain(rest[0]) if rest else b"\0"
    if kind == "enum":
        return int(rest[0]).to_bytes(4, "little") + b"".join(map(encode_plain, rest[1:]))
    assert kind == "record", kind
    return b"".join(map(encode_plain, rest))
