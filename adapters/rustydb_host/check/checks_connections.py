"""Connections: how they are reported, and every way in which they end."""

from __future__ import annotations

import socket

from rustydb_host.addresses import shown
from rustydb_host.check.lab import Client, Lab, target
from rustydb_host.check.record import Event, Record
from rustydb_host.check.table import Failed, Skipped, demand


def _accept(lab: Lab, listener: str) -> None:
    with lab.client(listener) as client:
        conn = client.conn
        (accepted,) = lab.record.of(conn, "in", "Accepted")
        demand(accepted.fields["listener"] == listener, f"listener {accepted.fields['listener']}, not {listener}")
        demand(accepted.fields["peer"] == client.address, f"peer {accepted.fields['peer']}, not {client.address}")
        local = lab.host.address(listener)
        demand(accepted.fields["local"] == local, f"local {accepted.fields['local']}, not {local}")
        client.say("send 1")
        demand(client.read_line() == "0", "the connection works")


def accept_ipv4(lab: Lab) -> None:
    """Connect over IPv4."""
    _accept(lab, "ipv4")


def accept_ipv6(lab: Lab) -> None:
    """Connect over IPv6."""
    _accept(lab, "ipv6")


def accept_unix(lab: Lab) -> None:
    """Connect over a Unix socket."""
    _accept(lab, "unix")


def numbers_are_new(lab: Lab) -> None:
    """Open and close connections, and look at their numbers."""
    for _ in range(5):
        with lab.client() as client:
            assert client.conn
    numbers = [e.conn for e in lab.record.events if e.way == "in" and e.name in ("Accepted", "Connected")]
    demand(min(numbers) >= 1, "numbers begin at 1")
    demand(len(set(numbers)) == len(numbers), f"a number was used again: {numbers[:20]}")


def peer_ends(lab: Lab) -> None:
    """End the client's direction, then read what comes late."""
    for listener in lab.listeners():
        with lab.client(listener) as client:
            conn = client.conn
            client.say("eof after 150 all send 3; close")
            client.end()
            demand(client.read_all() == b"0\n1\n2\n", f"{listener}: what the core sends after the peer's end arrives")
            lab.settle()
            empty = [e for e in lab.record.of(conn, "in", "Received") if e.size == 0]
            demand(len(empty) == 1, f"{listener}: {len(empty)} inputs Received(b'')")


def end_told_once(lab: Lab) -> None:
    """End the client's direction, have the host pause and resume reading after it, and wait what it tells then."""
    for listener in lab.listeners():
        with lab.client(listener) as client:
            conn = client.conn
            client.say("eof all pause 30; after 150 send 1; eof stay; after 200 close")
            client.end()
            demand(client.read_all() == b"0\n", f"{listener}: the other direction stays open")
            lab.settle()
            empty = [e for e in lab.record.of(conn, "in", "Received") if e.size == 0]
            demand(len(empty) == 1, f"{listener}: {len(empty)} inputs Received(b'')")


def host_ends(lab: Lab) -> None:
    """Have the host end its direction behind a megabyte, then send it bytes."""
    for listener in lab.listeners():
        with lab.client(listener) as client:
            conn = client.conn
            client.say("all pour 1000000; end; sink")
            demand(len(client.read_all()) == 1_000_000, f"{listener}: everything before EndSend arrives")
            client.send(b"x" * 70_000)
            client.end()
            note = lab.wait_note("ended", conn)
            got = note.fields["bytes"]
            demand(got == 70_000, f"{listener}: {got} of 70000 bytes after EndSend")


def peer_resets(lab: Lab) -> None:
    """Reset a connection that is idle."""
    client = lab.client()
    conn = client.conn
    lab.settle()
    client.reset()
    lab.wait_lost(client)
    lab.settle()
    _nothing_follows(lab.record, conn)


def peer_resets_while_blocked(lab: Lab) -> None:
    """Reset a connection whose send buffer is full."""
    client = lab.client(buffer_bytes=32 << 10)
    conn = client.conn
    client.say("flood 100000000 close")
    lab.record.wait(lambda: lab.record.of(conn, "in", "WriteBlocked"), "WriteBlocked", lab.seconds)
    client.reset()
    lab.wait_lost(client)
    lab.settle()
    _nothing_follows(lab.record, conn)


def peer_closes(lab: Lab) -> None:
    """Close both directions at once: an end of file first, and Lost when the host writes."""
    client = lab.client()
    conn = client.conn
    client.say("eof all after 50 send 1; after 150 send 1; after 250 send 1; after 350 send 1")
    client.sock.close()
    lab.wait_lost(client)
    ends = [e for e in lab.record.of(conn, "in", "Received") if e.size == 0]
    demand(len(ends) == 1, f"{len(ends)} inputs Received(b'') before Lost")


def lost_once(lab: Lab) -> None:
    """Reset connections in the midst of everything, many at once, then look at everything that was ever told."""
    clients: list[Client] = []
    for number, line in enumerate(("", "echo", "flood 5000000", "pause 100", "eof send 5", "timer 10 20 30") * 5):
        client = lab.client()
        clients.append(client)
        if line:
            client.say(line)
        client.send(b"half a line")
        if number % 2:
            client.end()
    conns = [client.conn for client in clients]
    for client in clients:
        client.reset()
    record = lab.record
    record.wait(lambda: all(_is_over(record, conn) for conn in conns), "the end of each connection", lab.seconds)
    lab.settle()
    for event in record.named("in", "Lost"):
        lost = record.of(event.conn, "in", "Lost")
        demand(len(lost) == 1, f"Lost({event.conn}) was told {len(lost)} times")


def nothing_after_lost(lab: Lab) -> None:
    """Lose connections with bytes on the way, then look at everything that was ever told."""
    clients = [lab.client() for _ in range(20)]
    for client in clients:
        client.say("flood 300000")
    conns = [client.conn for client in clients]
    for client in clients:
        client.send(b"x" * 10_000)
        client.reset()
    record = lab.record
    record.wait(lambda: all(_is_over(record, conn) for conn in conns), "the end of each connection", lab.seconds)
    lab.settle()
    for event in record.named("in", "Lost"):
        _nothing_follows(record, event.conn)


def silent_after_close(lab: Lab) -> None:
    """Close and abort from the host's side, with bytes on the way, then look at everything that was ever told."""
    for line in ("close", "abort", "all pour 200000; close", "all pour 200000; abort") * 3:
        with lab.client() as client:
            client.say(line)
            try:
                client.send(b"more\n" * 1000)
            except Failed:
                pass  # it may be closed already
            demand(client.at_end() != "silence", f"{line}: the connection ends")
    lab.settle()
    record = lab.record
    for event in record.named("out", "Close") + record.named("out", "Abort"):
        late = [e for e in record.of(event.conn, "in") if e.step > event.step]
        demand(not late, f"connection {event.conn} was closed by the core, and then came {_list(late)}")


def late_effects(lab: Lab) -> None:
    """Name connections that are closed, or never were."""
    with lab.client() as client:
        client.say("ghost")
        demand(client.at_end() == "end", "the connection is closed, and what came after Close is not sent")
    lab.settle()


def connect_out(lab: Lab) -> None:
    """Have the host connect to a listener here, by number and by name, and talk both ways."""
    record = lab.record
    for name in ("127.0.0.1", "localhost"):
        with socket.create_server(("127.0.0.1", 0)) as server, lab.client() as client:
            server.settimeout(lab.seconds)
            address = f"{name}:{server.getsockname()[1]}"
            client.say(f"connect 5000 {address} all send 2; echo")
            try:
                sock, _ = server.accept()
            except TimeoutError:
                raise Failed(f"nobody connected to {address}") from None
            with Client(sock, lab.host, lab.seconds) as other:
                demand(client.read_line() == "connected", f"Connected to {address} is told")
                other.send(b"hello")
                demand(other.read(9) == b"0\n1\nhello", "bytes go both ways")
                lab.settle()
                connected = record.named("in", "Connected")[-1]
                demand(connected.fields["peer"] == shown(sock.getsockname()), f"peer {connected.fields['peer']}")
                demand(connected.fields["local"] == shown(sock.getpeername()), f"local {connected.fields['local']}")
    _answered(lab, "Connect", ("Connected", "ConnectFailed"))


def connect_refused(lab: Lab) -> None:
    """Have the host connect to where nobody listens, to a name that is none, and to what is no address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with lab.client() as client:
        for address in (f"127.0.0.1:{port}", f"name.invalid:{port}", "nonsense", "/nowhere/socket", "1.2.3.4:99999"):
            client.say(f"connect 5000 {address}")
            demand(client.read_line() == "failed", f"ConnectFailed for {address}")
    _answered(lab, "Connect", ("Connected", "ConnectFailed"))


def connect_times_out(lab: Lab) -> None:
    """Have the host connect to a listener that is full, with a timeout of 200 ms."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, lab.client() as client:
        port = server.getsockname()[1]
        fill = [socket.socket() for _ in range(4)]
        try:
            for sock in fill:
                sock.setblocking(False)
                sock.connect_ex(("127.0.0.1", port))
            for _ in range(3):
                client.say(f"connect 200 127.0.0.1:{port}")
            answers = [client.read_line() for _ in range(3)]
        finally:
            for sock in fill:
                sock.close()
    if "failed" not in answers:
        raise Skipped("connections here succeed to a listener that is full")
    _answered(lab, "Connect", ("Connected", "ConnectFailed"))


def datagrams(lab: Lab) -> None:
    """Send datagrams of all sizes and read them back, reversed."""
    for listener in ("udp", "udp6"):
        if not lab.host.has(listener):
            continue
        address = lab.host.address(listener)
        family, name = target(address)
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.settimeout(lab.seconds)
            sock.connect(name)
            for size in (1, 2, 100, 1400, 9000):
                data = bytes(range(256)) * 40
                sock.send(data[:size])
                demand(sock.recv(65536) == data[:size][::-1], f"{size} bytes to {address}")
            lab.settle()
            peer = lab.record.named("in", "DatagramReceived", listener=listener)[-1].fields["peer"]
            demand(peer == shown(sock.getsockname()), f"peer {peer}")


def _is_over(record: Record, conn: int) -> bool:
    return bool(record.of(conn, "in", "Lost") or record.of(conn, "out", "Close", "Abort"))


def _nothing_follows(record: Record, conn: int) -> None:
    events = record.of(conn, "in")
    at = next(place for place, event in enumerate(events) if event.name == "Lost")
    demand(at == len(events) - 1, f"after Lost({conn}) came {_list(events[at + 1 :])}")


def _answered(lab: Lab, effect: str, answers: tuple[str, ...]) -> None:
    lab.settle()
    record = lab.record
    for asked in record.named("out", effect):
        ticket = asked.fields["ticket"]
        count = sum(len(record.named("in", name, ticket=ticket)) for name in answers)
        demand(count == 1, f"{effect}({ticket}) was answered {count} times")


def _list(events: list[Event]) -> str:
    return ", ".join(event.name for event in events[:5])
