"""A lane: one session of a native connection, and the requests that wait for it, worked off in order.

A connection has a first lane, whose session is what a client that sends one request after the other has to do with; spare lanes,
which run statements beside it when requests are pipelined; and one for each open transaction. front.py decides which
request goes where.

`start` takes the short way (session/fast.py) where it can, and the request is answered before it returns. Otherwise `work` is the
generator that the node resumes through `run`. A result that streams stops (`stalled`) until the client gives it credit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Tick, Wait, WaitDurable, WaitFor, WaitUntil
from rustydb_engine.node.connections import GONE
from rustydb_engine.node.native.result import Result
from rustydb_engine.session.copying import NeedCopyData
from rustydb_engine.session.session import Session
from rustydb_proto.binary import messages as m
from rustydb_proto.core.time import NS_PER_MS, Now

if TYPE_CHECKING:
    from rustydb_engine.node.native.front import NativeFront

Work = Generator[Wait | NeedCopyData, object, None]
TASKS_OF_A_RUN = range(200)
UNSENT_BYTES_MAX = 1 << 20


class Task:
    """A request on its way. `bound`: it belongs to the state of the first lane's session. `uploads`: BulkRows not yet inserted."""

    __slots__ = ("bound", "message", "request", "uploads")

    def __init__(self, request: int, message: m.Request) -> None:
        self.request = request
        self.message = message
        self.bound = False
        self.uploads: deque[m.BulkRows] = deque()


class Lane:
    """One session at work. `transaction` is the number of the open transaction that owns it, 0 for none."""

    __slots__ = (
        "_failure", "_hungry", "_reply", "committing", "connection", "deadline_ns", "front", "held", "node", "queue", "queued", "result",
        "secret_key", "session", "settings_version", "task", "transaction", "wait", "work",
    )  # fmt: skip

    def __init__(self, front: NativeFront, session: Session) -> None:
        self.front = front
        self.node = front.node
        self.connection = front.connection
        self.session: Session | None = session
        self.secret_key = self.node.entropy.bytes(32)
        self.wait: Wait | None = None
        self.queued = self.held = self.committing = False
        self.queue: deque[Task] = deque()
        self.task: Task | None = None
        self.work: Work | None = None
        self.result: Result | None = None
        self.transaction = 0
        self.settings_version = session.settings.version
        self.deadline_ns: int | None = None
        self._failure: SqlError | None = None
        self._hungry = False
        self._reply: object = None
        self.node.sessions[session.process_id] = self

    @property
    def idle(self) -> bool:
        """Whether a request would be begun at once."""
        return self.task is None and self.wait is None and not self.queue

    # ---- what the front says

    def add(self, task: Task) -> None:
        """Take a request: begin it if nothing is before it."""
        if self.idle and not self.connection.blocked:
            self._start(task)
            if self.task is not None:
                self.node.enqueue(self)
        else:
            self.queue.append(task)
            self.node.enqueue(self)

    def remove(self, request: int) -> bool:
        """Drop a request that is not begun; False if it is not in the queue."""
        for task in self.queue:
            if task.request == request:
                self.queue.remove(task)
                return True
        return False

    # ---- running

    def run(self) -> int:
        """Work until there is nothing to do, or until something must be waited for."""
        self.front.told.tell(self)
        for _ in TASKS_OF_A_RUN:
            if self.connection.blocked and self._failure is None:
                return 0
            if self.front.machine.unsent_bytes > UNSENT_BYTES_MAX:
                break  # what there is goes out first, and the socket may turn out to be blocked
            if self.task is None:
                if not self.queue:
                    self.front.rest(self)
                    return 0
                self._start(self.queue.popleft())
            elif self.work is None:
                if not self._finish(0):
                    return 0
            elif self._failure is None and self.result is not None and self.result.stalled and not self.result.flush():
                return 0
            elif not self._resume():
                return 1
            if self.wait is not None:
                return 0
        self.node.enqueue(self)
        return 1

    def _start(self, task: Task) -> None:
        assert self.session is not None, "requests come while the session is there"
        self.task = task
        if self.transaction and self.session.status == "I" and named_transaction(task.message):
            self.front.forget_transaction(self)
            fields = m.ErrorFields("the transaction has ended", "25P01")
            self.reply(m.Error(fields))
            return
        self.front.starters[type(task.message)](self, task)

    def begin(self, result: Result, work: Work, timeout_ms: int = 0) -> None:
        """Go the long way with a request; `timeout_ms` 0: the session's own limit."""
        session = self.session
        assert session is not None, "requests come while the session is there"
        self.result = result
        self.work = work
        timeout_ns = timeout_ms * NS_PER_MS or session.statement_timeout_ns
        if timeout_ns:
            self.deadline_ns = self.node.now.mono_ns + timeout_ns
            self.node.schedule(self.deadline_ns, self)

    def proceed(self) -> None:
        """Resume work that was just begun, at once."""
        if not self._resume() and self.wait is None:
            self.node.enqueue(self)

    def done(self, result: Result, csn: int = 0) -> None:
        """The statement has ended: answer, once the log is durable up to `csn`."""
        self.result = result
        self._finish(csn)

    def _finish(self, csn: int) -> bool:
        """Send the last response; False while rows wait for credit."""
        result, task = self.result, self.task
        assert result is not None and task is not None, "a request is being answered"
        if self._failure is not None:
            result.error_seen, self._failure = self._failure, None
        if not result.finish():
            return False
        self.front.judge(result.error_seen)
        assert result.body is not None, "a finished result has its response"
        self._forget()
        self.front.respond(task.request, result.body, csn)
        if self.session is not None and self.session.listener is not None:
            self.node.enqueue(self)  # what came meanwhile is told between statements
        return True

    def reply(self, response: m.Response, csn: int = 0) -> None:
        """Answer the request with something that is no result."""
        task = self.task
        assert task is not None, "a request is being answered"
        self.front.judge(None)
        self._forget()
        self.front.respond(task.request, self.front.machine.encode(response), csn)

    def _forget(self) -> None:
        self.task = self.result = self.work = None
        self.deadline_ns = None
        self.committing = self._hungry = False

    def _resume(self) -> bool:
        """Go on with the work; return whether it ended."""
        work = self.work
        assert work is not None, "there is work to resume"
        try:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                self._hungry = False
                wait = work.throw(failure)
            else:
                if self._hungry:
                    if not self._feed():
                        return False
                self.committing = False
                reply, self._reply = self._reply, None
                wait = work.send(reply)
            while isinstance(wait, NeedCopyData):
                self._hungry = True
                if not self._feed():
                    return False
                reply, self._reply = self._reply, None
                wait = work.send(reply)
        except StopIteration:
            self.work = None
            self._finish(0)
            return True
        except Exception as error:  # sessions answer errors themselves: one that comes here is between their statements
            assert self.session is not None and self.result is not None, "work belongs to a session and has a result"
            self.work = None
            self.session.answer_error(error, self.result)
            self._finish(0)
            return True
        if isinstance(wait, Tick):
            self.node.enqueue(self)
        else:
            self.wait = wait
            self.committing = isinstance(wait, WaitDurable)
            self.node.suspend(self, wait)
        return False

    def _feed(self) -> bool:
        """Give the work the next rows of its upload, if they are here."""
        task = self.task
        assert task is not None, "an upload is being worked on"
        if not task.uploads:
            return False
        self._hungry = False
        self._reply = task.uploads.popleft()
        return True

    def cancel(self, error: SqlError) -> None:
        """Make the running statement fail; nothing happens when none runs, or it is on its way to disk."""
        if self.task is not None and not self.committing:
            self._failure = error
            self.wait = None
            self.node.enqueue(self)

    def timeout(self, now: Now) -> None:
        """Fire what is due: a sleep, the time of a statement, a wait for a lock."""
        wait = self.wait
        if isinstance(wait, WaitUntil) and wait.mono_ns <= now.mono_ns:
            self.node.wake(self, wait)
        if self.deadline_ns is not None and self.deadline_ns <= now.mono_ns:
            self.deadline_ns = None
            self.cancel(SqlError("57014", "canceling statement due to statement timeout"))
        if isinstance(wait, WaitFor) and wait is self.wait and 0 < wait.until_ns <= now.mono_ns:
            self.cancel(SqlError("55P03", "canceling statement due to lock timeout"))

    def terminate(self, error: SqlError) -> None:
        """End the connection with a FATAL error."""
        self.front.fail(error)

    def close(self) -> None:
        """End the session."""
        self.wait = GONE
        work, self.work = self.work, None
        if work is not None:
            work.close()
        session, self.session = self.session, None
        if session is not None:
            self.node.sessions.pop(session.process_id, None)
            session.end()
        self._forget()
        self.queue.clear()


def named_transaction(message: m.Request) -> int:
    """Return the number of the transaction that a request names, 0 for none."""
    options = getattr(message, "options", None)
    number: int = getattr(message, "transaction", 0) if options is None else options.transaction
    return number


def session_of(lane: Lane) -> Session:
    """Return the session of a lane that is open."""
    assert lane.session is not None, "requests come while the session is there"
    return lane.session
