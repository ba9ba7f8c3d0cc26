"""What the protocol costs: `python tests/proto/bench_pg.py`. Not a test; microseconds of one core, best of five."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pg_support import START, open_session

from rustydb_proto.pg import Column as PgColumn
from rustydb_proto.pg import ColumnFormat, CommandComplete, ReadyForQuery, RowDescription, SendEncoded, framing
from rustydb_proto.pg.rows import compile_row_encoder

COLUMNS = [PgColumn("aid", 23, 4), PgColumn("filler", 1042)]
ROW = (4711, "x" * 20)


def best(function: Callable[[], object], number: int) -> float:
    return min(timeit.repeat(function, number=number, repeat=5)) / number * 1e6


def import_milliseconds() -> float:
    """Return the cumulative time of `import rustydb_proto.pg` with compiled files, the best of five processes."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-X", "importtime", "-c", "import rustydb_proto.pg"]
    with tempfile.TemporaryDirectory() as folder:
        variables = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        variables |= {"PYTHONPYCACHEPREFIX": folder, "PYTHONPATH": str(root)}
        reports = [
            subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stderr.splitlines()[-1]
            for _ in range(6)
        ]
    return min(int(report.split("|")[1]) for report in reports) / 1000


def main() -> None:
    print(f"import rustydb_proto.pg            {import_milliseconds():6.1f} ms")
    machine = open_session()
    receive, pull, out = machine.receive_data, machine.next_event, machine.data_to_send
    query = framing.query("select aid, filler from pgbench_accounts where aid = 4711")
    extended = framing.bind("", "S_1", [b"4711"], [0], [0]) + framing.execute() + framing.SYNC
    encode = compile_row_encoder([ColumnFormat("int", False), ColumnFormat("str")])
    head, tail = framing.row_description(COLUMNS), framing.command_complete("SELECT 1")
    rows = [ROW]
    answer = head + encode(rows) + tail

    def simple() -> None:
        receive(START, query)
        pull()
        machine.send_result(answer)
        machine.ready("I")
        pull()
        out()

    def simple_by_commands() -> None:
        receive(START, query)
        pull()
        for command in (
            RowDescription(COLUMNS),
            SendEncoded(encode(rows)),
            CommandComplete("SELECT 1"),
            ReadyForQuery("I"),
        ):
            machine.send(START, command)
        pull()
        out()

    def prepared() -> None:
        receive(START, extended)
        pull()
        machine.send_result(framing.BIND_COMPLETE)
        pull()
        machine.send_result(answer)
        pull()
        machine.ready("I")
        pull()
        out()

    print(f"Query, answer as one blob          {best(simple, 20_000):6.2f} us")
    print(f"Query, answer by commands          {best(simple_by_commands, 5_000):6.2f} us")
    print(f"Bind, Execute, Sync; encoded       {best(prepared, 20_000):6.2f} us")
    thousand = rows * 1000
    for name, columns in (
        ("int, str", [ColumnFormat("int", False), ColumnFormat("str", False)]),
        ("int, str, nullable", [ColumnFormat("int"), ColumnFormat("str")]),
        ("int4b, strb", [ColumnFormat("int4b", False), ColumnFormat("strb", False)]),
    ):
        encoder = compile_row_encoder(columns)
        print(f"a row of {name:20} of 1000  {best(partial(encoder, thousand), 50) / 1000:6.2f} us")
        print(f"a row of {name:20} alone    {best(partial(encoder, rows), 20_000):6.2f} us")


if __name__ == "__main__":
    main()
