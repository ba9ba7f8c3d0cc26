"""The blocking driver: it carries out what the generators of core.py need, with a socket and a clock.

Reading and writing take turns on one non-blocking socket, so that a large request and a large answer do not wait for each other. A second
pair of sockets wakes a waiting thread for `cancel` from another one.

When a generator is left early (Ctrl-C, an exception in the driver) it is closed: it abandons its requests, and the Cancel for them is
written at once, if the socket takes it.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from contextlib import suppress
from typing import TypeVar

from rustydb.conversation import Connect, Disconnect, Flush, Need, Opened, Operation, Probe, Sleep, Wait
from rustydb.core import ClientCore
from rustydb.errors import ConnectionLost, ConnectTimeout, Error, OperationalError
from rustydb.tls import client_context, end_point
from rustydb_proto.core.time import Now

T = TypeVar("T")
READ_BYTES = 1 << 18
_AGAIN = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def now() -> Now:
    """Read both clocks."""
    return Now(time.monotonic_ns(), time.time_ns() // 1000)


class SocketDriver:
    """Drives the generators of one core, one at a time."""

    def __init__(self, core: ClientCore) -> None:
        self._core = core
        self._socket: socket.socket | None = None
        self._out = memoryview(b"")
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._asked = False

    def drive(self, operation: Operation[T]) -> T:
        """Run a generator to its end and return what it returns."""
        self._tick()
        try:
            need = next(operation)
            while True:
                try:
                    answer = self._carry_out(need)
                except (OSError, Error) as error:
                    self._tick()
                    need = operation.throw(error)
                else:
                    self._tick()
                    need = operation.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            operation.close()
            with suppress(OSError):
                self._write_some()

    def wake(self) -> None:
        """Cancel what runs now; may be called from any thread."""
        self._asked = True
        with suppress(OSError):
            self._wake_out.send(b"c")

    def shut(self) -> None:
        """Close every socket."""
        self._disconnect()
        self._wake_in.close()
        self._wake_out.close()

    # ---- needs

    def _tick(self) -> None:
        moment = now()
        self._core.now = moment
        if self._core.conversation is not None:
            self._core.conversation.tick(moment)

    def _carry_out(self, need: Need) -> Opened | None:
        if isinstance(need, Wait):
            self._wait(need.until)
        elif isinstance(need, Probe):
            self._probe()
        elif isinstance(need, Connect):
            return self._connect(need)
        elif isinstance(need, Flush):
            self._flush(need.until)
        elif isinstance(need, Sleep):
            time.sleep(need.seconds)
        else:
            assert isinstance(need, Disconnect), "every need is known"
            self._disconnect()
        return None

    def _wait(self, until: int | None) -> None:
        """Move bytes until something came, the moment has come, or the conversation's own deadline."""
        conversation = self._core.conversation
        assert conversation is not None, "who waits has a conversation"
        own = conversation.deadline()
        limit = own if until is None else until if own is None else min(own, until)
        while True:
            try:
                self._write_some()
                left = None if limit is None else (limit - time.monotonic_ns()) / 1e9
                if left is None or left > 0:
                    if self._poll(left):
                        conversation.cancel_all()
                    if self._read():
                        return
                else:
                    self._read()
                    return
            except OSError as error:
                self._break(error)
                return

    def _poll(self, seconds: float | None) -> bool:
        """Wait until the socket can be used; True when another thread asked to cancel."""
        assert self._socket is not None, "there is a connection"
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return False
        writers = [self._socket] if self._out else []
        poll = select.poll() if hasattr(select, "poll") else None
        if poll is None:
            ready, _, _ = select.select([self._socket, self._wake_in], writers, [], seconds)
            woken = self._wake_in in ready
        else:
            poll.register(self._socket, select.POLLIN | (select.POLLOUT if writers else 0))
            poll.register(self._wake_in, select.POLLIN)
            found = poll.poll(None if seconds is None else max(seconds * 1000, 1))
            woken = any(number == self._wake_in.fileno() for number, _ in found)
        if woken:
            self._forget_wake()
        return woken

    def _forget_wake(self) -> None:
        self._asked = False
        with suppress(OSError):
            self._wake_in.recv(4096)

    def _probe(self) -> None:
        if self._socket is not None:
            try:
                self._read()
            except OSError as error:
                self._break(error)
        if self._asked:
            self._forget_wake()  # a cancel that came too late is for nobody

    def _read(self) -> bool:
        """Read what is there; False when nothing is."""
        conversation = self._core.conversation
        assert self._socket is not None and conversation is not None, "there is a connection"
        try:
            data = self._socket.recv(READ_BYTES)
        except _AGAIN:
            return False
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            data = b""
        conversation.receive(now(), data)
        return True

    def _write_some(self) -> bool:
        """Write what the socket takes; True when everything is written."""
        conversation = self._core.conversation
        if self._socket is None or conversation is None:
            return True
        fresh = conversation.data_to_send()
        if fresh:
            self._out = memoryview(bytes(self._out) + fresh) if self._out else memoryview(fresh)
        while self._out:
            try:
                sent = self._socket.send(self._out)
            except _AGAIN:
                return False
            self._out = self._out[sent:]
        return True

    def _flush(self, until: int | None) -> None:
        while not self._write_some():
            left = None if until is None else (until - time.monotonic_ns()) / 1e9
            if left is not None and left <= 0:
                raise ConnectionLost("the server does not read what is sent to it")
            self._poll(left)

    def _break(self, error: OSError) -> None:
        conversation = self._core.conversation
        assert conversation is not None, "there is a connection"
        conversation.lost(now(), ConnectionLost(f"the connection broke: {error.strerror or error}"))

    # ---- connecting

    def _connect(self, need: Connect) -> Opened:
        self._disconnect()
        left = (need.until - time.monotonic_ns()) / 1e9
        if left <= 0:
            raise ConnectTimeout(f"no connection to {need.host} within connect_timeout")
        where = need.host if need.host.startswith("/") else f"{need.host}:{need.port}"
        try:
            opened = _open(need, left)
        except TimeoutError:
            raise ConnectTimeout(f"no connection to {where} within connect_timeout") from None
        try:
            if need.sslmode != "disable":
                context = client_context(self._core.options, need.sslmode)
                opened = context.wrap_socket(opened, server_hostname=need.host)
        except TimeoutError:
            opened.close()
            raise ConnectTimeout(f"no TLS with {where} within connect_timeout") from None
        except ssl.SSLError as error:
            opened.close()
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise OperationalError(f"no TLS with {where} (sslmode {need.sslmode}): {reason}", "08001") from error
        except BaseException:
            opened.close()
            raise
        opened.setblocking(False)
        self._socket = opened
        binding = end_point(opened.getpeercert(True)) if isinstance(opened, ssl.SSLSocket) else None
        return Opened(binding)

    def _disconnect(self) -> None:
        self._out = memoryview(b"")
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None


def _open(need: Connect, seconds: float) -> socket.socket:
    if need.host.startswith("/"):
        path = f"{need.host}/.s.PGSQL.{need.port}"
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            unix.settimeout(seconds)
            unix.connect(path)
        except BaseException:
            unix.close()
            raise
        return unix
    opened = socket.create_connection((need.host, need.port), seconds)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return opened
