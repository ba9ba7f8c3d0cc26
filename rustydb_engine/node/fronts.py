"""Which front speaks which protocol.

A new protocol takes its row here, and its name in TLS's ALPN joins `ALPN`. A protocol that is known and not yet served gets
a refusal in its own words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from rustydb_engine.node.connections import Connection, Front
from rustydb_engine.node.postgres import PgConnection
from rustydb_engine.node.refusals import refuse_http1, refuse_http2
from rustydb_proto.sniff import Protocol

ALPN: Final = ("postgresql", "rustydb", "http/1.1")
"""What a server's TLS context offers, most wanted first; the names are those of rustydb_proto.sniff.BY_ALPN."""


def _native(connection: Connection) -> Front:
    # Its modules are loaded with the first native client: a server that never has one starts the faster.
    from rustydb_engine.node.native.front import NativeFront

    return NativeFront(connection)


FRONTS: Final[Mapping[Protocol, Callable[[Connection], Front]]] = {
    Protocol.POSTGRESQL: PgConnection,
    Protocol.NATIVE: _native,
    Protocol.HTTP1: refuse_http1,
    Protocol.HTTP2: refuse_http2,
}
