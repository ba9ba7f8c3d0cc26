"""A calculator that speaks PostgreSQL: run it, then `psql -h localhost -p 5433 -c 'select 6 * 7'`."""

import asyncio
import re
import secrets
import time

from rustydb_proto import pg

SIGNS = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
COLUMNS = pg.RowDescription([pg.Column("?column?", 1700)])  # 1700 is numeric: integers of any size
encode_rows = pg.compile_row_encoder([pg.ColumnFormat("int")])


def run(sql: str) -> list[pg.ServerCommand]:
    if found := re.fullmatch(r"\s*select (\d{1,99}) ?([-+*]) ?(\d{1,99})\s*;?\s*", sql, re.IGNORECASE):
        rows = encode_rows([(SIGNS[found[2]](int(found[1]), int(found[3])),)])
        return [pg.SendEncoded(rows), pg.CommandComplete("SELECT 1")]
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
    return [pg.ReadyForQuery("I")] if isinstance(event, pg.SyncReceived) else []


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    start, entropy = pg.Now(time.monotonic_ns(), 0), pg.Entropy(secrets.token_bytes(32))
    machine, plans = pg.ServerMachine(start, entropy), dict[str, str]()
    while not machine.output_ended:
        data, now = await reader.read(65536), pg.Now(time.monotonic_ns(), 0)
        machine.receive_data(now, data)
        while not isinstance(event := machine.next_event(), pg.Stop):
            for command in answer(event, plans):
                machine.send(now, command)
        writer.write(machine.data_to_send())
    writer.close()


if __name__ == "__main__":
    with asyncio.Runner() as runner:
        runner.run(asyncio.start_server(serve, "127.0.0.1", 5433))
        runner.get_loop().run_forever()
