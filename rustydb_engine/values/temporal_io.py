"""Input and output of the date and time types (filled below `io`)."""

from __future__ import annotations

from rustydb_engine.values.type_io import TypeIO

TEMPORAL_IO: dict[str, TypeIO] = {}
