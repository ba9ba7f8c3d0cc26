"""The shell's connection: the client half of the PostgreSQL protocol on a blocking socket.

The shell speaks PostgreSQL because that protocol sends values as text, as the server prints them, and because it works with PostgreSQL
itself as well. A query gives a list of `Outcome`s, one for each statement; an error is an outcome, not an exception. What the user
interrupts (Ctrl-C) is cancelled by a second connection, and the answer is awaited.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rustydb_proto import pg
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import Now
from rustydb_shell.address import Address

READ_BYTES = 1 << 18


class LinkError(Exception):
    """There is no connection (any more); the message says why. `sqlstate` is what the server said, or 08006."""

    def __init__(self, message: str, sqlstate: str = "08006") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


@dataclass
class Outcome:
    """What a statement came to: rows (as text, with `columns`), a tag, or an error's fields."""

    columns: tuple[pg.Column, ...] | None = None
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    tag: str = ""
    error: Mapping[str, str] | None = None


class Link:
    """One connection. `on_notice` hears notices and notifications as they come."""

    def __init__(
        self, address: Address, on_notice: Callable[[str], None] = lambda text: None, seconds: float | None = None
    ) -> None:
        self.address = address
        self._seconds = seconds  # for each answer; None is no limit
        self._on_notice = on_notice
        self.status = "I"
        self._socket: socket.socket | None = None
        self._machine: pg.ClientMachine | None = None
        self.backend = 0
        self.tls = ""

    # ---- the connection

    def open(self) -> None:
        """Connect and authenticate; LinkError."""
        address = self.address
        try:
            self._socket = address.connect()
        except OSError as error:
            raise LinkError(
                f"connection to server at {address.place} failed: {error.strerror or error}", "08001"
            ) from None
        wants_tls = address.sslmode != "disable" and not address.host.startswith("/")
        self._machine = pg.ClientMachine(
            _now(), Entropy(secrets.token_bytes(32)), address.user, address.database, password=address.password or None,
            parameters={"application_name": address.application_name, "client_encoding": "UTF8"}, tls=wants_tls,
            tls_required=address.sslmode not in ("disable", "allow", "prefer"),
        )  # fmt: skip
        for event in self._events():
            if isinstance(event, pg.SwitchProtocol):
                self._start_tls()
            elif isinstance(event, pg.SessionStarted):
                self.backend = event.process_id
                # Until here, the time for connecting was the limit.
                self._socket.settimeout(self._seconds)
                return
            elif isinstance(event, pg.ErrorReceived):
                raise LinkError(
                    f"connection to server at {address.place} failed: {event.severity}:  {event.message}",
                    event.sqlstate,
                )
        raise LinkError(f"connection to server at {address.place} ended before a session began")

    def close(self) -> None:
        """Say goodbye and close."""
        if self._machine is not None and self._socket is not None:
            with contextlib.suppress(OSError, pg.LocalProtocolError):
                self._machine.send(_now(), pg.Terminate())
                self._socket.sendall(self._machine.data_to_send())
            self._socket.close()
        self._socket = self._machine = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._socket is not None and self._machine is not None and not self._machine.output_ended

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the server reports of itself."""
        return self._machine.parameters if self._machine is not None else {}

    def _start_tls(self) -> None:
        assert self._socket is not None and self._machine is not None, "there is a connection"
        try:
            secure = self.address.context().wrap_socket(self._socket, server_hostname=self.address.host)
        except (ssl.SSLError, OSError) as error:
            reason = getattr(error, "verify_message", "") or str(error)
            raise LinkError(f"no TLS with {self.address.place}: {reason}", "08001") from None
        self._socket = secure
        self.tls = f"{secure.version()}, {(secure.cipher() or ('?',))[0]}"
        self._machine.tls_started(self.address.binding(secure))

    def _events(self) -> Iterator[pg.ClientEvent]:
        """Yield events as they come, for ever; LinkError at the end of the connection."""
        if self._socket is None or self._machine is None:
            raise LinkError("there is no connection to the server", "08003")
        while True:
            event = self._machine.next_event()
            try:
                if data := self._machine.data_to_send():
                    self._socket.sendall(data)
                if isinstance(event, Stop):
                    if self._machine.output_ended:
                        raise LinkError("the connection to the server is over")
                    self._machine.receive_data(_now(), self._socket.recv(READ_BYTES))
                    continue
            except OSError as error:
                self.close()
                raise LinkError(f"the connection to the server broke: {error.strerror or error}") from None
            if isinstance(event, pg.NoticeReceived):
                self._on_notice(describe(event.fields))
            elif isinstance(event, pg.NotificationReceived):
                payload = f' with payload "{event.payload}"' if event.payload else ""
                self._on_notice(
                    f'Asynchronous notification "{event.channel}"{payload} received from server process with PID {event.process_id}.'
                )
            elif isinstance(event, pg.ConnectionEnded):
                self.close()
                raise LinkError("the server closed the connection unexpectedly")
            elif isinstance(event, pg.ProtocolFailed):
                self.close()
                raise LinkError(event.message, event.sqlstate)
            else:
                yield event
            if isinstance(event, pg.ErrorReceived) and self._machine.output_ended:
                self.close()
                raise LinkError(f"{event.severity}:  {event.message}", event.sqlstate)

    # ---- statements

    def query(
        self, sql: str, copy_in: Iterable[bytes] | None = None, copy_out: Callable[[bytes], object] = lambda data: None
    ) -> Iterator[Outcome]:
        """Run statements and yield the outcome of each as it comes.

        `copy_in` is what a COPY FROM STDIN reads; `copy_out` takes the data of a COPY TO STDOUT as it comes.

        Leaving the iteration early (Ctrl-C) cancels the statement and drops what is left of its answer.
        """
        if self._machine is None:
            raise LinkError("there is no connection to the server", "08003")
        self._machine.send(_now(), pg.Query(sql))
        finished = False
        try:
            yield from self._outcomes(copy_in, copy_out)
            finished = True
        finally:
            if not finished and self.is_open:
                self.cancel()
                with contextlib.suppress(LinkError):
                    for _ in self._outcomes(None, lambda data: None):
                        pass

    def _outcomes(self, copy_in: Iterable[bytes] | None, copy_out: Callable[[bytes], object]) -> Iterator[Outcome]:
        outcome = Outcome()
        for event in self._events():
            if isinstance(event, pg.RowDescriptionReceived):
                outcome.columns = event.columns
            elif isinstance(event, pg.RowsReceived):
                outcome.rows += [
                    tuple([None if cell is None else cell.decode("utf-8", "replace") for cell in row])
                    for row in event.rows
                ]
            elif isinstance(event, pg.CommandCompleted):
                outcome.tag = event.tag
                yield outcome
                outcome = Outcome()
            elif isinstance(event, pg.ErrorReceived):
                yield Outcome(error=event.fields)
                outcome = Outcome()
            elif isinstance(event, pg.CopyInStarted):
                self._copy(copy_in)
            elif isinstance(event, pg.CopyOutStarted):
                copy_out(b"")  # there is none, perhaps, and whoever takes it knows that it was asked for
            elif isinstance(event, pg.CopyDataReceived):
                copy_out(event.data)
            elif isinstance(event, pg.ReadyReceived):
                self.status = event.status
                return

    def _copy(self, data: Iterable[bytes] | None) -> None:
        assert self._machine is not None and self._socket is not None, "there is a connection"
        if data is None:
            self._machine.send(_now(), pg.CopyFail("there is no input for COPY FROM STDIN here: use \\copy"))
            return
        for piece in data:
            self._machine.send(_now(), pg.CopyData(piece))
            self._socket.sendall(self._machine.data_to_send())
        self._machine.send(_now(), pg.CopyDone())

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        """Run one statement of our own and return its rows; LinkError when it fails."""
        found: list[tuple[str | None, ...]] = []
        for outcome in self.query(sql):
            if outcome.error is not None:
                raise LinkError(outcome.error.get("M", "?"), outcome.error.get("C", "XX000"))
            found += outcome.rows
        return found

    def cancel(self) -> None:
        """Ask the server to cancel what runs."""
        if self._machine is None:
            return
        with contextlib.suppress(OSError), self.address.connect() as other:
            other.sendall(self._machine.cancel_request())
            other.recv(1)  # the server closes when it has done so


def describe(fields: Mapping[str, str], sql: str = "") -> str:
    """Return an error or notice as psql shows it: severity and message, the line with the position marked, detail, hint."""
    lines = [f"{fields.get('S', 'ERROR')}:  {fields.get('M', '')}"]
    position = fields.get("P", "")
    if sql and position.isdigit() and 1 <= int(position) <= len(sql) + 1:
        before = sql[: int(position) - 1]
        number = before.count("\n") + 1
        line = sql.split("\n")[number - 1]
        label = f"LINE {number}: "
        lines.append(label + line.replace("\t", " "))
        lines.append(" " * (len(label) + len(before) - (before.rfind("\n") + 1)) + "^")
    if "D" in fields:
        lines.append(f"DETAIL:  {fields['D']}")
    if "H" in fields:
        lines.append(f"HINT:  {fields['H']}")
    if "W" in fields:
        lines.append(f"CONTEXT:  {fields['W']}")
    return "\n".join(lines)


def _now() -> Now:
    return Now(time.monotonic_ns(), time.time_ns() // 1000)
