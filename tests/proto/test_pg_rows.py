"""The generated row encoder says the same as the plain one, for every kind of column."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustydb_proto.pg import ColumnFormat, compile_row_encoder, framing

PLAIN = {
    "int": lambda value: str(value).encode(),
    "str": lambda value: value.encode(),
    "bool": lambda value: b"t" if value else b"f",
    "int2b": struct.Struct("!h").pack,
    "int4b": struct.Struct("!i").pack,
    "int8b": struct.Struct("!q").pack,
    "float8b": struct.Struct("!d").pack,
    "boolb": lambda value: b"\1" if value else b"\0",
    "strb": lambda value: value.encode(),
    "bytesb": lambda value: value,
    "function": lambda value: repr(value).encode(),
}
VALUES = {
    "int": st.integers(),
    "str": st.text("aä€𝄞 \n", max_size=8),
    "bool": st.booleans(),
    "int2b": st.integers(-(2**15), 2**15 - 1),
    "int4b": st.integers(-(2**31), 2**31 - 1),
    "int8b": st.integers(-(2**63), 2**63 - 1),
    "float8b": st.floats(allow_nan=False),
    "boolb": st.booleans(),
    "strb": st.text("aä€𝄞 \n", max_size=8),
    "bytesb": st.binary(max_size=8),
    "function": st.integers(),
}


def columns_of(shape: list[tuple[str, bool]]) -> list[ColumnFormat]:
    return [ColumnFormat(kind, nullable, PLAIN[kind] if kind == "function" else None) for kind, nullable in shape]


def plainly(shape: list[tuple[str, bool]], rows: list[tuple[object, ...]]) -> bytes:
    return b"".join(
        framing.data_row(
            [None if item is None else PLAIN[kind](item) for (kind, _), item in zip(shape, row, strict=True)]
        )
        for row in rows
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[tuple[str, bool]], list[tuple[object, ...]]]:
    shape = draw(st.lists(st.tuples(st.sampled_from(sorted(PLAIN)), st.booleans()), max_size=6))
    items = [st.none() | VALUES[kind] if nullable else VALUES[kind] for kind, nullable in shape]
    return shape, draw(st.lists(st.tuples(*items), max_size=4))


@given(tables())
def test_any_table_is_encoded_as_row_by_row(table: tuple[list[tuple[str, bool]], list[tuple[object, ...]]]) -> None:
    shape, rows = table
    assert compile_row_encoder(columns_of(shape))(iter(rows)) == plainly(shape, rows)


@pytest.mark.parametrize("nullable", [False, True])
@pytest.mark.parametrize("size", [4075, 4085, 4095, 4096, 5000, 70_000])
def test_long_values_take_the_slow_way_with_the_same_result(size: int, nullable: bool) -> None:
    shape = [("int", nullable), ("str", nullable), ("int4b", False)]
    rows = [(1, "x" * size, 2), (3, "short", 4)]
    assert compile_row_encoder(columns_of(shape))(rows) == plainly(shape, rows)


def test_rows_without_columns_are_counted() -> None:
    assert compile_row_encoder([])([(), ()]) == framing.data_row([]) * 2


def test_no_rows_are_no_bytes() -> None:
    assert compile_row_encoder([ColumnFormat("int")])([]) == b""


def test_as_many_columns_as_postgresql_allows() -> None:
    shape = [("int", True)] * 1664
    rows = [tuple(range(1664))]
    assert compile_row_encoder(columns_of(shape))(rows) == plainly(shape, rows)


def test_an_index_error_of_a_function_is_not_swallowed() -> None:
    def broken(value: object) -> bytes:
        raise IndexError("mine")

    encode = compile_row_encoder([ColumnFormat("function", True, broken)])
    with pytest.raises(IndexError, match="mine"):
        encode([(1,)])


def test_functions_of_one_shape_are_not_mixed_up() -> None:
    first = compile_row_encoder([ColumnFormat("function", True, lambda value: b"first")])
    second = compile_row_encoder([ColumnFormat("function", True, lambda value: b"second")])
    assert first([(1,)]) == framing.data_row([b"first"])
    assert second([(1,)]) == framing.data_row([b"second"])


def test_columns_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown column kind"):
        compile_row_encoder([ColumnFormat("decimal")])
    with pytest.raises(ValueError, match="function"):
        compile_row_encoder([ColumnFormat("function")])
    with pytest.raises(ValueError, match="function"):
        compile_row_encoder([ColumnFormat("int", True, repr)])  # type: ignore[arg-type]  # refused before use
    with pytest.raises(ValueError, match="65536 columns"):
        compile_row_encoder([ColumnFormat("int")] * 65536)
