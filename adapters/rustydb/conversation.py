"""One connection's conversation with the server, without input and output: requests out, responses to where they belong.

The native protocol gives each request a number and lets many be open at once. `Conversation` keeps a `Pending` for each, files every
response under its number, collects notices and notifications, and remembers why the connection ended. Whoever waits, waits in a
generator that yields `Wait`: *write what `data_to_send` has, feed what the peer sends to `receive`, and come back when something
was fed or the moment `until` has come.* Two drivers do that, blocking.py with sockets and async_client.py with anyio; a test does it with
a server machine in memory.

A request that nobody waits for any more (its time was up, its task cancelled, Ctrl-C) is *abandoned*: Cancel goes out with the next bytes,
its late responses are dropped, and the connection stays in step, which is what numbers are for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from rustydb.errors import (
    AuthenticationFailed,
    ConnectionLost,
    ConnectTimeout,
    Error,
    OperationalError,
    ProgrammingError,
    RequestTimeout,
    from_fields,
)
from rustydb.options import ConnectOptions
from rustydb_proto.binary import events
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.client import ClientMachine
from rustydb_proto.binary.compression import COMPRESSIONS
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import NS_PER_S, Now

T = TypeVar("T")

KEEPALIVE_SECONDS: Final = 60
NOTIFICATIONS_MAX: Final = 100_000
"""Notifications kept for a program that does not take them; beyond that the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Move bytes until something was received, or until this moment (monotonic ns; None: for ever)."""

    until: int | None


@dataclass(frozen=True, slots=True)
class Flush:
    """Write everything that is to be written, by this moment."""

    until: int | None


@dataclass(frozen=True, slots=True)
class Probe:
    """Read what is there, without waiting: has the server closed a connection that was idle?"""


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect to this address by this moment; the answer is an `Opened`. OSError or an Error is thrown in when it fails."""

    host: str
    port: int
    sslmode: str
    until: int


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close the transport, if there is one."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Opened:
    """A transport is connected. `channel_binding` is the hash of the server's certificate (tls-server-end-point), or None."""

    channel_binding: bytes | None


Need: TypeAlias = Wait | Flush | Probe | Connect | Disconnect | Sleep
Operation: TypeAlias = Generator[Need, Opened | None, T]


class Pending:
    """One open request: the responses that came and were not taken, and whether the last one was among them."""

    __slots__ = ("done", "notices", "number", "received", "responses")

    def __init__(self, number: int) -> None:
        self.number = number
        self.responses: deque[m.Response] = deque()
        self.notices: list[Mapping[str, object]] = []
        self.received = False
        self.done = False


class Conversation:
    """See the module docstring. `now` must be given with everything that happens."""

    def __init__(
        self, now: Now, entropy: Entropy, options: ConnectOptions, channel_binding: bytes | None = None
    ) -> None:
        self.now = now
        self._machine = _machine(now, entropy, options, channel_binding)
        self._pending: dict[int, Pending] = {}
        self._abandoned: set[int] = set()
        self.notifications: deque[m.Notified | m.Changed | m.Subscribed | m.Ended] = deque()
        self.notices: deque[Mapping[str, object]] = deque(maxlen=1000)
        self.settings: dict[str, str] = {}
        self.started: events.SessionStarted | None = None
        self.failure: Error | None = None
        self.dropped_notifications = 0
        self.heard_ns = now.mono_ns
        self._open_bytes = 0
        self._pinged_ns = 0

    # ---- bytes and time

    def receive(self, now: Now, data: bytes) -> None:
        """Take bytes from the server; b"" is its end of file."""
        self.now = now
        self.heard_ns = now.mono_ns
        self._machine.receive_data(now, data)
        self._advance()

    def lost(self, now: Now, error: Error) -> None:
        """The transport broke."""
        self.now = now
        self.fail(error)

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to write."""
        return self._machine.data_to_send()

    def deadline(self) -> int | None:
        """Return when `tick` is due, or None."""
        return self._machine.deadline()

    def tick(self, now: Now) -> None:
        """Time has passed."""
        self.now = now
        due = self._machine.deadline()
        if due is not None and due <= now.mono_ns:
            self._machine.handle_timeout(now)
            self._advance()

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent."""
        return self.started is not None and self.failure is None

    @property
    def open_requests(self) -> int:
        """How many requests wait for their answers."""
        return len(self._pending)

    # ---- requests

    def start(self, message: m.Request) -> Pending:
        """Send a request; its responses come into the Pending."""
        self._require_open()
        try:
            number = self._machine.request(self.now, message)
        except LocalProtocolError as error:  # the server told its limits, and this is beyond them
            raise ProgrammingError(str(error), "54000") from None
        pending = Pending(number)
        self._pending[number] = pending
        return pending

    def grant(self, pending: Pending, batches: int) -> None:
        """Let the server send so many more batches of rows to a request."""
        if self.failure is None and not pending.done:
            self._machine.credit(self.now, pending.number, batches)

    def upload(self, pending: Pending, rows: m.BulkRows) -> None:
        """Send more rows of a BulkInsert; `upload_capacity` must allow it unless they are the last."""
        self._require_open()
        try:
            self._machine.upload(self.now, pending.number, rows)
        except LocalProtocolError as error:
            raise ProgrammingError(str(error), "54000") from None

    def upload_capacity(self, pending: Pending) -> int:
        """Return how many BulkRows with `more` may be sent now."""
        return self._machine.upload_capacity(pending.number)

    def takes(self, message: m.ExecutePrepared) -> bool:
        """Say whether the server takes this request beside the open ones, by their number and (roughly) their bytes."""
        self._open_bytes = self._open_bytes if self._pending else 0
        size = 64 + sum(len(one) if isinstance(one, str | bytes) else 32 for one in message.parameters)
        if self._machine.capacity < 8 or self._open_bytes + size > self.limits.requests_bytes_max // 4:
            return False
        self._open_bytes += size
        return True

    @property
    def limits(self) -> m.Welcome:
        """What the server told about itself."""
        limits = self._machine.limits
        assert limits is not None, "the session is open"
        return limits

    def forget(self, message: m.Request) -> None:
        """Send a request whose answer nobody needs."""
        if self.failure is None:
            self._abandoned.add(self._machine.request(self.now, message))

    def abandon(self, pending: Pending) -> None:
        """Nobody waits for this request any more: cancel it, unless it is done."""
        if pending.done or self.failure is not None:
            return
        if self._pending.pop(pending.number, None) is not None:
            self._abandoned.add(pending.number)
            self._cancel(pending.number)
        pending.done = True

    def abandon_all(self) -> None:
        """Nobody waits for anything any more."""
        for pending in list(self._pending.values()):
            self.abandon(pending)

    def cancel_all(self) -> int:
        """Ask the server to cancel every open request; whoever waits gets 57014 from it. Return how many."""
        if self.failure is not None:
            return 0
        for number in self._pending:
            self._cancel(number)
        return len(self._pending)

    def say_goodbye(self) -> None:
        """Tell the server that we leave."""
        if self.is_open:
            self._machine.request(self.now, m.Goodbye())
            self.fail(ConnectionLost("the connection is closed", "08003"))

    def _cancel(self, number: int) -> None:
        # Its own answer, an Ok, has nobody who waits for it.
        self._abandoned.add(self._machine.request(self.now, m.Cancel(number)))

    # ---- waiting

    def until(self, timeout: float | None) -> int | None:
        """Return the moment that is `timeout` seconds from now."""
        return None if timeout is None else self.now.mono_ns + int(timeout * NS_PER_S)

    def next_response(self, pending: Pending, until: int | None) -> Operation[m.Response]:
        """Return the next response of a request; raise for an Error, the connection's end, and RequestTimeout."""
        response = yield from self.next_raw(pending, until)
        if isinstance(response, m.Error):
            raise error_of(response.fields)
        return response

    def next_raw(self, pending: Pending, until: int | None) -> Operation[m.Response]:
        """Return the next response of a request, an Error too."""
        while not pending.responses:
            assert not pending.done, "after its last response a request has no other"
            if self.failure is not None:
                raise again(self.failure)
            if until is not None and self.now.mono_ns >= until:
                raise RequestTimeout("no answer within the timeout; the request was cancelled")
            yield Wait(until)
        return pending.responses.popleft()

    def answer(self, message: m.Request, until: int | None) -> Operation[m.Response]:
        """Send a request that has one response, and return it."""
        pending = self.start(message)
        try:
            return (yield from self.next_response(pending, until))
        finally:
            self.abandon(pending)

    def wait_unasked(self, until: int | None) -> Operation[None]:
        """Wait until something comes, with a Ping a minute: a server closes connections that are silent for long.

        One that has not answered the last Ping when the next is due is gone, and that ends the conversation.
        """
        due = self.heard_ns + KEEPALIVE_SECONDS * NS_PER_S
        if self.now.mono_ns >= due:
            if self._pinged_ns > self.heard_ns:
                self.fail(ConnectionLost(f"the server has not answered for {KEEPALIVE_SECONDS} s"))
                return
            self._pinged_ns = self.now.mono_ns
            self.forget(m.Ping())
            due = self.now.mono_ns + KEEPALIVE_SECONDS * NS_PER_S
        yield Wait(due if until is None else min(due, until))

    def wait_started(self, until: int | None) -> Operation[events.SessionStarted]:
        """Wait until the session is open."""
        while self.started is None:
            if self.failure is not None:
                raise again(self.failure)
            if until is not None and self.now.mono_ns >= until:
                raise ConnectTimeout("the server did not open a session within connect_timeout")
            yield Wait(until)
        return self.started

    # ---- events

    def _require_open(self) -> None:
        if self.failure is not None:
            raise again(self.failure)
        assert self.started is not None, "nobody asks before the session is open"

    def _advance(self) -> None:
        while not isinstance(event := self._machine.next_event(), Stop):
            if isinstance(event, events.ResponseReceived):
                self._file(event)
            elif isinstance(event, events.NotificationReceived):
                self._notify(event.response)
            elif isinstance(event, events.SessionStarted):
                self.started = event
                self.settings = dict(event.settings)
            else:
                self.fail(_end_of(event))
                return

    def _file(self, event: events.ResponseReceived) -> None:
        pending = self._pending.get(event.request)
        if pending is None:
            if not event.more:
                self._abandoned.discard(event.request)
            if isinstance(event.response, m.TransactionId):
                self.forget(m.RollbackTransaction(event.response.transaction))  # nobody will end it
            return
        pending.received = True
        if isinstance(event.response, m.Notice):
            pending.notices.append(fields_of(event.response.fields))
        else:
            pending.responses.append(event.response)
        if not event.more:
            pending.done = True
            del self._pending[event.request]

    def _notify(self, response: m.Response) -> None:
        if isinstance(response, m.Notified | m.Changed | m.Subscribed | m.Ended):
            if len(self.notifications) >= NOTIFICATIONS_MAX:
                self.notifications.popleft()
                self.dropped_notifications += 1
            self.notifications.append(response)
        elif isinstance(response, m.Notice):
            self.notices.append(fields_of(response.fields))
        elif isinstance(response, m.SettingChanged):
            self.settings[response.name] = response.value

    def fail(self, error: Error) -> None:
        """End: every request that is open fails with this, and every later one."""
        if self.failure is None:
            self.failure = error
            self._pending.clear()
            self._abandoned.clear()


def again(error: Error) -> Error:
    """Return a copy to raise: one object raised in several places would collect their tracebacks."""
    return type(error)(error.message, error.sqlstate, error.fields)


def fields_of(fields: m.ErrorFields) -> dict[str, object]:
    """Return the fields of an error object that are there, by name."""
    names = (
        "message", "sqlstate", "severity", "detail", "hint", "position", "where", "schema", "table", "column", "datatype",
        "constraint",
    )  # fmt: skip
    return {name: found for name in names if (found := getattr(fields, name)) is not None}


def error_of(fields: m.ErrorFields) -> Error:
    """Return the exception for an error object."""
    return from_fields(fields.sqlstate, fields.message, fields_of(fields))


def _end_of(event: events.ClientEvent) -> Error:
    """Return the exception for the last event of a connection."""
    if isinstance(event, events.ConnectionFailed):
        error = error_of(event.fields)
        # What ended a session is not what its next statement did wrong: a class of its own only where a program can act on it.
        return (
            error
            if isinstance(error, OperationalError)
            else ConnectionLost(error.message, error.sqlstate, error.fields)
        )
    if isinstance(event, events.AuthenticationFailed):
        error = from_fields(event.sqlstate, event.reason)
        return error if isinstance(error, AuthenticationFailed) else from_fields(event.sqlstate, event.reason)
    if isinstance(event, events.ProtocolFailed):
        return ConnectionLost(f"the conversation with the server broke: {event.message}", event.sqlstate)
    if isinstance(event, events.ConnectionEnded):
        how = "the server closed the connection" if event.clean else "the connection broke in the middle of a message"
        return ConnectionLost(how)
    return ConnectionLost(f"the conversation with the server broke: {type(event).__name__}")


def _machine(now: Now, entropy: Entropy, options: ConnectOptions, channel_binding: bytes | None) -> ClientMachine:
    offered = () if options.compression == "none" else (options.compression,)
    other = "bincode" if options.encoding == "messagepack" else "messagepack"
    return ClientMachine(
        now,
        entropy.child(f"connection {now.mono_ns}"),
        user=options.user,
        database=options.database,
        password=None if options.token else options.password,
        token=options.token or None,
        application_name=options.application_name,
        encodings=(options.encoding, other),
        compressions=[name for name in offered if name in COMPRESSIONS],
        channel_binding=channel_binding,
    )
