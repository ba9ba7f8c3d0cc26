"""The operator and cast cases of the golden files: interesting values in pairs and through casts; and all files by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tests.values.cases import INTERVAL_FIELDS, UUIDS, ZONES, Case, datetime_inputs, plain_inputs

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
ARITHMETIC = ("+", "-", "*", "/")


def pairs(left: str, lefts: Iterable[str], names: Iterable[str], right: str, rights: Iterable[str],
          settings: dict[str, str] | None = None) -> Iterator[Case]:  # fmt: skip
    """Give the cases of operators over all pairs of values."""
    rights = list(rights)
    for name in names:
        for one in lefts:
            for other in rights:
                yield ["op", left, one, name, right, other, settings or {}]


def prefix(names: Iterable[str], right: str, rights: Iterable[str]) -> Iterator[Case]:
    """Give the cases of prefix operators."""
    for name in names:
        for text in rights:
            yield ["op", "", "", name, right, text, {}]


_EXTREMES = {"int2": ["32767", "-32768"], "int4": ["2147483647", "-2147483648"],
             "int8": ["9223372036854775807", "-9223372036854775808"]}  # fmt: skip


def integer_operators() -> Iterator[Case]:
    """Integers of all widths."""
    for left in _EXTREMES:
        for right in _EXTREMES:
            lefts, rights = ["7", "-7", *_EXTREMES[left]], ["2", "-1", "0", *_EXTREMES[right]]
            yield from pairs(left, lefts, (*ARITHMETIC, "=", "<", ">="), right, rights)
        values = ["7", "-7", "0", *_EXTREMES[left]]
        yield from pairs(left, values, ("%", "&", "|", "#"), left, ["2", "-3", "0", "-1"])
        yield from pairs(left, values, ("<<", ">>"), "int4", ["0", "1", "5", "31", "33"])
        yield from prefix(("-", "+", "~", "@"), left, values)
    for kind in ("oid", "xid8"):
        yield from pairs(kind, ["0", "5", "4294967295"], COMPARISONS, kind, ["5", "4294967295"])


def float_operators() -> Iterator[Case]:
    """real, double precision and numeric."""
    floats = ["0", "1.5", "-2", "1e30", "1e-30", "NaN", "Infinity", "-Infinity"]
    for left in ("float4", "float8"):
        for right in ("float4", "float8"):
            yield from pairs(left, floats, ARITHMETIC, right, floats)
            yield from pairs(left, floats[1:], COMPARISONS, right, ["1.5", "NaN", "Infinity"])
        yield from prefix(("-", "@"), left, floats)
    yield from pairs("float8", ["1e300", "1e-300"], ("*", "/"), "float8", ["1e300", "1e-300"])
    yield from pairs("float8", ["0", "2", "-2", "NaN", "Infinity", "-Infinity", "1", "0.5"], ("^",), "float8",
                     ["0", "2", "-1", "0.5", "3", "NaN", "Infinity", "-Infinity", "2000"])  # fmt: skip
    yield from prefix(("|/", "||/"), "float8", ["0", "2", "27", "-8", "NaN", "Infinity"])
    numbers = [
        "0",
        "1",
        "-1.50",
        "2.5",
        "3",
        "0.0001",
        "123456789.123456789",
        "99999999999999999999",
        "NaN",
        "Infinity",
        "-Infinity",
    ]
    yield from pairs(
        "numeric", numbers, (*ARITHMETIC, "%"), "numeric", [*numbers, "7", "0.3", "1e-10", "10000", "9999.5"]
    )
    yield from pairs("numeric", numbers, COMPARISONS, "numeric", ["1.0", "2.50", "NaN", "Infinity"])
    yield from pairs("numeric", ["0", "2", "-2", "0.5", "1.5", "10", "1.0001", "NaN", "Infinity", "-Infinity", "1", "123.456", "-1"], ("^",),
                     "numeric", ["0", "1", "2", "-3", "0.5", "1.5", "20", "-0.25", "NaN", "Infinity", "-Infinity", "100"])  # fmt: skip
    yield from prefix(("-", "@", "+"), "numeric", numbers)


def text_operators() -> Iterator[Case]:
    """Text, patterns, bytes."""
    words = ["", "a", "abc", "ABC", "a%c", "abc  ", "äb"]
    for kind in ("text", "bpchar", "name", "char"):
        yield from pairs(kind, words, COMPARISONS, kind, ["abc", "b", "abc ", ""])
    yield from pairs("text", words, ("||",), "text", words)
    yield from pairs("text", words, ("~~", "!~~", "~~*", "!~~*"), "text",
                     ["abc", "a%", "%c", "%b%", "a_c", "_", "%", "", "a\\%c", "A%", "a\\", "%a%b%", "___", "abc%", "ä_"])  # fmt: skip
    patterns = ["a", "^a", "c$", "^a.c$", "[a-c]+", "(a|x)b", "a{1,2}", "\\d", "\\w+", "[[:alpha:]]+$", "[^a-z]", "(?i)ABC", "***=a%c",
                "a**", "(", ")", "[", "a{2,1}", "*", "\\", "[[:foo:]]", "(a)\\2", "a{256}", "[b-a]", "\\m\\w+\\M", "^$", "(?:ab)c",
                "a(?=b)", "\\Aabc\\Z", ".", "x*", "[]a]", "a|b|", "(a)(b)\\1?", "\\y", "a\\.b", "^*", "{1}", "a{", "[a", "a{1", "\\u0061",
                "\\x61", "[\\w]", "[[.a.]]", "[[=a=]]", "(?q)a%c", "(?z)a", "++", "a+?", "a{1}{2}"]  # fmt: skip
    yield from pairs("text", ["abc", "ABC", "a%c", ""], ("~", "~*", "!~"), "text", patterns)
    yield from pairs("text", ["abc"], ("^@",), "text", ["a", "b", "", "abcd"])
    for left, right in (("name", "text"), ("text", "name")):
        yield from pairs(left, words[:4], COMPARISONS, right, ["abc"])
    yield from pairs("bytea", ["", "\\x00", "\\x61ff", "abc"], (*COMPARISONS, "||"), "bytea", ["\\x61", "abc", ""])
    yield from pairs("bytea", ["abc", "\\x61ff"], ("~~", "!~~"), "bytea", ["a%", "%c"])
    yield from pairs("bool", ["t", "f"], COMPARISONS, "bool", ["t", "f"])
    yield from pairs("uuid", UUIDS[:1], COMPARISONS, "uuid", [UUIDS[0], "ffffffff-ffff-ffff-ffff-ffffffffffff"])
    for kind, text in (("int4", "5"), ("bool", "t"), ("date", "2020-01-01"), ("numeric", "1.50"), ("bpchar", "x ")):
        yield ["op", "text", "a", "||", kind, text, {}]
        yield ["op", kind, text, "||", "text", "a", {}]
    yield from pairs("pg_lsn", ["1/0", "0/FF"], ("-", *COMPARISONS), "pg_lsn", ["0/10", "1/0"])
    yield from pairs("pg_lsn", ["1/0"], ("+", "-"), "numeric", ["16", "NaN", "99999999999999999999999"])


def datetime_operators() -> Iterator[Case]:
    """Dates, times, timestamps, intervals."""
    dates = ["2020-02-29", "1999-12-31", "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31"]
    stamps = ["2020-01-31 10:30:00", "2020-03-29 01:30:00", "infinity", "-infinity", "1999-12-31 23:59:59.999999"]
    spans = [
        "1 month",
        "-1 month",
        "1 day",
        "1 day 02:03:04.5",
        "1 year 2 mons -3 days",
        "-26:00:00",
        "0",
        "100000 years",
        "30 days",
        "720:00:00",
    ]
    yield from pairs("date", dates, ("-", "=", "<"), "date", dates)
    yield from pairs("date", dates, ("+", "-"), "int4", ["1", "-400", "2147483647"])
    yield from pairs("date", dates, ("+", "-"), "interval", spans)
    yield from pairs("date", dates[:3], ("+",), "time", ["10:30", "24:00"])
    yield from pairs("date", dates[:3], ("+",), "timetz", ["10:30+02"])
    yield from pairs("int4", ["5"], ("+",), "date", dates[:2])
    yield from pairs("timestamp", stamps, ("+", "-"), "interval", spans)
    yield from pairs("timestamp", stamps, ("-", *COMPARISONS), "timestamp", stamps[:3])
    yield from pairs("interval", spans[:4], ("+",), "timestamp", stamps[:2])
    for zone in ({}, ZONES[0], ZONES[1]):
        yield from pairs(
            "timestamptz", [*stamps, "2020-03-28 10:00:00", "2020-10-24 12:00:00"], ("+", "-"), "interval", spans, zone
        )
        yield from pairs("timestamptz", stamps[:2], (*COMPARISONS, "-"), "timestamptz", stamps[:2], zone)
        yield from pairs("timestamptz", stamps[:3], COMPARISONS, "timestamp", stamps[:3], zone)
        yield from pairs("timestamptz", ["2020-02-29", "2020-02-29 00:00+00"], COMPARISONS, "date", dates, zone)
        yield from pairs("date", dates, ("=", "<"), "timestamptz", ["2020-02-29", "2020-02-29 00:00+00"], zone)
    yield from pairs("timestamp", ["2020-02-29", "2020-02-29 00:00:01", "infinity"], COMPARISONS, "date", dates)
    yield from pairs("interval", spans, (*COMPARISONS, "+", "-"), "interval", spans)
    yield from pairs("interval", spans, ("*", "/"), "float8", ["2", "0.5", "-1.5", "0", "1e10", "NaN", "0.333333", "3"])
    yield from pairs("float8", ["1.5"], ("*",), "interval", spans)
    yield from prefix(("-",), "interval", spans)
    times = ["10:30:00", "00:00:00", "24:00:00", "23:59:59.999999"]
    yield from pairs("time", times, ("+", "-"), "interval", spans[:7])
    yield from pairs("time", times, ("-", *COMPARISONS), "time", times)
    yield from pairs("time", times[:1], ("+",), "date", dates[:1])
    zoned = ["10:30:00+02", "09:30:00+01", "10:30:00-05"]
    yield from pairs("timetz", zoned, COMPARISONS, "timetz", zoned)
    yield from pairs("timetz", zoned, ("+", "-"), "interval", spans[:7])


def json_operators() -> Iterator[Case]:
    """json and jsonb."""
    documents = [
        '{"a": {"b": [1, 2.50, "x"]}, "c": null}',
        '[1, "a", {"b": 2}, null, [3]]',
        '"s"',
        "5",
        "{}",
        "[]",
        '{"a":1,"a":"z"}',
        "null",
    ]
    for kind in ("json", "jsonb"):
        yield from pairs(kind, documents, ("->", "->>"), "text", ["a", "c", "x", "0"])
        yield from pairs(kind, documents, ("->", "->>"), "int4", ["0", "1", "-1", "9", "-9", "3"])
        yield from pairs(
            kind,
            documents,
            ("#>", "#>>"),
            "_text",
            ["{}", "{a,b,1}", "{a,b,-1}", "{0}", "{2,b}", "{a,NULL}", "{4,x}", "{a}"],
        )
    yield from pairs(
        "jsonb",
        documents,
        ("@>", "<@", "||", *COMPARISONS),
        "jsonb",
        [*documents, '{"a": {"b": [2.5]}}', "[1]", '["a"]', "1"],
    )
    yield from pairs("jsonb", documents, ("?", "-"), "text", ["a", "s", "b"])
    yield from pairs("jsonb", documents, ("-",), "int4", ["0", "-1", "9"])
    yield from pairs(
        "jsonb",
        documents,
        ("?|", "?&", "-", "#-"),
        "_text",
        ["{}", "{a,c}", "{a,b,0}", "{a,b,x}", "{0}", "{a,NULL}", "{2,b}"],
    )


def array_operators() -> Iterator[Case]:
    """Arrays."""
    arrays = ["{}", "{1,2,3}", "{3,NULL}", "{{1,2},{3,4}}", "{2}", "{1,2}"]
    yield from pairs("_int4", arrays, ("&&", "@>", "<@", *COMPARISONS), "_int4", arrays)
    yield from pairs("_int4", arrays, ("||",), "_int4", arrays)
    yield from pairs("_int4", [*arrays[:3], arrays[4]], ("||",), "int4", ["9"])
    yield from pairs("int4", ["9"], ("||",), "_int4", [*arrays[:3], arrays[4]])
    yield from pairs(
        "_numeric", ["{1.0,NaN}", "{2}"], ("=", "<", "@>", "&&"), "_numeric", ["{1.00,NaN}", "{NaN}", "{}"]
    )
    yield from pairs("_text", ["{a,B}", "{}"], ("=", "<", "@>"), "_text", ["{a,b}", "{B}"])
    yield from pairs("_interval", ["{1 mon}", "{24:00:00}"], ("=", "<", "@>"), "_interval", ["{30 days}", "{1 day}"])
    yield from pairs("oidvector", ["1 2", "3"], COMPARISONS, "oidvector", ["1 2", "9", "1 2 3"])


# ---------------------------------------------------------------- casts


def casts(
    source: str,
    texts: Iterable[str],
    *targets: str,
    modifiers: Iterable[str] = ("",),
    settings: dict[str, str] | None = None,
) -> Iterator[Case]:
    """Give cast cases."""
    for target in targets:
        for modifier in modifiers:
            for text in texts:
                yield ["cast", source, text, target, modifier, settings or {}]


def cast_cases() -> Iterator[Case]:
    """All families of casts."""
    whole = ["0", "1", "-1", "128", "-129", "32767", "40000", "-40000"]
    big = [*whole, "2147483647", "3000000000", "-3000000000", "9007199254740993"]
    yield from casts("int2", whole[:6], "int4", "int8", "float4", "float8", "numeric", "oid", "text")
    yield from casts(
        "int4",
        [*whole, "2147483647", "16777217"],
        "int2",
        "int8",
        "float4",
        "float8",
        "numeric",
        "oid",
        "bool",
        "char",
        "text",
    )
    yield from casts("int8", big, "int2", "int4", "float4", "float8", "numeric", "oid")
    yield from casts("oid", ["0", "4294967295", "16384"], "int4", "int8")
    reals = [
        "0.5",
        "1.5",
        "2.5",
        "-0.5",
        "-2.5",
        "1e10",
        "1e20",
        "NaN",
        "Infinity",
        "-Infinity",
        "0.1",
        "123456.789",
        "1e-10",
        "32767.5",
        "-32768.5",
    ]
    yield from casts("float4", reals, "int2", "int4", "int8", "float8", "numeric", "text")
    yield from casts("float8", [*reals, "1e300", "1e-300"], "int2", "int4", "int8", "float4", "numeric", "text")
    exact = ["0.5", "1.5", "2.5", "-0.5", "-2.5", "1e10", "1e20", "NaN", "Infinity", "-Infinity", "0.1", "32767.49", "32767.5", "1e400", "1e-400",
             "9223372036854775807.4", "9223372036854775807.5"]  # fmt: skip
    yield from casts("numeric", exact, "int2", "int4", "int8", "float4", "float8", "text")
    yield from casts(
        "numeric", ["1.255", "99.995", "-1.5", "1234"], "numeric", modifiers=["(4,2)", "(3)", "(5,-2)", "(10,4)"]
    )
    yield from casts("bool", ["t", "f"], "int4", "text", "varchar", "bpchar")
    yield from casts("text", ["abc  ", "", "äöü", "日本語", "12"], "varchar", "bpchar", modifiers=["(2)", "(5)", ""])
    yield from casts("text", ["abc", "", "x" * 70, "ä" * 40], "name", "varchar")
    yield from casts("bpchar", ["abc  ", " x "], "text", "varchar", "name")
    yield from casts("name", ["abc"], "text", "varchar", "bpchar")
    yield from casts("char", ["a"], "int4", "text", "varchar", "bpchar")
    yield from casts("char", ["", "\\377", "\\101"], "int4")
    yield from casts(
        "text",
        ["12", "abc", "1.5", "t", "2020-01-01", '{"a":1}', "{1,2}"],
        "int4",
        "numeric",
        "bool",
        "date",
        "jsonb",
        "_int4",
        "float8",
    )
    yield from casts("json", ['{"b":1, "a":[1.0]}', "1"], "jsonb", "text")
    yield from casts(
        "jsonb",
        ["1", "1.5", "true", "null", '"x"', "[]", "{}", "1e10", "1e400"],
        "bool",
        "int2",
        "int4",
        "int8",
        "numeric",
        "float4",
        "float8",
        "json",
        "text",
    )
    moments = [
        "2020-01-31 23:30:00.5",
        "2020-07-01 00:00:00",
        "infinity",
        "-infinity",
        "2020-03-29 02:30:00",
        "1900-01-01 12:00:00",
    ]
    days = ["2020-01-31", "infinity", "-infinity", "4713-01-01 BC", "300000-01-01", "5874897-12-31"]
    for settings in ({}, ZONES[0], ZONES[1], ZONES[3]):
        yield from casts("date", days, "timestamp", "timestamptz", settings=settings)
        yield from casts("timestamp", moments, "date", "time", "timestamptz", settings=settings)
        yield from casts("timestamptz", moments, "date", "time", "timestamp", "timetz", settings=settings)
    yield from casts("time", ["10:30:00.5", "24:00"], "interval")
    yield from casts("timetz", ["10:30:00.5+02"], "time")
    yield from casts("interval", ["1 day 26:30:00", "-1:00:00", "1 mon"], "time", "text")
    yield from casts("timestamp", ["2020-01-01 10:30:00.555555"], "timestamp", modifiers=["(0)", "(2)", "(6)"])
    yield from casts("interval", ["1 year 2 mons 3 days 04:05:06.789"], "interval", modifiers=INTERVAL_FIELDS)


FILES: dict[str, Callable[[], Iterator[Case]]] = {
    "input_plain": plain_inputs,
    "input_datetime": datetime_inputs,
    "operators_integer": integer_operators,
    "operators_float": float_operators,
    "operators_text": text_operators,
    "operators_datetime": datetime_operators,
    "operators_json": json_operators,
    "operators_array": array_operators,
    "casts": cast_cases,
}
