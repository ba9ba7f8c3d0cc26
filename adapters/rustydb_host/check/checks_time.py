"""Time: timers fire when they are due by the service's clock, work that is left goes on at once, and nobody waits for it."""

from __future__ import annotations

import statistics
import time
from itertools import pairwise

from rustydb_host.check.lab import Client, Host, Lab, cpu_seconds
from rustydb_host.check.table import demand
from rustydb_host.contract import SLEEP_SECONDS_MAX

FAIR_SECONDS = 0.050
"""What a request may take at the median while another client's long statement runs."""
LATE_SECONDS_MEDIAN = 0.050
LATE_SECONDS_MAX = 2.0
SLICE_SECONDS = 0.005
IDLE_STEPS_MAX = 20
"""How often step may be called in a second without anything to do, a client's coming and going at its end included."""


def timers(lab: Lab) -> str:
    """Set timers on a quiet host, then more while four clients keep it busy with echoes."""
    with lab.client() as client:
        seen = len(lab.record.named("note", "fired"))
        client.say("timer 10 45 80 115 150 185 220")
        told = [client.read_line() for _ in range(7)]
        demand(told == ["10", "45", "80", "115", "150", "185", "220"], "timers fire in the order of their times")
        _lateness(lab, seen)
        busy = [lab.client() for _ in range(4)]
        for one in busy:
            one.say("echo")
        wanted = [str(5 * n) for n in range(1, 121)]
        record, seen = lab.record, len(lab.record.named("note", "fired"))
        client.say("timer " + " ".join(reversed(wanted)))
        end = time.monotonic() + lab.seconds
        while len(record.named("note", "fired")) - seen < len(wanted) and time.monotonic() < end:
            for one in busy:
                one.send(b"x" * 2000)
            for one in busy:
                one.read(2000)
        for one in busy:
            one.sock.close()
        told = [client.read_line() for _ in wanted]
        demand(told == wanted, "timers fire in the order of their times, under load")
    return _lateness(lab, seen)


def _lateness(lab: Lab, seen: int) -> str:
    lab.settle()
    late = [(e.mono_ns - e.fields["due_ns"]) / 1e9 for e in lab.record.named("note", "fired")[seen:]]
    demand(min(late) >= 0, f"a timer fired {-min(late):.6f} s early")
    middle, worst = statistics.median(late), max(late)
    demand(middle <= LATE_SECONDS_MEDIAN, f"timers fire {1000 * middle:.1f} ms late at the median")
    demand(worst <= LATE_SECONDS_MAX, f"a timer fired {worst:.3f} s late")
    return f"late by {1000 * middle:.1f} ms at the median, {1000 * worst:.1f} ms at most"


def timer_is_moved_forward(lab: Lab) -> None:
    """Set a timer for later, then one for earlier, from another connection."""
    with lab.client() as client, lab.client() as other:
        client.say("timer 60000")
        lab.settle()
        began = time.monotonic()
        other.say("timer 100")
        demand(other.read_line() == "100", "the earlier timer")
        took = time.monotonic() - began
        demand(0.1 <= took <= 0.5, f"a timer of 100 ms fired after {1000 * took:.0f} ms")


def wall_clock_jumps(lab: Lab) -> None:
    """Move the wall clock by a day, forth and back, while timers run: they do not care."""
    for days in (1, -1):
        seen = len(lab.record.named("note", "fired"))
        with lab.client() as client:
            client.say(f"all timer 100 200 300; jump 0 {days * 86_400_000}")
            before = time.monotonic()
            demand([client.read_line() for _ in range(3)] == ["100", "200", "300"], "all timers fire")
            demand(time.monotonic() - before >= 0.28, "the timers fired early")
        _lateness(lab, seen)
        walls = [e.wall_us for e in lab.record.named("note", "fired")[seen:]]
        jump = lab.record.named("note", "jump")[-1]
        moved = abs(walls[0] - jump.wall_us - days * 86_400_000_000)
        demand(moved < 60_000_000, "the core is shown the wall clock of the service")


def monotonic_clock_jumps(lab: Lab) -> None:
    """Move the monotonic clock by an hour, as after a suspended machine: a timer that is due then fires soon."""
    with lab.client() as client:
        client.say("all timer 3000000; jump 3600000 0")
        began = time.monotonic()
        demand(client.read_line() == "3000000", "the timer fires")
        waited = time.monotonic() - began
        lab.settle()
        demand(waited <= SLEEP_SECONDS_MAX + LATE_SECONDS_MAX, f"it was noticed after {waited:.1f} s")
    stamps = [e.mono_ns for e in lab.record.events if e.mono_ns]
    demand(all(a <= b for a, b in pairwise(stamps)), "the core is shown monotonic times in order")


def goes_on_at_once(lab: Lab) -> None:
    """Have the core leave work 2,000 times: with nothing else to do, the host comes back without sleeping."""
    with lab.client() as client:
        began = time.monotonic()
        client.say("work 2000 1")
        demand(client.read_line() == "done", "the work ends")
        took = time.monotonic() - began
        demand(took <= 4, f"2,000 steps without anything in them took {took:.2f} s")


def fairness(lab: Lab) -> str:
    """Ask for echoes while another client's work goes on in slices of 5 ms."""
    loops = calibrated(lab.host, lab.seconds)
    with lab.client() as worker, lab.client() as client:
        client.say("echo")
        client.send(b"x")
        client.read(1)
        slices = round(1.0 / SLICE_SECONDS)
        worker.say(f"work {slices} {loops}")
        worker.sock.setblocking(False)
        times = []
        while not _has_line(worker):
            began = time.monotonic()
            client.send(b"x")
            client.read(1)
            times.append(time.monotonic() - began)
            time.sleep(0.005)
    middle = statistics.median(times)
    demand(middle <= FAIR_SECONDS, f"an echo took {1000 * middle:.0f} ms at the median, of {len(times)}")
    return f"{len(times)} echoes, {1000 * middle:.1f} ms at the median, {1000 * max(times):.1f} ms at most"


def accepts_while_working(lab: Lab) -> str:
    """Connect while another client's work goes on."""
    loops = calibrated(lab.host, lab.seconds)
    with lab.client() as worker:
        worker.say(f"work {round(1.0 / SLICE_SECONDS)} {loops}")
        worker.sock.setblocking(False)
        times = []
        while not _has_line(worker):
            began = time.monotonic()
            with lab.client() as client:
                client.say("send 1")
                client.read(1)
            times.append(time.monotonic() - began)
    middle = statistics.median(times)
    demand(middle <= 2 * FAIR_SECONDS, f"to connect and be answered took {1000 * middle:.0f} ms at the median")
    return f"{1000 * middle:.1f} ms at the median"


def inputs_are_batched(lab: Lab) -> str:
    """Have 40 clients send while the core is inside one long step: what has arrived meanwhile is few steps."""
    loops = calibrated(lab.host, lab.seconds) * 60
    clients = [lab.client() for _ in range(40)]
    conns = {client.conn for client in clients}
    lab.settle()
    with lab.client() as worker:
        worker.say(f"burn {loops}")
        time.sleep(0.1)
        for client in clients:
            client.say("send 1")
        demand(worker.read_line() == "burned", "the long step ends")
    for client in clients:
        demand(client.read_line() == "0", "a line is answered")
        client.sock.close()
    lab.settle()
    events = [e for number in conns for e in lab.record.of(number, "in", "Received") if e.size]
    steps = len({event.step for event in events})
    demand(steps <= len(events) // 2, f"{len(events)} inputs that were there at once took {steps} steps")
    return f"{len(events)} inputs in {steps} steps"


def idle_is_idle(lab: Lab) -> str:
    """Leave the host alone for a second, with open connections and a far timer."""
    clients = [lab.client() for _ in range(20)]
    clients[0].say("timer 3000000")
    lab.settle()
    first = lab.record.events[-1].step
    before = cpu_seconds(lab.host.pid)
    time.sleep(1.0)
    used = cpu_seconds(lab.host.pid) - before
    lab.settle()
    steps = lab.record.events[-1].step - first
    for client in clients:
        client.sock.close()
    demand(steps <= IDLE_STEPS_MAX, f"it called step {steps} times in a second without anything to do")
    demand(used <= 0.3, f"it used {used:.2f} s of processor time in a second without anything to do")
    return f"{1000 * used:.0f} ms of processor time in a second"


def one_step_at_a_time(lab: Lab) -> None:
    """Keep the host busy from many sides, then look whether the core was ever called twice at once."""
    clients = [lab.client() for _ in range(8)]
    for client in clients:
        client.say("all disk append put 20; disk store put 20; compute answer answer; work 20 1000; timer 1 2 3")
    for client in clients:
        while client.read_line() != "done":
            pass
        client.sock.close()
    lab.settle()
    record = lab.record
    demand(not record.named("note", "entered twice"), "step was called while step was running")
    demand(not record.named("note", "another thread"), "step was called in different threads")
    demand(not record.named("note", "not understood"), "the probe did not understand a line: bytes were lost or mixed")


def calibrated(host: Host, seconds: float) -> int:
    """Return how many loops of the probe take about a slice's time on this machine."""
    loops = 20_000
    with host.client() as client:
        while True:
            began = time.monotonic()
            client.say(f"burn {loops}")
            demand(client.read_line() == "burned", "a long step ends")
            took = time.monotonic() - began
            if took >= 0.02 or loops > 10_000_000:
                return max(1, round(loops * SLICE_SECONDS / took))
            loops *= 2


def _has_line(client: Client) -> bool:
    try:
        return bool(client.sock.recv(100))
    except BlockingIOError:
        return False
