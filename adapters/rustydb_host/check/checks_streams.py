"""Bytes and back-pressure: everything arrives, once, in order, and nobody is made to hold more than was agreed."""

from __future__ import annotations

import random
import threading
import time
import zlib
from itertools import pairwise

from rustydb_host.check.lab import PIECE_BYTES, Client, Lab, resident_bytes
from rustydb_host.check.probe import PERIOD, pattern
from rustydb_host.check.table import Failed, demand

MEMORY_BYTES_MAX = 16 << 20
"""How much a host may grow while one client reads slowly: many times what full buffers and a list of effects are, a small part of the result."""
KERNEL_BYTES_MAX = 12 << 20
"""How much the two kernels' buffers may hold of one direction (Linux: tcp_wmem and tcp_rmem)."""
LATE_BYTES_MAX = 1 << 20
"""How much may still be told after PauseReading: what was read already."""


def is_pattern(data: bytes, offset: int = 0) -> bool:
    """Whether bytes are the pattern from `offset` on."""
    start = offset % PERIOD
    whole = bytes(range(PERIOD)) * (len(data) // PERIOD + 2)
    return data == whole[start : start + len(data)]


def in_order(lab: Lab) -> None:
    """Send bytes in pieces of random sizes and compare the echo."""
    for listener in lab.listeners():
        dice = random.Random(1)
        with lab.client(listener) as client:
            conn = client.conn
            data = dice.randbytes(1 << 20)
            client.say("echo")
            sender = threading.Thread(target=_send_pieces, args=(client, data, dice))
            sender.start()
            echoed = client.read(len(data))
            sender.join()
            demand(
                echoed == data, f"{listener}: the echo of {len(data)} bytes differs at byte {_difference(echoed, data)}"
            )
            client.end()
            demand(client.read_all() == b"", f"{listener}: nothing more comes")
            note = lab.wait_note("ended", conn)
            told = note.fields["bytes"], note.fields["crc"]
            demand(
                told == (len(data), zlib.crc32(data)), f"{listener}: the core was told {told[0]} of {len(data)} bytes"
            )


def one_byte_at_a_time(lab: Lab) -> None:
    """Send a line a byte at a time, then read the answer a byte at a time."""
    with lab.client() as client:
        for byte in b"pour 700 end\n":
            client.send(bytes((byte,)))
            time.sleep(0.002)
        parts = [client.read(1) for _ in range(700)]
        demand(is_pattern(b"".join(parts)), "the answer to a line that came in single bytes")


def sends_in_order(lab: Lab) -> None:
    """Have the host send small and large pieces in one list of effects."""
    with lab.client() as client:
        client.say("all send 3000; pour 500000; send 2000; pour 1; end")
        got = client.read_all()
    expected = b"".join(b"%d\n" % n for n in range(3000))
    expected += _pattern(500_000) + b"".join(b"%d\n" % n for n in range(2000)) + _pattern(1)
    demand(got == expected, f"{len(got)} of {len(expected)} bytes; they differ at byte {_difference(got, expected)}")


def close_flushes(lab: Lab) -> None:
    """Close behind four megabytes and read them slowly."""
    size = 4 << 20
    for listener in lab.listeners():
        with lab.client(listener, buffer_bytes=32 << 10) as client:
            client.say(f"pour {size} close")
            got = bytearray()
            while part := client.receive():
                got += part
                if len(got) % 16 == 0:
                    time.sleep(0.001)
            demand(len(got) == size, f"{listener}: {len(got)} of {size} bytes before Close arrived")
            demand(is_pattern(bytes(got)), f"{listener}: the bytes before Close differ from what was sent")


def close_gives_up(lab: Lab) -> None:
    """Close behind four megabytes that nobody reads, on a host that flushes for half a second."""
    with lab.fresh(flush_seconds=0.5) as host:
        with host.client(buffer_bytes=32 << 10) as client:
            client.say("pour 16000000 close")
            host.record.wait(lambda: host.record.named("out", "Close"), "Close is asked for", lab.seconds)
            time.sleep(1.0)
            got = 0
            ended = "after"
            try:
                while part := client.receive():
                    got += len(part)
            except Failed:
                ended = "before"
            demand(ended == "before" or got < 16_000_000, "the host held 16 MB for longer than flush_seconds")
            lab.settle(host)


def abort_drops(lab: Lab) -> None:
    """Abort behind 16 megabytes that nobody reads."""
    with lab.client(buffer_bytes=32 << 10) as client:
        conn = client.conn
        client.say("pour 16000000 abort")
        lab.record.wait(lambda: lab.record.of(conn, "out", "Abort"), "Abort is asked for", lab.seconds)
        time.sleep(0.3)  # the effects of a step are told before they are carried out
        got = 0
        try:
            while part := client.receive():
                got += len(part)
        except Failed as failure:
            demand("within" not in str(failure), "the connection did not end")
        demand(got < KERNEL_BYTES_MAX, f"{got} bytes arrived after Abort")
    lab.settle()


def write_blocked(lab: Lab) -> None:
    """Let the host send to a client that does not read, then read everything."""
    record = lab.record
    size = 40 << 20
    with lab.client(buffer_bytes=32 << 10) as client:
        conn = client.conn
        client.say(f"flood {size} close")
        record.wait(
            lambda: record.of(conn, "in", "WriteBlocked"), "WriteBlocked for a client that does not read", lab.seconds
        )
        time.sleep(0.2)
        sent = sum(e.size for e in record.of(conn, "out", "Send"))
        demand(sent <= KERNEL_BYTES_MAX, f"the core was let send {sent} bytes to a client that reads none")
        got = client.read_all()
        demand(len(got) == size and is_pattern(got), f"{len(got)} of {size} bytes arrived")
    lab.settle()
    states = [e.name for e in record.of(conn, "in", "WriteBlocked", "WriteReady")]
    demand(states[:1] == ["WriteBlocked"], "WriteBlocked comes first")
    doubled = [a for a, b in pairwise(states) if a == b]
    demand(not doubled, f"{doubled[:1]} twice in a row: the two alternate")
    demand("WriteReady" in states, "WriteReady came when the client read")


def small_sends_stay_unblocked(lab: Lab) -> None:
    """Send little to a client that does not read: below the high mark there is nothing to tell."""
    with lab.client() as client:
        conn = client.conn
        client.say("all pour 60000; send 100")
        lab.settle()
        demand(not lab.record.of(conn, "in", "WriteBlocked"), "WriteBlocked for 60 kB")


def slow_reader(lab: Lab) -> str:
    """Read a large result at a limited speed while watching the host's memory."""
    size, speed = lab.sizes.result_bytes, lab.sizes.result_bytes_a_second
    with lab.fresh() as host, host.client(buffer_bytes=64 << 10) as client:
        client.say("pour 1000000")
        client.read(1_000_000)  # what a first large answer needs is there now
        before = resident_bytes(host.pid)
        grown = got = 0
        began = time.monotonic()
        client.say(f"flood {size} close")
        time.sleep(0.3)
        while part := client.receive():
            demand(is_pattern(part, got), f"byte {got} and those behind it are not what was sent")
            got += len(part)
            if got % 8 == 0 or len(part) == PIECE_BYTES:
                grown = max(grown, resident_bytes(host.pid) - before)
                demand(grown <= MEMORY_BYTES_MAX, f"after {got} bytes the host has grown by {grown >> 20} MiB")
            if speed is not None and (ahead := got / speed - (time.monotonic() - began)) > 0:
                time.sleep(ahead)
        demand(got == size, f"{got} of {size} bytes arrived")
    rate = f" at {speed / (1 << 20):.0f} MiB/s" if speed is not None else ""
    return f"{size >> 20} MiB{rate}: grew by {grown / (1 << 20):.1f} MiB"


def pause_reading(lab: Lab) -> None:
    """Pause reading, push as much as the host takes, and look what the core was told meanwhile."""
    record = lab.record
    with lab.client() as client:
        conn = client.conn
        client.say("all sink; pause 500")
        pause = record.wait(lambda: record.of(conn, "out", "PauseReading"), "PauseReading", lab.seconds)[0]
        client.sock.settimeout(0.02)
        taken = 0
        piece = bytes(PIECE_BYTES)
        while not record.of(conn, "out", "ResumeReading"):
            try:
                taken += client.sock.send(piece)
            except TimeoutError:
                continue
            demand(taken <= 64 << 20, f"the host took {taken} bytes after PauseReading")
        resumed = record.of(conn, "out", "ResumeReading")[0]
        told = sum(e.size for e in record.of(conn, "in", "Received") if pause.index < e.index < resumed.index)
        demand(told <= LATE_BYTES_MAX, f"the core was told {told} bytes between PauseReading and ResumeReading")
        client.sock.settimeout(lab.seconds)
        client.end()
        note = record.wait(
            lambda: record.named("note", "ended", conn=conn), "the end after ResumeReading", lab.seconds
        )[0]
        demand(note.fields["bytes"] == taken, f"{note.fields['bytes']} of {taken} bytes came after ResumeReading")


def pause_and_end(lab: Lab) -> None:
    """End the client's direction while reading is paused: the end is told after ResumeReading."""
    record = lab.record
    with lab.client() as client:
        conn = client.conn
        client.say("all sink; pause 200")
        pause = record.wait(lambda: record.of(conn, "out", "PauseReading"), "PauseReading", lab.seconds)[0]
        client.send(b"x" * 1000)
        client.end()
        note = lab.wait_note("ended", conn)
        demand(note.fields["bytes"] == 1000, f"{note.fields['bytes']} of 1000 bytes")
        resumed = record.of(conn, "out", "ResumeReading")[0]
        late = [e for e in record.of(conn, "in", "Received") if pause.index < e.index < resumed.index and e.size]
        demand(sum(e.size for e in late) <= LATE_BYTES_MAX, "bytes came while reading was paused")


def _send_pieces(client: Client, data: bytes, dice: random.Random) -> None:
    position = 0
    while position < len(data):
        size = dice.choice((1, 2, 10, 1000, 10_000, 100_000))
        try:
            client.sock.sendall(data[position : position + size])
        except OSError:
            return  # the reader says what is missing
        position += size


def _pattern(size: int) -> bytes:
    return b"".join(pattern(at, min(PIECE_BYTES, size - at)) for at in range(0, size, PIECE_BYTES))


def _difference(a: bytes, b: bytes) -> int:
    common = min(len(a), len(b))
    return next((i for i in range(common) if a[i] != b[i]), common)
