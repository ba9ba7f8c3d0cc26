"""A PostgreSQL proxy that prints the statements which pass through it: both halves of the protocol, back to back.

    python adapters/examples/postgres_proxy.py --port 5433 --upstream-port 5432
    psql -h 127.0.0.1 -p 5433 -U ann shop            # any password, if the real server asks for none

    client  <->  ServerMachine  --request_of-->  ClientMachine  <->  the real server
                                <--answer_of--

The client is asked for its password in clear text, with which the proxy logs in upstream: the machines do whatever method the
real server wants. From then on each event of one half becomes a command of the other (rustydb_proto/pg/relay.py); rows are not even decoded.
Queries, the extended protocol, COPY, notices, notifications, replication and cancel requests pass. Reading stops on a side whose
other side does not keep up.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets
import time
from collections.abc import Coroutine

from rustydb_proto import pg
from rustydb_proto.pg import framing

CHUNK_BYTES = 1 << 16


def now() -> pg.Now:
    """Read both clocks."""
    return pg.Now(time.monotonic_ns(), time.time_ns() // 1000)


async def feed(machine: pg.ServerMachine | pg.ClientMachine, reader: asyncio.StreamReader) -> None:
    """Give a machine what comes from its peer, or tell it that its patience is over."""
    deadline = machine.deadline()
    try:
        async with asyncio.timeout(None if deadline is None else max(deadline - now().mono_ns, 0) / 1e9):
            data = await reader.read(CHUNK_BYTES)
        machine.receive_data(now(), data)
    except TimeoutError:
        machine.handle_timeout(now())


class Proxied:
    """One client and its connection to the real server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: tuple[str, int]) -> None:
        self.reader, self.writer = reader, writer
        self.address = address
        self.server = pg.ServerMachine(now(), pg.Entropy(secrets.token_bytes(32)), replication=True)
        self.client: pg.ClientMachine | None = None  # from the password on
        self.upstream: asyncio.StreamWriter | None = None
        self.startup = pg.StartupReceived("", "", {})
        self.session: pg.SessionStarted | None = None
        self.tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Serve the client until one of the two sides leaves."""
        with contextlib.suppress(ConnectionError):
            while not self.server.output_ended:
                await feed(self.server, self.reader)
                self.relay()
                if self.upstream is not None:
                    await self.upstream.drain()  # a server that does not keep up: read no more from the client
        for task in self.tasks:
            await asyncio.wait([task], timeout=1)  # a cancel request may be on its way
            task.cancel()
        for writer in (self.writer, self.upstream):
            if writer is not None:
                writer.close()

    async def converse(self, password: str) -> None:
        """Log in upstream as the client, with its password and its parameters; then move bytes from there."""
        reader, self.upstream = await asyncio.open_connection(*self.address)
        parameters = dict(self.startup.parameters)
        if self.startup.replication:
            parameters["replication"] = "database" if self.startup.replication == "logical" else "true"
        self.client = pg.ClientMachine(
            now(),
            pg.Entropy(secrets.token_bytes(32)),
            self.startup.user,
            self.startup.database,
            password=password,
            parameters=parameters,
            encoded_rows=True,
        )
        self.relay()
        while not self.client.output_ended:
            await feed(self.client, reader)
            self.relay()
            await self.writer.drain()  # a client that does not keep up: read no more from the server

    def relay(self) -> None:
        """Handle all events of both machines, and write what they have to say."""
        self.pull_server()
        while self.client is not None and not isinstance(told := self.client.next_event(), pg.Stop):
            self.heard_from_upstream(told)
            self.pull_server()  # an answer may let the next request through
        if self.client is not None and self.upstream is not None:
            self.upstream.write(self.client.data_to_send())
        self.writer.write(self.server.data_to_send())
        if self.server.output_ended:
            self.writer.close()

    def pull_server(self) -> None:
        """Handle what the client asks."""
        while not isinstance(event := self.server.next_event(), pg.Stop):
            self.heard_from_client(event)

    def heard_from_client(self, event: pg.ServerEvent) -> None:
        """Forward what the client asks; decide about the rest."""
        match event:
            case pg.StartupReceived():
                self.startup = event
                self.server.send(now(), pg.Authenticate("external"))
            case pg.PasswordReceived(password):
                self.start(self.converse(password))
            case pg.Authenticated() if self.session is not None:
                session = self.session
                ready = pg.SessionReady(session.parameters, session.process_id, session.secret_key)
                self.server.send(now(), ready)
            case pg.CancelReceived(process_id, secret_key):
                self.start(cancel(self.address, process_id, secret_key))
            case pg.MessageRejected(_, sqlstate, message):
                self.refuse(sqlstate, message)
            case pg.QueryReceived() | pg.FunctionCallReceived() if self.client is not None and self.client.in_pipeline:
                self.refuse("0A000", "a simple query within a pipeline does not pass this proxy")
                return
            case pg.QueryReceived(sql) | pg.ParseReceived(_, sql):
                print(f"{self.startup.user}@{self.startup.database}: {sql}", flush=True)
        command = pg.request_of(event)
        if command is not None and self.client is not None and not self.client.output_ended:
            self.client.send(now(), command)

    def heard_from_upstream(self, event: pg.ClientEvent) -> None:
        """Answer the client with what the real server says."""
        answer = pg.answer_of(event)
        if isinstance(event, pg.SessionStarted):
            self.session = event
            self.server.send(now(), pg.AcceptPassword())
        elif isinstance(event, pg.ConnectionEnded | pg.ProtocolFailed):
            self.refuse("08006", "the connection to the server was lost")
        elif answer is not None and not self.server.output_ended:
            self.server.send(now(), answer)

    def refuse(self, sqlstate: str, message: str) -> None:
        """End the client's session."""
        if not self.server.output_ended:
            self.server.send(now(), pg.ErrorResponse(pg.error_fields("FATAL", sqlstate, message)))

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Do something beside reading from the client; if that fails, say so and end."""

        async def guarded() -> None:
            try:
                await work
            except OSError as error:
                self.refuse("08001", f"the server cannot be reached: {error}")
                self.relay()

        self.tasks.append(asyncio.create_task(guarded()))


async def cancel(address: tuple[str, int], process_id: int, secret_key: bytes) -> None:
    """Pass a cancel request on; its key is the real server's own."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(framing.cancel_request(process_id, secret_key))
    await reader.read(1)  # the server closes when it has read the request
    writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=5433, help="where clients connect; 0 takes a free one")
    parser.add_argument("--upstream-host", default="127.0.0.1", help="where the real server is")
    parser.add_argument("--upstream-port", type=int, default=5432)
    options = parser.parse_args()
    address = (options.upstream_host, options.upstream_port)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Proxied(reader, writer, address).run()

    server = await asyncio.start_server(serve, "127.0.0.1", options.port)
    print(f"try: psql -h 127.0.0.1 -p {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
