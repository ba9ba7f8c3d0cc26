"""How the code must look: documented modules, short files and functions, every module tested, no loose ends."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.rules.test_layers import MODULES, ROOT

LINES_MAX = 600
FUNCTION_LINES_MAX = 90
TABLES = {"rustydb_engine.sql.bound"}
"""Modules that are one long list of records."""

HOST_LINES_MAX = 300
HOSTS = [(name, path) for name, path in MODULES if re.fullmatch(r"rustydb_\w+\.host", name)]
"""A host holds no decision, so there is little that it could say."""

LOOSE_ENDS = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_a_module_says_what_it_is(name: str, path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring and len(docstring) >= 20, f"{name} needs a docstring that says what it is"


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_files_and_functions_are_short(name: str, path: Path) -> None:
    text = path.read_text()
    data_lines = sum(
        node.end_lineno - node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.end_lineno is not None
    )
    lines = text.count("\n") - data_lines
    assert name in TABLES or lines <= LINES_MAX, f"{name} has {lines} lines of code: one concept a file"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            size = node.end_lineno - node.lineno
            assert size <= FUNCTION_LINES_MAX, f"{name}.{node.name} has {size} lines"


@pytest.mark.parametrize(("name", "path"), HOSTS, ids=[name for name, _ in HOSTS])
def test_a_host_is_small(name: str, path: Path) -> None:
    assert path.read_text().count("\n") <= HOST_LINES_MAX


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_nothing_is_left_open(name: str, path: Path) -> None:
    found = LOOSE_ENDS.search(path.read_text())
    assert found is None, f"{name} has {found.group() if found else ''}"


def test_every_package_has_a_readme() -> None:
    packages = ["rustydb_proto", "rustydb_engine", "adapters/rustydb", "adapters/rustydb_shell"]
    missing = [package for package in packages if not (ROOT / package / "README.md").is_file()]
    assert not missing, f"no README.md in {missing}"


def test_the_project_speaks_of_itself_alone() -> None:
    # The words are put together so that this file does not hold them.
    words = re.compile("|".join(("/wor" + "k/", "/roo" + "t/", "farm" + "-", r"/\.libr" + "ary", r"\.\./sha" + "red")))
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        made = (".git", ".tox", ".venv", ".mypy", ".ruff", "__pycache__")  # what tools leave behind is not the project
        if not path.is_file() or any(part.startswith(made) for part in parts):
            continue
        if path.suffix in (".py", ".md", ".toml", ".ini", ".txt", ".yml") or parts[0] == ".ci":
            found = words.search(path.read_text(errors="replace"))
            assert found is None, f"{path.relative_to(ROOT)} mentions {found.group() if found else ''}"
