"""The package: what importing it brings in, and what it exports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import rustydb

ROOT = Path(__file__).parents[2]


def test_importing_it_brings_in_neither_the_engine_nor_an_optional_package() -> None:
    code = (
        "import sys, rustydb, rustydb.dbapi; print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    loaded = set(done.stdout.split())
    assert {"rustydb", "rustydb_proto"} <= loaded
    assert not loaded & {"rustydb_engine", "rustydb_host", "lark", "anyio", "trio", "asyncio", "sortedcontainers"}


def test_every_exported_name_is_there() -> None:
    pytest.importorskip("anyio")
    for name in rustydb.__all__:
        assert getattr(rustydb, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        rustydb.nonsense  # noqa: B018 - the access is what is tested


def test_without_anyio_the_asynchronous_half_says_what_to_install() -> None:
    code = "import sys; sys.modules['anyio'] = None\nimport rustydb\nrustydb.connect_async"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )
    assert "ImportError: rustydb.connect_async needs anyio: pip install 'rustydb[async]'" in done.stderr
