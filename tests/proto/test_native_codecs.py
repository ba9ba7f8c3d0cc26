"""Messages and values in both encodings: vectors, an independent bincode encoder, round trips, and what is malformed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from native_examples import REQUESTS, RESPONSES, VALUES, encode_plain

from rustydb_proto.binary import Encoding, LocalProtocolError, bincode, messagepack, schema
from rustydb_proto.binary import messages as m
from rustydb_proto.binary import values as v
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.rows import RowEncoder

VECTORS = Path(__file__).parent / "vectors"
EXAMPLES: list[tuple[schema.MessageCodec, Any, tuple[Any, ...]]] = [
    *[(schema.REQUEST_CODEC, message, plain) for message, plain in REQUESTS.items()],
    *[(schema.RESPONSE_CODEC, message, plain) for message, plain in RESPONSES.items()],
]
NAMES = [type(message).__name__ for _, message, _ in EXAMPLES]


def write_value(value: v.Value) -> bytes:
    parts: list[bytes] = []
    bincode.write_value(parts.append, value)
    return b"".join(parts)


def vector_lines() -> list[str]:
    """Return the content of the vector file."""
    lines = [
        "# One example of every value and message: name, bincode, MessagePack. tests/proto/test_native_codecs.py checks it."
    ]
    for name, (value, _) in VALUES.items():
        lines += ["", f"value {name}", f"bincode     {write_value(value).hex()}"]
        lines += [f"messagepack {messagepack.dumps(value).hex()}"]
    for codec, message, _ in EXAMPLES:
        kind = "request" if codec is schema.REQUEST_CODEC else "response"
        lines += ["", f"{kind} {message!r}"]
        lines += [f"bincode     {codec.encode(Encoding.BINCODE, message).hex()}"]
        lines += [f"messagepack {codec.encode(Encoding.MESSAGEPACK, message).hex()}"]
    return lines


def test_the_vectors() -> None:
    assert (VECTORS / "native_messages.txt").read_text().splitlines() == vector_lines()


def test_every_message_has_an_example() -> None:
    for table, examples in ((schema.REQUESTS, REQUESTS), (schema.RESPONSES, RESPONSES)):
        assert [make for make, _ in table] == list(dict.fromkeys(map(type, examples)))
    assert {type(value) for value, _ in VALUES.values()} == set(v.VALUE_TYPES)


@pytest.mark.parametrize(("codec", "message", "plain"), EXAMPLES, ids=NAMES)
def test_messages(codec: schema.MessageCodec, message: Any, plain: tuple[Any, ...]) -> None:
    assert codec.encode(Encoding.BINCODE, message) == encode_plain(plain)
    for encoding in Encoding:
        body = codec.encode(encoding, message)
        assert codec.decode(encoding, body) == message
        for size in range(len(body)):
            with pytest.raises(MalformedError):
                codec.decode(encoding, body[:size])
        with pytest.raises(MalformedError):
            codec.decode(encoding, body + b"\0")


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    value, plain = VALUES[name]
    body = write_value(value)
    assert body == encode_plain(plain)
    assert bincode.read_value(body, 0) == (value, len(body))
    assert messagepack.dumps(value) == messagepack.dumps_pure(value)
    assert messagepack.loads(messagepack.dumps(value)) == value


def test_an_error_begins_as_in_the_plain_form() -> None:
    body = schema.RESPONSE_CODEC.encode(Encoding.BINCODE, m.Error(m.ErrorFields("no", "42601")))
    assert body.startswith(encode_plain(("enum", 3, ("str", "no"))))


SCALARS: st.SearchStrategy[v.Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(v.INT_MIN, v.INT_MAX),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.text().map(v.Numeric),
    st.integers(-(1 << 31), (1 << 31) - 1).map(v.Date),
    st.integers(v.INT_MIN, v.INT_MAX).map(v.Time),
    st.builds(v.TimeTz, st.integers(v.INT_MIN, v.INT_MAX), st.integers(-(1 << 31), (1 << 31) - 1)),
    st.integers(v.INT_MIN, v.INT_MAX).map(v.Timestamp),
    st.integers(v.INT_MIN, v.INT_MAX).map(v.TimestampTz),
    st.builds(
        v.Interval,
        st.integers(-(1 << 31), (1 << 31) - 1),
        st.integers(-(1 << 31), (1 << 31) - 1),
        st.integers(v.INT_MIN, v.INT_MAX),
    ),
    st.binary(min_size=16, max_size=16).map(v.Uuid),
    st.text().map(v.Json),
    st.builds(v.Other, st.integers(0, (1 << 32) - 1), st.text()),
)
ARRAYS = st.lists(SCALARS, min_size=1, max_size=5).map(
    lambda elements: v.Array(25, ((len(elements), 1),), tuple(elements))
)
ROWS = st.lists(st.lists(SCALARS | ARRAYS, max_size=4).map(tuple), max_size=40).map(tuple)


@given(rows=ROWS)
@settings(deadline=None)
def test_rows_survive_both_encodings(rows: tuple[m.Row, ...]) -> None:
    message = m.QueryResult((m.Column("a", "text", 25, 3),), rows, len(rows), "SELECT")
    for encoding in Encoding:
        body = schema.RESPONSE_CODEC.encode(encoding, message)
        assert schema.RESPONSE_CODEC.decode(encoding, body) == message
    body = schema.RESPONSE_CODEC.encode(Encoding.MESSAGEPACK, message)
    assert messagepack.loads_pure(body) == messagepack.loads(body)


@given(rows=ROWS)
@settings(deadline=None)
def test_results_by_the_row_encoder_are_the_same_bytes(rows: tuple[m.Row, ...]) -> None:
    columns = (m.Column("a", "text", 25, 3),)
    for encoding in Encoding:
        encoder = RowEncoder(encoding, columns)
        half = len(rows) // 2
        parts = [encoder.rows(rows[:half]), encoder.rows(rows[half:])]
        whole = m.QueryResult(columns, rows, len(rows), "SELECT 5")
        assert encoder.query_result(parts, len(rows), len(rows), "SELECT 5") == encode(encoding, whole)
        assert encoder.single_result(b"".join(parts), len(rows), "SELECT 5") == encode(encoding, whole)
        assert encoder.rows_body(parts, len(rows)) == encode(encoding, m.Rows(rows))
        assert encoder.columns_body() == encode(encoding, m.Columns(columns))


def encode(encoding: Encoding, message: m.Response) -> bytes:
    return schema.RESPONSE_CODEC.encode(encoding, message)


def test_nan_survives() -> None:
    for encoding in Encoding:
        body = schema.RESPONSE_CODEC.encode(encoding, m.Rows(((float("nan"),),)))
        decoded = schema.RESPONSE_CODEC.decode(encoding, body)
        assert isinstance(decoded, m.Rows) and repr(decoded.rows) == "((nan,),)"


@given(value=st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=20).map(tuple), max_leaves=60))
@settings(deadline=None)
def test_our_messagepack_and_the_library_write_the_same(value: Any) -> None:
    body = messagepack.dumps_pure(value)
    assert body == messagepack.dumps(value)


@given(body=st.binary(max_size=60))
def test_our_messagepack_and_the_library_agree_on_any_bytes(body: bytes) -> None:
    for codec in (schema.REQUEST_CODEC, schema.RESPONSE_CODEC):
        outcomes = [outcome(codec, load, b"\x92\x09" + body) for load in (messagepack.loads, messagepack.loads_pure)]
        assert outcomes[0] == outcomes[1]


def outcome(codec: schema.MessageCodec, load: Any, body: bytes) -> str:
    """Return the message that `load` leads to, or that it is malformed."""
    before = schema.loads
    schema.loads = load
    try:
        return repr(codec.decode(Encoding.MESSAGEPACK, body))
    except MalformedError:
        return "malformed"
    finally:
        schema.loads = before


@given(body=st.binary(max_size=100))
def test_any_bytes_are_a_message_or_malformed(body: bytes) -> None:
    for codec in (schema.REQUEST_CODEC, schema.RESPONSE_CODEC):
        for encoding in Encoding:
            try:
                message = codec.decode(encoding, body)
            except MalformedError:
                continue
            again = codec.encode(encoding, message)
            assert repr(codec.decode(encoding, again)) == repr(message)


@pytest.mark.parametrize(
    "body",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\x93\x07\xa1x\xdd\x7f\xff\xff\xff",
        b"\xdd\0\0\x40\0" * 3000,
        b"\xdc\xff\xff" * 5000,
        b"\x91" * 3000,
        b"\x9f" * 5000,
        b"\x80",
        b"\x92\x00\x81\xa1a\x01",
        b"\x92\x00\xa2\xff\xff",
        b"\xc7\x02\x07\0\0",
        b"\xd6\xff\0\0\0\0",
        b"\x92\x09\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
)
def test_malformed_messagepack(body: bytes) -> None:
    for load in (messagepack.loads, messagepack.loads_pure):
        assert outcome(schema.REQUEST_CODEC, load, body) == "malformed"


@pytest.mark.parametrize(
    "body",
    [
        "00000000 ffffffffffffffff",
        "00000000 0100000000000000 ff",
        "07000000 0000000000000000 ffffff7f00000000",
        "07000000 0000000000000000 0100000000000000 11000000",
        "09000000 01000000 0100000000000000 0f000000 17000000 0000000000000000 0100000000000000 00000000 00",
        "0c000000 0000000000000000 02",
        "1a000000",
        "ff",
    ],
)
def test_malformed_bincode(body: str) -> None:
    with pytest.raises(MalformedError):
        schema.REQUEST_CODEC.decode(Encoding.BINCODE, bytes.fromhex(body))


@pytest.mark.parametrize(
    "message",
    [
        m.Execute("", (1 << 63,)),
        m.Execute("", (v.Uuid(b"short"),)),
        m.Execute("", (object(),)),  # type: ignore[arg-type]
        m.Execute("", (v.Array(23, ((1, 1),), (v.Array(23, (), ()),)),)),  # type: ignore[arg-type]
        m.Execute("\ud800"),
        m.Cancel(-1),
        m.Ok(),
    ],
)
@pytest.mark.parametrize("encoding", Encoding)
def test_what_cannot_be_written_is_our_mistake(encoding: Encoding, message: Any) -> None:
    with pytest.raises(LocalProtocolError):
        schema.REQUEST_CODEC.encode(encoding, message)


def test_a_messagepack_message_may_grow_and_shrink_at_its_end() -> None:
    longer = messagepack.dumps([14, 258, "of a later version"])
    assert schema.REQUEST_CODEC.decode(Encoding.MESSAGEPACK, longer) == m.Cancel(258)
    shorter = messagepack.dumps([7, "SELECT 1"])
    assert schema.REQUEST_CODEC.decode(Encoding.MESSAGEPACK, shorter) == m.Execute("SELECT 1")


def test_the_library_is_optional() -> None:
    code = """
import sys
sys.modules["msgpack"] = None
sys.modules["cramjam"] = None
from rustydb_proto import binary
from rustydb_proto.binary import messagepack, messages
from rustydb_proto.binary.schema import REQUEST_CODEC, Encoding
assert binary.COMPRESSION_NAMES == () and messagepack.dumps is messagepack.dumps_pure
message = messages.Execute("select", (1, "x", None, 2.5))
body = REQUEST_CODEC.encode(Encoding.MESSAGEPACK, message)
assert REQUEST_CODEC.decode(Encoding.MESSAGEPACK, body) == message
print(body.hex())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    message = m.Execute("select", (1, "x", None, 2.5))
    assert bytes.fromhex(done.stdout) == schema.REQUEST_CODEC.encode(Encoding.MESSAGEPACK, message)


def test_another_library_reads_what_we_write() -> None:
    body = schema.REQUEST_CODEC.encode(Encoding.MESSAGEPACK, m.Execute("select", (v.Numeric("1.5"), 7)))
    assert msgpack.unpackb(body) == [7, "select", [msgpack.ExtType(6, b"1.5"), 7], None]


if __name__ == "__main__":
    (VECTORS / "native_messages.txt").write_text("\n".join(vector_lines()) + "\n")
