"""COPY FROM's decoders: whole, byte by byte, and what is malformed."""

from __future__ import annotations

import struct

import pytest

from rustydb_engine.copy.decode import BinaryDecoder, CsvDecoder, TextDecoder, decoder_for
from rustydb_engine.copy.options import CopyOptions
from rustydb_engine.errors import SqlError

TEXT = CopyOptions()
CSV = CopyOptions("csv", ",", "")


def decode(options: CopyOptions, data: bytes, columns: int = 2) -> list[list[object]]:
    """Decode whole and byte by byte; both must give the same rows."""
    whole = decoder_for(options, columns)
    rows = whole.feed(data) + whole.finish()
    single = decoder_for(options, columns)
    pieces = [row for i in range(len(data)) for row in single.feed(data[i : i + 1])] + single.finish()
    assert pieces == rows
    return rows  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"1\tone\n2\ttwo\n", [["1", "one"], ["2", "two"]]),
        (b"1\tone", [["1", "one"]]),
        (b"1\t\\N\n", [["1", None]]),
        (b"a\\tb\t\\\\N\n", [["a\tb", "\\N"]]),
        (b"a\\\nb\tc\n", [["a\nb", "c"]]),
        (b"\\x41\\101\t\\q\n", [["AA", "q"]]),
        (b"1\t2\n\\.\n3\t4\n", [["1", "2"]]),
        (b"1\tx\r\n2\ty\r\n", [["1", "x"], ["2", "y"]]),
        ("\u00e4\t\u20ac\n".encode(), [["\u00e4", "\u20ac"]]),
        (b"\t\n", [["", ""]]),
    ],
)
def test_text_rows(data: bytes, rows: list[list[object]]) -> None:
    assert decode(TEXT, data) == rows


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"1,one\n", [["1", "one"]]),
        (b'1,"a,b"\n', [["1", "a,b"]]),
        (b'1,"a""b"\n', [["1", 'a"b']]),
        (b'1,"a\nb"\n2,c\n', [["1", "a\nb"], ["2", "c"]]),
        (b'1,""\n2,\n', [["1", ""], ["2", None]]),
        (b"1,x\r\n", [["1", "x"]]),
        (b'1,a"b c"d\n', [["1", "ab cd"]]),
        (b'1,"x"\n\\.\n2,3\n', [["1", "x"]]),
    ],
)
def test_csv_rows(data: bytes, rows: list[list[object]]) -> None:
    assert decode(CSV, data) == rows


def test_csv_with_another_escape_character() -> None:
    options = CopyOptions("csv", ",", "", escape="\\")
    assert decode(options, b'1,"a\\"b"\n') == [["1", 'a"b']]


def test_a_header_line_is_kept_apart() -> None:
    decoder = CsvDecoder(CopyOptions("csv", ",", "", header="match"))
    assert decoder.feed(b"a,b\n1,2\n") == [["1", "2"]]
    assert decoder.header == ["a", "b"]


def test_an_open_quote_is_an_error_at_the_end() -> None:
    decoder = CsvDecoder(CSV)
    decoder.feed(b'1,"abc\n')
    with pytest.raises(SqlError, match="unterminated CSV quoted field"):
        decoder.finish()


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(SqlError) as caught:
        TextDecoder(TEXT).feed(b"\xff\tx\n")
    assert caught.value.sqlstate == "22021"


def test_binary_rows() -> None:
    data = b"PGCOPY\n\xff\r\n\0" + bytes(8) + struct.pack(">hi", 2, 4) + b"abcd" + struct.pack(">i", -1) + b"\xff\xff"
    options = CopyOptions("binary")
    assert decode(options, data) == [[b"abcd", None]]


def test_binary_data_that_stops_short_is_an_error() -> None:
    decoder = BinaryDecoder(2)
    decoder.feed(b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0")
    with pytest.raises(SqlError, match="unexpected EOF"):
        decoder.finish()


def test_a_wrong_signature_is_an_error() -> None:
    with pytest.raises(SqlError, match="signature not recognized"):
        BinaryDecoder(1).feed(b"PGCOPX")
