"""What TLS costs, on a node in this process: CPU of a handshake, of a point query with and without it, and memory.

python -m tests.bench.tls
"""

from __future__ import annotations

import resource
import ssl
import time

from rustydb_proto.core import io
from rustydb_proto.core.machine import Stop
from rustydb_proto.pg import framing
from rustydb_proto.tls import ClientContext, DataReceived, HandshakeCompleted, TlsMachine
from tests.node.support import Client, Host
from tests.support.certificates import Authority, client_context

HANDSHAKES = 200
QUERIES = 3000
CONNECTIONS = 1000


class Peer:
    """A client's TLS on a connection."""

    def __init__(self, client: Client, context: ssl.SSLContext) -> None:
        self.client = client
        self.server_seconds = 0.0
        self._tls = TlsMachine(client.host.now, ClientContext(context, "localhost"))
        self._tls.next_event()
        while data := self._tls.data_to_send():
            self._tls.receive_data(client.host.now, self._send(data))
            event = self._tls.next_event()
            assert isinstance(event, HandshakeCompleted | Stop), event

    def _send(self, data: bytes) -> bytes:
        began = time.process_time()
        answer = self.client.send(data)
        self.server_seconds += time.process_time() - began
        return answer

    def ask(self, data: bytes) -> bytes:
        """Send a message and return the answer."""
        self._tls.write(data)
        self._tls.receive_data(self.client.host.now, self._send(self._tls.data_to_send()))
        parts = []
        while isinstance(event := self._tls.next_event(), DataReceived):
            parts.append(event.data)
        return b"".join(parts)


def main() -> None:
    """Run from the command line."""
    authority = Authority()
    server = authority.issue("localhost", names=["localhost"])
    context = client_context(authority)
    host = Host(tls=server.context(), certificate_login=True)
    peers = [Peer(host.accept(), context) for _ in range(HANDSHAKES)]
    spent = sum(peer.server_seconds for peer in peers) / HANDSHAKES
    print(f"handshake, server's side   {spent * 1e3:8.2f} ms")

    admin = authority.issue("admin")
    host = Host(tls=server.context(authority, ssl.CERT_OPTIONAL), certificate_login=True)
    startup = framing.startup({"user": "admin", "database": "rustydb"})
    secured = Peer(host.accept(), client_context(authority, admin))
    assert secured.ask(startup).endswith(b"I"), "logged in"
    plain = host.connect()
    query = framing.query("SELECT 1")
    rounds: list[tuple[float, float]] = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(QUERIES):
            plain.send(query)
        between = time.process_time()
        before = secured.server_seconds
        for _ in range(QUERIES):
            secured.ask(query)
        rounds.append(((between - began) / QUERIES, (secured.server_seconds - before) / QUERIES))
    without, with_tls = (min(column) * 1e6 for column in zip(*rounds, strict=True))
    print(f"SELECT 1, without TLS      {without:8.2f} us")
    print(f"SELECT 1, with TLS         {with_tls:8.2f} us   {with_tls / without:.2f} times")

    host = Host(tls=server.context())
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = [Peer(host.accept(), context).client for _ in range(CONNECTIONS)]
    after_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for client in held:
        host.step(io.Lost(client.conn))
    print(f"memory of a TLS connection {(after_kib - before_kib) / CONNECTIONS:8.1f} KiB")


if __name__ == "__main__":
    main()
