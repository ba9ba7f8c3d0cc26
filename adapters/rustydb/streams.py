"""The asynchronous driver: it carries out what the generators of core.py need with anyio, under asyncio and trio alike.

Only waiting for bytes can be cancelled: what is being written is written to its end (a frame that is cut would end the connection),
and while a large request is written, answers are read, so that both sides do not wait for each other. A task that is cancelled leaves
its generator, which abandons its request; the Cancel for it is written at once.
"""

from __future__ import annotations

import math
import os
import select
import socket
import ssl
import time
from contextlib import suppress
from typing import TypeVar

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute

from rustydb.conversation import Connect, Disconnect, Flush, Need, Opened, Operation, Probe, Sleep, Wait
from rustydb.core import ClientCore
from rustydb.errors import ConnectionLost, ConnectTimeout, Error, OperationalError
from rustydb.sockets import now
from rustydb.tls import client_context, end_point

T = TypeVar("T")
READ_BYTES = 1 << 18
LARGE_BYTES = 1 << 16
WRITE_SECONDS = 30.0
_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError, ssl.SSLError)


class StreamDriver:
    """Drives the generators of one core, one at a time."""

    def __init__(self, core: ClientCore) -> None:
        self._core = core
        self._stream: ByteStream | None = None
        self._scope: anyio.CancelScope | None = None
        self._cancel_asked = False

    async def drive(self, operation: Operation[T]) -> T:
        """Run a generator to its end and return what it returns."""
        self._tick()
        try:
            need = next(operation)
            while True:
                try:
                    answer = await self._carry_out(need)
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
            if self._core.conversation is not None and self._stream is not None:
                await self._write(1.0)

    def wake(self) -> None:
        """Cancel what runs now."""
        if self._scope is not None:
            self._cancel_asked = True
            self._scope.cancel()

    # ---- needs

    def _tick(self) -> None:
        moment = now()
        self._core.now = moment
        if self._core.conversation is not None:
            self._core.conversation.tick(moment)

    async def _carry_out(self, need: Need) -> Opened | None:
        if isinstance(need, Wait):
            await self._wait(need.until)
        elif isinstance(need, Probe):
            if self._stream is not None and _has_something(self._stream):
                await self._read(0.001)
        elif isinstance(need, Connect):
            return await self._connect(need)
        elif isinstance(need, Flush):
            await self._write(WRITE_SECONDS if need.until is None else (need.until - time.monotonic_ns()) / 1e9)
        elif isinstance(need, Sleep):
            await anyio.sleep(need.seconds)
        else:
            assert isinstance(need, Disconnect), "every need is known"
            await self._disconnect()
        return None

    async def _wait(self, until: int | None) -> None:
        conversation = self._core.conversation
        assert conversation is not None, "who waits has a conversation"
        await self._write(WRITE_SECONDS)
        own = conversation.deadline()
        limit = own if until is None else until if own is None else min(own, until)
        while conversation.failure is None:
            left = math.inf if limit is None else (limit - time.monotonic_ns()) / 1e9
            # A moment for what is there already, when the time is up before it began.
            if await self._read(max(left, 0.001)) or left <= 0:
                return
            if self._cancel_asked:
                self._cancel_asked = False
                conversation.cancel_all()
                await self._write(WRITE_SECONDS)

    async def _read(self, seconds: float) -> bool:
        """Read once; False when nothing came within so many seconds, or `wake` was called."""
        conversation = self._core.conversation
        if self._stream is None or conversation is None:
            return True
        data: bytes | None = None
        with anyio.CancelScope(deadline=anyio.current_time() + seconds) as self._scope:
            try:
                data = await self._stream.receive(READ_BYTES)
            except anyio.EndOfStream:
                data = b""
            except _BROKEN as error:
                conversation.lost(now(), _lost(error))
                data = b""
        self._scope = None
        if data is None:
            return False
        if conversation.failure is None:
            conversation.receive(now(), data)
        return True

    async def _write(self, seconds: float) -> None:
        """Write everything; ConnectionLost is the conversation's when that fails."""
        conversation = self._core.conversation
        if self._stream is None or conversation is None:
            return
        data = conversation.data_to_send()
        if not data:
            return
        try:
            with anyio.CancelScope(shield=True, deadline=anyio.current_time() + max(seconds, 0)) as scope:
                if len(data) <= LARGE_BYTES:
                    await self._stream.send(data)
                else:
                    await self._write_large(data)
            if scope.cancelled_caught:
                conversation.lost(now(), ConnectionLost("the server does not read what is sent to it"))
        except _BROKEN as error:
            # What the server said before it closed may still be there, and says more than "broken pipe".
            await self._read(0.001)
            conversation.lost(now(), _lost(error))

    async def _write_large(self, data: bytes) -> None:
        assert self._stream is not None, "there is a connection"
        stream, conversation = self._stream, self._core.conversation
        assert conversation is not None, "there is a connection"

        async def listen() -> None:
            with suppress(anyio.EndOfStream, *_BROKEN):
                while True:
                    conversation.receive(now(), await stream.receive(READ_BYTES))

        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            try:
                await stream.send(data)
            except _BROKEN as error:  # raised outside of the group, which would wrap it
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    # ---- connecting

    async def _connect(self, need: Connect) -> Opened:
        await self._disconnect()
        where = need.host if need.host.startswith("/") else f"{need.host}:{need.port}"
        seconds = (need.until - time.monotonic_ns()) / 1e9
        try:
            with anyio.fail_after(max(seconds, 0)):
                self._stream = await self._open(need)
            if not need.host.startswith("/"):
                self._stream.extra(SocketAttribute.raw_socket).setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except TimeoutError:
            raise ConnectTimeout(f"no connection to {where} within connect_timeout") from None
        except ssl.SSLError as error:
            reason = getattr(error, "verify_message", "") or error.reason or str(error)
            raise OperationalError(f"no TLS with {where} (sslmode {need.sslmode}): {reason}", "08001") from error
        except OSError as error:
            raise OSError(error.errno or 0, _cause(error)) from error
        except anyio.BrokenResourceError as error:
            raise OperationalError(f"no TLS with {where} (sslmode {need.sslmode}): {_cause(error)}", "08001") from error
        return Opened(end_point(self._stream.extra(TLSAttribute.peer_certificate_binary, None)))

    async def _open(self, need: Connect) -> ByteStream:
        if need.host.startswith("/"):
            return await anyio.connect_unix(f"{need.host}/.s.PGSQL.{need.port}")
        if need.sslmode == "disable":
            return await anyio.connect_tcp(need.host, need.port)
        context = client_context(self._core.options, need.sslmode)
        return await anyio.connect_tcp(
            need.host, need.port, tls=True, ssl_context=context, tls_hostname=need.host, tls_standard_compatible=False
        )

    async def _disconnect(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with anyio.CancelScope(shield=True, deadline=anyio.current_time() + 1), suppress(*_BROKEN):
                await stream.aclose()


def _has_something(stream: ByteStream) -> bool:
    """Say whether the socket has bytes or an end of file to read."""
    raw = stream.extra(SocketAttribute.raw_socket)
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(raw.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([raw], [], [], 0)[0])


def _lost(error: BaseException) -> ConnectionLost:
    return ConnectionLost(f"the connection broke: {_cause(error)}")


def _cause(error: BaseException) -> str:
    """Return what the system said: anyio wraps it, and makes a group of it where a name has several addresses."""
    said = str(error) or type(error).__name__
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, BaseExceptionGroup):
            inner = inner.exceptions[0]
            continue
        if isinstance(inner, OSError) and inner.strerror:
            # The event loops put addresses and words of their own around the system's text, but not for names (gaierror).
            number = inner.errno or 0
            said = inner.strerror if number <= 0 or isinstance(inner, socket.gaierror) else os.strerror(number)
        inner = inner.__cause__
    return said
