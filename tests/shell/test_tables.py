"""Tables: what psql 15 prints for the same rows, and the forms that it does not have."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from rustydb_shell.address import parse_address
from rustydb_shell.link import Link
from rustydb_shell.tables import Style, render, width

from tests.support import oracle

QUERIES = (
    "SELECT 1",
    "SELECT 1 AS a, 'x' AS b",
    "SELECT 1 AS long_name_of_a_number, 'text' AS t, 2.50::numeric AS n",
    "SELECT g AS n, repeat('x', g) AS t, NULL::text AS nothing FROM generate_series(1, 12) g",
    "SELECT * FROM (VALUES (1, 'one'), (2, NULL), (30, 'thirty')) v(id, name)",
    "SELECT 'a' AS x WHERE false",
    "SELECT E'two\\nlines' AS a, 'b' AS b, E'three\\n\\nlines' AS c",
    "SELECT 1 AS n, E'x\\nyy' AS last",
    "SELECT E'tab\\there' AS t, 'ü' AS u, '日本' AS j, 'e\u0301' AS combining, 1 AS n",
    "SELECT true AS b, '2020-01-02'::date AS d, '{1,2}'::int[] AS a, '\\x00ff'::bytea AS y, 1.5::float8 AS f",
    "SELECT 1 AS \"Two\nLines\", 'x' AS b",
    "SELECT 'a' AS a, '' AS b, 'c' AS c",
    "SELECT 5 AS five_is_the_number_that_is_longer_than_the_record_label, 6 AS six",
    "SELECT 5 AS elevenchars, repeat('y', 30) AS v",
    "SELECT 5 AS twelve_chars, 1 AS v",
    "SELECT 1 AS a, 2 AS b, 3 AS c, E'r\\rr' AS d",
    "SELECT 'a,b' AS \"x,y\", 'say \"hi\"' AS q, E'\\\\.' AS dot",
)
FORMS = (
    ([], Style()),
    (["-x"], Style(expanded="on")),
    (["-t"], Style(tuples_only=True)),
    (["-A"], Style(format="unaligned")),
    (["-A", "-x"], Style(format="unaligned", expanded="on")),
    (["-A", "-t"], Style(format="unaligned", tuples_only=True)),
    (["-P", "null=∅"], Style(null="∅")),
    (["--csv"], Style(format="csv")),
    (["--csv", "-x"], Style(format="csv", expanded="on")),
    (["-x", "-t"], Style(expanded="on", tuples_only=True)),
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    try:
        with oracle.running() as server:
            yield server.url
    except oracle.Unavailable as reason:
        pytest.skip(str(reason))


def psql(url: str, options: list[str], sql: str) -> str:
    command = [str(oracle.BINARIES / "psql"), "-X", "-P", "pager=off", *options, "-c", sql, url]
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=60,
        check=True,
        env={"PGCLIENTENCODING": "UTF8", "LANG": "C.UTF-8"},
    )
    return done.stdout.decode()


@pytest.mark.parametrize(("options", "style"), FORMS, ids=[" ".join(options) or "aligned" for options, _ in FORMS])
def test_results_look_as_in_psql(url: str, options: list[str], style: Style) -> None:
    link = Link(parse_address(url, {}, {}))
    link.open()
    try:
        for sql in QUERIES:
            (outcome,) = link.query(sql)
            assert outcome.columns is not None
            names, oids = [column.name for column in outcome.columns], [column.type_oid for column in outcome.columns]
            assert render(names, oids, outcome.rows, style) == psql(url, options, sql), sql
    finally:
        link.close()


def test_json_keeps_every_digit() -> None:
    names, oids = ["id", "price", "ok", "data", "name", "f"], [20, 1700, 16, 3802, 25, 701]
    rows = [("9007199254740993", "0.10", "t", '{"a": 1}', 'say "hi"', "NaN"), (None, None, "f", "null", "ü", "1.5")]
    assert render(names, oids, rows, Style(format="json")) == (
        '[{"id": 9007199254740993, "price": 0.10, "ok": true, "data": {"a": 1}, "name": "say \\"hi\\"", "f": "NaN"},\n'
        ' {"id": null, "price": null, "ok": false, "data": null, "name": "ü", "f": 1.5}]\n'
    )
    assert render(names, oids, [], Style(format="json")) == "[]\n"


def test_expanded_by_itself_when_a_row_is_too_wide() -> None:
    style = Style(expanded="auto", width=20)
    assert "RECORD" not in render(["a"], [25], [("short",)], style)
    assert "RECORD" in render(["a"], [25], [("x" * 30,)], style)


def test_width_counts_terminal_columns() -> None:
    assert [width(text) for text in ("abc", "ü", "日本", "e\u0301", "")] == [3, 1, 4, 1, 0]
