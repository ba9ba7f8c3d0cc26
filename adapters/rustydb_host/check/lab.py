"""Where a check works: a host in a process of its own, plain sockets to it, and the record of what the host did.

    with lab.client() as client:              a connection to the shared host
        client.say("flood 100000 close")      a line that the probe obeys
        data = client.read_all()
        lab.record.of(client.conn, "in")      what the host told the core about this connection

A check that ends the host, or needs it otherwise than usual, starts one for itself with `lab.fresh(...)`. After a failed
check the shared host is replaced, so that one defect does not show twice.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from rustydb_host.addresses import shown, split
from rustydb_host.check.child import Spec
from rustydb_host.check.record import Event, Record
from rustydb_host.check.table import Failed, Sizes, Skipped, demand

PIECE_BYTES = 64 << 10
START_SECONDS = 60.0


class Client:
    """A plain blocking socket, every operation bounded by `seconds`."""

    def __init__(self, sock: socket.socket, host: Host, seconds: float) -> None:
        sock.settimeout(seconds)
        self.sock = sock
        self.host = host
        self.seconds = seconds
        self.address = shown(sock.getsockname())
        self._conn = 0
        self._left = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sock.close()

    @property
    def conn(self) -> int:
        """The number that the host gave this connection; for a Unix socket, only while the probe reads lines."""
        if not self._conn:
            record = self.host.record
            if self.address:
                found = record.wait(
                    lambda: record.named("in", "Accepted", peer=self.address),
                    f"Accepted with the peer {self.address}",
                    self.seconds,
                )
            else:
                token = f"client-{len(record.events)}"
                self.say(f"name {token}")
                demand(self.read_line() == token, "a line is answered")
                found = record.wait(lambda: record.named("note", "named", token=token), "the record", self.seconds)
            self._conn = found[-1].conn
        return self._conn

    def say(self, line: str) -> None:
        """Send a line to the probe."""
        self.send(line.encode() + b"\n")

    def send(self, data: bytes) -> None:
        """Send bytes; Failed when the host does not take them."""
        try:
            self.sock.sendall(data)
        except TimeoutError:
            raise Failed(f"{len(data)} bytes were not taken within {self.seconds:g} s") from None
        except OSError as error:
            raise Failed(f"sending {len(data)} bytes: {error.strerror or error}") from None

    def end(self) -> None:
        """End this direction."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with a reset instead of an end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def receive(self, size: int = PIECE_BYTES) -> bytes:
        """Return some bytes; b"" at the end of the host's direction; Failed for a reset or silence."""
        if self._left:
            data, self._left = self._left[:size], self._left[size:]
            return data
        try:
            return self.sock.recv(size)
        except TimeoutError:
            raise Failed(f"no byte came within {self.seconds:g} s") from None
        except OSError as error:
            raise Failed(f"reading: {error.strerror or error}") from None

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes."""
        parts = []
        left = size
        while left > 0:
            part = self.receive(min(left, PIECE_BYTES))
            if not part:
                raise Failed(f"the connection ended after {size - left} of {size} bytes")
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def read_line(self) -> str:
        """Return the next line, without its end."""
        line = b""
        while b"\n" not in line:
            part = self.receive()
            if not part:
                raise Failed(f"the connection ended in place of a line, after {line!r}")
            line += part
        first, _, rest = line.partition(b"\n")
        self._left = rest + self._left
        return first.decode()

    def read_all(self) -> bytes:
        """Return everything up to the end of the host's direction."""
        parts = []
        while part := self.receive():
            parts.append(part)
        return b"".join(parts)

    def at_end(self) -> str:
        """Return how the next read ends: "end", "reset", "data" or "silence"."""
        try:
            return "data" if self._left or self.sock.recv(1) else "end"
        except TimeoutError:
            return "silence"
        except OSError:
            return "reset"


class Host:
    """A host in a child process."""

    def __init__(self, spec: Spec, seconds: float) -> None:
        self.record = Record()
        self.seconds = seconds
        self.errors: list[str] = []
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rustydb_host.check.child", spec.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert self.process.stdout is not None and self.process.stderr is not None, "they are pipes"
        out, errors = self.process.stdout, self.process.stderr
        self._threads = [
            threading.Thread(target=self.record.read, args=(out,), daemon=True),
            threading.Thread(
                target=lambda: self.errors.extend(line.decode(errors="replace") for line in errors), daemon=True
            ),
        ]
        for thread in self._threads:
            thread.start()

    def wait_ready(self) -> None:
        """Wait until the host says that it serves."""
        try:
            self.record.wait(lambda: self.record.ready or self.record.exit, "the host calls started()", START_SECONDS)
        except Failed as failure:
            raise Failed(f"{failure}; standard error: {self.complaint()}") from None
        if self.record.ready is None:
            raise Failed(f"run() ended before it called started(): {self.record.exit} {self.complaint()}")

    def complaint(self) -> str:
        """Return the end of what the child wrote to standard error."""
        return "".join(self.errors)[-2000:].strip()

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def address(self, listener: str) -> str:
        """Return where the host listens; Skipped when the system has no such sockets."""
        assert self.record.ready is not None, "it is ready"
        address: str | None = self.record.ready["addresses"].get(listener)
        if address is None:
            raise Skipped(f"this system has no {listener}")
        return address

    def has(self, listener: str) -> bool:
        """Whether the system has sockets of this kind."""
        assert self.record.ready is not None, "it is ready"
        return listener in self.record.ready["addresses"]

    def client(self, listener: str = "ipv4", *, buffer_bytes: int | None = None) -> Client:
        """Connect. `buffer_bytes` bounds what the kernel takes in for a client that does not read."""
        family, address = target(self.address(listener))
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            if buffer_bytes is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
            sock.settimeout(self.seconds)
            sock.connect(address)
            if family != getattr(socket, "AF_UNIX", None):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            raise Failed(f"cannot connect to {self.address(listener)}: {error.strerror or error}") from None
        return Client(sock, self, self.seconds)

    def signal(self, number: int) -> None:
        """Send a signal to the host."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End the process."""
        if self.process.poll() is None:
            self.process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self.process.wait()
        for thread in self._threads:
            thread.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def target(address: str) -> tuple[int, tuple[str, int] | str]:
    """Return family and socket address of a text."""
    host, port = split(address)
    if address.startswith("/"):
        return socket.AF_UNIX, host
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host, port)


class Lab:
    """What a check is given."""

    def __init__(self, entry: str, sizes: Sizes, seconds: float) -> None:
        self.entry = entry
        self.sizes = sizes
        self.seconds = seconds
        self._folder = tempfile.mkdtemp(prefix="host-")
        self._shared: Host | None = None
        self._count = 0

    @property
    def host(self) -> Host:
        """The shared host, started when it is first needed."""
        if self._shared is None:
            self._shared = self._start(flush_seconds=30.0, halt_seconds=2.0)
        return self._shared

    @property
    def record(self) -> Record:
        """What the shared host did."""
        return self.host.record

    def client(self, listener: str = "ipv4", *, buffer_bytes: int | None = None) -> Client:
        """Connect to the shared host."""
        return self.host.client(listener, buffer_bytes=buffer_bytes)

    def listeners(self) -> list[str]:
        """Return the kinds of stream sockets that the system has."""
        return [name for name in ("ipv4", "ipv6", "unix") if self.host.has(name)]

    @contextmanager
    def fresh(
        self, *, spare_files: int | None = None, flush_seconds: float = 30.0, halt_seconds: float = 2.0
    ) -> Iterator[Host]:
        """Run a host for this check alone."""
        host = self._start(spare_files=spare_files, flush_seconds=flush_seconds, halt_seconds=halt_seconds)
        try:
            yield host
        finally:
            host.kill()

    def try_start(self) -> None:
        """Start and end a host; Failed when that is impossible."""
        try:
            assert self.host
        finally:
            self.close()

    def replace(self) -> None:
        """End the shared host; the next check gets another."""
        if self._shared is not None:
            self._shared.kill()
            self._shared = None

    def close(self) -> None:
        """End everything."""
        self.replace()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait_lost(self, client: Client) -> Event:
        """Wait until the host has told that the client is gone."""
        conn, record = client.conn, client.host.record
        return record.wait(lambda: record.of(conn, "in", "Lost"), "Lost", self.seconds)[0]

    def wait_note(self, name: str, conn: int) -> Event:
        """Wait until the probe has noted something about a connection."""
        record = self.record
        return record.wait(lambda: record.named("note", name, conn=conn), f"the note {name}", self.seconds)[0]

    def settle(self, host: Host | None = None) -> None:
        """Wait until the host has worked off what it had, and everything that it has done by then is in the record."""
        host = host or self.host
        with host.client() as client:
            token = f"settled-{len(host.record.events)}-{client.address}"
            client.say(f"name {token}")
            demand(client.read_line() == token, "a line is answered")
            host.record.wait(lambda: host.record.named("note", "named", token=token), "the record", self.seconds)

    def _start(self, *, flush_seconds: float, halt_seconds: float, spare_files: int | None = None) -> Host:
        self._count += 1
        folder = Path(self._folder, str(self._count))
        folder.mkdir()
        spec = Spec(self.entry, str(folder), spare_files, flush_seconds, halt_seconds)
        host = Host(spec, self.seconds)
        try:
            host.wait_ready()
        except BaseException:
            host.kill()
            raise
        return host


def resident_bytes(pid: int) -> int:
    """Return the memory of a process; Skipped where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        raise Skipped("this system has no /proc to read memory from") from None
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process; Skipped where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        raise Skipped("this system has no /proc to read processor time from") from None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
