"""A web application (Starlette, on uvicorn) whose data can also be queried by psql: one process, one event loop, two protocols.

    python adapters/examples/postgres_in_web_application.py --port 5433 --http-port 8000
    curl -X POST localhost:8000/hits/home
    psql -h 127.0.0.1 -p 5433 -U ann -c 'table hits'

The web application is an ordinary one; its lifespan also starts a server that speaks PostgreSQL. Both see the same
objects, without a lock, because they share the loop. The SQL it knows is one table: `TABLE hits`, `SELECT * FROM hits`,
`DELETE FROM hits`; a real application would parse more, or map statements to its own queries.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from rustydb_proto import pg
from rustydb_proto.pg import oids

HITS: Counter[str] = Counter()
COLUMNS = pg.RowDescription([pg.Column("page", oids.TEXT), pg.Column("hits", oids.INT8, 8)])
encode_rows = pg.compile_row_encoder([pg.ColumnFormat("str"), pg.ColumnFormat("int")])


# ---- the web application


async def hit(request: Request) -> JSONResponse:
    """POST /hits/{page}: count a visit."""
    HITS[request.path_params["page"]] += 1
    return JSONResponse({"hits": HITS[request.path_params["page"]]})


async def hits(request: Request) -> JSONResponse:
    """GET /hits: all counts."""
    return JSONResponse(HITS)


# ---- the same data for PostgreSQL's clients


def run(sql: str) -> list[pg.ServerCommand]:
    """Run a statement on the application's data."""
    match " ".join(sql.lower().rstrip("; \n").split()):
        case "table hits" | "select * from hits":
            return [pg.SendEncoded(encode_rows(HITS.items())), pg.CommandComplete(f"SELECT {len(HITS)}")]
        case "delete from hits":
            count = len(HITS)
            HITS.clear()
            return [pg.CommandComplete(f"DELETE {count}")]
    return [pg.ErrorResponse(pg.error_fields("ERROR", "0A000", "I know TABLE hits and DELETE FROM hits"))]


def answer(event: pg.ServerEvent, prepared: dict[str, str]) -> list[pg.ServerCommand]:
    """Answer an event of the protocol. There is one unnamed portal, `prepared["->"]`."""
    match event:
        case pg.StartupReceived():
            return [pg.Authenticate("trust")]
        case pg.Authenticated():
            shown = {"server_version": "15.0", "client_encoding": "UTF8"}
            return [pg.SessionReady(shown, 1, secrets.token_bytes(4))]
        case pg.QueryReceived(sql):
            head = [] if sql.lower().startswith("delete") else [COLUMNS]
            return [*head, *run(sql), pg.ReadyForQuery("I")]
        case pg.ParseReceived(name, sql):
            prepared[name] = sql
            return [pg.ParseComplete()]
        case pg.BindReceived(_, statement):
            prepared["->"] = prepared.get(statement, "")
            return [pg.BindComplete()]
        case pg.DescribeReceived(kind, name):
            deletes = prepared.get(name if kind == "S" else "->", "").lower().startswith("delete")
            return [*([pg.ParameterDescription([])] if kind == "S" else []), pg.NoData() if deletes else COLUMNS]
        case pg.ExecuteReceived():
            return run(prepared.get("->", ""))
        case pg.CloseReceived():
            return [pg.CloseComplete()]
        case pg.SyncReceived():
            return [pg.ReadyForQuery("I")]
        case pg.MessageRejected(_, sqlstate, message):
            return [pg.ErrorResponse(pg.error_fields("FATAL", sqlstate, message))]
    return []


def now() -> pg.Now:
    """Read both clocks."""
    return pg.Now(time.monotonic_ns(), time.time_ns() // 1000)


async def feed(machine: pg.ServerMachine, reader: asyncio.StreamReader) -> None:
    """Give a machine what comes from its peer, or tell it that its patience is over."""
    deadline = machine.deadline()
    try:
        async with asyncio.timeout(None if deadline is None else max(deadline - now().mono_ns, 0) / 1e9):
            data = await reader.read(65536)
        machine.receive_data(now(), data)
    except TimeoutError:
        machine.handle_timeout(now())


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one PostgreSQL client until it leaves."""
    machine, prepared = pg.ServerMachine(now(), pg.Entropy(secrets.token_bytes(32))), dict[str, str]()
    with contextlib.suppress(ConnectionError):
        while not machine.output_ended:
            await feed(machine, reader)
            while not isinstance(event := machine.next_event(), pg.Stop):
                for command in answer(event, prepared):
                    machine.send(now(), command)
            writer.write(machine.data_to_send())
            await writer.drain()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=5433, help="for PostgreSQL's clients; 0 takes a free one")
    parser.add_argument("--http-port", type=int, default=8000, help="for browsers")
    options = parser.parse_args()

    @contextlib.asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        async with await asyncio.start_server(serve, "127.0.0.1", options.port) as server:
            port = server.sockets[0].getsockname()[1]
            print(f"try: psql -h 127.0.0.1 -p {port} -U ann -c 'table hits'")
            print(f"and: curl -X POST http://127.0.0.1:{listener.getsockname()[1]}/hits/home", flush=True)
            yield

    routes = [Route("/hits/{page}", hit, methods=["POST"]), Route("/hits", hits)]
    application = Starlette(routes=routes, lifespan=lifespan)
    with socket.create_server(("127.0.0.1", options.http_port)) as listener:
        uvicorn.Server(uvicorn.Config(application, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
