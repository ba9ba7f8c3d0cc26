"""The receive buffer: nothing lost, nothing doubled, whatever the borders of chunks."""

from hypothesis import given
from hypothesis import strategies as st

from rustydb_proto.core.buffer import ReceiveBuffer


def read_all(buffer: ReceiveBuffer, size: int) -> list[bytes]:
    """Parse records of `size` bytes as a machine would."""
    records = []
    while True:
        if len(buffer.data) - buffer.position < size:
            if buffer.want(size):
                continue
            return records
        records.append(buffer.data[buffer.position : buffer.position + size])
        buffer.position += size


def test_a_chunk_is_parsed_in_place_when_nothing_was_left() -> None:
    buffer = ReceiveBuffer()
    chunk = b"abcdef"
    buffer.feed(chunk)
    assert buffer.data is chunk


def test_len_counts_what_is_unread() -> None:
    buffer = ReceiveBuffer()
    buffer.feed(b"abc")
    buffer.position = 1
    buffer.feed(b"de")
    assert len(buffer) == 4
    assert buffer.take() == b"bcde"
    assert len(buffer) == 0


def test_discard_reaches_into_the_future() -> None:
    buffer = ReceiveBuffer()
    buffer.feed(b"abc")
    buffer.discard(5)
    buffer.feed(b"d")
    buffer.feed(b"efg")
    assert read_all(buffer, 1) == [b"f", b"g"]


@given(st.lists(st.binary(max_size=12)), st.integers(min_value=1, max_value=7))
def test_records_do_not_depend_on_chunk_borders(chunks: list[bytes], size: int) -> None:
    data = b"".join(chunks)
    buffer = ReceiveBuffer()
    records = []
    for chunk in chunks:
        buffer.feed(chunk)
        records += read_all(buffer, size)
    assert records == [data[at : at + size] for at in range(0, len(data) - size + 1, size)]


@given(st.lists(st.tuples(st.sampled_from(["feed", "read", "discard"]), st.integers(1, 6)), max_size=40))
def test_the_buffer_behaves_as_one_string_of_bytes(steps: list[tuple[str, int]]) -> None:
    buffer = ReceiveBuffer()
    fed = 0
    read = 0
    for step, size in steps:
        if step == "feed":
            buffer.feed(bytes((fed + index) % 251 for index in range(size)))
            fed += size
        elif step == "discard":
            buffer.discard(size)
            read += size
        elif fed - read >= size:
            (record, *_) = read_all_once(buffer, size)
            assert record == bytes((read + index) % 251 for index in range(size))
            read += size
        assert len(buffer) == max(0, fed - read)


def read_all_once(buffer: ReceiveBuffer, size: int) -> list[bytes]:
    if len(buffer.data) - buffer.position < size:
        assert buffer.want(size)
    record = buffer.data[buffer.position : buffer.position + size]
    buffer.position += size
    return [record]
