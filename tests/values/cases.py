"""The input cases of the golden files: interesting texts of every type, with modifiers and display settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Case = list[object]

INTS = ["0", "1", "-1", "42", " 7 ", "+5", "-0", "007", "32767", "-32768", "32768", "2147483647", "-2147483648",
        "2147483648", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "99999999999999999999999",
        "", " ", "abc", "1.0", "1e3", "1_000", "0x10", "--1", "+ 1", "12a", "٣"]  # fmt: skip
OIDS = ["0", "1", "4294967295", "4294967296", "-1", "abc", "", " 12 ", "-2147483648", "-4294967296", "12x"]
BOOLS = [
    "t",
    "f",
    "true",
    "FALSE",
    "y",
    "n",
    "yes",
    "no",
    "on",
    "off",
    "of",
    "o",
    "1",
    "0",
    " tr ",
    "",
    "x",
    "truee",
    "ye",
    "10",
]
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
TEXT_ARRAYS = [
    "{}",
    "{a,b}",
    '{"a b",c}',
    '{"",x}',
    "{NULL,null,NuLL}",
    '{"NULL"}',
    '{a"b}',
    '{"a\\"b"}',
    "{a\\,b}",
    "{a\\\\b}",
    "{ a b , c }",
    '{"a,b","c{d}"}',
    "{{a,b},{c,d}}",
    '{"a" b}',
    '{a "b"}',
    "{ä,日本}",
    '{"\n"}',
    "{\\N}",
    '{"a',
    "{a\\",
]
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
INTERVAL_FIELDS = [
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "year to month",
    "day to hour",
    "day to minute",
    "day to second",
    "hour to minute",
    "hour to second",
    "minute to second",
    "second(2)",
    "(3)",
    "day to second(1)",
]
LSNS = ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1", "", "x/1", "1/123456789"]
TIDS = ["(0,1)", "(4294967295,65535)", "", "(1)", "1,2", "(1,65536)", "(-1,0)"]

STYLES = [
    {"datestyle": f"{style}, {order}"}
    for style in ("ISO", "SQL", "Postgres", "German")
    for order in ("MDY", "DMY", "YMD")
]
ZONES = [{"timezone": name} for name in ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")]


def inputs(
    kind: str, texts: Iterable[str], modifiers: Iterable[str] = ("",), settings: dict[str, str] | None = None
) -> Iterator[Case]:
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
    yield from inputs(
        "interval", ["1", "1-2", "1:2", "1 2:03:04.567", "1 year 2 mons 3 days 04:05:06.789", "-1 day"], INTERVAL_FIELDS
    )
    for style in STYLES:
        yield from inputs("date", DATES[:40], settings=style)
        yield from inputs("timestamp", STAMPS[:30] + STAMPS[-2:], settings=style)
        yield from inputs("timestamptz", STAMPS[:12], settings={**style, "timezone": "Europe/Paris"})
    for zone in ZONES:
        yield from inputs("timestamptz", STAMPS, settings=zone)
        yield from inputs("timetz", ["2020-07-01 12:00", "12:00+01", "2020-01-01 12:00"], settings=zone)
    for name in ("postgres", "postgres_verbose", "sql_standard", "iso_8601"):
        yield from inputs("interval", INTERVALS, settings={"intervalstyle": name})
