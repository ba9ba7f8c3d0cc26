"""The end of a host: what is flushed, who is refused, what is waited for, and what `run` returns."""

from __future__ import annotations

import signal
import time

from rustydb_host.check.lab import Host, Lab
from rustydb_host.check.probe import pattern
from rustydb_host.check.table import Failed, Skipped, demand


def halt(lab: Lab) -> None:
    """Halt with a code, with idle connections."""
    with lab.fresh() as host:
        idle = [host.client(name) for name in ("ipv4", "unix") if host.has(name)]
        for one in idle:
            assert one.conn
        with host.client() as client:
            client.say("halt 7")
            _demand_code(host, lab, 7)
            for one in (client, *idle):
                demand(one.at_end() in ("end", "reset"), "connections end when the host does")
        for one in idle:
            one.sock.close()


def halt_flushes(lab: Lab) -> None:
    """Send half a megabyte, close and halt in one list of effects."""
    for listener in lab.listeners():
        with lab.fresh() as host, host.client(listener, buffer_bytes=32 << 10) as client:
            client.say("all pour 500000 close; halt 3")
            time.sleep(0.2)
            got = client.read_all()
            whole = b"".join(pattern(at, min(50_000, 500_000 - at)) for at in range(0, 500_000, 50_000))
            demand(got == whole, f"{listener}: {len(got)} of 500000 bytes that were sent before Halt arrived")
            _demand_code(host, lab, 3)


def halt_is_bounded(lab: Lab) -> None:
    """Halt behind 32 MB to a client that reads nothing, on a host that flushes for half a second then."""
    with lab.fresh(halt_seconds=0.5) as host, host.client(buffer_bytes=32 << 10) as client:
        client.say("all pour 32000000 close; halt 4")
        began = time.monotonic()
        _demand_code(host, lab, 4)
        took = time.monotonic() - began
        demand(took < 0.5 + 3, f"it took {took:.1f} s, with halt_seconds of 0.5")


def halt_waits_for_the_disk(lab: Lab) -> None:
    """Halt behind an append that takes 300 ms: it is finished before `run` returns."""
    with lab.fresh() as host, host.client() as client:
        client.say("all disk append slow-300 1; disk store slow-300 1; halt 0")
        _demand_code(host, lab, 0)
        ended = host.record.named("disk", "disk ended")
        demand(len(ended) == 2, f"{len(ended)} of 2 disk effects were finished when run() returned")


def core_raises(lab: Lab) -> None:
    """Let the core raise: `run` raises it after it has tidied up."""
    with lab.fresh() as host, host.client() as client:
        client.say("raise")
        ended = host.record.wait_exit(lab.seconds)
        demand(ended.get("raised") == "CoreFailed", f"run() ended with {ended}, not with the core's exception")
        demand(client.at_end() in ("end", "reset"), "connections end when the host does")


def shutdown_drains(lab: Lab) -> None:
    """SIGTERM while a client waits for an answer: no new client is accepted, the old one is answered, then it ends."""
    with lab.fresh() as host, host.client() as client:
        client.say("shutdown all after 700 pour 200000 close; after 800 halt 0")
        lab.settle(host)
        host.signal(signal.SIGTERM)
        request = host.record.wait(
            lambda: host.record.named("in", "ShutdownRequested"), "ShutdownRequested", lab.seconds
        )
        demand(request[0].fields["graceful"], "SIGTERM asks gracefully")
        time.sleep(0.1)
        for listener in ("ipv4", "ipv6", "unix"):
            if host.has(listener):
                _demand_refused(host, listener)
        demand(len(client.read_all()) == 200_000, "the client that was there is answered")
        _demand_code(host, lab, 0)


def shutdown_from_put(lab: Lab) -> None:
    """ShutdownRequested through `put` closes the listeners too."""
    with lab.fresh() as host, host.client() as client:
        client.say("all shutdown after 600 halt 0; disk append stop 1")
        host.record.wait(lambda: host.record.named("in", "ShutdownRequested"), "ShutdownRequested", lab.seconds)
        time.sleep(0.1)
        _demand_refused(host, "ipv4")
        _demand_code(host, lab, 0)


def second_interrupt(lab: Lab) -> None:
    """SIGINT asks gracefully, a second one to stop at once."""
    with lab.fresh() as host, host.client() as client:
        client.say("shutdown after 60000 halt 0")
        lab.settle(host)
        record = host.record
        host.signal(signal.SIGINT)
        record.wait(lambda: record.named("in", "ShutdownRequested"), "ShutdownRequested", lab.seconds)
        host.signal(signal.SIGINT)
        _demand_code(host, lab, 9)
        asked = [event.fields["graceful"] for event in record.named("in", "ShutdownRequested")]
        demand(asked == [True, False], f"graceful was {asked}")


def hangup_reloads(lab: Lab) -> None:
    """SIGHUP calls `reload`, and its news reach the core."""
    if not hasattr(signal, "SIGHUP"):
        raise Skipped("this system has no SIGHUP")
    with lab.fresh() as host:
        for number in (1, 2):
            host.signal(signal.SIGHUP)
            _wait_reloaded(host, number, lab.seconds)
        lab.settle(host)


def _wait_reloaded(host: Host, count: int, seconds: float) -> None:
    record = host.record
    record.wait(lambda: len(record.named("in", "Reloaded")) == count, f"Reloaded, {count} times", seconds)


def _demand_code(host: Host, lab: Lab, code: int) -> None:
    ended = host.record.wait_exit(lab.seconds)
    demand(ended == {"code": code}, f"run() ended with {ended}, not with the code {code}; {host.complaint()}")


def _demand_refused(host: Host, listener: str) -> None:
    """Demand that nobody is let in; to be let wait in the listener's queue is not to be refused."""
    try:
        client = host.client(listener)
    except Failed:
        return
    with client:
        client.sock.settimeout(0.25)
        ended = client.at_end()
    demand(ended in ("end", "reset"), f"{listener}: after a shutdown was asked for, a new client is met by {ended}")
