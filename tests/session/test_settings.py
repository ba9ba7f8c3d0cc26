"""Configuration parameters: canonical texts, layers, transactions, reports. Expected texts are PostgreSQL 15's."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.session.settings import Settings, zone_of


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("work_mem", "64 MB", "64MB"),
        ("work_mem", "65536", "64MB"),
        ("statement_timeout", "90s", "90s"),
        ("statement_timeout", "60000", "1min"),
        ("statement_timeout", "0", "0"),
        ("jit", "1", "on"),
        ("enable_seqscan", "OFF", "off"),
        ("DateStyle", "german", "German, DMY"),
        ("DateStyle", "sql, dmy", "SQL, DMY"),
        ("DateStyle", "ymd", "ISO, YMD"),
        ("TimeZone", "europe/paris", "Europe/Paris"),
        ("TimeZone", "utc", "UTC"),
        ("TimeZone", "-5", "<-05>+05"),
        ("IntervalStyle", "ISO_8601", "iso_8601"),
        ("client_encoding", "utf-8", "UTF8"),
        ("extra_float_digits", "3", "3"),
        ("application_name", "caf\u00e9", "caf?"),
    ],
)
def test_a_value_is_shown_in_its_canonical_form(name: str, text: str, shown: str) -> None:
    settings = Settings("admin")
    assert settings.set(name, text) == shown
    assert settings.show(name) == shown


@pytest.mark.parametrize(
    ("name", "text", "sqlstate", "message"),
    [
        ("nonsense", "1", "42704", 'unrecognized configuration parameter "nonsense"'),
        ("jit", "maybe", "22023", 'parameter "jit" requires a Boolean value'),
        ("server_version", "16", "55P02", 'parameter "server_version" cannot be changed'),
        (
            "max_connections",
            "5",
            "55P02",
            'parameter "max_connections" cannot be changed without restarting the server',
        ),
        ("TimeZone", "Mars/Olympus", "22023", 'invalid value for parameter "TimeZone": "Mars/Olympus"'),
        ("client_encoding", "klingon", "22023", 'invalid value for parameter "client_encoding": "klingon"'),
        ("work_mem", "1", "22023", '1 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)'),
        ("IntervalStyle", "roman", "22023", 'invalid value for parameter "IntervalStyle": "roman"'),
    ],
)
def test_a_wrong_value_is_refused_as_postgresql_refuses_it(name: str, text: str, sqlstate: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        Settings("admin").set(name, text)
    assert (caught.value.sqlstate, caught.value.message) == (sqlstate, message)


def test_set_local_lasts_until_the_end_of_the_transaction() -> None:
    settings = Settings("admin")
    settings.set("search_path", "a")
    settings.save()
    settings.set("search_path", "b", local=True)
    assert settings.show("search_path") == "b"
    settings.end_transaction()
    assert settings.show("search_path") == "a"


def test_a_rollback_takes_back_set() -> None:
    settings = Settings("admin")
    settings.save()
    settings.set("TimeZone", "Asia/Tokyo")
    assert settings.forms.zone_name == "Asia/Tokyo"
    settings.restore(0)
    assert settings.show("TimeZone") == "UTC"
    assert settings.forms.zone_name == "UTC"


def test_reset_returns_to_the_startup_value() -> None:
    settings = Settings("admin")
    settings.set_startup("TimeZone", "Asia/Tokyo")
    settings.set("TimeZone", "UTC")
    settings.reset_all()
    assert settings.show("TimeZone") == "Asia/Tokyo"


def test_only_changed_reported_parameters_are_reported_once() -> None:
    settings = Settings("admin")
    settings.set("work_mem", "1MB")
    settings.set("TimeZone", "Asia/Tokyo")
    assert settings.take_reports() == [("TimeZone", "Asia/Tokyo")]
    assert settings.take_reports() == []


def test_custom_parameters_need_a_dot() -> None:
    settings = Settings("admin")
    settings.set("app.user", "7")
    assert settings.show("app.user") == "7"
    with pytest.raises(SqlError):
        settings.show("app.other")


def test_thirteen_parameters_are_reported_at_the_start() -> None:
    names = set(Settings("admin").reported())
    assert names == {
        "application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
        "integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding", "server_version",
        "session_authorization", "standard_conforming_strings", "TimeZone",
    }  # fmt: skip


def test_the_raw_value_is_in_the_parameters_own_unit() -> None:
    settings = Settings("admin")
    settings.set("work_mem", "64MB")
    assert settings.raw("work_mem") == "65536"


def test_an_offset_zone_is_west_positive_in_its_posix_name() -> None:
    offset = zone_of("<-05>+05").utcoffset(None)
    assert offset is not None
    assert offset.total_seconds() == -5 * 3600


def test_a_default_is_shown_with_its_unit() -> None:
    settings = Settings("admin")
    assert settings.show("work_mem") == "4MB"
    assert settings.raw("work_mem") == "4096"
    assert settings.show("statement_timeout") == "0"
