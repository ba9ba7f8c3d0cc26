"""The build backend: setuptools, which first makes the parse tables that belong into the package.

pip calls these hooks (PEP 517, PEP 660). The tables are made from the grammar files by rustydb_engine/sql/tables.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]


def _make_tables() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from rustydb_engine.sql.tables import load

    load()


def build_wheel(*arguments: Any, **options: Any) -> str:
    """Build a wheel, the parse tables in it."""
    _make_tables()
    return build_meta.build_wheel(*arguments, **options)


def build_editable(*arguments: Any, **options: Any) -> str:
    """Build an editable wheel; the tables are made beside the grammar."""
    _make_tables()
    return build_meta.build_editable(*arguments, **options)
