"""The data directory: effects on real files, its lock, recovery from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rustydb_host.files import DirectoryLocked, Files, StorageDamaged, recover_directory

from rustydb_engine.catalog.objects import PUBLIC, Index, IndexColumn, Table, TableColumn
from rustydb_engine.storage.database import Database
from rustydb_engine.values.types import INT4, TEXT
from rustydb_proto.core.io import Allocate, Append, Appended, DeleteFile, DiskDone, DiskFailed, Publish, Store
from tests.storage.support import contents, deliver, make_heap, take_effects, write


def nothing(text: str, fields: object) -> None:
    return


def pump(database: Database, files: Files) -> None:
    while effects := take_effects(database):
        for effect in effects:
            deliver(database, files.carry_out(effect))


def test_effects_are_carried_out(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "new" / "data"))
    home = tmp_path / "new" / "data"
    log = home / "wal-0000000000000001.log"
    assert files.carry_out(Allocate(1, log.name, 5000)) == DiskDone(1)
    assert log.read_bytes() == bytes(5000)
    assert files.carry_out(Append(2, log.name, 10, b"abc")) == Appended(2)
    assert log.read_bytes() == bytes(10) + b"abc" + bytes(4987)
    for ticket, (offset, data) in enumerate(((0, b"12345"), (5, b"678")), 3):
        assert files.carry_out(Store(ticket, "c.tmp", offset, data)) == DiskDone(ticket)
    assert files.carry_out(Publish(5, "c.tmp", "c")) == DiskDone(5)
    assert (home / "c").read_bytes() == b"12345678"
    assert not (home / "c.tmp").exists()
    assert files.carry_out(DeleteFile(6, "c")) == DiskDone(6)
    assert files.carry_out(DeleteFile(7, "c")) == DiskDone(7)
    assert files.carry_out(Append(8, "wal-0000000000000002.log", 0, b"x")) == Appended(8)
    files.close()


def test_failures_are_answers(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    answer = files.carry_out(Publish(1, "missing", "c"))
    assert isinstance(answer, DiskFailed)
    assert answer.code == "ENOENT"
    assert "missing" in answer.reason or "c" in answer.reason
    files.close()


def test_a_second_server_is_told_who_has_the_directory(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    files.note_address("127.0.0.1:5432")
    program = (
        "import sys; from rustydb_host.files import Files\ntry: Files(sys.argv[1])\nexcept Exception as e: print(e)"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}:{root / 'adapters'}"}
    said = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, env=environment, check=True
    )
    assert f"in use by process {os.getpid()}, which listens on 127.0.0.1:5432" in said.stdout
    with pytest.raises(DirectoryLocked):
        Files(str(tmp_path))
    files.close()
    Files(str(tmp_path)).close()


def test_a_database_comes_back_from_its_directory_with_its_indexes(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    database = recover_directory(files, nothing)
    txn = database.begin()
    overlay = txn.catalog = database.catalog.overlay()
    heap = database.create_heap(txn, (23, 25))
    table = Table(overlay.new_oid(), "t", PUBLIC, (TableColumn("a", 1, INT4), TableColumn("b", 2, TEXT)), heap.storage)
    overlay.put(table)
    overlay.put(Index(overlay.new_oid(), "t_b", PUBLIC, table.oid, (IndexColumn(2),)))
    heap.insert(txn, (1, "x"))
    database.commit(txn)
    pump(database, files)
    for number in range(3):
        assert database.checkpoints is not None
        if number == 1:
            database.checkpoints.start(database)
            pump(database, files)
        files.close()
        files = Files(str(tmp_path))
        (tmp_path / "checkpoint-0000000000000009.tmp").write_bytes(b"left over")
        said: list[str] = []
        database = recover_directory(files, lambda text, fields, said=said: said.append(text))  # type: ignore[misc]
        assert said[-1] == "recovered"
        assert not (tmp_path / "checkpoint-0000000000000009.tmp").exists()
        heap = database.heap(heap.storage)
        assert contents(database, heap) == [(1, "x")]
        (index,) = heap.indexes
        assert index.candidates("x") == (0,)
    files.close()


def test_damage_is_reported_with_file_and_offset(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    database = recover_directory(files, nothing)
    heap = make_heap(database)
    for number in range(5):
        write(database, heap, (number,))
        pump(database, files)
    files.close()
    log = tmp_path / "wal-0000000000000001.log"
    content = bytearray(log.read_bytes())
    content[100] ^= 1
    log.write_bytes(content)
    files = Files(str(tmp_path))
    with pytest.raises(StorageDamaged, match=r"wal-0000000000000001.log at offset 36: damaged"):
        recover_directory(files, nothing)
    files.close()
