"""The cases of the golden files: interesting values of every type, alone, in pairs and through casts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

Case = list[object]

INTS = ["0", "1", "-1", "42", " 7 ", "+5", "-0", "007", "32767", "-32768", "32768", "2147483647", "-2147483648",
        "2147483648", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "99999999999999999999999",
        "", " ", "abc", "1.0", "1e3", "1_000", "0x10", "--1", "+ 1", "12a", "٣"]  # fmt: skip
OIDS = ["0", "1", "4294967295", "4294967296", "-1", "abc", "", " 12 ", "-2147483648", "-4294967296", "12x"]
BOOLS = ["t", "f", "true", "FALSE", "y", "n", "yes", "no", "on", "off", "of", "o", "1", "0", " tr ", "", "x", "truee", "ye", "10"]
FLOATS = ["0", "-0", "1", "-1.5", "0.1", "1e10", "1e15", "1e16", "123456789012345", "1234567890123456", "12345678901234567",
          "1e-4", "1e-5", "0.00012345", "1e300", "1e308", "1e309", "1e-307", "1e-324", "1e-400", "5e-324", "NaN", "nan",
          "Infinity", "-infinity", "inf", "+inf", "infin", "", " ", "abc", "1.2.3", "1e", ".5", "5.", ".", "0x1p3", "1_0",
          "3.4028235e38", "3.5e38", "1e-45", "1e-46", "1.17549435e-38", "0.3", "123456.7", "1234567", "12345678", "16777217",
          "9.999999e5", "1e6", "999999.9", "0.1234567891234", "33.333333333333336", "2.5e-5", " 1.5 ", "1 5", "-nan"]  # fmt: skip
NUMERICS = ["0", "-0", "0.00", "1", "1.0", "-1.50", "123456.789", "1e3", "1e-3", "1.5e2", "12345678901234567890.123456789",
            "NaN", "nan", "Infinity", "-Infinity", "inf", "+inf", "", " ", "abc", "1.2.3", " 5 ", "+7", ".5", "5.", ".",
            "1e", "1e+2", "0.0001", "0.00001234", "9999", "10000", "99999999", "100000000", "1e20", "-0.5", "0.5", "1.5",
            "2.5", "1e400", "1_0", "0x1", "1e1000000000000", "1e200000", "1e-20000", "--1", "1e-1000000000000", "1e1073741823", "1e2147483648"]  # fmt: skip
TEXTS = ["", "a", "abc", "abcd", "a  ", "  a", "äöü", "日本語", "a'b", 'a"b', "a\\b", "a\nb", "x" * 70]
BYTEAS = ["", "abc", "\\x", "\\xdeadbeef", "\\xDE AD", "\\xabc", "\\xzz", "\\000\\377", "a\\\\b", "a\\b", "\\8", "\\x 12 34 ",
          "ä", "\\400", "\\x1 2"]  # fmt: skip
UUIDS = ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
         "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "", "a0eebc99", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
         "a0eebc999-c0b-4ef8-bb6d-6bb9bd380a11", "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]  # fmt: skip
JSONS = ['{"a": 1}', "[]", "{}", "null", "true", "1", '"x"', ' {"b" : 1 , "a":[1,2, {"c":null}]} ', '{"a":1,"a":2}',
         '{"bb":1,"a":2,"ccc":3,"äé":4}', "1.0", "1.50", "1e2", "-0", "1E-5", "100000000000000000000000", "", " ", "{", "[1,", "[1",
         '{"a"}', '{"a":}', '{"a":1,}', "[1,]", "[,1]", "{1:2}", "tru", "nul", "01", "1.", "-", "--1", ".5", "+1", "1a", "'a'",
         '"a', '"\\x"', '"\\u12"', '"\\u00e4"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\u0000"', '"a\tb"', "[1] 2",
         '{"a":1} x', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '{"a" 1}', "[1 2]", "[}", "{]", '{"a":1 "b":2}', "NaN", "Infinity",
         '\n\n{"a":\n  x}', '{"key": "a long value that goes on and on and on and on", "other": oops}', '"\\ud83dx"',
         '"\\ud83d\\ud83d"', '{"x":[{"y":[]},{}]}', '"\u007f"', "[[[]]]", '{"":""}', "[true,false,null]", "abc def", "é"]  # fmt: skip
ARRAYS = ["{}", "{1,2,3}", "{1,NULL,3}", "{null}", "{{1,2},{3,4}}", "{{1},{2,3}}", "{{1,2},3}", "{1,{2}}", "[1:2]={1,2}",
          "[1:2][1:1]={{1},{2}}", "[1:3]={1,2}", " { 1 , 2 } ", "{1,2", "1,2}", "", "{1,,2}", "{,1}", "{1,}", "{a}", '{"1",2}',
          "{1}x", "{{}}", "{{},{}}", "{1 2}", "[1:0]={}", "[a:2]={1}", "{}}", "[1:2]{1,2}", "{{1,2},{3}}"]  # fmt: skip
TEXT_ARRAYS = ["{}", "{a,b}", '{"a b",c}', '{"",x}', "{NULL,null,NuLL}", '{"NULL"}', '{a"b}', '{"a\\"b"}', "{a\\,b}", "{a\\\\b}",
               "{ a b , c }", '{"a,b","c{d}"}', "{{a,b},{c,d}}", '{"a" b}', '{a "b"}', "{ä,日本}", '{"\n"}', "{\\N}", '{"a', "{a\\"]
DATES = ["2020-01-05", "2020-1-5", "20200105", "200105", "January 8, 1999", "1999-01-08", "1/8/1999", "1/18/1999", "18/1/1999",
         "01/02/03", "1999-Jan-08", "Jan-08-1999", "08-Jan-1999", "99-Jan-08", "08-Jan-99", "Jan-08-99", "19990108", "990108",
         "1999.008", "J2451187", "January 8, 99 BC", "0001-01-01", "0000-01-01", "-0001-01-01", "2020-02-30", "2020-02-29",
         "2021-02-29", "2020-13-01", "2020-00-10", "2020-01-32", "epoch", "infinity", "-infinity", "inf", "5874897-12-31",
         "5874898-01-01", "4713-11-24 BC", "4714-11-24 BC", "4714-11-23 BC", "", "abc", "2020-01-05 10:30", "2020 1 5",
         "5 Jan 2020", "Sun Jan 5 2020", "2020-01-05T10:30:00", "2020-366", "2020.366", "2020366", "1 2", "2020", "10:30",
         "99-01-08", "1999 Jan 08", "Jan 1999 08", "y2020m01d05", "2020-01-05 BC", "2020-01-05 AD", "12/31/99", "31.12.1999",
         "2020/01/05", "2020-01-05+02", "10000-01-01", "99999-12-31", "2147483648-01-01", "Sept 5 2020", "today x", "2020-Jan-5x"]  # fmt: skip
TIMES = ["04:05:06.789", "04:05:06", "04:05", "040506", "0405", "04:05 AM", "04:05 PM", "12:00 AM", "12:00 PM", "13:00 PM",
         "04:05:06.789-8", "04:05:06-08:00", "04:05-08:00", "040506-08", "04:05:06 PST", "24:00:00", "24:00:01", "25:00", "23:59:60",
         "23:59:61", "23:60", "", "abc", "12", "1234567", "12:34:56.1234567", "12:34:56.9999999", "allballs", "2003-04-12 04:05:06",
         "04:05:06 America/New_York", "2003-04-12 04:05:06 America/New_York", "04:05:06+16", "04:05:06+15:59:59", "04:05:06 UTC",
         "T04:05", "04:05:06 z", "4:5:6", " 04:05 ", "04:05:06.5 PM", "04.05", "12:", ":12", "04:05:06+1:2:3", "04:05:06 EST5EDT",
         "040506.789", "040506.789+0330", "04:05:06 BC", "04:05:06 FOO"]  # fmt: skip
STAMPS = ["2020-01-05 10:30:00", "2020-01-05 10:30:00.123456", "2020-01-05 10:30:00.1234567", "2020-01-05T10:30:00Z",
          "2020-01-05 10:30:00+02", "2020-01-05 10:30:00-03:30", "2020-07-05 10:30 Europe/Paris", "2020-01-05 10:30 PST",
          "2020-07-05 10:30 PDT", "2020-07-05 10:30 MSK", "Jan 5 10:30:00 2020", "Sun Jan 05 10:30:00 2020", "20200105T103000",
          "20200105 103000", "20200105T103000+0200", "2020-01-05", "1/5/2020 10:30 PM", "2020-01-05 24:00:00", "2020-01-05 24:00:01",
          "2020-01-05 25:00", "294276-12-31 23:59:59.999999", "294277-01-01 00:00:00", "4713-11-24 00:00:00 BC",
          "4714-11-24 00:00:00 BC", "4714-11-23 23:59:59 BC", "0001-01-01 00:00:00 BC", "epoch", "infinity", "-infinity", "", "abc",
          "10:30", "2020-01-05 10:30:60", "2020-01-05 10:30:00 FOO", "2020-01-05 10:30:00 Foo/Bar", "2020-03-29 02:30:00",
          "2020-10-25 02:30:00", "J2451187.5", "2020-01-05 at 10:30", "2020-01-05 10:30 on", "1900-01-01 00:00:00", "1850-01-01",
          "2020-01-05 10:30:00 +02:00", "2020-01-05 10:30:00 UTC+3", "2020-01-05 10:30:00 MET DST", "99999-01-01 00:00:00",
          "2500-06-01 12:00:00", "2020-01-05 10:30:00+00:19:32", "2020-01-05 10:30:00 -infinity", "1999-12-31 23:59:59.999999",
          "2020-01-05 10:30:00.9999995", "infinity BC", "today 10:30 foo", "2020-01-05 1030", "01-05-2020 10:30", "05-01-20 10:30"]  # fmt: skip
INTERVALS = ["1 year", "1 year 2 months 3 days", "1-2", "-1-2", "+1-2", "3 4:05:06", "-3 4:05:06", "1 day -04:05:06", "4:05:06",
             "-4:05:06.789", "P1Y2M3DT4H5M6S", "P1Y2M3DT4H5M6.789S", "PT1H", "P1W", "P0001-02-03T04:05:06", "P00010203T040506",
             "P-1Y", "PT-5.5S", "P1.5Y", "1.5 years", "1.5 months", "1.5 weeks", "1.5 days", "1.5 hours", "1.7 minutes", "0.1 seconds",
             "1 week", "2 decades", "1 century", "1 millennium", "1 mil 2 cent", "3 quarters", "10 ms", "5 us", "10 milliseconds",
             "7 microseconds", "1 day ago", "@ 1 year 2 mons ago", "@ 1 minute", "1 fortnight", "", "abc", "1", "1.5", "-1", "1 2",
             "1 day 1 day", "1 2:03", "1 2:03:04 5", "infinity", "178000000 years", "178956971 years", "2147483648 days",
             "9223372036854775807 us", "9223372036854775808 us", "1 h", "1 m", "1 min", "1 mon", "1 s", "1 y", "1 d", "1 w", "1h30m",
             "1 hour 30", "00:00:00.0000005", "00:00:00.0000015", "100:59:59", "1:60", "0", "-0", "1 year -1 month", "-1 year +2 days",
             "1 days 24:00:00", "P", "PT", "P1", "P1Y2", "1 day 2 hours 3 minutes 4.5 seconds ago", "+1 day", "12:34", "1 12:34",
             "1 year 1-2", "1.", ".5 day", "1e3 days", "- 1 day", "1 day, 2 hours"]  # fmt: skip
INTERVAL_FIELDS = ["year", "month", "day", "hour", "minute", "second", "year to month", "day to hour", "day to minute",
                   "day to second", "hour to minute", "hour to second", "minute to second", "second(2)", "(3)", "day to second(1)"]
LSNS = ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1", "", "x/1", "1/123456789"]
TIDS = ["(0,1)", "(4294967295,65535)", "", "(1)", "1,2", "(1,65536)", "(-1,0)"]

STYLES = [{"datestyle": f"{style}, {order}"} for style in ("ISO", "SQL", "Postgres", "German") for order in ("MDY", "DMY", "YMD")]
ZONES = [{"timezone": name} for name in ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")]


def inputs(kind: str, texts: Iterable[str], modifiers: Iterable[str] = ("",), settings: dict[str, str] | None = None) -> Iterator[Case]:
    """Give the input cases of a type."""
    for modifier in modifiers:
        for text in texts:
            yield ["in", kind, modifier, text, settings or {}]


def plain_inputs() -> Iterator[Case]:
    """Numbers, text, bytes, JSON."""
    for kind in ("int2", "int4", "int8"):
        yield from inputs(kind, INTS)
    for kind in ("oid", "xid", "xid8"):
        yield from inputs(kind, OIDS)
    yield from inputs("bool", BOOLS)
    yield from inputs("float4", FLOATS)
    yield from inputs("float8", FLOATS)
    yield from inputs("float8", FLOATS, settings={"extra_float_digits": "0"})
    yield from inputs("float4", FLOATS, settings={"extra_float_digits": "-2"})
    yield from inputs("numeric", NUMERICS)
    yield from inputs("numeric", ["0", "1.5", "-1.5", "99.994", "99.995", "999.9", "NaN", "Infinity", "0.005", "0.004", "12345", "-0.001"],
                      ["(4,2)", "(3)", "(3,-2)", "(2,4)", "(1000,0)", "(0)", "(1001)", "(3,1001)"])  # fmt: skip
    for kind in ("text", "varchar", "bpchar", "name", "char"):
        yield from inputs(kind, TEXTS)
    for kind in ("varchar", "bpchar"):
        yield from inputs(kind, TEXTS, ["(3)", "(1)"])
    yield from inputs("bytea", BYTEAS)
    yield from inputs("bytea", BYTEAS, settings={"bytea_output": "escape"})
    yield from inputs("uuid", UUIDS)
    yield from inputs("json", JSONS)
    yield from inputs("jsonb", JSONS)
    yield from inputs("pg_lsn", LSNS)
    yield from inputs("tid", TIDS)
    yield from inputs("_int4", ARRAYS)
    yield from inputs("_text", TEXT_ARRAYS)
    yield from inputs("_numeric", ["{1.0,NaN}", "{1.234,5.678}"], ["", "(4,1)"])
    yield from inputs("_varchar", ["{abc,de}", '{"abc "}'], ["", "(3)", "(2)"])
    yield from inputs("_timestamp", ["{2020-01-01,infinity}"])
    yield from inputs("_interval", ["{1 day,2 hours}", "{{1 day},{2 days}}"])
    yield from inputs("_timetz", ["{12:00+01,13:00+02}"])
    yield from inputs("_bool", ["{t,f,NULL}"])
    yield from inputs("_bytea", ['{"\\\\xdead","\\\\x"}'])
    yield from inputs("_jsonb", ['{"{\\"a\\": 1}","[1,2]"}'])
    yield from inputs("int2vector", ["", "1", "1 2 3"])
    yield from inputs("oidvector", ["", "1", "1 2 4294967295"])


def datetime_inputs() -> Iterator[Case]:
    """Dates, times, timestamps and intervals."""
    yield from inputs("date", DATES)
    yield from inputs("time", TIMES)
    yield from inputs("timetz", TIMES)
    yield from inputs("timestamp", STAMPS)
    yield from inputs("timestamptz", STAMPS)
    yield from inputs("interval", INTERVALS)
    for kind in ("time", "timestamp", "timestamptz"):
        yield from inputs(kind, ["2020-01-05 10:30:00.555555", "2020-01-05 23:59:59.999999"], ["(0)", "(2)", "(6)"])
    yield from inputs("timetz", ["10:30:00.555555+01"], ["(0)", "(2)"])
    yield from inputs("interval", ["1", "1-2", "1:2", "1 2:03:04.567", "1 year 2 mons 3 days 04:05:06.789", "-1 day"], INTERVAL_FIELDS)
    for style in STYLES:
        yield from inputs("date", DATES[:40], settings=style)
        yield from inputs("timestamp", STAMPS[:30] + STAMPS[-2:], settings=style)
        yield from inputs("timestamptz", STAMPS[:12], settings={**style, "timezone": "Europe/Paris"})
    for zone in ZONES:
        yield from inputs("timestamptz", STAMPS, settings=zone)
        yield from inputs("timetz", ["2020-07-01 12:00", "12:00+01", "2020-01-01 12:00"], settings=zone)
    for style in ("postgres", "postgres_verbose", "sql_standard", "iso_8601"):
        yield from inputs("interval", INTERVALS, settings={"intervalstyle": style})


# ---------------------------------------------------------------- operators

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
    numbers = ["0", "1", "-1.50", "2.5", "3", "0.0001", "123456789.123456789", "99999999999999999999", "NaN", "Infinity", "-Infinity"]
    yield from pairs("numeric", numbers, (*ARITHMETIC, "%"), "numeric", [*numbers, "7", "0.3", "1e-10", "10000", "9999.5"])
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
    spans = ["1 month", "-1 month", "1 day", "1 day 02:03:04.5", "1 year 2 mons -3 days", "-26:00:00", "0", "100000 years", "30 days", "720:00:00"]
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
        yield from pairs("timestamptz", [*stamps, "2020-03-28 10:00:00", "2020-10-24 12:00:00"], ("+", "-"), "interval", spans, zone)
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
    documents = ['{"a": {"b": [1, 2.50, "x"]}, "c": null}', '[1, "a", {"b": 2}, null, [3]]', '"s"', "5", "{}", "[]", '{"a":1,"a":"z"}', "null"]
    for kind in ("json", "jsonb"):
        yield from pairs(kind, documents, ("->", "->>"), "text", ["a", "c", "x", "0"])
        yield from pairs(kind, documents, ("->", "->>"), "int4", ["0", "1", "-1", "9", "-9", "3"])
        yield from pairs(kind, documents, ("#>", "#>>"), "_text", ["{}", "{a,b,1}", "{a,b,-1}", "{0}", "{2,b}", "{a,NULL}", "{4,x}", "{a}"])
    yield from pairs("jsonb", documents, ("@>", "<@", "||", *COMPARISONS), "jsonb", [*documents, '{"a": {"b": [2.5]}}', "[1]", '["a"]', "1"])
    yield from pairs("jsonb", documents, ("?", "-"), "text", ["a", "s", "b"])
    yield from pairs("jsonb", documents, ("-",), "int4", ["0", "-1", "9"])
    yield from pairs("jsonb", documents, ("?|", "?&", "-", "#-"), "_text", ["{}", "{a,c}", "{a,b,0}", "{a,b,x}", "{0}", "{a,NULL}", "{2,b}"])


def array_operators() -> Iterator[Case]:
    """Arrays."""
    arrays = ["{}", "{1,2,3}", "{3,NULL}", "{{1,2},{3,4}}", "{2}", "{1,2}"]
    yield from pairs("_int4", arrays, ("&&", "@>", "<@", *COMPARISONS), "_int4", arrays)
    yield from pairs("_int4", arrays, ("||",), "_int4", arrays)
    yield from pairs("_int4", [*arrays[:3], arrays[4]], ("||",), "int4", ["9"])
    yield from pairs("int4", ["9"], ("||",), "_int4", [*arrays[:3], arrays[4]])
    yield from pairs("_numeric", ["{1.0,NaN}", "{2}"], ("=", "<", "@>", "&&"), "_numeric", ["{1.00,NaN}", "{NaN}", "{}"])
    yield from pairs("_text", ["{a,B}", "{}"], ("=", "<", "@>"), "_text", ["{a,b}", "{B}"])
    yield from pairs("_interval", ["{1 mon}", "{24:00:00}"], ("=", "<", "@>"), "_interval", ["{30 days}", "{1 day}"])
    yield from pairs("oidvector", ["1 2", "3"], COMPARISONS, "oidvector", ["1 2", "9", "1 2 3"])


# ---------------------------------------------------------------- casts


def casts(source: str, texts: Iterable[str], *targets: str, modifiers: Iterable[str] = ("",), settings: dict[str, str] | None = None) -> Iterator[Case]:
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
    yield from casts("int4", [*whole, "2147483647", "16777217"], "int2", "int8", "float4", "float8", "numeric", "oid", "bool", "char", "text")
    yield from casts("int8", big, "int2", "int4", "float4", "float8", "numeric", "oid")
    yield from casts("oid", ["0", "4294967295", "16384"], "int4", "int8")
    reals = ["0.5", "1.5", "2.5", "-0.5", "-2.5", "1e10", "1e20", "NaN", "Infinity", "-Infinity", "0.1", "123456.789", "1e-10", "32767.5", "-32768.5"]
    yield from casts("float4", reals, "int2", "int4", "int8", "float8", "numeric", "text")
    yield from casts("float8", [*reals, "1e300", "1e-300"], "int2", "int4", "int8", "float4", "numeric", "text")
    exact = ["0.5", "1.5", "2.5", "-0.5", "-2.5", "1e10", "1e20", "NaN", "Infinity", "-Infinity", "0.1", "32767.49", "32767.5", "1e400", "1e-400",
             "9223372036854775807.4", "9223372036854775807.5"]  # fmt: skip
    yield from casts("numeric", exact, "int2", "int4", "int8", "float4", "float8", "text")
    yield from casts("numeric", ["1.255", "99.995", "-1.5", "1234"], "numeric", modifiers=["(4,2)", "(3)", "(5,-2)", "(10,4)"])
    yield from casts("bool", ["t", "f"], "int4", "text", "varchar", "bpchar")
    yield from casts("text", ["abc  ", "", "äöü", "日本語", "12"], "varchar", "bpchar", modifiers=["(2)", "(5)", ""])
    yield from casts("text", ["abc", "", "x" * 70, "ä" * 40], "name", "varchar")
    yield from casts("bpchar", ["abc  ", " x "], "text", "varchar", "name")
    yield from casts("name", ["abc"], "text", "varchar", "bpchar")
    yield from casts("char", ["a"], "int4", "text", "varchar", "bpchar")
    yield from casts("char", ["", "\\377", "\\101"], "int4")
    yield from casts("text", ["12", "abc", "1.5", "t", "2020-01-01", '{"a":1}', "{1,2}"], "int4", "numeric", "bool", "date", "jsonb", "_int4", "float8")
    yield from casts("json", ['{"b":1, "a":[1.0]}', "1"], "jsonb", "text")
    yield from casts("jsonb", ["1", "1.5", "true", "null", '"x"', "[]", "{}", "1e10", "1e400"], "bool", "int2", "int4", "int8", "numeric", "float4", "float8", "json", "text")
    moments = ["2020-01-31 23:30:00.5", "2020-07-01 00:00:00", "infinity", "-infinity", "2020-03-29 02:30:00", "1900-01-01 12:00:00"]
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
