"""Any text parses or fails with an SqlError whose position is in the text; parsing is repeatable and its trees are shallow.

Statements that parse also parse with a semicolon and a comment behind them, to the same trees.
"""

from __future__ import annotations

from collections.abc import Hashable

import fuzzing

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.depth import DEPTH_MAX, check_depth
from rustydb_engine.sql.parser import parse


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    sql = data.decode("utf-8", "replace").replace("\x00", " ")
    try:
        parsed = parse(sql)
    except SqlError as error:
        assert error.sqlstate in ("42601", "54001", "0A000", "22023", "22025", "22021", "42P20", "42P11", "42P10"), (
            error
        )
        assert error.position is None or -1 <= error.position <= len(sql), (error, error.position)
        return error.sqlstate, error.message[:24]
    end = 0
    for statement, start, stop in parsed:
        assert end <= start < stop <= len(sql), "statements come in order"
        check_depth(statement, DEPTH_MAX + 1)
        end = stop
    assert [s for s, _, _ in parse(sql + "\n;--")] == [s for s, _, _ in parsed], "the end does not matter"
    return tuple(type(statement).__name__ for statement, _, _ in parsed[:3])


if __name__ == "__main__":
    fuzzing.main("sql_parser", check)
