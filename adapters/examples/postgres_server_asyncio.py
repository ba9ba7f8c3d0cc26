"""A calculator that speaks PostgreSQL: run it with `--port 5433`, then `psql -h localhost -p 5433 -c 'select 6 * 7'`."""

import asyncio
import re
import secrets
import sys
from time import monotonic_ns

from rustydb_proto import pg

SIGNS = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
COLUMNS = pg.RowDescription([pg.Column("?column?", 1700)])  # 1700 is numeric: integers of any size


def run(sql: str) -> list[pg.ServerCommand]:
    if found := re.fullmatch(r"\s*select (\d{1,99}) ?([-+*]) ?(\d{1,99})\s*;?\s*", sql, re.IGNORECASE):
        number = SIGNS[found[2]](int(found[1]), int(found[3]))
        return [pg.SendEncoded(pg.framing.data_row([b"%d" % number])), pg.CommandComplete("SELECT 1")]
    return [pg.ErrorResponse(pg.error_fields("ERROR", "42601", "I only know SELECT <integer> + - * <integer>"))]


def answer(event: pg.ServerEvent, plans: dict[str, str]) -> list[pg.ServerCommand]:
    match event:
        case pg.StartupReceived():
            return [pg.Authenticate("trust")]
        case pg.Authenticated():
            return [pg.SessionReady({"server_version": "15.0", "client_encoding": "UTF8"}, 1, b"key!")]
        case pg.QueryReceived(sql):
            return [COLUMNS, *run(sql), pg.ReadyForQuery("I")]
        case pg.ParseReceived(name, sql):
            plans[name] = sql
            return [pg.ParseComplete()]
        case pg.BindReceived(portal, statement):
            plans["portal " + portal] = plans.get(statement, "")
            return [pg.BindComplete()]
        case pg.DescribeReceived(kind):
            return [pg.ParameterDescription([]), COLUMNS] if kind == "S" else [COLUMNS]
        case pg.ExecuteReceived(portal):
            return run(plans.get("portal " + portal, ""))
        case pg.MessageRejected(_, sqlstate, message):
            return [pg.ErrorResponse(pg.error_fields("FATAL", sqlstate, message))]
    return [pg.ReadyForQuery("I")] if isinstance(event, pg.SyncReceived) else []


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    machine, plans = pg.ServerMachine(pg.Now(monotonic_ns(), 0), pg.Entropy(secrets.token_bytes(32))), dict[str, str]()
    while not machine.output_ended:
        machine.receive_data(pg.Now(monotonic_ns(), 0), await reader.read(65536))
        while not isinstance(event := machine.next_event(), pg.Stop):
            for command in answer(event, plans):
                machine.send(pg.Now(monotonic_ns(), 0), command)
        writer.write(machine.data_to_send())
    writer.close()


with asyncio.Runner() as runner:
    server = runner.run(asyncio.start_server(serve, "127.0.0.1", int(sys.argv[-1]) if sys.argv[1:] else 5433))
    print(f"psql -h 127.0.0.1 -p {server.sockets[0].getsockname()[1]} -U ann -c 'select 6 * 7'", flush=True)
    runner.run(server.serve_forever())
