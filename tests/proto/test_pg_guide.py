"""The integration guide, rustydb_proto/README.md: its programs run, its reference is complete, what it promises of imports holds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from rustydb_proto import pg

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "rustydb_proto" / "README.md").read_text()
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def program() -> dict[str, object]:
    """Run every block of Python, in order, as one program; return its names."""
    names: dict[str, object] = {"__name__": "guide"}
    for found in BLOCK.finditer(GUIDE):
        line = GUIDE.count("\n", 0, found.start(1))
        exec(compile("\n" * line + found[1], "README.md", "exec"), names)
    return names


def test_every_program_of_the_guide_runs() -> None:
    assert len(BLOCK.findall(GUIDE)) >= 12
    program()


def test_every_fenced_block_is_one_that_runs() -> None:
    assert GUIDE.count("```") == 2 * len(BLOCK.findall(GUIDE))


@pytest.mark.parametrize("union", [pg.ServerEvent, pg.ServerCommand, pg.ClientEvent, pg.ClientCommand])
def test_the_reference_names_every_event_and_command(union: object) -> None:
    reference = GUIDE[GUIDE.index("## Reference") :]
    missing = [one.__name__ for one in get_args(union) if f"`{one.__name__}`" not in reference]
    assert not missing


def test_events_and_commands_are_exported_and_described() -> None:
    for union in (pg.ServerEvent, pg.ServerCommand, pg.ClientEvent, pg.ClientCommand):
        for one in get_args(union):
            assert getattr(pg, one.__name__) is one and one.__name__ in pg.__all__
            assert one.__doc__ and len(one.__doc__) > 10 and not one.__doc__.startswith(one.__name__ + "(")
    for name in pg.__all__:
        assert hasattr(pg, name)


def test_the_links_of_the_guide_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", GUIDE):
        assert (ROOT / "rustydb_proto" / target).exists(), target
    for name in re.findall(r"^\d+\. (.*)$", GUIDE, re.MULTILINE):
        for path in re.findall(r"`((?:core/|pg/)?\w+\.py)`", name):
            assert (ROOT / "rustydb_proto" / path).exists(), path


IMPORT = """
import sys

ALLOWED = ("rustydb_proto", "rustydb_proto.core", "rustydb_proto.pg")
BLOCKED = {"lark", "h2", "h11", "wsproto", "sortedcontainers", "msgpack", "cramjam", "cryptography", "numpy", "ssl",
           "socket", "asyncio", "threading", "rustydb_engine", "rustydb_host", "rustydb_asyncio", "rustydb"}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")
        own = name.startswith("rustydb_proto.") and not name.startswith(ALLOWED[1:])
        if own:
            raise ImportError(f"{name} is no part of the PostgreSQL protocol")

before = set(sys.modules)
assert not before & BLOCKED, before & BLOCKED
sys.meta_path.insert(0, Blocker())
import rustydb_proto.pg
import rustydb_proto.pg.binary, rustydb_proto.pg.oids, rustydb_proto.pg.pair, rustydb_proto.pg.sqlstate, rustydb_proto.pg.text
others = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names) - {"rustydb_proto"}
assert not others, others
"""


def test_the_protocol_imports_nothing_but_the_standard_library() -> None:
    """`-I -S`: no site-packages, and nothing of this project but what the path names."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{IMPORT}"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_protocol_is_typed() -> None:
    assert (ROOT / "rustydb_proto" / "py.typed").exists()
    assert os.path.getsize(ROOT / "rustydb_proto" / "__init__.py") < 2000
