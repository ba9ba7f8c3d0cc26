"""One connection between a client and the node: bytes arrive late, in pieces of any size, or not at all.

A link is cut after some byte of either direction, or both ends close it in their ways. It also is the socket of the
host: it tells the node when its send buffer is full, and stops delivering while the node wants no bytes.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Protocol

from rustydb_proto.core import io
from rustydb_sim.history import Violation

if TYPE_CHECKING:
    from rustydb_sim.world import World


class Reader(Protocol):
    """The client's end of a link."""

    def receive(self, link: Link, data: bytes) -> None:
        """Take bytes from the node; b"" is the end of the connection."""


HIGH_BYTES = 4096
LOW_BYTES = 1024
SLOWNESS = 200


class Link:
    """A connection. `faultless` ones deliver everything, soon."""

    def __init__(self, world: World, conn: int, client: Reader, dice: Random, faultless: bool = False) -> None:
        self.world = world
        self.conn = conn
        self.client = client
        self._dice = dice
        weather = world.weather
        self._small = not faultless and dice.random() < weather.small_chunks
        self._slow = not (faultless or self._small) and dice.random() < weather.slow
        self._bytes_left: int | None = None  # until it is cut
        if not faultless and dice.random() < weather.cut:
            self._bytes_left = dice.choice((dice.randint(1, 500), dice.randint(500, 6000)))
        self._delay = weather.network_ns if not faultless else 1000
        self._up = bytearray()
        self._down = bytearray()
        self._up_planned = self._down_planned = False
        self._up_ended = self._up_told = False
        self._paused = self._blocked = False
        self._closing = False  # the node closed it: what is in flight is still delivered
        self.broken = False  # nothing passes any more
        self.node_done = False  # the node closed it, or was told that it is gone

    # -- the client's side

    def write(self, data: bytes) -> None:
        """Send bytes to the node."""
        if not self.broken:
            self._up += data
            self._plan_up()

    def half_close(self) -> None:
        """Send the end of file behind what was written."""
        self._up_ended = True
        self._plan_up()

    def abandon(self) -> None:
        """The client's process is gone: the node gets some of what was written, then learns of it."""
        if self.broken:
            return
        del self._up[self._dice.randint(0, len(self._up)) :]
        data = bytes(self._up)
        self._break()
        if not self.node_done:
            if data:
                self.world.put(io.Received(self.conn, data))
            if self._dice.random() < 0.5:
                self.world.put(io.Received(self.conn, b""))
            self._lose()

    # -- the node's side

    def send(self, data: bytes) -> None:
        """Carry out Send."""
        if self.node_done:
            raise Violation(f"bytes for connection {self.conn}, which is closed")
        if self.broken:
            return
        self._down += data
        if len(self._down) > HIGH_BYTES and not self._blocked:
            self._blocked = True
            self.world.put(io.WriteBlocked(self.conn))
        self._plan_down()

    def close(self) -> None:
        """Carry out Close."""
        self._end("closed")
        self._closing = True
        self._plan_down()

    def abort(self) -> None:
        """Carry out Abort."""
        self._end("aborted")
        self._break()
        self.world.after(self._pause(), self._end_client)

    def _end(self, what: str) -> None:
        if self.node_done:
            raise Violation(f"connection {self.conn} is {what}, but it was closed before")
        self.node_done = True
        self._up.clear()

    def pause(self) -> None:
        """Carry out PauseReading."""
        self._paused = True

    def resume(self) -> None:
        """Carry out ResumeReading."""
        self._paused = False
        self._plan_up()

    # -- misfortune

    def cut(self) -> None:
        """Nothing passes any more; both ends learn of it some time."""
        if self.broken:
            return
        self._break()
        self.world.after(self._pause(), self._end_client)
        self._lose()

    def die(self) -> None:
        """The node's process is gone; the client may get some of what was sent."""
        if self.broken:
            return
        data = bytes(self._down[: self._dice.randint(0, len(self._down))])
        self._break()
        self.node_done = True
        if data:
            self.client.receive(self, data)
        self._end_client()

    def _end_client(self) -> None:
        self.client.receive(self, b"")

    def _break(self) -> None:
        self.broken = True
        self._up.clear()
        self._down.clear()

    def _lose(self) -> None:
        if not self.node_done:
            self.world.after(self._pause() * self._dice.choice((1, 1, 20)), self._lost)

    def _lost(self) -> None:
        if not self.node_done:
            self.world.put(io.Lost(self.conn, "simulated"))
            self.node_done = True

    # -- deliveries

    def _pause(self) -> int:
        return self._dice.randint(0, self._delay)

    def _piece(self, waiting: bytearray) -> bytes:
        if self._small:
            size = self._dice.randint(1, self.world.weather.chunk if len(waiting) < 2000 else 500)
        elif self._dice.random() < 0.7:
            size = len(waiting)
        else:
            size = self._dice.randint(1, len(waiting))
        data = bytes(waiting[:size])
        del waiting[:size]
        if self._bytes_left is not None:
            data = data[: self._bytes_left]
            self._bytes_left -= len(data)
        return data

    def _plan_up(self) -> None:
        wanted = self._up or (self._up_ended and not self._up_told)
        if wanted and not (self._up_planned or self._paused or self.broken or self.node_done):
            self._up_planned = True
            self.world.after(self._pause() // (20 if self._small else 1), self._deliver_up)

    def _deliver_up(self) -> None:
        self._up_planned = False
        if self._paused or self.broken or self.node_done:
            return
        if self._up:
            self.world.put(io.Received(self.conn, self._piece(self._up)))
        if self._bytes_left == 0:
            self.cut()
        elif not self._up and self._up_ended and not self._up_told:
            self._up_told = True
            self.world.put(io.Received(self.conn, b""))
        else:
            self._plan_up()

    def _plan_down(self) -> None:
        if (self._down or self._closing) and not (self._down_planned or self.broken):
            self._down_planned = True
            delay = self._pause() * (SLOWNESS if self._slow else 1) // (20 if self._small else 1)
            self.world.after(delay, self._deliver_down)

    def _deliver_down(self) -> None:
        self._down_planned = False
        if self.broken:
            return
        if self._down:
            self.client.receive(self, self._piece(self._down))
        if self._bytes_left == 0:
            self.cut()
        if self.broken:
            return
        if self._blocked and len(self._down) < LOW_BYTES and not self.node_done:
            self._blocked = False
            self.world.put(io.WriteReady(self.conn))
        if self._closing and not self._down:
            self._break()
            self._end_client()
        else:
            self._plan_down()
