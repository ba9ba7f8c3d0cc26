"""The sockets on which a server listens, bound and listening before a host gets them.

    wanted = Wanted("postgresql", ("127.0.0.1", "::1", "/run/rustydb"), 0)
    with Listening([wanted]) as listening:       ListenError names the address and the reason
        endpoints = listening.start()            clients can connect from now on
        listening.addresses                      {"postgresql": ["127.0.0.1:40123", "[::1]:40123", "/run/rustydb/.s.PGSQL.40123"]}

Binding comes first and listening later, so that an address in use is told before a database is recovered. Port 0 takes a
free port, the same one for every address. A name stands for all of its addresses, `*` for all of the machine's, and
a directory for the Unix socket in it that PostgreSQL's clients look for.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from rustydb_host.addresses import shown
from rustydb_host.contract import Endpoint
from rustydb_host.unix_sockets import UnixSocket

BACKLOG = 1024
PORT_TRIES = 20
"""How often a free port is sought that is free at every address."""
EVERYWHERE = "*"
ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What says that the machine does not have this address, or this kind of addresses."""


class ListenError(Exception):
    """An address that cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class Wanted:
    """Where to listen under one name: addresses, names and directories (they begin with `/`), and their port."""

    name: str
    hosts: tuple[str, ...]
    port: int


class Listening:
    """The sockets of one server; a context manager that closes them. `passed` were opened by somebody else, such as systemd."""

    def __init__(self, wanted: Sequence[Wanted], passed: Sequence[Endpoint] = ()) -> None:
        self._endpoints = list(passed)
        self._unix: list[UnixSocket] = []
        try:
            for one in wanted:
                self._open(one)
        except ListenError:
            self.close()
            raise

    @property
    def addresses(self) -> dict[str, list[str]]:
        """Where clients reach the server, by name."""
        found: dict[str, list[str]] = {}
        for one in self._endpoints:
            found.setdefault(one.name, []).append(shown(one.sock.getsockname()))
        return found

    def start(self) -> tuple[Endpoint, ...]:
        """Listen; return the sockets with their names."""
        for one in self._endpoints:
            try:
                one.sock.listen(BACKLOG)
            except OSError as error:  # two servers can have bound the same address before one of them listened
                raise ListenError(f"cannot listen on {shown(one.sock.getsockname())}: {_reason(error)}") from None
        return tuple(self._endpoints)

    def close(self) -> None:
        """Close every socket and remove the files of Unix sockets."""
        for one in self._endpoints:
            with suppress(OSError):
                one.sock.close()
        for unix in self._unix:
            unix.remove()
        self._endpoints.clear()
        self._unix.clear()

    def __enter__(self) -> Listening:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, wanted: Wanted) -> None:
        hosts = [host for host in wanted.hosts if not host.startswith("/")]
        for tries in range(PORT_TRIES if wanted.port == 0 else 1, 0, -1):
            sockets = _bind_all(hosts, wanted.port, last=tries == 1)
            if sockets is not None:
                break
        assert sockets is not None, "the last try raises"
        self._endpoints += [Endpoint(wanted.name, sock) for sock in sockets]
        port = sockets[0].getsockname()[1] if sockets else wanted.port or _free_port()
        for directory in wanted.hosts:
            if directory.startswith("/"):
                unix = UnixSocket(directory, port)
                self._unix.append(unix)
                try:
                    self._endpoints.append(Endpoint(wanted.name, unix.bind()))
                except OSError as error:
                    raise ListenError(f"cannot listen on {unix.path}: {_reason(error)}") from None


def _bind_all(hosts: Sequence[str], port: int, last: bool) -> list[socket.socket] | None:
    """Bind every address; None when the free port of the first is taken at another and this was not the last try."""
    sockets: list[socket.socket] = []
    any_port = port == 0
    try:
        for host in hosts:
            missing: ListenError | None = None
            before = len(sockets)
            for family, name in _found(host, port):
                address = (name[0], port, *name[2:])
                try:
                    sock = _bound(family, address)
                except OSError as error:
                    missing = ListenError(f"cannot listen on {shown(address)}: {_reason(error)}")
                    if error.errno not in ABSENT:
                        raise missing from None
                else:
                    sockets.append(sock)
                    port = sock.getsockname()[1]
            if missing is not None and len(sockets) == before:
                raise missing
    except ListenError:
        for sock in sockets:
            sock.close()
        if sockets and any_port and not last:
            return None
        raise
    return sockets


def _found(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str | int, ...]]]:
    """Return the socket addresses of a name or a numeric address, each once."""
    hosts = ("0.0.0.0", "::") if host == EVERYWHERE else (host,)
    found: dict[tuple[socket.AddressFamily, tuple[str | int, ...]], None] = {}
    for one in hosts:
        try:
            infos = socket.getaddrinfo(one, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except OSError as error:
            raise ListenError(f"cannot listen on {host}: {_reason(error)}") from None
        found.update({(family, tuple(map(_plain, name))): None for family, _, _, _, name in infos})
    return list(found)


def _plain(part: object) -> str | int:
    assert isinstance(part, str | int), "what addresses of the internet consist of"
    return part


def _bound(family: socket.AddressFamily, name: tuple[str | int, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # `::` and `0.0.0.0` are two addresses
        sock.bind(name)
    except OSError:
        sock.close()
        raise
    return sock


def _free_port() -> int:
    """Return a number for Unix sockets alone: a TCP port that is free, as any would do."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
