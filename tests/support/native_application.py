"""A small application behind the native protocol's server machine: enough of a server to test clients against, and no database.

    application = Application()
    with serving(application) as port: ...                # real sockets on a free port, a thread a connection
    MemoryDriver(core, application).drive(operation)      # no socket, no clock: time is a number that jumps

What a statement does is in its text:

    echo                the parameters as one row
    rows N              N rows (number, text), with credit
    hang                no answer until it is cancelled
    drop                the connection ends without an answer
    fail SQLSTATE       an error
    anything else       no rows; the tag is its first word

Each statement is recorded in `log` with its transaction.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from rustydb.conversation import Connect, Disconnect, Flush, Need, Opened, Operation, Probe, Sleep, Wait
from rustydb.core import ClientCore
from rustydb.errors import Error

from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.server import ServerMachine
from rustydb_proto.binary.values import Value
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.scram import make_verifier
from rustydb_proto.core.time import Now

T = TypeVar("T")
TEXT = m.Column("text", "text", 25)
NUMBER = m.Column("number", "bigint", 20)


@dataclass
class Application:
    """What all connections share. `verifier` None lets everybody in."""

    password: str | None = None
    log: list[tuple[str, int]] = field(default_factory=list)
    hellos: list[e.HelloReceived] = field(default_factory=list)
    uploads: dict[str, list[m.Row]] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)
    refuse: int = 0
    """So many connections are dropped before anything is said."""
    drop_at: str = ""
    """Where a connection ends without an answer: "commit" or "rollback"."""
    mute_at: str = ""
    """What is not answered before it is cancelled, and then was carried out all the same: "begin" or "commit"."""

    sockets: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """Break every connection."""
        for connection in self.sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def statements(self) -> list[str]:
        """Return the texts that were run."""
        return [sql for sql, _ in self.log]

    def tell(self, response: m.Response) -> None:
        """Send a notification to every session."""
        for session in self.sessions:
            if not session.machine.output_ended:
                session.machine.send(session.now, e.Notify(response))


class Session:
    """One connection: a machine, and what its requests do."""

    def __init__(self, application: Application, now: Now) -> None:
        self.application = application
        self.now = now
        self.machine = ServerMachine(now, Entropy(bytes(32)))
        self.dropped = False
        self._statements: dict[int, str] = {}
        self._streams: dict[int, tuple[int, int, int]] = {}
        self._hanging: set[int] = set()
        self._late: dict[int, m.Response] = {}
        self._uploads: dict[int, str] = {}
        self._transactions = 0
        self._dead: set[int] = set()
        self.channels: set[str] = set()
        application.sessions.append(self)

    def receive(self, now: Now, data: bytes) -> bytes:
        """Take bytes and return the answer."""
        self.now = now
        self.machine.receive_data(now, data)
        while not isinstance(event := self.machine.next_event(), Stop):
            self._handle(event)
            if self.dropped:
                break
        return self.machine.data_to_send()

    # ---- events

    def _handle(self, event: e.ServerEvent) -> None:
        send = self.machine.send
        if isinstance(event, e.HelloReceived):
            self.application.hellos.append(event)
            password = self.application.password
            if event.mechanism == "TOKEN":
                send(self.now, e.Authenticate("token"))
            elif password is None:
                send(self.now, e.Authenticate("trust"))
            else:
                send(self.now, e.Authenticate("scram-sha-256", str(make_verifier(password, b"0123456789abcdef"))))
        elif isinstance(event, e.TokenReceived):
            send(self.now, e.AcceptUser("ann") if event.token == "good" else e.RejectUser("no such token"))
        elif isinstance(event, e.Authenticated):
            send(self.now, e.SessionReady(len(self.application.sessions), "Test 1", (("TimeZone", "UTC"),)))
        elif isinstance(event, e.RequestReceived):
            self._request(event.request, event.message)
        elif isinstance(event, e.CreditGranted):
            self._stream(event.request)
        elif isinstance(event, e.CancelReceived) and self.machine.is_open(event.request):
            self._streams.pop(event.request, None)
            self._hanging.discard(event.request)
            if event.request in self._late:
                self._answer(event.request, self._late.pop(event.request))
                return
            self._error(event.request, "57014", "canceling statement due to user request")

    def _answer(self, request: int, response: m.Response, more: bool = False) -> None:
        self.machine.answer(request, response, more)

    def _error(self, request: int, sqlstate: str, message: str, more: bool = False) -> None:
        self._answer(request, m.Error(m.ErrorFields(message, sqlstate, hint="It was a test.")), more)

    def _request(self, request: int, message: m.Request) -> None:
        if isinstance(message, m.Query):
            self._run(request, message.sql, (), None)
        elif isinstance(message, m.Execute):
            self._run(request, message.sql, message.parameters, message.options)
        elif isinstance(message, m.ExecutePrepared):
            if message.statement not in self._statements:
                self._error(request, "26000", "no such prepared statement")
            else:
                self._run(request, self._statements[message.statement], message.parameters, message.options)
        elif isinstance(message, m.Prepare):
            self._statements[request] = message.sql
            self.application.log.append((f"prepare {message.sql}", 0))
            self._answer(request, m.Prepared(request, (0,) * message.sql.count("$"), ()))
        elif isinstance(message, m.ClosePrepared):
            self._statements.pop(message.statement, None)
            self._answer(request, m.Ok())
        elif isinstance(message, m.Begin):
            self._transactions += 1
            self.application.log.append((f"begin {message.isolation} {message.read_only}".strip(), self._transactions))
            if self.application.mute_at == "begin":
                self._late[request] = m.TransactionId(self._transactions)
            else:
                self._answer(request, m.TransactionId(self._transactions))
        elif isinstance(message, m.CommitTransaction | m.RollbackTransaction):
            self._end(request, message)
        elif isinstance(message, m.Batch):
            self._batch(request, message)
        elif isinstance(message, m.BulkInsert):
            self._uploads[request] = message.table
            self.application.uploads.setdefault(message.table, [])
            self._upload(request, message.rows, message.more)
        elif isinstance(message, m.BulkRows):
            self._upload(request, message.rows, message.more)
        elif isinstance(message, m.Subscribe):
            self.application.log.append((f"subscribe {message.table} from {message.position}", 0))
            self._answer(request, m.Subscribed(7, (NUMBER, TEXT), message.position))
        else:
            if isinstance(message, m.Listen):
                self.channels.add(message.channel)
            self._answer(request, m.Ok())

    def _end(self, request: int, message: m.CommitTransaction | m.RollbackTransaction) -> None:
        word = "commit" if isinstance(message, m.CommitTransaction) else "rollback"
        self.application.log.append((word, message.transaction))
        if word == self.application.drop_at:
            self.dropped = True
            return
        if word == self.application.mute_at:
            self._late[request] = m.Ok()
            return
        if word == "commit" and message.transaction in self._dead:
            self._error(request, "25P02", "current transaction is aborted")
            return
        self._answer(request, m.Ok())

    def _run(self, request: int, sql: str, parameters: tuple[Value, ...], options: m.Options | None) -> None:
        options = options or m.Options()
        self.application.log.append((sql, options.transaction))
        word, _, rest = sql.partition(" ")
        if word == "hang":
            self._hanging.add(request)
        elif word == "drop" or "drop" in rest.split():
            self.dropped = True
        elif word == "fail":
            self._dead.add(options.transaction)
            self._error(request, rest[:5], f"it failed with {rest[:5]}")
        elif word == "notice":
            self._answer(request, m.Notice(m.ErrorFields("mind the gap", "01000", "WARNING")), True)
            self._answer(request, m.QueryResult((), (), 0, "NOTICE"))
        elif word == "rows" or sql.startswith("SELECT rows"):
            self._streams[request] = 0, int(sql.split()[-1]), options.batch_rows or 100
            if options.credit:
                self._answer(request, m.Columns((NUMBER, TEXT)), True)
                self._stream(request)
            else:
                _, count, _ = self._streams.pop(request)
                self._answer(
                    request,
                    m.QueryResult(
                        (NUMBER, TEXT), tuple((n, f"row {n}") for n in range(count)), count, f"SELECT {count}"
                    ),
                )
        elif word == "echo" or sql.startswith("SELECT"):
            columns = tuple(m.Column(f"p{n}", "unknown", 0) for n in range(1, len(parameters) + 1))
            self._answer(request, m.QueryResult(columns, (parameters,), 1, "SELECT 1"))
        else:
            self._answer(request, m.QueryResult((), (), 1, "INSERT 0 1" if word == "INSERT" else word))

    def _stream(self, request: int) -> None:
        if request not in self._streams:
            return
        sent, count, size = self._streams[request]
        while sent < count and self.machine.credit(request):
            rows = tuple((n, f"row {n}") for n in range(sent, min(sent + size, count)))
            sent += len(rows)
            self._answer(request, m.Rows(rows), True)
        self._streams[request] = sent, count, size
        if sent >= count:
            del self._streams[request]
            self._answer(request, m.Completed(count, f"SELECT {count}"))

    def _batch(self, request: int, message: m.Batch) -> None:
        number = message.options.transaction if message.options else 0
        for one in message.statements:
            self.application.log.append((one.sql, number))
            if one.sql.startswith("fail"):
                self._error(request, one.sql[5:10], "it failed", not message.transactional)
                if message.transactional:
                    return
            else:
                self._answer(request, m.QueryResult((), (), 1, one.sql.split()[0]), True)
        self._answer(request, m.Ok())

    def _upload(self, request: int, rows: tuple[m.Row, ...], more: bool) -> None:
        table = self._uploads[request]
        if table == "broken" and self.application.uploads[table]:
            self._error(request, "23505", "duplicate key")
            return
        self.application.uploads[table] += rows
        if more:
            self._answer(request, m.Granted(1), True)
        else:
            count = len(self.application.uploads[table])
            self._answer(request, m.Completed(count, f"INSERT 0 {count}"))


# ---- without sockets, in virtual time


class MemoryDriver:
    """Carries out what a core needs: bytes go to a Session at once, and when nothing moves, time jumps."""

    def __init__(self, core: ClientCore, application: Application) -> None:
        self.core = core
        self.application = application
        self.now = core.now
        self.session: Session | None = None
        self.slept: list[float] = []
        self.needs: list[Need] = []
        self.deaf = False
        """Whether what is sent is lost, until a new connection is made."""

    def drive(self, operation: Operation[T]) -> T:
        """Run a generator to its end."""
        self._tick()
        try:
            need = next(operation)
            while True:
                self.needs.append(need)
                try:
                    answer = self._carry_out(need)
                except (OSError, Error) as error:
                    need = operation.throw(error)
                else:
                    self._tick()
                    need = operation.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            operation.close()
            self._exchange()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now = Now(self.now.mono_ns + int(seconds * 1e9), self.now.wall_us + int(seconds * 1e6))
        self._tick()

    def cut(self) -> None:
        """Break the connection."""
        assert self.session is not None and self.core.conversation is not None, "there is a connection"
        self.session = None
        self.core.conversation.receive(self.now, b"")

    def _tick(self) -> None:
        self.core.now = self.now
        if self.core.conversation is not None:
            self.core.conversation.tick(self.now)

    def _carry_out(self, need: Need) -> Opened | None:
        if isinstance(need, Connect):
            if self.application.refuse:
                self.application.refuse -= 1
                raise ConnectionRefusedError(111, "Connection refused")
            self.session, self.deaf = Session(self.application, self.now), False
            return Opened(None)
        if isinstance(need, Sleep):
            self.slept.append(need.seconds)
            self.advance(need.seconds)
        elif isinstance(need, Disconnect):
            self._exchange()
            self.session = None
        elif isinstance(need, Flush | Probe):
            self._exchange()
        elif not self._exchange():
            assert isinstance(need, Wait) and need.until is not None, f"{need} would wait for ever"
            self.advance(max(need.until - self.now.mono_ns, 0) / 1e9)
        return None

    def _exchange(self) -> bool:
        conversation = self.core.conversation
        if self.session is None or conversation is None:
            return False
        due = self.session.machine.deadline()
        if due is not None and due <= self.now.mono_ns:
            self.session.machine.handle_timeout(self.now)
        sent = conversation.data_to_send()
        if self.deaf:
            return False
        answer = self.session.receive(self.now, sent) if sent else self.session.machine.data_to_send()
        if answer:
            conversation.receive(self.now, answer)
        if self.session.dropped or self.session.machine.output_ended:
            self.cut()
            return True
        return bool(answer)


# ---- with sockets


@contextmanager
def serving(application: Application) -> Iterator[int]:
    """Serve the application on a free port of 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if application.refuse:
                application.refuse -= 1
                connection.close()
                continue
            application.sockets.append(connection)
            thread = threading.Thread(target=serve, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    def serve(connection: socket.socket) -> None:
        session = Session(application, clock())
        with connection, suppress(OSError):
            while not session.machine.output_ended and not session.dropped:
                data = connection.recv(65536)
                answer = session.receive(clock(), data)
                if answer:
                    connection.sendall(answer)

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        application.cut()
        acceptor.join(10)
        for thread in threads:
            thread.join(10)


def clock() -> Now:
    """Read both clocks."""
    return Now(time.monotonic_ns(), time.time_ns() // 1000)
