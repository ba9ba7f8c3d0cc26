"""`rustydb ready`: wait until a server answers a SELECT; for scripts.

Exit status: 0 it answered, 1 it did not within the timeout, 2 it refused us for good (wrong password, unknown database) or the URL is wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from rustydb_shell.address import AddressError, parse_address
from rustydb_shell.link import Link, LinkError

PAUSE_SECONDS = 0.1


def main(
    arguments: Sequence[str], clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> int:
    """Wait for the server; return the exit status."""
    parser = argparse.ArgumentParser(prog="rustydb ready", description="Wait until a server answers a SELECT.")
    parser.add_argument(
        "target",
        nargs="?",
        metavar="URL",
        help="postgresql://user:password@host:port/database, or a host [RUSTYDB_URL]",
    )
    parser.add_argument("--timeout", type=float, default=0.0, metavar="S", help="seconds to wait for it; 0 tries once")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing")
    given = parser.parse_args(arguments)
    try:
        address = parse_address(given.target, {})
    except AddressError as error:
        print(f"rustydb ready: {error}", file=sys.stderr)
        return 2
    until = clock() + given.timeout
    while True:
        address.seconds = max(min(until - clock(), 10.0), 1.0)
        link = Link(address, seconds=address.seconds)
        try:
            link.open()
            link.rows("SELECT 1")
        except LinkError as error:
            reason, final = str(error), error.sqlstate[:2] in ("28", "3D")
        else:
            if not given.quiet:
                print(f"{address.url()} is ready")
            return 0
        finally:
            link.close()
        if final or clock() >= until:
            if not given.quiet:
                print(f"rustydb ready: {reason}", file=sys.stderr)
            return 2 if final else 1
        sleep(PAUSE_SECONDS)
