"""A PostgreSQL server on trio, a task for each connection. What it serves is in calculator.py.

    python adapters/examples/postgres_server_trio.py --port 5433
    psql -h 127.0.0.1 -p 5433 -U ann -c 'select 6 * 7'

The machine's deadline is a cancel scope around the read; a write waits while the client does not read.
"""

from __future__ import annotations

import argparse

import trio
from calculator import Calculator, new_machine, now

from rustydb_proto import pg


async def serve(stream: trio.SocketStream) -> None:
    """Serve one client until it leaves."""
    machine, calculator = new_machine(), Calculator()
    try:
        while not machine.output_ended:
            deadline = machine.deadline()
            seconds = float("inf") if deadline is None else max(deadline - now().mono_ns, 0) / 1e9
            with trio.move_on_after(seconds) as patience:
                machine.receive_data(now(), await stream.receive_some(65536))
            if patience.cancelled_caught:
                machine.handle_timeout(now())
            while not isinstance(event := machine.next_event(), pg.Stop):
                for command in calculator.answer(event):
                    machine.send(now(), command)
            await stream.send_all(machine.data_to_send())
    except trio.BrokenResourceError:
        pass  # the connection is gone


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=5433, help="0 takes a free one")
    listeners = await trio.open_tcp_listeners(parser.parse_args().port, host="127.0.0.1")
    port = listeners[0].socket.getsockname()[1]
    print(f"try: psql -h 127.0.0.1 -p {port} -U ann -c 'select 6 * 7'", flush=True)
    await trio.serve_listeners(serve, listeners)


if __name__ == "__main__":
    trio.run(main)
