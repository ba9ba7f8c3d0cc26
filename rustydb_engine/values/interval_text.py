"""Intervals as text, in the four IntervalStyles.

| IntervalStyle | one year, two months, minus three days, four hours |
| --- | --- |
| postgres | 1 year 2 mons -3 days +04:00:00 |
| postgres_verbose | @ 1 year 2 mons -3 days 4 hours |
| sql_standard | +1-2 -3 +4:00:00 |
| iso_8601 | P1Y2M-3DT4H |

Source: PostgreSQL 15, section 8.5.5; EncodeInterval in src/backend/utils/adt/datetime.c.
"""

from __future__ import annotations

from rustydb_engine.values.interval import Interval

Parts = tuple[int, int, int, int, int, int, int]


def parts_of(value: Interval) -> Parts:
    """Return (years, months, days, hours, minutes, seconds, microseconds), each with the sign of its field."""
    months, days, micros = value
    sign = -1 if months < 0 else 1
    years, months = abs(months) // 12 * sign, abs(months) % 12 * sign
    sign = -1 if micros < 0 else 1
    seconds, rest = divmod(abs(micros), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return years, months, days, hour * sign, minute * sign, second * sign, rest * sign


def seconds_text(second: int, micros: int, fill: bool) -> str:
    """Return the absolute value of seconds with their fraction; two digits when `fill`."""
    whole = f"{abs(second):02d}" if fill else str(abs(second))
    return f"{whole}.{abs(micros):06d}".rstrip("0") if micros else whole


def interval_out(value: Interval, style: str = "postgres") -> str:
    """Print an interval."""
    return _STYLES[style](parts_of(value))


def _postgres(parts: Parts) -> str:
    hour, minute, second, micros = parts[3:]
    words: list[str] = []
    before = False
    for number, unit in zip(parts[:3], ("year", "mon", "day"), strict=True):
        if number:
            plus = "+" if before and number > 0 else ""
            words.append(f"{plus}{number} {unit}{'s' if number != 1 else ''}")
            before = number < 0
    if not words or hour or minute or second or micros:
        minus = hour < 0 or minute < 0 or second < 0 or micros < 0
        sign = "-" if minus else "+" if before else ""
        words.append(f"{sign}{abs(hour):02d}:{abs(minute):02d}:{seconds_text(second, micros, True)}")
    return " ".join(words)


def _verbose(parts: Parts) -> str:
    second, micros = parts[5:]
    text = "@"
    zero, before = True, False
    for number, unit in zip(parts[:5], ("year", "mon", "day", "hour", "min"), strict=True):
        if not number:
            continue
        if zero:
            before, shown = number < 0, abs(number)
        else:
            shown = -number if before else number
        text += f" {shown} {unit}{'' if shown == 1 else 's'}"
        zero = False
    if second or micros:
        text += " "
        if second < 0 or (second == 0 and micros < 0):
            if zero:
                before = True
            elif not before:
                text += "-"
        elif before:
            text += "-"
        text += seconds_text(second, micros, False) + (" secs" if abs(second) != 1 or micros else " sec")
        zero = False
    return text + (" 0" if zero else "") + (" ago" if before else "")


def _standard(parts: Parts) -> str:
    negative = any(part < 0 for part in parts)
    positive = any(part > 0 for part in parts)
    by_month = bool(parts[0] or parts[1])
    by_day = any(parts[2:])
    years, months, days, hour, minute, second, micros = (abs(part) for part in parts)
    clock = f"{hour}:{minute:02d}:{seconds_text(second, micros, True)}"
    if not negative and not positive:
        return "0"
    if (negative and positive) or (by_month and by_day):
        signs = [
            "-" if any(part < 0 for part in group) else "+" for group in (parts[:2], parts[2:3], parts[3:])
        ]  # fmt: skip
        return f"{signs[0]}{years}-{months} {signs[1]}{days} {signs[2]}{clock}"
    sign = "-" if negative else ""
    if by_month:
        return f"{sign}{years}-{months}"
    return f"{sign}{days} {clock}" if days else sign + clock


def _iso(parts: Parts) -> str:
    if not any(parts):
        return "PT0S"
    text = "P"
    for number, letter in zip(parts[:3], "YMD", strict=True):
        if number:
            text += f"{number}{letter}"
    hour, minute, second, micros = parts[3:]
    if hour or minute or second or micros:
        text += "T"
    for number, letter in ((hour, "H"), (minute, "M")):
        if number:
            text += f"{number}{letter}"
    if second or micros:
        text += ("-" if second < 0 or micros < 0 else "") + seconds_text(second, micros, False) + "S"
    return text


_STYLES = {"postgres": _postgres, "postgres_verbose": _verbose, "sql_standard": _standard, "iso_8601": _iso}
