"""`rustydb-asyncio`: the server under asyncio, with uvloop where it is installed."""

from __future__ import annotations

import sys

from rustydb_host import launch


def main() -> int:
    """Run the server until it is stopped; return the exit status."""
    return launch.main("rustydb-asyncio", "asyncio")


if __name__ == "__main__":
    sys.exit(main())
