"""A PostgreSQL server on gevent, a greenlet for each connection. What it serves is in calculator.py.

    python adapters/examples/postgres_server_gevent.py --port 5433
    psql -h 127.0.0.1 -p 5433 -U ann -c 'select 6 * 7'

The same loop as with threads, over gevent's sockets; nothing is monkey-patched, because the machine does no I/O that could be.
"""

from __future__ import annotations

import argparse

from calculator import Calculator, new_machine, now
from gevent.server import StreamServer
from gevent.socket import socket

from rustydb_proto import pg


def serve(connection: socket, address: object) -> None:
    """Serve one client until it leaves."""
    machine, calculator = new_machine(), Calculator()
    with connection:
        while not machine.output_ended:
            deadline = machine.deadline()
            connection.settimeout(None if deadline is None else max(deadline - now().mono_ns, 1_000_000) / 1e9)
            try:
                machine.receive_data(now(), connection.recv(65536))
            except TimeoutError:
                machine.handle_timeout(now())
            except OSError:
                return  # the connection is gone
            while not isinstance(event := machine.next_event(), pg.Stop):
                for command in calculator.answer(event):
                    machine.send(now(), command)
            connection.settimeout(None)
            try:
                connection.sendall(machine.data_to_send())
            except OSError:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=5433, help="0 takes a free one")
    server = StreamServer(("127.0.0.1", parser.parse_args().port), serve)
    server.start()
    print(f"try: psql -h 127.0.0.1 -p {server.server_port} -U ann -c 'select 6 * 7'", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
