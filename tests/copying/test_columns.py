"""COPY FROM a column at a time gives what reading line by line gives, or gives up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.copy.columns import ColumnReader
from rustydb_engine.copy.convert import converter_for
from rustydb_engine.copy.decode import LineDecoder, decoder_for
from rustydb_engine.copy.options import CopyOptions
from rustydb_engine.errors import SqlError
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.types import BPCHAR, DATE, INT2, INT4, TEXT, VARCHAR

COLUMNS = (
    TableColumn("a", 1, INT4),
    TableColumn("b", 2, TEXT),
    TableColumn("c", 3, BPCHAR, typmod=7),
)
TEXT_FORM = CopyOptions()
CSV_FORM = CopyOptions("csv", ",", "")


def by_columns(
    text: str, options: CopyOptions = TEXT_FORM, columns: tuple[TableColumn, ...] = COLUMNS
) -> list[tuple[object, ...]] | None:
    """Read lines a column at a time."""
    return ColumnReader(columns, options, Forms()).rows(text)


def by_lines(text: str, options: CopyOptions) -> list[tuple[object, ...]]:
    """Read them one by one."""
    decoder = decoder_for(options, len(COLUMNS))
    assert isinstance(decoder, LineDecoder)
    table = Table(oid=1, name="t", schema=2, owner=10, columns=COLUMNS)
    return converter_for(table, COLUMNS, options, Forms())(decoder.rows(text), 0)


def test_plain_lines_are_read_by_columns() -> None:
    assert by_columns("1\tone\tx\n-2\t\tyyy\n") == [(1, "one", "x  "), (-2, "", "yyy")]
    assert by_columns("1,one,x\n", CSV_FORM) == [(1, "one", "x  ")]


def test_nulls_are_read_by_columns() -> None:
    assert by_columns("\\N\t\\N\t\\N\n1\tN\t\\N\n") == [(None, None, None), (1, "N", None)]
    assert by_columns(",,\n1,,\n", CSV_FORM) == [(None, None, None), (1, None, None)]


def test_equal_texts_become_one_object() -> None:
    rows = by_columns("".join(f"{number}\tthe same\t\n" for number in range(100)))
    assert rows is not None and len({id(row[1]) for row in rows}) == 1 == len({id(row[2]) for row in rows})


@pytest.mark.parametrize(
    "text",
    [
        "1\tone\n",
        "1\tone\tx\t\n",
        "1\tone\n\t\tx\t\n",
        "1\ta\\tb\tx\n",
        "1\ta\\Nb\tx\n",
        "1\tone\tx\r\n",
        "1_0\tone\tx\n",
        " 1\tone\tx\n",
        "\u0661\tone\tx\n",
        "\tone\tx\n",
        "1-\tone\tx\n",
        "2147483648\tone\tx\n",
        "-2147483649\tone\tx\n",
        "1\tone\tlong\n",
        "\\.\n",
        "",
    ],
)
def test_what_is_not_plain_is_left_to_the_other_way(text: str) -> None:
    assert by_columns(text) is None


def test_quotes_are_left_to_the_other_way() -> None:
    assert by_columns('1,"one",x\n', CSV_FORM) is None


def test_types_with_a_reader_of_their_own() -> None:
    columns = (TableColumn("a", 1, DATE), TableColumn("b", 2, VARCHAR, typmod=6), TableColumn("c", 3, INT2))
    assert by_columns("2000-01-02\tab\t-32768\n", columns=columns) == [(1, "ab", -32768)]
    assert by_columns("2000-01-32\tab\t1\n", columns=columns) is None
    assert by_columns("2000-01-02\tabc\t1\n", columns=columns) is None
    assert by_columns("2000-01-02\tab\t32768\n", columns=columns) is None


FIELDS = st.sampled_from(["1", "-5", "", "x", "\\N", "12", "N", "\\\\", "\\.", " ", "abc", '"', "\u00e9"])
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=4), max_size=5)


@given(LINES, st.sampled_from([TEXT_FORM, CSV_FORM]))
def test_both_ways_agree(lines: list[list[str]], options: CopyOptions) -> None:
    text = "".join(options.delimiter.join(fields) + "\n" for fields in lines)
    quick = by_columns(text, options)
    if quick is not None:
        assert quick == by_lines(text, options)


def test_a_zero_byte_is_refused() -> None:
    with pytest.raises(SqlError, match="0x00"):
        decoder_for(TEXT_FORM, 2).feed(b"a\0b\tc\n")
