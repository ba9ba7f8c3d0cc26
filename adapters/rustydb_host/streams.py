"""Non-blocking sockets for the reactor: connections with their send buffers, listeners, datagram sockets.

Each has `ready(mask)`, which the reactor calls when the system says that the socket can be read or written. What comes of
it is an input for the core. Sending goes to the socket at once; only what the system does not take is kept, and the socket
is watched for writing until that is gone.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from itertools import islice
from selectors import EVENT_READ, EVENT_WRITE
from typing import Final

from rustydb_host.addresses import shown
from rustydb_host.contract import READ_BYTES, WRITE_HIGH_BYTES, WRITE_LOW_BYTES, Endpoint, Put
from rustydb_host.polling import Poller
from rustydb_proto.core import io

ACCEPTS_A_TURN: Final = 64
DATAGRAMS_A_TURN: Final = 64
DATAGRAM_BYTES_MAX: Final = 65535
PIECES_A_WRITE: Final = 64
AGAIN = (BlockingIOError, InterruptedError)


class Stream:
    """A connected socket. `gone(stream, reason)` is called once, when it was lost or all of a closing one is flushed."""

    __slots__ = (
        "_blocked",
        "_ended",
        "_ending",
        "_gone",
        "_mask",
        "_out",
        "_out_bytes",
        "_poller",
        "_put",
        "closing",
        "conn",
        "sock",
    )

    def __init__(
        self, conn: int, sock: socket.socket, poller: Poller, put: Put, gone: Callable[[Stream, str], None]
    ) -> None:
        self.conn = conn
        self.sock = sock
        self.closing = False
        self._poller = poller
        self._put = put
        self._gone = gone
        self._out: deque[bytes | memoryview] = deque()
        self._out_bytes = 0
        self._blocked = False
        self._ending = False
        self._ended = False
        self._mask = EVENT_READ
        sock.setblocking(False)
        if sock.family != getattr(socket, "AF_UNIX", None):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poller.register(sock, EVENT_READ, self)

    def ready(self, mask: int) -> None:
        """Report what arrived, send what waits."""
        if mask & EVENT_READ and self._mask & EVENT_READ:
            try:
                data = self.sock.recv(READ_BYTES)
            except AGAIN:
                pass
            except OSError as error:
                self._lose(error.strerror or str(error))
                return
            else:
                self._put(io.Received(self.conn, data))
                if not data:
                    self.read(False)
                    self._ended = True
        if mask & EVENT_WRITE and self._out:
            self._flush()

    def send(self, data: bytes) -> None:
        """Send, or keep what cannot be sent yet."""
        if not self._out:
            try:
                sent = self.sock.send(data)
            except AGAIN:
                sent = 0
            except OSError as error:
                self._lose(error.strerror or str(error))
                return
            if sent == len(data):
                return
            data = data[sent:]
            self._watch(self._mask | EVENT_WRITE)
        self._out.append(data)
        self._out_bytes += len(data)
        if self._out_bytes > WRITE_HIGH_BYTES and not self._blocked:
            self._blocked = True
            self._put(io.WriteBlocked(self.conn))

    def end_send(self) -> None:
        """Half-close after what was sent."""
        self._ending = True
        if not self._out:
            self._shut()

    def read(self, on: bool) -> None:
        """Start or stop reading. Behind the peer's end there is nothing to read but that end again."""
        if self._ended:
            return
        self._watch(self._mask | EVENT_READ if on else self._mask & ~EVENT_READ)

    def close(self) -> bool:
        """Close after what was sent; return whether that is done. If not, `gone` says when."""
        self.closing = True
        self.read(False)
        if not self._out:
            self.drop()
            return True
        return False

    def drop(self) -> None:
        """Close at once."""
        self._watch(0)
        self._out.clear()
        self.sock.close()

    def _flush(self) -> None:
        out = self._out
        try:
            while out:
                pieces = list(islice(out, PIECES_A_WRITE))
                sent = self.sock.sendmsg(pieces)
                self._out_bytes -= sent
                for piece in pieces:
                    if sent < len(piece):
                        out[0] = memoryview(piece)[sent:]
                        break
                    sent -= len(piece)
                    out.popleft()
                if sent:
                    break  # the system took a part: it is full
        except AGAIN:
            pass
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        if self._blocked and self._out_bytes <= WRITE_LOW_BYTES:
            self._blocked = False
            if not self.closing:
                self._put(io.WriteReady(self.conn))
        if out:
            return
        if self.closing:
            self._lose("")
            return
        self._watch(self._mask & ~EVENT_WRITE)
        if self._ending:
            self._shut()

    def _shut(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the connection is gone, and reading says so

    def _watch(self, mask: int) -> None:
        if mask == self._mask:
            return
        if not self._mask:
            self._poller.register(self.sock, mask, self)
        elif mask:
            self._poller.modify(self.sock, mask, self)
        else:
            self._poller.unregister(self.sock)
        self._mask = mask

    def _lose(self, reason: str) -> None:
        self.drop()
        self._gone(self, reason)


class Acceptor:
    """A listener. When accepting fails for want of files or memory, `tired(acceptor, reason)` is called and it rests."""

    def __init__(
        self,
        endpoint: Endpoint,
        poller: Poller,
        accepted: Callable[[str, socket.socket], None],
        tired: Callable[[Acceptor, str], None],
    ) -> None:
        self.name = endpoint.name
        self._sock = endpoint.sock
        self._poller = poller
        self._accepted = accepted
        self._tired = tired
        self._watching = False
        self._sock.setblocking(False)
        self.watch()

    def ready(self, mask: int) -> None:
        """Accept who waits, a bounded number in a turn."""
        for _ in range(ACCEPTS_A_TURN):
            try:
                sock, _ = self._sock.accept()
            except (*AGAIN, ConnectionError):
                return
            except OSError as error:
                self._poller.unregister(self._sock)
                self._watching = False
                self._tired(self, error.strerror or str(error))
                return
            self._accepted(self.name, sock)

    def watch(self) -> None:
        """Accept again."""
        if not self._watching and self._sock.fileno() >= 0:
            self._watching = True
            self._poller.register(self._sock, EVENT_READ, self)

    def close(self) -> None:
        """Accept nobody any more."""
        if self._watching:
            self._watching = False
            self._poller.unregister(self._sock)
        self._sock.close()


class Datagrams:
    """A datagram socket."""

    def __init__(self, endpoint: Endpoint, poller: Poller, put: Put) -> None:
        self.name = endpoint.name
        self._sock = endpoint.sock
        self._poller = poller
        self._put = put
        self._sock.setblocking(False)
        poller.register(self._sock, EVENT_READ, self)

    def ready(self, mask: int) -> None:
        """Report what arrived, a bounded number in a turn."""
        for _ in range(DATAGRAMS_A_TURN):
            try:
                data, peer = self._sock.recvfrom(DATAGRAM_BYTES_MAX)
            except AGAIN:
                return
            except OSError:
                continue  # an earlier datagram was refused; the next may be fine
            self._put(io.DatagramReceived(self.name, shown(peer), data))

    def send(self, data: bytes, peer: tuple[object, ...]) -> None:
        """Send, or lose it: so are datagrams."""
        try:
            self._sock.sendto(data, peer)
        except OSError:
            return

    def close(self) -> None:
        """End it."""
        self._poller.unregister(self._sock)
        self._sock.close()
