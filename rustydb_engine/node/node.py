"""The whole server as one pure state machine: inputs and time in, effects out.

    node = Node(config, recovered, entropy)
    effects = node.step(now, inputs)          # apply the inputs, fire timers, run a bounded amount of work
    sleep until node.deadline(now)            # now or earlier: call again at once, work is left

A step applies a batch of inputs, then lets the runners that can go on do so in turn, each for a slice, then starts
what the log has gathered, then hands out what each touched connection has to say. Runners wait for locks, for the
disk, or for a moment; what they wait for wakes them by putting them back into the queue. What a connection, its front and
its runners are is told in connections.py.

Nothing here knows a socket, a file or a clock. Source: DESIGN, "The whole server is one pure state machine".
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from rustydb_engine.config import Config
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Wait, WaitDurable, WaitFor, WaitSpace, WaitUntil
from rustydb_engine.live.channels import Listener, too_slow
from rustydb_engine.node.connections import GONE, Connection, Runner, Timed
from rustydb_engine.node.disk import Disk
from rustydb_engine.node.secure import fields_of_tls
from rustydb_engine.node.sniffing import LISTENERS, Sniffing
from rustydb_engine.node.startup import set_password
from rustydb_engine.session.shared import Shared
from rustydb_engine.storage.database import Database
from rustydb_proto.core import io
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.time import Now
from rustydb_proto.tls import ServerContext

Fields = dict[str, str | int | float | None]


class Node:
    """One server. `database` comes from recovery, or is a fresh one; `entropy` must be secret in production.

    `tls` is the certificate, key and rules of its TLS, made by whoever may read files; None: there is no TLS.
    """

    def __init__(self, config: Config, database: Database, entropy: Entropy, tls: ServerContext | None = None) -> None:
        self.config = config
        self.database = database
        self.entropy = entropy.child("connections")
        self.mock_secret = entropy.child("mock").bytes(32)
        self.tls = tls
        self.now = Now(0, 0)
        self.stopping = False
        self.connections: dict[int, Connection] = {}
        self.sessions: dict[int, Runner] = {}
        self.shared = Shared(config, database, entropy.child("sessions"), self)
        self.disk = Disk(self)
        self._news, self._awake = database.feed.pending, self.shared.live.awake
        self._effects: list[io.Effect] = []
        self.ready: deque[Runner] = deque()
        self._touched: list[Connection] = []
        self._closing: list[Connection] = []
        self._doomed: list[tuple[Runner, SqlError]] = []
        self._durable: deque[tuple[int, Runner]] = deque()
        self._space: list[Runner] = []
        self._timers: list[tuple[int, int, Timed]] = []
        self._timer_count = 0
        self._process_id = 1000
        self._halted = False
        database.catalog.database_name = config.database
        if config.verifier:
            set_password(database, config.superuser, config.verifier)
        self._handlers: dict[type, Callable[..., None]] = {
            io.Received: self._on_received,
            io.Accepted: self._on_accepted,
            io.Lost: self._on_lost,
            io.WriteBlocked: self._on_write_blocked,
            io.WriteReady: self._on_write_ready,
            io.Appended: self._on_appended,
            io.DiskDone: self._on_disk_done,
            io.DiskFailed: self._on_disk_failed,
            io.ShutdownRequested: self._on_shutdown,
            io.Reloaded: self._on_reloaded,
            # Nothing here asks for these; one that comes nevertheless belongs to nobody.
            io.Connected: self._on_unasked,
            io.ConnectFailed: self._on_unasked,
            io.DatagramReceived: self._on_unasked,
            io.FileRead: self._on_unasked,
            io.Computed: self._on_unasked,
            io.ComputeFailed: self._on_unasked,
        }

    # ---- the two calls of a host

    def step(self, now: Now, inputs: Sequence[io.Input]) -> list[io.Effect]:
        """Apply inputs, fire timers, work for a bounded time; return every effect, to be carried out in order."""
        self.now = now
        handlers = self._handlers
        for item in inputs:
            handlers[item.__class__](item)
        if self._timers and self._timers[0][0] <= now.mono_ns:
            self._fire(now)
        ready = self.ready
        database = self.database
        woken = database.manager.woken
        if woken:  # a front may carry out a request as it comes, and end a transaction by that
            for waiter in database.take_woken():
                self.wake_for_end(waiter)
        slices = self.config.steps_ticks_max
        turns = len(ready) + slices
        while ready and slices > 0 and turns > 0:
            runner = ready.popleft()
            runner.queued = False
            if runner.wait is None and not self._halted:
                connection = runner.connection
                if not connection.touched:
                    connection.touched = True
                    self._touched.append(connection)
                slices -= runner.run()
                turns -= 1
                if woken:
                    for waiter in database.take_woken():
                        self.wake_for_end(waiter)
        if self._news or self._awake:
            self.announce()
        if self._doomed:
            self._end_doomed()
        self.disk.step(now)
        if self._touched:
            self._flush()
        if self._closing:
            self._close_all()
        effects, self._effects = self._effects, []
        return effects

    def deadline(self, now: Now) -> int | None:
        """Return when `step` must be called again (monotonic ns), or None to wait for an input."""
        if self.ready:
            return now.mono_ns
        timer = self._timers[0][0] if self._timers else None
        disk = self.disk.deadline(now)
        if timer is None or disk is None:
            return disk if timer is None else timer
        return min(timer, disk)

    # ---- for the parts of the node

    def emit(self, effect: io.Effect) -> None:
        """Add an effect to this step's."""
        self._effects.append(effect)

    def log(self, level: str, event: str, fields: Fields) -> None:
        """Emit a log record."""
        self._effects.append(io.Log(level, event, fields))

    def enqueue(self, runner: Runner) -> None:
        """Let a runner run in this step or the next."""
        if not runner.queued:
            runner.queued = True
            self.ready.append(runner)

    def touch(self, connection: Connection) -> None:
        """Note that a connection may have bytes to send."""
        if not connection.touched:
            connection.touched = True
            self._touched.append(connection)

    def close_soon(self, connection: Connection) -> None:
        """Close a connection at the end of the step, after its bytes."""
        self.touch(connection)
        self._closing.append(connection)

    def wake(self, runner: Runner, wait: Wait) -> None:
        """Let a runner go on whose `wait` is over; what it said may be sent."""
        assert runner.wait is wait, "a runner waits for one thing"
        runner.wait = None
        runner.held = False
        self.enqueue(runner)

    def suspend(self, runner: Runner, wait: Wait) -> None:
        """Wake `runner`, whose `wait` this is, when what it waits for has come."""
        if isinstance(wait, WaitDurable):
            if wait.csn <= self.database.durable_csn:
                self.wake(runner, wait)
            else:
                self._durable.append((wait.csn, runner))
        elif isinstance(wait, WaitUntil):
            self.schedule(wait.mono_ns, runner)
        elif isinstance(wait, WaitSpace):
            self._space.append(runner)
        else:
            assert isinstance(wait, WaitFor), f"unknown wait {wait!r}"
            if wait.until_ns:
                self.schedule(wait.until_ns, runner)

    def wake_for_end(self, waiter: object) -> None:
        """Wake a runner whose WaitFor is over (called when a transaction ends)."""
        runner = cast(Runner, waiter)  # what `waiter` gave to the transactions
        if isinstance(runner.wait, WaitFor):
            runner.wait = None
            self.enqueue(runner)

    def announce(self) -> None:
        """Hand out the news of durable commits, and let those run who got some of it."""
        self.shared.announce()
        for item in self.shared.live.take_awake():
            if isinstance(item, Listener) and item.overflowed:
                self.cancel_session(item.process_id, too_slow(self.config.notify_queue_bytes_max))
            else:
                self.enqueue(cast(Runner, item.owner))

    def durable_to(self, csn: int) -> None:
        """Wake the runners whose commit is on disk, after its news is out."""
        if self._news:
            self.announce()
        waiting = self._durable
        while waiting and waiting[0][0] <= csn:
            _, runner = waiting.popleft()
            if isinstance(runner.wait, WaitDurable) and runner.wait.csn <= csn:
                self.wake(runner, runner.wait)

    def disk_answered(self) -> None:
        """Wake the runners whose commit waits for room in the log."""
        waiting, self._space = self._space, []
        for runner in waiting:
            if isinstance(runner.wait, WaitSpace):
                self.wake(runner, runner.wait)

    def schedule(self, at_ns: int, timed: Timed) -> None:
        """Call the `timeout` of a runner, or of a connection for its front, at a moment."""
        self._timer_count += 1
        heapq.heappush(self._timers, (at_ns, self._timer_count, timed))

    def next_process_id(self) -> int:
        """Return a number that no living session has."""
        while True:
            self._process_id += 1
            if self._process_id not in self.sessions:
                return self._process_id

    def cancel(self, process_id: int, secret_key: bytes) -> None:
        """Cancel what a session runs, if the key is right."""
        target = self.sessions.get(process_id)
        if target is not None and target.secret_key == secret_key:
            target.cancel(SqlError("57014", "canceling statement due to user request"))

    def waiter(self, process_id: int) -> object:
        """Return what a transaction's end must wake for a session that waits."""
        return self.sessions[process_id]

    def cancel_session(self, process_id: int, error: SqlError) -> bool:
        """Cancel what another session runs, or with a FATAL error end it; False when there is no such session."""
        target = self.sessions.get(process_id)
        if target is None:
            return False
        if error.severity == "FATAL":
            self._doomed.append((target, error))
        else:
            target.cancel(error)
        return True

    def activity(self) -> list[dict[str, object]]:
        """Return one record for each session, by process id."""
        return [
            {
                "pid": process_id,
                "user": session.user,
                "application_name": session.settings.show("application_name"),
                "client": runner.connection.peer,
                "backend_start": session.started_at,
                "state": session.activity,
                "query": session.query,
                "xact_start": session.block.transaction_time if session.txn is not None else None,
                "query_start": session.block.statement_time,
                "tls": fields_of_tls(runner.connection.secured),
                "wait": type(runner.wait).__name__ if runner.wait is not None else None,
            }
            for process_id, runner in sorted(self.sessions.items())
            if (session := runner.session) is not None
        ]

    def request_checkpoint(self) -> int:
        """Start a checkpoint; `Shared.checkpoints_done` reaches the returned number when it is complete."""
        return self.disk.request_checkpoint()

    def internal_error(self, error: BaseException) -> SqlError:
        """Turn an exception that is our own mistake into an error for the client, and log it."""
        return self.shared.internal_error(error)

    def halt(self, code: int, reason: str) -> None:
        """Stop the process: nothing more is answered."""
        self._halted = True
        self._effects.append(io.Halt(code, reason))

    # ---- inputs

    def _on_received(self, event: io.Received) -> None:
        connection = self.connections.get(event.conn)
        if connection is not None:
            connection.receive(self.now, event.data)

    def _on_accepted(self, event: io.Accepted) -> None:
        connection = Connection(self, event, self.now)
        self.connections[event.conn] = connection
        self.schedule(self.now.mono_ns + self.config.startup_ns, connection)
        connection.switch(Sniffing(connection, LISTENERS[event.listener]))
        if self.stopping:  # it was on its way: the end of this step closes it, or it would hold up the shutdown
            self.touch(connection)

    def _on_lost(self, event: io.Lost) -> None:
        connection = self.connections.get(event.conn)
        if connection is not None:
            self._forget(connection)

    def _on_write_blocked(self, event: io.WriteBlocked) -> None:
        connection = self.connections.get(event.conn)
        if connection is not None:
            connection.blocked = True

    def _on_write_ready(self, event: io.WriteReady) -> None:
        connection = self.connections.get(event.conn)
        if connection is not None:
            connection.blocked = False
            connection.front.resume()

    def _on_appended(self, event: io.Appended) -> None:
        self.disk.appended(event.ticket)
        if self._space:
            self.disk_answered()

    def _on_disk_done(self, event: io.DiskDone) -> None:
        self.disk.done(event.ticket)
        if self._space:
            self.disk_answered()

    def _on_disk_failed(self, event: io.DiskFailed) -> None:
        self.disk.failed(event)
        if self._space:
            self.disk_answered()

    def _on_shutdown(self, event: io.ShutdownRequested) -> None:
        if not event.graceful:
            self.halt(0, "immediate shutdown")
            return
        self.stopping = True
        for connection in self.connections.values():
            self.touch(connection)
        self._finish_shutdown()

    def _on_reloaded(self, event: io.Reloaded) -> None:
        self.config = self.shared.config = replace(self.config, **event.limits)  # type: ignore[arg-type]  # all limits are int
        self.shared.live.limit(self.config)
        if event.tls is not None:
            assert isinstance(event.tls, ServerContext), "what the node was made with"
            self.tls = event.tls
            self.log("info", "certificates are in use", {})

    def _on_unasked(self, event: io.Input) -> None:
        self.log("debug", "input ignored", {"kind": type(event).__name__})

    # ---- inside a step

    def _fire(self, now: Now) -> None:
        timers = self._timers
        while timers and timers[0][0] <= now.mono_ns:
            _, _, timed = heapq.heappop(timers)
            if timed.wait is not GONE:
                timed.timeout(now)

    def _flush(self) -> None:
        touched, self._touched = self._touched, []
        effects = self._effects
        for connection in touched:
            connection.touched = False
            front = connection.front
            if front.held:
                continue  # it runs, and is touched, when its wait is over
            data = connection.output()
            if data:
                effects.append(io.Send(connection.conn, data))
            if connection.paused and not front.backlogged:
                connection.paused = False
                effects.append(io.ResumeReading(connection.conn))
            if self.stopping and not front.busy:
                front.shut_down()
                rest = connection.output()
                if rest:
                    effects.append(io.Send(connection.conn, rest))
                self._closing.append(connection)

    def _end_doomed(self) -> None:
        """End the sessions that were terminated in this step; one may have asked for its own end."""
        doomed, self._doomed = self._doomed, []
        for runner, error in doomed:
            if runner.wait is not GONE:
                runner.terminate(error)

    def _close_all(self) -> None:
        closing, self._closing = self._closing, []
        for connection in closing:
            if self.connections.get(connection.conn) is connection:
                connection.end()
                self._effects.append(io.Close(connection.conn))
                self._forget(connection)
        self._finish_shutdown()

    def _forget(self, connection: Connection) -> None:
        del self.connections[connection.conn]
        connection.close()
        for waiter in self.database.take_woken():
            self.wake_for_end(waiter)
        self._finish_shutdown()

    def _finish_shutdown(self) -> None:
        if self.stopping and not self.connections and not self._halted:
            self.disk.shut_down()
