"""Recovery of a damaged directory gives the state after some commit, and never loses one whose bytes are intact; or it refuses (DamagedLog).

Nor does it read more than twice what there is, or take memory without bound; and what it gave can go on: a commit is written, and
a second recovery finds it. The first byte of an input chooses a history (plain, large transactions, checkpoints),
the rest is a list of edits of its files: bits, runs, cuts, torn tails, lost and swapped and foreign files. So every input
is a directory that was right once, which mutated bytes of files hardly ever are.
"""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
sys.path.append(str(Path(__file__).parents[1] / "adapters"))

import fuzzing
from rustydb_sim.disk import Disk

from rustydb_engine.storage.database import Database
from rustydb_engine.storage.heap import Heap
from rustydb_engine.storage.recovery import Progress, Recovered, recover
from rustydb_engine.storage.wal import HEADER_BYTES, DamagedLog
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.io import Appended, DiskDone

SEGMENT_BYTES = 1 << 12
EDITS_MAX = 6
READS_MAX = 2
"""How often recovery may read the bytes of the directory: once to find the seed or the checkpoint, once to replay."""
MEMORY_BYTES_MAX = 3 << 20
MEMORY_FACTOR_MAX = 30

State = tuple[tuple[int, tuple[object, ...]], ...]


@dataclass
class Commit:
    """A commit: the state after it, and where its bytes stand as (file, from, to)."""

    state: State
    places: list[tuple[str, int, int]]


@dataclass
class History:
    """A directory and how it came to be. `checkpoints` says for each which commits it holds (an index of `commits`)."""

    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    checkpoints: dict[str, int] = field(default_factory=dict)


class Writer:
    """Makes a history: a database on a disk that does not fail, and a note of each commit."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.database = _recovered(self.disk).database
        self.history = History()
        self._txn = self.database.begin()
        self._end = self._position()
        self._note()

    def heap(self) -> Heap:
        """Create a heap, committed."""
        txn = self.database.begin()
        heap = self.database.create_heap(txn, ())
        self.database.commit(txn)
        self._note()
        return heap

    def change(self, do: Callable[[], object]) -> None:
        """Run `do` in a transaction of its own; it gets the transaction from `txn`."""
        self._txn = self.database.begin()
        do()
        self.database.commit(self._txn)
        self._note()

    @property
    def txn(self) -> object:
        """The transaction under way."""
        return self._txn

    def insert(self, heap: Heap, *rows: tuple[object, ...]) -> None:
        """Insert rows, committed."""
        self.change(lambda: [heap.insert(self._txn, row) for row in rows])

    def checkpoint(self) -> None:
        """Make a checkpoint."""
        assert self.database.checkpoints is not None, "a durable database"
        before = set(self.disk.listing())
        self.database.checkpoints.start(self.database)
        pump(self.database, self.disk)
        for name in set(self.disk.listing()) - before:
            if name.startswith("checkpoint"):
                self.history.checkpoints[name] = len(self.history.commits) - 1

    def finish(self) -> History:
        """Return the history with the files as they are."""
        self.history.files = {name: self.disk.content(name) for name in self.disk.listing()}
        return self.history

    def _note(self) -> None:
        pump(self.database, self.disk)
        begun, self._end = self._end, self._position()
        places = []
        (first, start), (last, end) = begun, self._end
        for number in range(first, last + 1):
            name = f"wal-{number:016d}.log"
            if number:
                a = max(start, HEADER_BYTES) if number == first else HEADER_BYTES
                places.append((name, a, end if number == last else a))
        self.history.commits.append(Commit(state_of(self.database), [place for place in places if place[1] < place[2]]))

    def _position(self) -> tuple[int, int]:
        assert self.database.log is not None, "a durable database"
        return self.database.log.number, self.database.log.offset


def pump(database: Database, disk: Disk) -> None:
    """Carry out disk work until none is left."""
    log, checkpoints = database.log, database.checkpoints
    assert log is not None and checkpoints is not None, "a durable database"
    while effects := [*database.take_effects(), *(checkpoints.take_effects() if checkpoints.running else [])]:
        for effect in effects:
            answer = disk.perform(effect)
            if isinstance(answer, Appended):
                database.appended(answer.ticket)
            else:
                assert isinstance(answer, DiskDone), "this disk does not fail"
                assert log.allocated(answer.ticket) or checkpoints.disk_done(answer.ticket), "somebody asked"


def state_of(database: Database) -> State:
    """Return the rows of every heap."""
    reader = database.begin()
    snapshot = reader.snapshot()
    state = tuple(
        (storage, tuple(row for page in heap.scan(snapshot) for _, row in page))
        for storage, heap in sorted(database.heaps.items())
    )
    database.commit(reader)
    return state


# ---- the histories


def _plain(writer: Writer) -> None:
    heap = writer.heap()
    for number in range(6):
        writer.insert(heap, (number, "x" * 40 * number))
    writer.change(lambda: heap.delete(writer.txn, 2))  # type: ignore[arg-type]  # see Writer.txn
    writer.change(lambda: heap.update(writer.txn, 3, (33, "y")))  # type: ignore[arg-type]  # see Writer.txn


def _segments(writer: Writer) -> None:
    one, two = writer.heap(), writer.heap()
    for number in range(12):
        writer.insert(one if number % 3 else two, (number, bytes(700)))


def _large(writer: Writer) -> None:
    heap = writer.heap()
    writer.change(lambda: heap.insert_many(writer.txn, [(n, "z" * 20) for n in range(300)]))  # type: ignore[arg-type]  # see Writer.txn
    writer.insert(heap, *((n, None) for n in range(40)))
    writer.insert(heap, (1, "last"))


def _checkpoints(writer: Writer) -> None:
    _plain(writer)
    writer.checkpoint()
    _segments(writer)
    writer.checkpoint()
    _plain(writer)


def _fresh_checkpoint(writer: Writer) -> None:
    _segments(writer)
    writer.checkpoint()


HISTORIES: tuple[Callable[[Writer], None], ...] = (_plain, _segments, _large, _checkpoints, _fresh_checkpoint)


@cache
def history(number: int) -> History:
    """Return a history; the same every time."""
    writer = Writer()
    HISTORIES[number](writer)
    return writer.finish()


# ---- damage


def damaged(files: dict[str, bytes], edits: bytes) -> dict[str, bytes]:
    """Return the files after the edits that the bytes say."""
    changed = dict(files)
    reader = iter(edits)
    for _ in range(EDITS_MAX):
        try:
            edit(changed, reader)
        except StopIteration:
            break
    return changed


def edit(files: dict[str, bytes], reader: Iterator[int]) -> None:
    """Do one edit: `operation file offset(2) size argument`, each a byte but the offset."""
    operation, chosen = next(reader) % 10, next(reader)
    offset, size, argument = next(reader) << 8 | next(reader), next(reader), next(reader)
    names = sorted(files)
    if not names:
        return
    name = names[chosen % len(names)]
    content = bytearray(files[name])
    offset %= len(content) + 1
    other = files[names[argument % len(names)]]
    match operation:
        case 0 if offset < len(content):
            content[offset] ^= 1 << argument % 8
        case 1:
            content[offset : offset + size] = bytes((argument,)) * min(size, len(content) - offset)
        case 2:
            content[offset:] = bytes(len(content) - offset)
        case 3:
            del content[offset:]
        case 4:
            del files[name]
            return
        case 5:
            content[:] = other
        case 6:
            run = other[offset : offset + size * 8]
            content[offset : offset + len(run)] = run
        case 7:
            content += bytes((argument,)) * size
        case 8:
            run = content[argument * 16 : argument * 16 + size * 8]
            content[offset : offset + len(run)] = run
        case 9:
            foreign = ("wal-%016d.log", "checkpoint-%016d.ckpt", "checkpoint-%016d.tmp", "wal-%d.log")[argument % 4]
            files[foreign % (size % 9)] = bytes(content)
            return
    files[name] = bytes(content)


def _intact(files: dict[str, bytes], whole: History, commit: Commit) -> bool:
    """Whether every byte of a commit is where it was written."""
    return bool(commit.places) and all(
        name in whole.files and files.get(name, b"")[a:b] == whole.files[name][a:b] for name, a, b in commit.places
    )


# ---- the invariant


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    if not data:
        return None
    number = data[0] % len(HISTORIES)
    whole = history(number)
    files = damaged(whole.files, data[1:])
    disk = _disk(files)
    total = sum(map(len, files.values()))
    tracemalloc.start()
    try:
        recovered = _recovered(disk, total)
    except DamagedLog as damage:
        assert damage.name, "a refusal names the file"
        assert files != whole.files, f"a directory without damage is refused: {damage}"
        return number, damage.reason[:12]
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= MEMORY_BYTES_MAX + MEMORY_FACTOR_MAX * total, f"{peak} bytes for a directory of {total}"
    state = state_of(recovered.database)
    after = next((at for at, commit in enumerate(whole.commits) if commit.state == state), None)
    assert after is not None, f"no commit left this state: {state!r:.300}"
    for at, commit in enumerate(whole.commits):
        if at > after:
            assert not _intact(files, whole, commit), f"commit {at} is on the disk, and recovery ended at {after}"
    for name, at in whole.checkpoints.items():
        if files.get(name) == whole.files.get(name, 0):
            assert after >= at, f"{name} holds commit {at}, and recovery ended at {after}"
    _go_on(disk, recovered, state)
    return number, after, recovered.fresh, len(recovered.notes)


def _go_on(disk: Disk, recovered: Recovered, state: State) -> None:
    """Write to what was recovered and recover again."""
    for name in recovered.obsolete:
        disk.remove(name)
    database = recovered.database
    txn = database.begin()
    heap = database.create_heap(txn, ())
    heap.insert(txn, (1, "after"))
    database.commit(txn)
    pump(database, disk)
    again = state_of(_recovered(disk).database)
    assert again == (*state, (heap.storage, ((1, "after"),))), (
        "what was written after a recovery is there after another"
    )


def _disk(files: dict[str, bytes]) -> Disk:
    disk = Disk()
    for name, content in files.items():
        disk.overwrite(name, content)
    return disk


def _recovered(disk: Disk, total: int | None = None) -> Recovered:
    """Recover; with `total`, count what is read."""
    steps = recover(disk.listing(), Entropy(bytes(32)), segment_bytes=SEGMENT_BYTES)
    answer: bytes | None = None
    left = None if total is None else READS_MAX * total
    while True:
        try:
            request = steps.send(answer)
        except StopIteration as stop:
            recovered = stop.value
            assert isinstance(recovered, Recovered), "what recovery returns"
            return recovered
        if isinstance(request, Progress):
            answer = None
            continue
        answer = disk.read(request)
        if left is not None:
            left -= len(answer)
            assert left >= 0, f"a directory of {total} bytes is read more than {READS_MAX} times"


def seeds() -> dict[str, bytes]:
    """Return the corpus as it is in fuzz/corpus/recovery: each history as it was, and edits of each kind."""
    found = {f"whole_{number}": bytes((number,)) for number in range(len(HISTORIES))}
    dice = random.Random(1)
    for operation in range(10):
        edits = bytes((operation, *dice.randbytes(5)))
        found[f"edit_{operation}"] = bytes((operation % len(HISTORIES),)) + edits
    found["torn_tail"] = bytes((0, 2, 0, 1, 200, 0, 0))
    found["two_edits"] = bytes((3, 4, 1, 0, 0, 0, 0, 0, 0, 0, 90, 0, 3))
    return found


if __name__ == "__main__":
    fuzzing.main("recovery", check)
