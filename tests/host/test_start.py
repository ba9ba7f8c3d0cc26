"""What a start loads: only what every server needs, as a start is part of every test that forks a database."""

from __future__ import annotations

import subprocess
import sys

NOT_YET = ("rustydb_proto.binary", "rustydb_engine.node.native", "msgpack", "cramjam", "trio", "gevent", "curio")
"""The first client of the native protocol loads the first four, and the other launchers the others."""


def test_a_start_loads_no_protocol_that_nobody_speaks_and_no_other_loop() -> None:
    program = "import sys, rustydb_asyncio.host, rustydb_host.launch\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "rustydb_engine.node.node" in loaded
    assert [name for name in loaded if name.startswith(NOT_YET)] == []
