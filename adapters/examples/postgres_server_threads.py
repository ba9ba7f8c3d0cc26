"""A PostgreSQL server on plain blocking sockets, a thread for each connection. What it serves is in calculator.py.

    python adapters/examples/postgres_server_threads.py --port 5433
    psql -h 127.0.0.1 -p 5433 -U ann -c 'select 6 * 7'

A blocking socket waits by itself, so the loop is the machine's loop and nothing else. The machine says how long a wait
may last (`deadline`): a client that connects and stays silent is put out after a minute.
"""

from __future__ import annotations

import argparse
import socket
import threading

from calculator import Calculator, new_machine, now

from rustydb_proto import pg


def serve(connection: socket.socket) -> None:
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
    with socket.create_server(("127.0.0.1", parser.parse_args().port)) as listener:
        port = listener.getsockname()[1]
        print(f"try: psql -h 127.0.0.1 -p {port} -U ann -c 'select 6 * 7'", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=[connection], daemon=True).start()


if __name__ == "__main__":
    main()
