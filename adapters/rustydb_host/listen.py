"""The sockets on which a server listens, bound and listening before a host gets them.

    with Listening(("127.0.0.1", "::1"), 0) as listening:        ListenError names the address and the reason
        endpoints = listening.start()                            clients can connect from now on
        listening.addresses                                      ["127.0.0.1:40123", "[::1]:40123"]

Binding comes first and listening later, so that an address in use is told before a database is recovered. Port 0 takes a
free port, the same one for every address. A name stands for all of its addresses.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

from rustydb_host.addresses import shown
from rustydb_host.contract import Endpoint

BACKLOG = 1024
PORT_TRIES = 20
"""How often a free port is sought that is free at every address."""
POSTGRESQL = "postgresql"


class ListenError(Exception):
    """An address that cannot be used; the message names it and says why."""


class Listening:
    """The sockets of one server; a context manager that closes them."""

    def __init__(self, hosts: Sequence[str], port: int, name: str = POSTGRESQL) -> None:
        self._name = name
        self._sockets: list[socket.socket] = []
        tries = PORT_TRIES if port == 0 else 1
        try:
            while not self._bind(hosts, port, tries == 1):
                tries -= 1
        except ListenError:
            self.close()
            raise

    @property
    def addresses(self) -> list[str]:
        """Where clients reach the server."""
        return [shown(sock.getsockname()) for sock in self._sockets]

    def start(self) -> tuple[Endpoint, ...]:
        """Listen; return the sockets with their names."""
        for sock in self._sockets:
            sock.listen(BACKLOG)
        return tuple(Endpoint(self._name, sock) for sock in self._sockets)

    def close(self) -> None:
        """Close every socket."""
        for sock in self._sockets:
            with suppress(OSError):
                sock.close()
        self._sockets.clear()

    def __enter__(self) -> Listening:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _bind(self, hosts: Sequence[str], port: int, last: bool) -> bool:
        """Bind every address; False when the free port of the first is taken at another."""
        for host in hosts:
            for family, name in _found(host, port):
                try:
                    sock = _bound(family, name)
                except OSError as error:
                    if self._sockets and not last:
                        self.close()
                        return False
                    raise ListenError(f"cannot listen on {shown(name)}: {error.strerror or error}") from None
                self._sockets.append(sock)
                port = sock.getsockname()[1]
        return True


def _found(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"cannot listen on {host}: {error.strerror or error}") from None
    return list(dict.fromkeys((family, name) for family, _, _, _, name in found))


def _bound(family: socket.AddressFamily, name: tuple[object, ...]) -> socket.socket:
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
