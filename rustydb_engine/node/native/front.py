"""The native protocol on a connection: the machine on one side, lanes with sessions on the other.

The front pulls the machine's events and gives each request to a lane (lane.py): the one of its transaction; or the first, if that
is idle or the request belongs to the state of its session; or a spare one, so that a slow statement does not hold up the others. When all
are busy it waits in order. A request that its lane can answer at once is answered within `run`: a chunk of pipelined requests is one
run and one Send.

Answers of commits wait in the `Gate` until the log is durable; the lane goes on meanwhile.

    bytes -> ServerMachine -> front.run -> lane.add -> session (fast.py, or a generator that the node resumes)
    bytes <- ServerMachine <- front.respond <- Result

Source: rustydb_proto/binary/README.md; README.md beside this file.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Wait
from rustydb_engine.node.connections import GONE, Connection
from rustydb_engine.node.native.gate import Gate
from rustydb_engine.node.native.lane import UNSENT_BYTES_MAX, Lane, Task, named_transaction
from rustydb_engine.node.native.result import error_fields
from rustydb_engine.node.native.statements import STARTERS, Prepared, Starter
from rustydb_engine.node.native.told import Told, start_listen
from rustydb_engine.node.startup import StartupRefused, admit, authenticate
from rustydb_engine.session.session import Session
from rustydb_engine.version import RUSTYDB_VERSION
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.breaker import Circuit, CircuitBreaker
from rustydb_proto.binary.limits import Limits
from rustydb_proto.binary.rows import RowEncoder
from rustydb_proto.binary.schema import Encoding
from rustydb_proto.binary.server import ServerMachine
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import NS_PER_MS, Now
from rustydb_proto.pg.messages import StartupReceived

EVENTS_OF_A_RUN: Final = range(200)
SPARES_MAX: Final = 8
TRANSACTIONS_MAX: Final = 64
# Statements that neither depend on the state of a session nor change it, as far as a glance can tell.
_FREE: Final = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|insert|update|delete|values|with|table)\b", re.I | re.S
)
_NOT_FREE: Final = re.compile(
    r";|\b(?:set_config|pg_temp|advisory|currval|lastval|setseed|pg_backend_pid|pg_notify|into\s+temp)", re.I
)
# Internal errors and errors of the disk: the server's own trouble, which the circuit breaker counts.
_OWN_TROUBLE: Final = ("XX", "58030")


class NativeFront:
    """One client of the native protocol. It is the runner that pulls requests; `machine` speaks the protocol."""

    __slots__ = (
        "_bound", "_breaker", "_gate", "_hello", "_last_prepared", "_last_transaction", "_reported", "_scheduled_ns", "_spares", "_waiting",
        "batch_bytes", "batch_rows", "connection", "data_to_send", "encoding", "first", "frame_bytes_max", "held", "known", "lanes", "machine", "no_columns",
        "node", "prepared", "queued", "secret_key", "session", "starters", "told", "transactions", "wait",
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        node = connection.node
        config = node.config
        self.node = node
        self.connection = connection
        limits = Limits(
            sql_bytes_max=config.sql_bytes_max,
            handshake_ns=config.startup_ns,
            idle_ns=config.native_idle_ns,
            requests_per_s=config.native_requests_per_s,
        )
        peer = connection.secured
        self.machine = ServerMachine(
            connection.accepted,
            node.entropy,
            limits=limits,
            mock_secret=node.mock_secret,
            channel_binding=peer.channel_binding if peer is not None else None,
        )
        self.data_to_send = self.machine.data_to_send
        self.session: Session | None = None
        self.secret_key = b""
        self.wait: Wait | None = None
        self.queued = self.held = False
        self.first: Lane | None = None
        self.lanes: list[Lane] = []
        self.told = Told(self)
        self.starters: Mapping[type, Starter] = {
            **STARTERS,
            m.Listen: start_listen,
            m.Unlisten: start_listen,
            m.Subscribe: self.told.subscribe,
            m.Unsubscribe: self.told.unsubscribe,
        }
        self.transactions: dict[int, Lane] = {}
        self.prepared: dict[int, Prepared] = {}
        self.known: dict[str, Prepared] = {}
        self.encoding = Encoding.MESSAGEPACK
        self.no_columns = RowEncoder(self.encoding, ())
        self.batch_rows = config.batch_rows
        self.batch_bytes = config.batch_bytes
        self.frame_bytes_max = limits.frame_bytes_max
        self._gate = Gate(self)
        self._breaker = CircuitBreaker()
        self._hello: StartupReceived | None = None
        self._spares: list[Lane] = []
        self._waiting: deque[Task] = deque()
        self._bound: dict[str, bool] = {}
        self._last_transaction = self._last_prepared = 0
        self._reported = 0
        self._scheduled_ns = 0

    # ---- the front

    def receive(self, now: Now, data: bytes) -> None:
        """Take bytes from the client."""
        self.machine.receive_data(now, data)
        if not self.queued:
            self.queued = True
            self.node.ready.append(self)
        if self.connection.blocked and self.machine.backlogged:
            self.connection.pause()

    @property
    def backlogged(self) -> bool:
        """Whether the socket shall not be read for a while."""
        return self.connection.blocked and self.machine.backlogged

    @property
    def busy(self) -> bool:
        """Whether requests are being worked on."""
        return self._gate.busy or bool(self._waiting) or any(not lane.idle for lane in self.lanes)

    def resume(self) -> None:
        """Go on: the socket takes bytes again."""
        self.node.enqueue(self)
        for lane in self.lanes:
            self.node.enqueue(lane)

    def timeout(self, now: Now) -> None:
        """Fire the machine's timers."""
        self._scheduled_ns = 0
        deadline = self.machine.deadline()
        if deadline is not None and deadline <= now.mono_ns:
            self.machine.handle_timeout(now)
            self.node.enqueue(self)
        self._schedule()

    def _schedule(self) -> None:
        """Have the machine's next timer called, if no earlier call is on its way."""
        deadline = self.machine.deadline()
        if deadline is not None and not 0 < self._scheduled_ns <= deadline:
            self._scheduled_ns = deadline
            self.node.schedule(deadline, self.connection)

    def shut_down(self) -> None:
        """Tell the client that the server stops."""
        self._end_with(SqlError("57P01", "terminating connection due to administrator command", severity="FATAL"))

    def fail(self, error: SqlError) -> None:
        """End the connection with a FATAL error."""
        self._end_with(error)
        self.node.close_soon(self.connection)

    def _end_with(self, error: SqlError) -> None:
        if not self.machine.output_ended:
            self.machine.send(self.node.now, e.Fail(error_fields(error)))
            self.touch()

    def close(self) -> None:
        """End every session: the connection is gone."""
        self.wait = GONE
        self._gate.wait = GONE
        for lane in self.lanes:
            lane.close()
        self.first = None
        self.lanes.clear()
        self._spares.clear()
        self.transactions.clear()
        self._waiting.clear()
        self.machine.data_to_send()  # nobody is there to read it

    def take_unread(self) -> tuple[bytes, bool]:
        """Return and forget the unread bytes."""
        return self.machine.take_unread()

    def touch(self) -> None:
        """Have what was said sent at the end of the step."""
        self.node.touch(self.connection)

    # ---- the runner that pulls

    def run(self) -> int:
        """Pull events until there are none, for a bounded time."""
        machine = self.machine
        next_event = machine.next_event
        handlers = _HANDLERS
        for _ in EVENTS_OF_A_RUN:
            if self.connection.blocked:
                return 0
            if machine.unsent_bytes > UNSENT_BYTES_MAX:
                break  # what there is goes out first, and the socket may turn out to be blocked
            event = next_event()
            handler = handlers.get(event.__class__)
            if handler is None:
                assert isinstance(event, Stop), f"unexpected event {event!r}"
                return 0
            handler(self, event)
        self.node.enqueue(self)
        return 1

    def cancel(self, error: SqlError) -> None:
        """Nothing runs here but on lanes."""

    def terminate(self, error: SqlError) -> None:
        """There is no session here."""

    # ---- the handshake

    def _on_hello(self, event: e.HelloReceived) -> None:
        parameters = dict(event.settings)
        if event.application_name:
            parameters["application_name"] = event.application_name
        startup = StartupReceived(event.user, event.database or self.node.config.database, parameters)
        try:
            command = authenticate(self.connection, startup)
        except StartupRefused as refused:
            refused.log(self.connection, event.user)
            self._refuse(refused)
            return
        self._hello = startup
        # "trust" is a certificate that has proved it. An MD5 secret proves nothing to SCRAM: such a user fails at the end, as
        # one who does not exist.
        method = "trust" if command.method == "trust" else "scram-sha-256"
        self.machine.send(self.node.now, e.Authenticate(method, command.verifier))

    def _on_authenticated(self, event: e.Authenticated) -> None:
        startup, self._hello = self._hello, None
        assert startup is not None, "who is authenticated has said hello"
        try:
            session = admit(self.node, startup)
        except StartupRefused as refused:
            self._refuse(refused)
            return
        self.first = Lane(self, session)
        self.lanes.append(self.first)
        settings = tuple(session.settings.reported().items())
        self._reported = session.settings.version
        self.machine.send(self.node.now, e.SessionReady(session.process_id, f"RustyDB {RUSTYDB_VERSION}", settings))
        self.encoding = self.machine.encoding
        self.no_columns = RowEncoder(self.encoding, ())
        self.frame_bytes_max = self.machine.frame_bytes_max
        self._schedule()

    def _refuse(self, refused: StartupRefused) -> None:
        refused.error.severity = "FATAL"
        self.fail(refused.error)

    def _log_refusal(self, user: str, why: str) -> None:
        self.node.log("warning", "authentication failed", {"user": user, "peer": self.connection.peer, "why": why})

    def _on_refused(self, event: e.AuthenticationFailed) -> None:
        self._log_refusal(event.user, event.reason)
        self.node.close_soon(self.connection)

    def _on_end(self, _event: object) -> None:
        self.node.close_soon(self.connection)

    # ---- requests

    def _on_request(self, event: e.RequestReceived) -> None:
        request, message = event.request, event.message
        kind = message.__class__
        if kind is m.BulkRows:
            self._add_rows(request, message)
        elif self._breaker.state is not Circuit.CLOSED and not self._breaker.allow(self.node.now):
            seconds = -(-self._breaker.retry_ns(self.node.now) // (1000 * NS_PER_MS))
            error = SqlError("57P03", "the server has failed repeatedly", hint=f"Try again in {seconds} s.")
            self.answer(request, m.Error(error_fields(error)))
        elif kind in self.starters:
            self._route(Task(request, message), kind, message)
        else:
            _DIRECT[kind](self, request, message)

    def _route(self, task: Task, kind: type, message: Any) -> None:
        first = self.first
        assert first is not None, "requests come when the session is open"
        number = named_transaction(message)
        if number:
            lane = self.transactions.get(number)
            if lane is None:
                self.answer_error(task.request, SqlError("25P01", f"transaction {number} does not exist"))
            else:
                lane.add(task)
        elif kind is m.Begin:
            self._open_transaction(task)
        elif first.idle and not self._waiting:
            first.add(task)
            if first.task is task or first.queue:
                task.bound = self._is_bound(kind, message)
        else:
            task.bound = self._is_bound(kind, message)
            if task.bound or self._pinned(first):
                first.add(task)
            else:
                self._spread(task)

    def _is_bound(self, kind: type, message: Any) -> bool:
        """Whether a request belongs to the state of the first lane's session."""
        if kind is m.BulkInsert or kind is m.Prepare:
            return False
        if kind is m.Batch:
            return any(self._text_is_bound(statement.sql) for statement in message.statements)
        if kind is m.ExecutePrepared:
            prepared = self.prepared.get(message.statement)
            return prepared is not None and self._text_is_bound(prepared.sql)
        sql = getattr(message, "sql", None)
        return sql is None or self._text_is_bound(sql)

    def _text_is_bound(self, sql: str) -> bool:
        found = self._bound.get(sql)
        if found is None:
            found = not _FREE.match(sql) or bool(_NOT_FREE.search(sql))
            if len(self._bound) < 500:
                self._bound[sql] = found
        return found

    def _pinned(self, first: Lane) -> bool:
        """Whether requests without a transaction have to stay with the first lane."""
        session = first.session
        assert session is not None, "the session is open"
        if session.status != "I" or (first.task is not None and first.task.bound):
            return True
        if any(task.bound for task in first.queue):
            return True
        return self.node.database.catalog.schema(f"pg_temp_{session.process_id}") is not None

    def _spread(self, task: Task) -> None:
        """Give a request to a spare lane, or let it wait."""
        if not self._waiting:
            for lane in self._spares:
                if lane.idle:
                    self._match_settings(lane)
                    lane.add(task)
                    return
            lane_or_none = self._open_lane() if len(self._spares) < SPARES_MAX else None
            if lane_or_none is not None:
                self._spares.append(lane_or_none)
                lane_or_none.add(task)
                return
        self._waiting.append(task)

    def _match_settings(self, lane: Lane) -> None:
        """Bring an idle lane to the settings of the first."""
        first = self.first
        assert first is not None and first.session is not None and lane.session is not None, "sessions are open"
        version = first.session.settings.version
        if lane is not first and lane.settings_version != version:
            lane.session.settings.adopt(first.session.settings)
            lane.settings_version = version

    def _open_lane(self) -> Lane | None:
        """Open another session of the same client; None when the server has no room for it."""
        first = self.first
        assert first is not None and first.session is not None, "the session is open"
        if len(self.node.sessions) >= self.node.config.connections_max:
            return None
        session = Session(self.node.shared, first.session.user, self.node.next_process_id())
        session.settings.adopt(first.session.settings)
        lane = Lane(self, session)
        lane.settings_version = first.session.settings.version
        self.lanes.append(lane)
        return lane

    def rest(self, lane: Lane) -> None:
        """A lane has nothing to do: give it a request that waits."""
        if lane is self.first or lane in self._spares:
            if lane is self.first and self._spares and self._pinned(lane):
                return  # what waits is not of its transaction
            if self._waiting:
                self._match_settings(lane)
                lane.add(self._waiting.popleft())
                self.node.enqueue(lane)  # for the next one, if this was answered at once
        elif not lane.transaction:
            self.lanes.remove(lane)
            lane.close()

    # ---- transactions

    def _open_transaction(self, task: Task) -> None:
        if len(self.transactions) >= TRANSACTIONS_MAX:
            message = f"too many transactions on this connection: the limit is {TRANSACTIONS_MAX}"
            self.answer_error(task.request, SqlError("53400", message))
            return
        lane = self._open_lane()
        if lane is None:
            self.answer_error(task.request, SqlError("53300", "sorry, too many clients already"))
            return
        self.number_transaction(lane)
        lane.add(task)

    def number_transaction(self, lane: Lane) -> None:
        """Enter the transaction that a lane has begun."""
        if not lane.transaction:
            self._last_transaction += 1
            lane.transaction = self._last_transaction
            self.transactions[lane.transaction] = lane

    def forget_transaction(self, lane: Lane) -> None:
        """The transaction of a lane is over; a lane that was opened for it is closed when it rests."""
        if lane.transaction:
            del self.transactions[lane.transaction]
            lane.transaction = 0
        if lane is not self.first:
            self.node.enqueue(lane)

    def keep_prepared(self, prepared: Prepared) -> int:
        """Give a prepared statement its number."""
        self._last_prepared += 1
        self.prepared[self._last_prepared] = prepared
        return self._last_prepared

    # ---- parts of requests, and what needs no lane

    def _add_rows(self, request: int, message: Any) -> None:
        for lane in self.lanes:
            for task in (lane.task, *lane.queue):
                if task is not None and task.request == request:
                    task.uploads.append(message)
                    self.node.enqueue(lane)
                    return
        for task in self._waiting:
            if task.request == request:
                task.uploads.append(message)

    def _on_credit(self, event: e.CreditGranted) -> None:
        lane = self._lane_of(event.request)
        if lane is not None:
            self.node.enqueue(lane)

    def _lane_of(self, request: int) -> Lane | None:
        for lane in self.lanes:
            if lane.task is not None and lane.task.request == request:
                return lane
        return None

    def _on_cancel(self, event: e.CancelReceived) -> None:
        self._cancel(event.request, SqlError("57014", "canceling statement due to user request"))

    def _on_rejected(self, event: e.RequestRejected) -> None:
        self._cancel(event.request, SqlError(event.sqlstate, event.message))

    def _cancel(self, request: int, error: SqlError) -> None:
        lane = self._lane_of(request)
        if lane is not None:
            lane.cancel(error)
            return
        for task in self._waiting:
            if task.request == request:
                self._waiting.remove(task)
                self.answer_error(request, error)
                return
        if any(other.remove(request) for other in self.lanes):
            self.answer_error(request, error)

    def _close_prepared(self, request: int, message: Any) -> None:
        self.prepared.pop(message.statement, None)
        self.answer(request, m.Ok())

    def _refuse_request(self, request: int, message: Any) -> None:
        self.answer_error(request, SqlError("0A000", f"{type(message).__name__} is not supported"))

    # ---- answers

    def answer(self, request: int, response: m.Response, more: bool = False) -> None:
        """Send a response, if its request is still open."""
        self.answer_body(request, self.machine.encode(response), more)

    def grant(self, request: int) -> None:
        """Let the client of an upload send another part, if it still waits."""
        if self.machine.is_open(request):
            self.machine.answer(request, m.Granted(1), more=True)
            self.touch()

    def answer_error(self, request: int, error: SqlError) -> None:
        """Send the error that ends a request before it ran."""
        self._breaker.succeeded()
        self.answer(request, m.Error(error_fields(error)))

    def respond(self, request: int, body: bytes, csn: int) -> None:
        """Send the last response of a request, once the log is durable up to `csn`."""
        first = self.first
        if first is not None and first.session is not None and first.session.settings.version != self._reported:
            self._report(first.session)
        if csn and csn > self.node.database.durable_csn:
            self._gate.hold(csn, request, body)
        elif len(body) > self.frame_bytes_max:
            self.answer_body(request, body)
        elif self.machine.finish(request, body) and not self.connection.touched:
            self.touch()

    def answer_body(self, request: int, body: bytes, more: bool = False, rows: bool = False) -> None:
        """Send a response that is encoded already, if its request is still open."""
        machine = self.machine
        if not machine.is_open(request):
            return
        if len(body) > self.frame_bytes_max:
            error = SqlError(
                "54000", f"a response of {len(body)} bytes is over the frame limit of {self.frame_bytes_max}"
            )
            body, more, rows = machine.encode(m.Error(error_fields(error))), False, False
        machine.answer_body(request, body, more, rows)
        if not self.connection.touched:
            self.touch()

    def notify(self, response: m.Response) -> bool:
        """Send something that answers no request; False if it does not fit into a frame."""
        if self.machine.output_ended:
            return True  # the client has gone, and its connection goes at the end of the step
        body = self.machine.encode(response)
        if len(body) > self.frame_bytes_max:
            return False
        self.machine.notify_body(body)
        self.touch()
        return True

    def _report(self, session: Session) -> None:
        self._reported = session.settings.version
        for name, text in session.settings.take_reports():
            self.notify(m.SettingChanged(name, text))

    def judge(self, error: SqlError | None) -> None:
        """Tell the circuit breaker how a request ended."""
        if error is not None and error.sqlstate.startswith(_OWN_TROUBLE):
            self._breaker.failed(self.node.now)
        else:
            self._breaker.succeeded()


_DIRECT: Final[Mapping[type, Callable[[NativeFront, int, Any], None]]] = {
    m.ClosePrepared: NativeFront._close_prepared,
    m.Extension: NativeFront._refuse_request,
}
_HANDLERS: Final[Mapping[type, Callable[[NativeFront, Any], None]]] = {
    e.RequestReceived: NativeFront._on_request,
    e.CreditGranted: NativeFront._on_credit,
    e.CancelReceived: NativeFront._on_cancel,
    e.RequestRejected: NativeFront._on_rejected,
    e.HelloReceived: NativeFront._on_hello,
    e.Authenticated: NativeFront._on_authenticated,
    e.AuthenticationFailed: NativeFront._on_refused,
    e.Terminated: NativeFront._on_end,
    e.ConnectionEnded: NativeFront._on_end,
    e.ProtocolFailed: NativeFront._on_end,
}
