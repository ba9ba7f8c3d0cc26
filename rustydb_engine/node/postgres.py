"""PostgreSQL on a connection: the protocol machine on one side, a session on the other; front and runner in one.

`run` pulls events and hands each to the session until there is nothing to do or the session must wait. Work that may
wait is a generator of the session; its waits come back to the node, which calls `run` again when they are over. Plain
statements never become a generator: the session answers them in `fast_query` and `fast_execute`.

The connection is also the session's `Sink`: what the session says becomes messages at once; the node sends the
bytes at the end of the step, or, while a commit waits for the disk, together with what follows it.

Source: PostgreSQL 15, chapter 55.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Tick, Wait, WaitDurable, WaitFor, WaitUntil
from rustydb_engine.node.connections import GONE, Connection
from rustydb_engine.node.startup import StartupRefused, admit, authenticate
from rustydb_engine.node.wire import fields_of, select_tag, wire_of
from rustydb_engine.session import fast
from rustydb_engine.session.copying import NEED_COPY_DATA, CopyAbandoned, NeedCopyData
from rustydb_engine.session.entry import Entry, Formats
from rustydb_engine.session.session import Session
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import Now
from rustydb_proto.pg import framing, messages
from rustydb_proto.pg.limits import Limits
from rustydb_proto.pg.server import Phase, ServerMachine
from rustydb_proto.tls import HandshakeCompleted

EVENTS_OF_A_RUN = range(200)
Rows = list[tuple[object, ...]]
Reply = bytes | None | CopyAbandoned
Work = Generator[Wait | NeedCopyData, Reply, None]


class PgConnection:
    """One client. `work` is the statement that goes on, `wait` what it waits for (None: it can run).

    `queued`: the node will call `run`; `held`: nothing is sent before the wait is over. `data_to_send` is the machine's own.
    """

    __slots__ = (
        "_copying", "_handlers", "_in_query", "_reported", "_startup", "_timed", "committing", "connection", "data_to_send",
        "failure", "held", "machine", "node", "queued", "secret_key", "session", "statement_deadline", "wait", "work",
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        node = connection.node
        self.node = node
        self.connection = connection
        limits = Limits(message_bytes_max=node.config.message_bytes_max, startup_ns=node.config.startup_ns)
        self.machine = ServerMachine(
            connection.accepted,
            node.entropy,
            limits=limits,
            # PostgreSQL does not encrypt Unix sockets either.
            tls=node.tls is not None and connection.tls is None and not connection.local.startswith("/"),
            mock_secret=node.mock_secret,
        )
        if connection.secured is not None:
            self.machine.tls_started(connection.secured.channel_binding)
        self.data_to_send = self.machine.data_to_send
        self.session: Session | None = None
        self.secret_key = b""
        self.wait: Wait | None = None
        self.queued = self.held = self.committing = False
        self.failure: SqlError | None = None
        self.statement_deadline: int | None = None
        self.work: Work | None = None
        self._in_query = False
        self._copying = False
        self._timed = 0
        self._reported = 0
        self._startup: messages.StartupReceived | None = None
        self._handlers = _HANDLERS

    # ---- the front

    def receive(self, now: Now, data: bytes) -> None:
        """Take bytes from the client."""
        machine = self.machine
        machine.receive_data(now, data)
        if not self.queued:  # node.enqueue(self), without the call
            self.queued = True
            self.node.ready.append(self)
        if self.wait is not None or self.work is not None:
            if machine.backlogged:
                self.connection.pause()

    @property
    def backlogged(self) -> bool:
        """Whether the socket shall not be read for a while."""
        return self.machine.backlogged

    def resume(self) -> None:
        """Go on with rows that the socket did not take."""
        self.node.enqueue(self)

    def take_unread(self) -> tuple[bytes, bool]:
        """Return and forget the unread bytes."""
        return self.machine.take_unread()

    @property
    def busy(self) -> bool:
        """Whether a statement is being worked on."""
        return self.work is not None or self.wait is not None

    # ---- running

    def run(self) -> int:
        """Work until there is nothing to do or the work must wait; return how many slices were used up."""
        next_event, handlers = self.machine.next_event, self._handlers
        for _ in EVENTS_OF_A_RUN:
            if self.work is not None:
                if self.connection.blocked or not self._resume():
                    return 1
                continue
            event = next_event()
            handler = handlers.get(event.__class__)
            if handler is None:
                assert isinstance(event, Stop), f"unexpected event {event!r}"
                if self.session is not None and self.session.listener is not None:
                    self._notify(self.session)
                return 0
            handler(self, event)
            if self.wait is not None:
                return 0
        self.node.enqueue(self)
        return 1

    def _resume(self) -> bool:
        """Go on with the work; return whether it ended (and more events may be handled)."""
        work = self.work
        assert work is not None, "there is work to resume"
        try:
            if self.failure is not None:
                failure, self.failure = self.failure, None
                self._copying = False
                wait = work.throw(failure)
            elif self._copying:
                wait = NEED_COPY_DATA
            else:
                self.committing = False
                wait = work.send(None)
            while isinstance(wait, NeedCopyData):
                event = self.machine.next_event()
                if isinstance(event, messages.CopyDataReceived) and not event.data:
                    continue  # nothing; as a reply it would be the end
                reply = self._copy_reply(event)
                self._copying = reply is None
                if reply is None:
                    return False
                wait = work.send(reply)
        except StopIteration:
            self._finish()
            return True
        except Exception as error:  # a cancel that comes before the first statement or between two: none can answer it
            assert self.session is not None, "work belongs to a session"
            self.session.answer_error(error, self)
            self._finish()
            return True
        session = self.session
        if session is not None and session.statements_begun != self._timed:
            self._start_timeout(session)
        if isinstance(wait, Tick):
            self.node.enqueue(self)
        else:
            self.wait = wait
            self.held = self.committing = isinstance(wait, WaitDurable)
            self.node.suspend(self, wait)
        return False

    def _finish(self) -> None:
        self.work = None
        self.held = self.committing = False
        self.statement_deadline = None
        if self._in_query:
            self._in_query = False
            self._ready()

    def _copy_reply(self, event: object) -> Reply:
        if isinstance(event, messages.CopyDataReceived):
            return event.data
        if isinstance(event, messages.CopyDoneReceived):
            return b""
        if isinstance(event, messages.CopyFailReceived):
            return CopyAbandoned(SqlError("57014", f"COPY from stdin failed: {event.message}"))
        if isinstance(event, Stop):
            return None
        return CopyAbandoned(SqlError("08P01", "unexpected message during COPY from stdin"), gone=True)

    def _begin(self, work: Work) -> None:
        self.work = work
        session = self.session
        assert session is not None, "statements come after startup"
        self._start_timeout(session)

    def _start_timeout(self, session: Session) -> None:
        """Give the statement its time: each of a query with several has its own, by the statement_timeout of then."""
        self._timed = session.statements_begun
        self.statement_deadline = None
        timeout_ns = session.statement_timeout_ns
        if timeout_ns:
            self.statement_deadline = self.node.now.mono_ns + timeout_ns
            self.node.schedule(self.statement_deadline, self)

    def cancel(self, error: SqlError) -> None:
        """Make the running statement fail with `error`; nothing happens when none runs, or it is on its way to disk."""
        if self.work is not None and not self.committing:
            self.failure = error
            self.wait = None
            self.held = False
            self.node.enqueue(self)

    def timeout(self, now: Now) -> None:
        """Fire what is due: the machine's startup timer, the statement's timeout, a sleep, a wait for a lock."""
        wait = self.wait
        if isinstance(wait, WaitUntil) and wait.mono_ns <= now.mono_ns:
            self.node.wake(self, wait)
        deadline = self.machine.deadline()
        if deadline is not None and deadline <= now.mono_ns:
            self.machine.handle_timeout(now)
            self.node.enqueue(self)
        if self.statement_deadline is not None and self.statement_deadline <= now.mono_ns:
            self.statement_deadline = None
            self.cancel(SqlError("57014", "canceling statement due to statement timeout"))
        if isinstance(wait, WaitFor) and wait is self.wait and 0 < wait.until_ns <= now.mono_ns:
            self.cancel(SqlError("55P03", "canceling statement due to lock timeout"))

    def close(self) -> None:
        """End the session: the connection is gone."""
        self.wait = GONE
        self.held = False
        work, self.work = self.work, None
        if work is not None:
            work.close()
        session, self.session = self.session, None
        if session is not None:
            self.node.sessions.pop(session.process_id, None)
            session.end()
        self.machine.data_to_send()  # nobody is there to read it

    def shut_down(self) -> None:
        """Tell the client that the server stops."""
        self._end_with(SqlError("57P01", "terminating connection due to administrator command", severity="FATAL"))

    def terminate(self, error: SqlError) -> None:
        """End the session with a FATAL error, and close the connection."""
        self.wait = None
        self.held = False
        self._end_with(error)
        self.node.close_soon(self.connection)

    def _end_with(self, error: SqlError) -> None:
        if not self.machine.output_ended:
            if self.work is not None:
                self.work.close()
                self.work = None
            self.machine.send(self.node.now, messages.ErrorResponse(fields_of(error)))
            self.node.touch(self.connection)

    # ---- events before the session

    def _on_switch(self, _event: messages.SwitchProtocol) -> None:
        self.connection.start_tls(self)

    def secured(self, peer: HandshakeCompleted) -> None:
        """Go on with a startup packet that comes encrypted."""
        if peer.alpn not in (None, "postgresql"):
            fields = {"peer": self.connection.peer, "why": f"ALPN chose {peer.alpn} after a request of PostgreSQL"}
            self.node.log("info", "connection refused", dict(fields))
            self.node.close_soon(self.connection)
            return
        self.machine.tls_started(peer.channel_binding)

    def _on_startup(self, event: messages.StartupReceived) -> None:
        try:
            command = authenticate(self.connection, event)
        except StartupRefused as refused:
            refused.log(self.connection, event.user)
            self._fatal(refused.error)
            return
        self.machine.send(self.node.now, command)
        self._startup = event

    def _on_authenticated(self, _event: messages.Authenticated) -> None:
        node = self.node
        startup, self._startup = self._startup, None
        assert startup is not None, "who is authenticated has sent a startup packet"
        try:
            session = admit(node, startup)
        except StartupRefused as refused:
            self._fatal(refused.error)
            return
        self.session = session
        session.front = self
        self.secret_key = node.entropy.bytes(4)
        node.sessions[session.process_id] = self
        ready = messages.SessionReady(session.settings.reported(), session.process_id, self.secret_key)
        self._reported = session.settings.version
        self.machine.send(node.now, ready)

    def _on_cancel(self, event: messages.CancelReceived) -> None:
        self.node.cancel(event.process_id, event.secret_key)
        self.node.close_soon(self.connection)

    def _on_refused(self, event: messages.AuthenticationFailed) -> None:
        self.node.log(
            "warning", "authentication failed", {"user": event.user, "peer": self.connection.peer, "why": event.reason}
        )
        self.node.close_soon(self.connection)

    def _on_end(self, _event: object) -> None:
        self.node.close_soon(self.connection)

    def _fatal(self, error: SqlError) -> None:
        error.severity = "FATAL"
        self.machine.send(self.node.now, messages.ErrorResponse(fields_of(error)))
        self.node.close_soon(self.connection)

    # ---- events of the session

    def _on_query(self, event: messages.QueryReceived) -> None:
        session = self.session
        assert session is not None, "queries come after startup"
        try:
            outcome = fast.query(session, event.sql, self)
        except Exception as error:
            session.answer_error(error, self)
            outcome = 0
        if outcome is None:
            self._in_query = True
            self._begin(session.simple(event.sql, self))
        else:
            self._answered(session, outcome)

    def _answered(self, session: Session, csn: int) -> None:
        """Send ReadyForQuery; with a `csn`, hold everything until the log is durable up to it."""
        if session.settings.version != self._reported:
            self._report(session)
        if session.listener is not None:
            self._notify(session, answering=True)
        self.machine.ready(session.status)
        if csn:
            self._hold(csn)

    def _notify(self, session: Session, answering: bool = False) -> None:
        """Send the notifications that wait, if the session is between transactions and its client reads."""
        listener = session.listener
        if listener is None or not listener.queue or session.status != "I" or self.connection.blocked:
            return
        machine = self.machine
        if answering or machine.phase is Phase.IDLE:
            for item in listener.take():
                machine.send_result(framing.notification_response(item.process_id, item.channel, item.payload))

    def _hold(self, csn: int) -> None:
        wait = WaitDurable(csn)
        self.wait = wait
        self.held = True
        self.node.suspend(self, wait)

    def _on_parse(self, event: messages.ParseReceived) -> None:
        def work(session: Session) -> None:
            session.parse(event.name, event.sql, event.parameter_oids)
            self.machine.send_result(framing.PARSE_COMPLETE)

        self._attempt(work)

    def _on_bind(self, event: messages.BindReceived) -> None:
        session = self.session
        assert session is not None, "bind comes after startup"
        prepared = fast.runnable(session, event)
        if prepared is not None:
            described = self.machine.take_run()
            if described is not None:
                outcome = fast.run(session, prepared, event, self, described)
                if isinstance(outcome, int):
                    self._answered(session, outcome)
                else:
                    self._in_query = True
                    self._begin(outcome)
                return
        try:
            session.bind(event)
        except Exception as error:
            session.answer_error(error, self)
        else:
            self.machine.send_result(framing.BIND_COMPLETE)

    def _on_describe(self, event: messages.DescribeReceived) -> None:
        session = self.session
        assert session is not None, "describe comes after startup"
        try:
            if event.kind == "P":
                portal = session.portal(event.name)
                wire = portal.entry.wire.get(portal.formats)
                if wire is not None:
                    self.machine.send_result(wire.description)
                else:
                    self._describe(portal.entry, portal.formats)
            else:
                entry = session.statement_entry(event.name)
                oids = [kind.oid for kind in entry.parameters]
                self.machine.send_result(framing.parameter_description(oids))
                self._describe(entry, ())
        except Exception as error:
            session.answer_error(error, self)

    def _on_execute(self, event: messages.ExecuteReceived) -> None:
        session = self.session
        assert session is not None, "execute comes after startup"
        outcome = fast.execute(session, event.portal, event.max_rows, self)
        if outcome is None:
            self._begin(session.execute(event.portal, event.max_rows, self))
        elif outcome:
            self._hold(outcome)

    def _on_close(self, event: messages.CloseReceived) -> None:
        def work(session: Session) -> None:
            session.close(event.kind, event.name)
            self.machine.send_result(framing.CLOSE_COMPLETE)

        self._attempt(work)

    def _on_flush(self, _event: messages.FlushReceived) -> None:
        """Nothing to do: a step ends with sending what there is."""

    def _on_sync(self, _event: messages.SyncReceived) -> None:
        session = self.session
        assert session is not None, "sync comes after startup"
        outcome = fast.sync(session)
        if outcome is None:
            self._in_query = True
            self._begin(session.sync(self))
        else:
            self._answered(session, outcome)

    def _on_function_call(self, event: messages.FunctionCallReceived) -> None:
        session = self.session
        assert session is not None, "function calls come after startup"
        session.fail()
        what = f"the function call protocol (function with OID {event.function_oid})"
        self.error(SqlError("0A000", f"{what} is not supported", hint="Call the function in a SELECT."))
        self._ready()

    def _on_rejected(self, event: messages.MessageRejected) -> None:
        session = self.session
        assert session is not None, "messages are rejected after startup"
        session.fail()
        self.error(SqlError(event.sqlstate, event.message, detail=event.detail))
        if event.needs_ready:
            self._ready()

    def _attempt(self, work: Callable[[Session], None]) -> None:
        session = self.session
        assert session is not None, "statements come after startup"
        try:
            work(session)
        except Exception as error:
            session.answer_error(error, self)

    def _ready(self) -> None:
        session = self.session
        if session is not None and not self.machine.output_ended:
            self._answered(session, 0)

    def _report(self, session: Session) -> None:
        self._reported = session.settings.version
        for name, text in session.settings.take_reports():
            self.machine.send_result(framing.parameter_status(name, text))

    def _describe(self, entry: Entry, formats: Formats) -> None:
        if not entry.gives_rows:
            self.machine.send_result(framing.NO_DATA)
        else:
            self.describe(entry, formats)

    # ---- the sink

    def describe(self, entry: Entry, formats: Formats) -> None:
        """Send RowDescription."""
        assert self.session is not None, "sinks belong to sessions"
        self.machine.send_result(wire_of(entry, formats, self.session.settings.forms).description)

    def rows(self, entry: Entry, formats: Formats, batch: Rows) -> None:
        """Send DataRow messages."""
        assert self.session is not None, "sinks belong to sessions"
        self.machine.send_result(wire_of(entry, formats, self.session.settings.forms).encode(batch))

    def result(self, entry: Entry, batch: Rows) -> None:
        """Send RowDescription, DataRow messages and CommandComplete in one piece."""
        assert self.session is not None, "sinks belong to sessions"
        wire = entry.wire.get(()) or wire_of(entry, (), self.session.settings.forms)
        self.machine.send_result(wire.description + wire.encode(batch) + select_tag(len(batch)))

    def answer(self, entry: Entry, formats: Formats, batch: Rows) -> None:
        """Send DataRow messages and CommandComplete in one piece."""
        assert self.session is not None, "sinks belong to sessions"
        wire = entry.wire.get(formats) or wire_of(entry, formats, self.session.settings.forms)
        self.machine.send_result(wire.encode(batch) + select_tag(len(batch)))

    def bound(self, entry: Entry, formats: Formats, described: bool) -> None:
        """Send BindComplete, and with `described` RowDescription or NoData."""
        if not described:
            self.machine.send_result(framing.BIND_COMPLETE)
            return
        assert self.session is not None, "sinks belong to sessions"
        wire = entry.wire.get(formats) or wire_of(entry, formats, self.session.settings.forms)
        self.machine.send_result(wire.bound)

    def complete(self, tag: str) -> None:
        """Send CommandComplete."""
        self.machine.send_result(framing.command_complete(tag))

    def empty(self) -> None:
        """Send EmptyQueryResponse."""
        self.machine.send_result(framing.EMPTY_QUERY)

    def suspended(self) -> None:
        """Send PortalSuspended."""
        self.machine.send_result(framing.PORTAL_SUSPENDED)

    def error(self, error: SqlError) -> None:
        """Send ErrorResponse."""
        if not self.machine.output_ended:
            self.machine.send(self.node.now, messages.ErrorResponse(fields_of(error)))

    def notice(self, error: SqlError) -> None:
        """Send NoticeResponse."""
        self.machine.send_result(framing.notice_response(fields_of(error)))

    def copy_in(self, binary: bool, columns: int) -> None:
        """Send CopyInResponse."""
        form = int(binary)
        self.machine.send(self.node.now, messages.CopyIn(form, (form,) * columns))

    def copy_out(self, binary: bool, columns: int) -> None:
        """Send CopyOutResponse."""
        form = int(binary)
        self.machine.send(self.node.now, messages.CopyOut(form, (form,) * columns))

    def copy_data(self, pieces: list[bytes]) -> None:
        """Send a CopyData for each piece."""
        self.machine.send_result(b"".join(map(framing.copy_data, pieces)))

    def copy_done(self) -> None:
        """Send CopyDone."""
        self.machine.send(self.node.now, messages.CopyDone())

    @property
    def in_copy(self) -> bool:
        """Whether copy data is awaited from the client."""
        return self.machine.phase is Phase.COPY_IN


_HANDLERS: dict[type, Callable[[PgConnection, Any], None]] = {
    messages.QueryReceived: PgConnection._on_query,
    messages.ParseReceived: PgConnection._on_parse,
    messages.BindReceived: PgConnection._on_bind,
    messages.DescribeReceived: PgConnection._on_describe,
    messages.ExecuteReceived: PgConnection._on_execute,
    messages.CloseReceived: PgConnection._on_close,
    messages.FlushReceived: PgConnection._on_flush,
    messages.SyncReceived: PgConnection._on_sync,
    messages.FunctionCallReceived: PgConnection._on_function_call,
    messages.MessageRejected: PgConnection._on_rejected,
    messages.StartupReceived: PgConnection._on_startup,
    messages.SwitchProtocol: PgConnection._on_switch,
    messages.Authenticated: PgConnection._on_authenticated,
    messages.AuthenticationFailed: PgConnection._on_refused,
    messages.CancelReceived: PgConnection._on_cancel,
    messages.Terminated: PgConnection._on_end,
    messages.ConnectionEnded: PgConnection._on_end,
    messages.ProtocolFailed: PgConnection._on_end,
}
