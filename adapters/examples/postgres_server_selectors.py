"""A PostgreSQL server in one thread over `selectors`: no framework, no task, only a loop. What it serves is in calculator.py.

    python adapters/examples/postgres_server_selectors.py --port 5433
    psql -h 127.0.0.1 -p 5433 -U ann -c 'select 6 * 7'

All that a loop of one's own has to think of is here: bytes that the kernel does not take yet are kept, and while they are
many, or the machine has a backlog, nothing is read from that client; the wait lasts until the earliest deadline.
"""

from __future__ import annotations

import argparse
import selectors
import socket

from calculator import Calculator, new_machine, now

from rustydb_proto import pg

UNSENT_BYTES_MAX = 1 << 18


class Connection:
    """One client: its socket, its machine, its session, and what is still to be written."""

    def __init__(self, client: socket.socket) -> None:
        self.socket = client
        self.machine = new_machine()
        self.calculator = Calculator()
        self.unsent = b""

    def ready(self, mask: int) -> None:
        """Read and write what can be, without waiting."""
        try:
            if mask & selectors.EVENT_READ:
                self.machine.receive_data(now(), self.socket.recv(65536))
            self.work()
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent) :]
                self.work()  # there may be room for more
        except BlockingIOError:
            pass
        except OSError:
            self.unsent = b""
            self.machine.receive_data(now(), b"")  # the connection is gone
            self.work()

    def work(self) -> None:
        """The machine's loop; a client that does not read its answers gets no more of them."""
        while len(self.unsent) < UNSENT_BYTES_MAX and not isinstance(event := self.machine.next_event(), pg.Stop):
            for command in self.calculator.answer(event):
                self.machine.send(now(), command)
            self.unsent += self.machine.data_to_send()
        self.unsent += self.machine.data_to_send()

    @property
    def over(self) -> bool:
        """Whether the conversation has ended, and all of it is written."""
        return self.machine.output_ended and not self.unsent

    @property
    def interest(self) -> int:
        """What to wait for."""
        reads = len(self.unsent) < UNSENT_BYTES_MAX and not self.machine.backlogged and not self.machine.input_ended
        return (selectors.EVENT_READ if reads else 0) | (selectors.EVENT_WRITE if self.unsent else 0)


def serve(listener: socket.socket) -> None:
    """The loop: wait, let whoever is ready or late work, look again at what each waits for."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    connections: dict[socket.socket, Connection] = {}
    while True:
        deadlines = [at for one in connections.values() if (at := one.machine.deadline()) is not None]
        ready = selector.select(max(min(deadlines) - now().mono_ns, 0) / 1e9 if deadlines else None)
        masks = {key.fileobj: mask for key, mask in ready}
        if masks.pop(listener, 0):
            client, _ = listener.accept()
            client.setblocking(False)
            connections[client] = Connection(client)
            selector.register(client, selectors.EVENT_READ)
        for connection in [*connections.values()]:
            due = connection.machine.deadline()
            late = due is not None and due <= now().mono_ns
            if connection.socket not in masks and not late:
                continue
            connection.machine.handle_timeout(now())
            connection.ready(masks.get(connection.socket, 0))
            if connection.over:
                del connections[connection.socket]
                selector.unregister(connection.socket)
                connection.socket.close()
            else:
                selector.modify(connection.socket, connection.interest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=5433, help="0 takes a free one")
    with socket.create_server(("127.0.0.1", parser.parse_args().port)) as listener:
        print(f"try: psql -h 127.0.0.1 -p {listener.getsockname()[1]} -U ann -c 'select 6 * 7'", flush=True)
        serve(listener)


if __name__ == "__main__":
    main()
