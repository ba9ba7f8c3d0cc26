"""`rustydb-asyncio`: the server under asyncio, with uvloop where it is installed.

It reads the options, recovers the database, listens, and prints one line to standard output once a SELECT would be
answered: `ready postgresql=127.0.0.1:5432 data=./rustydb-data pid=1234`. SIGTERM and the first SIGINT finish what runs and write a
checkpoint; a second SIGINT stops at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from rustydb_host.launch import Opened, StartError, open_server
from rustydb_host.options import OptionError, Options, load

from rustydb_asyncio.host import Host
from rustydb_proto.core import io

PROGRAM = "rustydb-asyncio"


def main() -> int:
    """Run the server until it is stopped; return the exit status."""
    try:
        options = load(PROGRAM, sys.argv[1:], os.environ)
        opened = open_server(options)
    except (OptionError, StartError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 2
    try:
        return _run(options, opened)
    finally:
        opened.close()


def _run(options: Options, opened: Opened) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(_serve(options, opened))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return int(runner.run(_serve(options, opened)))


async def _serve(options: Options, opened: Opened) -> int:
    host = Host(opened.node, opened.files, opened.logger)
    try:
        bound = await host.listen(options.listen, options.port, "postgresql")
    except OSError as error:
        where = ", ".join(f"{address}:{options.port}" for address in options.listen)
        print(f"{PROGRAM}: cannot listen on {where}: {error.strerror or error}", file=sys.stderr)
        host.stop_workers()
        return 2
    opened.say_ready(bound)
    _on_signals(host)
    status = await host.stopped
    host.close_listeners()
    host.stop_workers()
    return status


def _on_signals(host: Host) -> None:
    loop = asyncio.get_running_loop()
    asked = False

    def stop(signum: int) -> None:
        nonlocal asked
        graceful = not (asked and signum == signal.SIGINT)
        asked = True
        host.close_listeners()
        host.put(io.ShutdownRequested(graceful))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)


if __name__ == "__main__":
    sys.exit(main())
