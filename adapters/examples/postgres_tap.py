"""A tap on a PostgreSQL connection: it prints statements and errors, and forwards every message as it came.

    python adapters/examples/postgres_tap.py --port 5433 --upstream-port 5432
    psql -h 127.0.0.1 -p 5433 -U ann shop

No machine takes part and no password is needed: whoever logs in proves that to the real server, by whatever method, and text may
be in any character set. `MessageStream` cuts both directions into messages; what is of interest is decoded, the rest is
not even looked into. TLS is answered with no, because behind it there would be nothing to see. (A proxy that wants to
change what passes is postgres_proxy.py.)
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from rustydb_proto import pg

CHUNK_BYTES = 1 << 16


def show(message: pg.WireMessage) -> None:
    """Print what is of interest."""
    match pg.decode_message(message) if message.kind in "QPE" else None:
        case pg.QueryReceived(sql) | pg.ParseReceived(_, sql):
            print(f"> {sql}", flush=True)
        case pg.ErrorReceived() as error:
            print(f"< {error.severity} {error.sqlstate}: {error.message}", flush=True)


async def forward(
    stream: pg.MessageStream, reader: asyncio.StreamReader, there: asyncio.StreamWriter, back: asyncio.StreamWriter
) -> None:
    """Move one direction until it ends."""
    while data := await reader.read(CHUNK_BYTES):
        stream.feed(data)
        while (message := stream.next_message()) is not None:
            if message.kind in ("ssl", "gssenc"):
                back.write(b"N")
                continue
            show(message)
            there.write(message.data)
        if stream.failed is not None:
            print(f"! {stream.failed}", flush=True)
            return
        await there.drain()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=5433, help="where clients connect; 0 takes a free one")
    parser.add_argument("--upstream-host", default="127.0.0.1", help="where the real server is")
    parser.add_argument("--upstream-port", type=int, default=5432)
    options = parser.parse_args()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            upstream, server = await asyncio.open_connection(options.upstream_host, options.upstream_port)
            both = (
                asyncio.create_task(forward(pg.MessageStream("client"), reader, server, writer)),
                asyncio.create_task(forward(pg.MessageStream("server"), upstream, writer, server)),
            )
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
            server.close()
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", options.port)
    print(f"try: psql -h 127.0.0.1 -p {listener.sockets[0].getsockname()[1]}", flush=True)
    await listener.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
