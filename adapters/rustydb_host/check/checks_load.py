"""Many connections: idle ones, many a second, and more than there are files for."""

from __future__ import annotations

import time

from rustydb_host.check.child import raise_open_files
from rustydb_host.check.lab import Client, Host, Lab, cpu_seconds, resident_bytes
from rustydb_host.check.table import Failed, Skipped, demand

CONNECTS_AT_ONCE = 20
OWN_FILES = 200
"""How many files the suite itself, and the host, need besides connections."""


def idle_connections(lab: Lab) -> str:
    """Open many connections, leave them alone, use some, close all."""
    wanted = lab.sizes.idle_connections
    count = min(wanted, raise_open_files() - OWN_FILES)
    clients: list[Client] = []
    with lab.fresh() as host:
        record = host.record
        try:
            lab.settle(host)
            before = resident_bytes(host.pid)
            for _ in range(count):
                clients.append(host.client())
            record.wait(lambda: len(record.named("in", "Accepted")) >= count + 1, f"{count} Accepted", 6 * lab.seconds)
            lab.settle(host)
            each = (resident_bytes(host.pid) - before) / count
            used = cpu_seconds(host.pid)
            time.sleep(0.5)
            used = cpu_seconds(host.pid) - used
            demand(used < 0.3, f"idle connections use {used / 0.5:.0%} of a processor")
            for client in clients[:: max(1, count // 50)]:
                client.say("send 1")
                demand(client.read_line() == "0", "a connection that was idle works")
        finally:
            for client in clients:
                client.reset()
        record.wait(lambda: len(record.named("in", "Lost")) >= count, f"{count} Lost", 6 * lab.seconds)
        demand(len(record.named("in", "Lost")) == count, "one Lost for each")
    fewer = f" (not {wanted}: this system allows no more open files)" if count < wanted else ""
    return f"{count} connections{fewer}, {each / 1024:.1f} KiB each"


def connects(lab: Lab) -> str:
    """Connect, ask, be answered and leave, as fast as it goes, a few at a time."""
    count, needed = lab.sizes.connects, lab.sizes.connects_a_second
    began = time.monotonic()
    for _ in range(0, count, CONNECTS_AT_ONCE):
        clients = [lab.client() for _ in range(CONNECTS_AT_ONCE)]
        for client in clients:
            client.send(b"send 1\n")
        for client in clients:
            demand(client.read(2) == b"0\n", "a line is answered")
            client.reset()
    took = time.monotonic() - began
    rate = count / took
    demand(needed is None or rate >= needed, f"{rate:.0f} connects a second, not {needed}")
    return f"{count} connects, {rate:.0f} a second"


def burst_of_connects(lab: Lab) -> str:
    """Start 300 connects before any is answered."""
    began = time.monotonic()
    clients = [lab.client() for _ in range(300)]
    for client in clients:
        client.say("send 1")
    for client in clients:
        demand(client.read(2) == b"0\n", "a line is answered")
        client.reset()
    return f"{300 / (time.monotonic() - began):.0f} a second"


def out_of_files(lab: Lab) -> str:
    """Let the host open 30 files, connect 60 times, then leave: the host lives, does not spin, and accepts again."""
    if not raise_open_files():
        raise Skipped("this system has no limit of open files")
    with lab.fresh(spare_files=30) as host:
        clients: list[Client] = []
        try:
            for _ in range(60):
                clients.append(host.client())
            host.record.wait(lambda: len(host.record.named("in", "Accepted")) >= 10, "some are accepted", lab.seconds)
            accepted = _settled(host)
            demand(accepted < 60, f"{accepted} connections were accepted with 30 files")
            with_one = clients[0]
            with_one.say("send 1")
            demand(with_one.read_line() == "0", "the connections that are there are served")
            before = cpu_seconds(host.pid)
            time.sleep(1.0)
            used = cpu_seconds(host.pid) - before
            demand(used < 0.6, f"a host without files used {used:.2f} s of processor time in a second")
            for client in clients[:40]:
                client.reset()
            _accepts_again(lab, host)
        finally:
            for client in clients:
                client.sock.close()
    return f"{accepted} accepted, then {1000 * used:.0f} ms of processor time in a second"


def _accepts_again(lab: Lab, host: Host) -> None:
    """Wait until a new client is served: the host may need a moment to see that there are files."""
    end = time.monotonic() + lab.seconds
    while True:
        try:
            lab.settle(host)
        except Failed:
            demand(time.monotonic() < end, "no new client is served though there are files again")
            time.sleep(0.1)
        else:
            return


def _settled(host: Host) -> int:
    """Return how many connections were accepted once there are no more for a while."""
    count = -1
    while count != (now := len(host.record.named("in", "Accepted"))):
        count = now
        time.sleep(0.3)
    return count
