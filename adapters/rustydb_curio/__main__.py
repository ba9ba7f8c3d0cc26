"""`rustydb-curio`: the server under curio."""

from __future__ import annotations

import sys

from rustydb_host import launch


def main() -> int:
    """Run the server until it is stopped; return the exit status."""
    return launch.main("rustydb-curio", "curio")


if __name__ == "__main__":
    sys.exit(main())
