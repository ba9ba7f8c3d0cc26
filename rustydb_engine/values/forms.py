"""The settings on which the text form of a value depends: DateStyle, TimeZone, IntervalStyle and kin.

A session keeps one `Forms` and replaces it when one of its settings changes; type input and output functions
receive it. Source: PostgreSQL 15, section 20.11.
"""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo

from rustydb_proto.core.value import value

UTC = ZoneInfo("UTC")


@value
class Forms:
    """`date_style` ISO, Postgres, SQL or German; `date_order` MDY, DMY or YMD; `interval_style` postgres,
    postgres_verbose, sql_standard or iso_8601; `bytea_output` hex or escape; `zone_name` as SHOW prints it."""

    zone: tzinfo = UTC
    zone_name: str = "UTC"
    date_style: str = "ISO"
    date_order: str = "MDY"
    interval_style: str = "postgres"
    float_digits: int = 1
    bytea_output: str = "hex"


DEFAULT_FORMS = Forms()
