"""The one build step that pyproject.toml cannot say: make the parse tables before packages are collected."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildTables(build_py):
    """Build the Python packages with rustydb_engine/sql/grammar.tables among them."""

    def run(self) -> None:
        """Make the tables from the grammar, then build as usual."""
        sys.path.insert(0, str(Path(__file__).parent))
        from rustydb_engine.sql.tables import load

        load()
        super().run()


setup(cmdclass={"build_py": BuildTables})
