"""The core under which a host is checked: it obeys lines of text and keeps notes of what it was told.

It stands where the node of the database stands, behind `step` and `deadline`, and is as pure: the same inputs give the same
effects. A connection begins by reading commands, one a line (`flood 1000000 close`); verbs.py has the table of them. Some
change what the bytes after them mean: `echo` sends them back, `sink` counts them. What the probe learns that no client can
see (how many bytes arrived, when a timer fired) becomes a note, which the recorder around it takes with `take_notes`.

Bytes that are sent by the amount are a pattern of period 251, so that a lost, doubled or misplaced piece shows.
"""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rustydb_proto.core import io
from rustydb_proto.core.time import Now

PERIOD: Final = 251
BLOCK_BYTES: Final = 64 << 10
BLOCKS_A_STEP: Final = 4
LINE_BYTES_MAX: Final = 1 << 20
LONG_PATTERN: Final = bytes(range(PERIOD)) * (BLOCK_BYTES // PERIOD + 2)

Note = tuple[str, dict[str, object]]
Verb = Callable[["Probe", "Talk", str], None]


def pattern(offset: int, size: int) -> bytes:
    """Return `size` bytes of the pattern (at most BLOCK_BYTES), as they stand at `offset` of a stream."""
    assert 0 <= size <= BLOCK_BYTES, "a piece is at most a block"
    start = offset % PERIOD
    return LONG_PATTERN[start : start + size]


def burn(loops: int) -> int:
    """Use the processor for a while."""
    total = 0
    for number in range(loops):
        total += number & 7
    return total


class Talk:
    """One connection: how its bytes are read, and what it still has to send."""

    __slots__ = ("at_eof", "blocked", "buffer", "conn", "crc", "flood_at", "flood_left", "mode", "then", "total")

    def __init__(self, conn: int) -> None:
        self.conn = conn
        self.mode = "lines"
        self.buffer = bytearray()
        self.at_eof = "close"
        self.blocked = False
        self.flood_at = 0
        self.flood_left = 0
        self.then = ""
        self.total = 0
        self.crc = 0


class Probe:
    """The core. `jobs` are what `compute` may name: the probe itself does nothing that takes time or touches the system."""

    def __init__(self, verbs: Mapping[str, Verb], jobs: Mapping[str, Callable[[], object]]) -> None:
        self._verbs = verbs
        self.jobs = jobs
        self.now = Now(0, 0)
        self._talks: dict[int, Talk] = {}
        self.effects: list[io.Effect] = []
        self._notes: list[Note] = []
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self.floods: dict[int, Talk] = {}
        self.work: list[tuple[Talk, int, int]] = []
        self.connects: dict[int, tuple[Talk, str]] = {}
        self.at_shutdown = Talk(0), "halt 0"
        self._handlers: dict[type, Callable[..., None]] = {
            io.Accepted: self._on_accepted,
            io.Connected: self._on_connected,
            io.ConnectFailed: self._on_connect_failed,
            io.Received: self._on_received,
            io.Lost: self._on_lost,
            io.WriteBlocked: self._on_write_blocked,
            io.WriteReady: self._on_write_ready,
            io.DatagramReceived: self._on_datagram,
            io.Computed: self._on_computed,
            io.ShutdownRequested: self._on_shutdown,
        }

    # ---- the two calls of a host

    def step(self, now: Now, inputs: Sequence[io.Input]) -> list[io.Effect]:
        """Apply inputs, fire timers, do a slice of each work that is under way; return the effects."""
        self.now = now
        for item in inputs:
            handler = self._handlers.get(type(item))
            if handler is not None:
                handler(item)
        while self._timers and self._timers[0][0] <= now.mono_ns:
            due, _, fire = heapq.heappop(self._timers)
            self.note("fired", due_ns=due)
            fire()
        for talk in list(self.floods.values()):
            self.pour(talk, BLOCKS_A_STEP)
        work, self.work = self.work, []
        for talk, slices, loops in work:
            burn(loops)
            if slices > 1:
                self.work.append((talk, slices - 1, loops))
            else:
                self.effects.append(io.Send(talk.conn, b"done\n"))
        effects, self.effects = self.effects, []
        return effects

    def deadline(self, now: Now) -> int | None:
        """Return the next timer; the present moment while there is work to go on with."""
        if self.work or any(not talk.blocked for talk in self.floods.values()):
            return now.mono_ns
        return self._timers[0][0] if self._timers else None

    def take_notes(self) -> list[Note]:
        """Return and forget what was noted."""
        notes, self._notes = self._notes, []
        return notes

    # ---- inputs

    def _on_accepted(self, event: io.Accepted) -> None:
        self._talks[event.conn] = Talk(event.conn)

    def _on_connected(self, event: io.Connected) -> None:
        asker, line = self.connects.pop(event.ticket)
        self.effects.append(io.Send(asker.conn, b"connected\n"))
        talk = self._talks[event.conn] = Talk(event.conn)
        self.obey(talk, line)

    def _on_connect_failed(self, event: io.ConnectFailed) -> None:
        asker, _ = self.connects.pop(event.ticket)
        self.effects.append(io.Send(asker.conn, b"failed\n"))

    def _on_received(self, event: io.Received) -> None:
        talk = self._talks.get(event.conn)
        if talk is None:
            return
        if not event.data:
            self.note("ended", conn=talk.conn, mode=talk.mode, bytes=talk.total, crc=talk.crc)
            self.obey(talk, talk.at_eof)
        elif talk.mode == "lines":
            talk.buffer += event.data
            self._obey_lines(talk)
        else:
            self._take(talk, event.data)

    def _on_lost(self, event: io.Lost) -> None:
        self.forget(event.conn)

    def _on_write_blocked(self, event: io.WriteBlocked) -> None:
        talk = self._talks.get(event.conn)
        if talk is not None:
            talk.blocked = True

    def _on_write_ready(self, event: io.WriteReady) -> None:
        talk = self._talks.get(event.conn)
        if talk is not None:
            talk.blocked = False

    def _on_datagram(self, event: io.DatagramReceived) -> None:
        self.effects.append(io.SendDatagram(event.listener, event.peer, event.data[::-1]))

    def _on_computed(self, event: io.Computed) -> None:
        self.note("computed", ticket=event.ticket, result=event.result)

    def _on_shutdown(self, event: io.ShutdownRequested) -> None:
        talk, line = self.at_shutdown
        self.obey(talk, line if event.graceful else "halt 9")

    # ---- lines

    def _obey_lines(self, talk: Talk) -> None:
        buffer = talk.buffer
        while talk.mode == "lines" and (end := buffer.find(b"\n")) >= 0:
            line = buffer[:end].decode("ascii", "replace")
            del buffer[: end + 1]
            self.obey(talk, line)
        if talk.mode != "lines" and buffer:
            rest = bytes(buffer)
            buffer.clear()
            self._take(talk, rest)
        if len(buffer) > LINE_BYTES_MAX:
            self.note("not a line", conn=talk.conn)
            buffer.clear()

    def obey(self, talk: Talk, line: str) -> None:
        verb, _, rest = line.partition(" ")
        handler = self._verbs.get(verb)
        try:
            if handler is None:
                raise ValueError("no such verb")
            handler(self, talk, rest)
        except (ValueError, LookupError) as error:
            self.note("not understood", conn=talk.conn, line=line[:80], why=str(error))

    def _take(self, talk: Talk, data: bytes) -> None:
        """Take bytes in a mode that is not lines."""
        talk.total += len(data)
        talk.crc = zlib.crc32(data, talk.crc)
        if talk.mode == "echo":
            self.effects.append(io.Send(talk.conn, data))

    # ---- for the verbs

    def note(self, name: str, **fields: object) -> None:
        self._notes.append((name, fields))

    def ticket(self) -> int:
        self._count += 1
        return self._count

    def at(self, mono_ns: int, fire: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (mono_ns, self.ticket(), fire))

    def pour(self, talk: Talk, blocks: int) -> None:
        """Send what a flood has left, up to a number of blocks and while the connection is not blocked."""
        while talk.flood_left > 0 and blocks > 0 and not talk.blocked:
            size = min(BLOCK_BYTES, talk.flood_left)
            self.effects.append(io.Send(talk.conn, pattern(talk.flood_at, size)))
            talk.flood_at += size
            talk.flood_left -= size
            blocks -= 1
        if talk.flood_left == 0:
            self.floods.pop(talk.conn, None)
            if talk.then:
                line, talk.then = talk.then, ""
                self.obey(talk, line)

    def forget(self, conn: int) -> None:
        self._talks.pop(conn, None)
        self.floods.pop(conn, None)
