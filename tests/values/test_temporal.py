"""The calendar over its whole range, time zones, age, words relative to now."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustydb_engine.errors import SqlError
from rustydb_engine.values.forms import DEFAULT_FORMS, Forms
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.interval_arithmetic import justify_days, justify_hours, justify_interval
from rustydb_engine.values.interval_parse import interval_in
from rustydb_engine.values.interval_text import interval_out
from rustydb_engine.values.io import io_of
from rustydb_engine.values.julian import DATE_END, DATE_MIN, TIMESTAMP_END, TIMESTAMP_MIN, civil_of, days_of, weekday_of
from rustydb_engine.values.temporal import age, timestamp_add, timestamptz_add
from rustydb_engine.values.types import BY_NAME, DATE, TIME, TIMESTAMP, TIMESTAMPTZ
from rustydb_engine.values.zones import abbreviation_at, local_offset, to_local, to_utc, zone_by_name, zone_names

NOW = 725_889_600_000_000 + 5_000_000  # 2023-01-01 12:00:05 UTC
PARIS = Forms(zone=zone_by_name("Europe/Paris") or DEFAULT_FORMS.zone, zone_name="Europe/Paris")


def stamp(text: str, forms: Forms = DEFAULT_FORMS) -> int:
    value = io_of(TIMESTAMP).input(text, -1, forms)
    assert isinstance(value, int)
    return value


@given(st.integers(DATE_MIN, DATE_END))
def test_days_and_dates_are_inverse(days: int) -> None:
    year, month, day = civil_of(days)
    assert days_of(year, month, day) == days
    assert 1 <= month <= 12 and 1 <= day <= 31


@given(st.dates())
def test_the_calendar_is_that_of_python(day: date) -> None:
    days = days_of(day.year, day.month, day.day)
    assert days == day.toordinal() - date(2000, 1, 1).toordinal()
    assert weekday_of(days) == day.isoweekday() % 7


@given(st.integers(TIMESTAMP_MIN, TIMESTAMP_END - 1))
def test_every_timestamp_prints_as_text_that_reads_back(micros: int) -> None:
    for kind, forms in ((TIMESTAMP, DEFAULT_FORMS), (TIMESTAMPTZ, PARIS)):
        io = io_of(kind)
        text = io.output(micros, forms)
        try:
            assert io.input(text, -1, forms) == micros
        except SqlError as error:
            # The zone may carry the outermost hours out of range.
            assert (
                error.sqlstate == "22008" and abs(micros - TIMESTAMP_MIN) < 10**12
            ) or TIMESTAMP_END - micros < 10**12


INTERVALS = st.builds(
    Interval, st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-(10**15), 10**15)
)


@given(INTERVALS, st.sampled_from(["postgres", "postgres_verbose", "iso_8601"]))
def test_every_interval_prints_as_text_that_reads_back(value: Interval, style: str) -> None:
    assert interval_in(interval_out(value, style), -1, style) == value


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        (DATE, "today", "2023-01-01"),
        (DATE, "tomorrow", "2023-01-02"),
        (DATE, "yesterday", "2022-12-31"),
        (TIMESTAMP, "now", "2023-01-01 13:00:05"),
        (TIMESTAMPTZ, "now", "2023-01-01 13:00:05+01"),
        (TIMESTAMP, "tomorrow 04:05", "2023-01-02 04:05:00"),
        (TIME, "now", "13:00:05"),
        (BY_NAME["timetz"], "10:00", "10:00:00+01"),
    ],
)
def test_words_relative_to_now(kind: object, text: str, shown: str) -> None:
    io = io_of(kind)  # type: ignore[arg-type]  # parametrize erases the type
    assert io.output(io.input(text, -1, PARIS, NOW), PARIS) == shown


def test_words_relative_to_now_need_a_now() -> None:
    with pytest.raises(SqlError) as caught:
        io_of(DATE).input("today", -1, DEFAULT_FORMS)
    assert caught.value.sqlstate == "0A000"


def test_a_local_time_that_occurs_twice_is_standard_time_and_one_in_a_gap_is_read_as_before() -> None:
    zone = PARIS.zone
    assert local_offset(zone, stamp("2020-10-25 02:30")) == 3600
    assert local_offset(zone, stamp("2020-03-29 02:30")) == 3600
    assert to_local(to_utc(stamp("2020-03-29 02:30"), zone), zone) == stamp("2020-03-29 03:30")


def test_noon_stays_noon_when_clocks_change() -> None:
    noon = to_utc(stamp("2020-03-28 12:00"), PARIS.zone)
    assert to_local(timestamptz_add(noon, Interval(0, 1, 0), PARIS.zone), PARIS.zone) == stamp("2020-03-29 12:00")
    assert timestamptz_add(noon, Interval(0, 0, 86_400_000_000), PARIS.zone) == noon + 86_400_000_000


def test_adding_months_cuts_the_day() -> None:
    assert timestamp_add(stamp("2020-01-31"), Interval(1, 0, 0)) == stamp("2020-02-29")
    assert timestamp_add(stamp("2020-02-29"), Interval(12, 0, 0)) == stamp("2021-02-28")


@pytest.mark.parametrize(
    ("left", "right", "shown"),
    [
        ("2020-03-01", "2019-01-31 10:00", "1 year 1 mon 14:00:00"),
        ("2019-01-31", "2020-03-01", "-1 years -1 mons -1 days"),
        ("2001-04-10", "1957-06-13", "43 years 9 mons 27 days"),
    ],
)
def test_age_counts_as_a_calendar(left: str, right: str, shown: str) -> None:
    assert interval_out(age(stamp(left), stamp(right))) == shown


def test_justified_intervals() -> None:
    assert interval_out(justify_interval(interval_in("1 mon -1 hour"))) == "29 days 23:00:00"
    assert interval_out(justify_interval(interval_in("-25 days 49 hours"))) == "-22 days -23:00:00"
    assert interval_out(justify_hours(interval_in("27 hours"))) == "1 day 03:00:00"
    assert interval_out(justify_days(interval_in("-35 days"))) == "-1 mons -5 days"
    huge = justify_interval(interval_in("2147483647 days 2147483647 hours"))
    assert interval_out(huge) == "6213783 years 8 mons 12 days 07:00:00"


def test_zones_are_found_in_any_case_and_by_posix_rules() -> None:
    assert zone_by_name("europe/PARIS") is PARIS.zone
    assert zone_by_name("Nowhere/City") is None
    zone = zone_by_name("XYZ5:30")
    assert zone is not None and local_offset(zone, 0) == -19_800
    assert abbreviation_at(PARIS.zone, stamp("2020-07-01")) == "CEST"
    assert "Europe/Paris" in zone_names()


@given(st.text(max_size=30))
def test_no_text_crashes_the_readers(text: str) -> None:
    for name in ("date", "time", "timetz", "timestamp", "timestamptz", "interval"):
        try:
            io_of(BY_NAME[name]).input(text, -1, PARIS, NOW)
        except SqlError as error:
            assert error.sqlstate[:2] == "22"
