"""Log records: only plain values are read, and shapes are checked."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from decimal import Decimal

import pytest

from rustydb_engine.storage.packing import packing_of
from rustydb_engine.storage.records import (
    DamagedRecord,
    check_changes,
    check_places,
    check_run,
    decode,
    dump_plain,
    load_plain,
    sequence_record,
)
from rustydb_engine.values.interval import Interval


@pytest.mark.parametrize("thing", [Decimal(1), Interval(1, 2, 3), OrderedDict(), print, ValueError("x"), range(3), 1j])
def test_whatever_names_a_class_is_refused(thing: object) -> None:
    with pytest.raises(DamagedRecord, match="names"):
        load_plain(pickle.dumps((1, thing), 5))


def test_plain_values_come_back() -> None:
    thing = (1, -(2**70), 1.5, float("inf"), "é", b"\0", None, True, [(), [1]], {"a": 1})
    assert load_plain(dump_plain(thing)) == thing


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\x05", b"\x80\x05.", b"\x80\x05K\x01", b"\x80\x09K\x01.", b"N" * 9]
)
def test_what_is_no_pickle_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedRecord):
        load_plain(data)


@pytest.mark.parametrize(
    "record",
    [5, (), ("x",), (99, 1), (1, 2, 3), (1, "2", 3, ()), (6, 1, 2, 3, 4), (4, 1, 2, 3, (1,)), (5, 1 << 64)],
)
def test_what_is_no_record_is_damaged(record: object) -> None:
    with pytest.raises(DamagedRecord):
        decode(dump_plain(record))


def test_a_record_is_decoded() -> None:
    assert decode(sequence_record(5, 16384, 33, True)) == (6, 5, 16384, 33, True)


def test_addresses_are_checked() -> None:
    check_changes((1, 2, (3,), 1, 2, None))
    check_places((1, 2, 3))
    check_run(0, [None, (1,)])
    for changes in ((1, 2), (1, -1, None), (1, 2, [3]), ("1", 2, None), (1, 1 << 50, None)):
        with pytest.raises(DamagedRecord):
            check_changes(changes)
    for places in ((1, 2), (1, 2, 0), (1, -2, 1), (1, "2", 1), (1, 2, 1000)):
        with pytest.raises(DamagedRecord):
            check_places(places)
    for rid, rows in ((255, [None, None]), (-1, [None]), (0, [3])):
        with pytest.raises(DamagedRecord):
            check_run(rid, rows)  # type: ignore[arg-type]  # what a file may hold


def test_only_tables_that_need_it_have_a_packing() -> None:
    assert packing_of((23, 25, 17, 1184)) is None
    packing = packing_of((23, 1700, 1231))
    assert packing is not None
    row = (1, Decimal("-0.00"), (Decimal("Infinity"), None, (Decimal(1),)))
    assert packing.pack(row) == (1, "-0.00", ("Infinity", None, ("1",)))
    assert repr(packing.unpack(packing.pack(row))) == repr(row)
    assert packing.unpack((None, None, None)) == (None, None, None)
