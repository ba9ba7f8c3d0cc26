"""The asyncio protocols of the host: what asyncio says of a socket, as inputs for the core.

They know nothing but the host's `put` and its table of connections; effects go from the host to their transports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from rustydb_host.addresses import shown
from rustydb_host.contract import WRITE_HIGH_BYTES, WRITE_LOW_BYTES

from rustydb_proto.core import io

if TYPE_CHECKING:
    from rustydb_asyncio.host import Host


class Connection(asyncio.Protocol):
    """One socket: what arrives becomes inputs, what the transport says about its buffer too."""

    __slots__ = ("conn", "ended", "host", "opened", "put", "transport")

    def __init__(self, host: Host, opened: Callable[..., io.Input]) -> None:
        self.host = host
        self.put = host.put
        self.opened = opened
        self.conn = 0
        self.ended = False
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Report a client."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(WRITE_HIGH_BYTES, WRITE_LOW_BYTES)
        self.conn = self.host.add(self)
        info = transport.get_extra_info
        self.put(self.opened(conn=self.conn, peer=shown(info("peername")), local=shown(info("sockname"))))

    def data_received(self, data: bytes) -> None:
        """Report bytes."""
        self.put(io.Received(self.conn, data))

    def eof_received(self) -> bool:
        """Report the peer's end of file; the core decides when to close."""
        self.ended = True
        self.put(io.Received(self.conn, b""))
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end."""
        self.host.remove(self, str(exc) if exc is not None else "")

    def pause_writing(self) -> None:
        """Report a full send buffer."""
        if self.host.has(self):
            self.put(io.WriteBlocked(self.conn))

    def resume_writing(self) -> None:
        """Report a drained send buffer, unless it is flushed to be closed."""
        if self.host.has(self):
            self.put(io.WriteReady(self.conn))


class Datagrams(asyncio.DatagramProtocol):
    """One datagram socket."""

    def __init__(self, host: Host, name: str) -> None:
        self.host = host
        self.name = name

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Report a datagram."""
        self.host.put(io.DatagramReceived(self.name, shown(addr), data))
