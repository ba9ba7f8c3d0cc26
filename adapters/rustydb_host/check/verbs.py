"""The lines that the probe obeys: a verb and its words, each a function of the connection that said it.

    flood 1000000 close          a megabyte as fast as the peer takes it, then close
    eof send 3                   three lines when the peer has ended its direction
    all send 2; end              both in one step, so that the host gets both effects in one list

A line that is not understood becomes a note, which fails the check that sent it.
"""

from __future__ import annotations

from typing import Final

from rustydb_host.check.probe import BLOCK_BYTES, Probe, Talk, Verb, burn, pattern
from rustydb_proto.core import io
from rustydb_proto.core.time import NS_PER_MS


def _echo(probe: Probe, talk: Talk, rest: str) -> None:
    """`echo`: from here on bytes are sent back."""
    talk.mode = "echo"


def _sink(probe: Probe, talk: Talk, rest: str) -> None:
    """`sink`: from here on bytes are counted."""
    talk.mode = "sink"


def _name(probe: Probe, talk: Talk, rest: str) -> None:
    """`name TOKEN`: note which connection this is, and answer with the token."""
    probe.note("named", conn=talk.conn, token=rest)
    probe.effects.append(io.Send(talk.conn, rest.encode() + b"\n"))


def _send(probe: Probe, talk: Talk, rest: str) -> None:
    """`send COUNT`: that many lines, numbered, each a Send of its own."""
    for number in range(int(rest)):
        probe.effects.append(io.Send(talk.conn, b"%d\n" % number))


def _flood(probe: Probe, talk: Talk, rest: str) -> None:
    """`flood BYTES [LINE]`: send the pattern, as fast as WriteBlocked allows, then obey LINE."""
    size, _, talk.then = rest.partition(" ")
    talk.flood_left = int(size)
    probe.floods[talk.conn] = talk


def _pour(probe: Probe, talk: Talk, rest: str) -> None:
    """`pour BYTES [LINE]`: send the pattern in one step, blocked or not, then obey LINE."""
    size, _, line = rest.partition(" ")
    for offset in range(0, int(size), BLOCK_BYTES):
        probe.effects.append(io.Send(talk.conn, pattern(offset, min(BLOCK_BYTES, int(size) - offset))))
    if line:
        probe.obey(talk, line)


def _eof(probe: Probe, talk: Talk, rest: str) -> None:
    """`eof LINE`: obey LINE at the peer's end of file, in place of `close`."""
    talk.at_eof = rest


def _stay(probe: Probe, talk: Talk, rest: str) -> None:
    """`stay`: do nothing (for `eof stay`)."""


def _pause(probe: Probe, talk: Talk, rest: str) -> None:
    """`pause MS`: stop reading, and resume after that time."""
    probe.effects.append(io.PauseReading(talk.conn))
    probe.at(probe.now.mono_ns + int(rest) * NS_PER_MS, lambda: probe.effects.append(io.ResumeReading(talk.conn)))


def _end(probe: Probe, talk: Talk, rest: str) -> None:
    """`end`: half-close."""
    probe.effects.append(io.EndSend(talk.conn))


def _close(probe: Probe, talk: Talk, rest: str) -> None:
    """`close`: close after what was sent."""
    probe.effects.append(io.Close(talk.conn))
    talk.mode = "closed"
    probe.forget(talk.conn)


def _abort(probe: Probe, talk: Talk, rest: str) -> None:
    """`abort`: reset."""
    probe.effects.append(io.Abort(talk.conn))
    talk.mode = "closed"
    probe.forget(talk.conn)


def _ghost(probe: Probe, talk: Talk, rest: str) -> None:
    """`ghost`: close, then go on with effects that name the connection: they must be ignored."""
    conn = talk.conn
    _close(probe, talk, "")
    probe.effects += [io.Send(conn, b"late\n"), io.EndSend(conn), io.PauseReading(conn), io.ResumeReading(conn)]
    probe.effects += [io.Abort(conn + 1_000_000), io.Close(conn + 1_000_000)]


def _timer(probe: Probe, talk: Talk, rest: str) -> None:
    """`timer MS …`: timers at these times from now; `fired` is noted for each, and a line is sent."""
    for text in rest.split():
        due = probe.now.mono_ns + int(text) * NS_PER_MS
        probe.at(due, lambda text=text: probe.effects.append(io.Send(talk.conn, f"{text}\n".encode())))  # type: ignore[misc]  # a default argument binds the loop's variable


def _after(probe: Probe, talk: Talk, rest: str) -> None:
    """`after MS LINE`: obey LINE then."""
    ms, _, line = rest.partition(" ")
    probe.at(probe.now.mono_ns + int(ms) * NS_PER_MS, lambda: probe.obey(talk, line))


def _slices(probe: Probe, talk: Talk, rest: str) -> None:
    """`work SLICES LOOPS`: compute in that many steps, then send `done`."""
    slices, loops = rest.split()
    probe.work.append((talk, int(slices), int(loops)))


def _burn(probe: Probe, talk: Talk, rest: str) -> None:
    """`burn LOOPS`: compute within this step."""
    burn(int(rest))
    probe.effects.append(io.Send(talk.conn, b"burned\n"))


def _disk(probe: Probe, talk: Talk, rest: str) -> None:
    """`disk KIND NAME COUNT`: that many disk effects; what the name makes the disk do is told in service.py."""
    kind, name, count = rest.split()
    for number in range(int(count)):
        ticket = probe.ticket()
        effect: io.Effect
        if kind == "append":
            effect = io.Append(ticket, name, number * 512, b"%d" % number)
        elif kind == "store":
            effect = io.Store(ticket, name, number * 512, b"%d" % number)
        elif kind == "allocate":
            effect = io.Allocate(ticket, name, 512)
        elif kind == "publish":
            effect = io.Publish(ticket, name + ".tmp", name)
        else:
            effect = io.DeleteFile(ticket, name)
        probe.effects.append(effect)


def _compute(probe: Probe, talk: Talk, rest: str) -> None:
    """`compute JOB …`: start jobs; the table of them is in service.py."""
    for name in rest.split():
        ticket = probe.ticket()
        probe.note("compute", ticket=ticket, job=name)
        probe.effects.append(io.Compute(ticket, probe.jobs[name]))


def _connect(probe: Probe, talk: Talk, rest: str) -> None:
    """`connect MS ADDRESS [LINE]`: connect, obey LINE on the new connection, and tell on this one how it went."""
    ms, address, *line = rest.split(" ", 2)
    ticket = probe.ticket()
    probe.connects[ticket] = talk, line[0] if line else "stay"
    probe.effects.append(io.Connect(ticket, address, int(ms) * NS_PER_MS))


def _jump(probe: Probe, talk: Talk, rest: str) -> None:
    """`jump MONO_MS WALL_MS`: ask for the clocks to be moved when this step is over."""
    mono, wall = rest.split()
    probe.note("jump", mono_ms=int(mono), wall_ms=int(wall))


def _log(probe: Probe, talk: Talk, rest: str) -> None:
    """`log TEXT`: a log record."""
    probe.effects.append(io.Log("info", rest, {"conn": talk.conn}))


def _shutdown(probe: Probe, talk: Talk, rest: str) -> None:
    """`shutdown LINE`: what to do when a graceful stop is asked for, in place of `halt 0`."""
    probe.at_shutdown = talk, rest


def _halt(probe: Probe, talk: Talk, rest: str) -> None:
    """`halt CODE`: end."""
    probe.effects.append(io.Halt(int(rest), "asked for"))


def _raise(probe: Probe, talk: Talk, rest: str) -> None:
    """`raise`: fail as a core with a defect does."""
    raise CoreFailed("asked for")


def _all(probe: Probe, talk: Talk, rest: str) -> None:
    """`all LINE; LINE; …`: obey several lines in one step."""
    for line in rest.split("; "):
        probe.obey(talk, line)


class CoreFailed(Exception):
    """What `raise` raises."""


VERBS: Final[dict[str, Verb]] = {
    "echo": _echo,
    "sink": _sink,
    "name": _name,
    "send": _send,
    "flood": _flood,
    "pour": _pour,
    "eof": _eof,
    "stay": _stay,
    "pause": _pause,
    "end": _end,
    "close": _close,
    "abort": _abort,
    "ghost": _ghost,
    "timer": _timer,
    "after": _after,
    "work": _slices,
    "burn": _burn,
    "disk": _disk,
    "compute": _compute,
    "connect": _connect,
    "jump": _jump,
    "log": _log,
    "shutdown": _shutdown,
    "halt": _halt,
    "raise": _raise,
    "all": _all,
}
