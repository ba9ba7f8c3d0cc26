"""Imports go downward only, and the pure packages touch neither clock, socket, file, thread nor chance."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "rustydb_proto",
    "rustydb_engine",
    "adapters/rustydb",
    "adapters/rustydb_host",
    "adapters/rustydb_asyncio",
    "adapters/rustydb_trio",
    "adapters/rustydb_gevent",
    "adapters/rustydb_curio",
    "adapters/rustydb_sim",
    "adapters/rustydb_shell",
)

# Lower layers first. A package may import those before it; names in one row do not import each other unless listed.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("rustydb_proto.core",),
    ("rustydb_proto.tls_binding", "rustydb_proto.tls_hello"),
    ("rustydb_proto.sniff", "rustydb_proto.tls", "rustydb_proto.pg", "rustydb_proto.binary"),
    # The client knows the protocol and nothing of the engine.
    ("rustydb",),
    ("rustydb_engine.version", "rustydb_engine.errors", "rustydb_engine.config"),
    ("rustydb_engine.values",),
    ("rustydb_engine.catalog",),
    ("rustydb_engine.txn", "rustydb_engine.storage"),
    ("rustydb_engine.sql",),
    # System tables list the functions, operators and casts, so they stand above the registries.
    ("rustydb_engine.catalog.printing",),
    ("rustydb_engine.catalog.dependencies",),
    ("rustydb_engine.catalog.system_tables",),
    ("rustydb_engine.catalog.information_schema",),
    ("rustydb_engine.catalog.virtual",),
    ("rustydb_engine.exec",),
    ("rustydb_engine.copy",),
    ("rustydb_engine.session", "rustydb_engine.live"),
    ("rustydb_engine.node",),
    ("rustydb_host",),
    ("rustydb_asyncio", "rustydb_trio", "rustydb_gevent", "rustydb_curio", "rustydb_sim"),
    # The command that has all the others.
    ("rustydb_shell",),
)
SIBLINGS = {
    ("rustydb_engine.txn", "rustydb_engine.storage"),
    ("rustydb_engine.storage", "rustydb_engine.txn"),
    # LISTEN and NOTIFY are statements of a session.
    ("rustydb_engine.session", "rustydb_engine.live"),
    # Functions that name catalog objects (regproc, pg_get_function_…) read the same tables as pg_proc.
    ("rustydb_engine.sql", "rustydb_engine.catalog.system_tables"),
}
# Only these parts of the engine may know a protocol.
KNOW_PROTOCOLS = ("rustydb_engine.node",)

BANNED_MODULES = {
    "asyncio", "socket", "threading", "time", "random", "secrets", "uuid", "select", "selectors", "subprocess",
    "concurrent", "multiprocessing", "signal", "tempfile", "shutil", "pathlib", "os", "ssl",
}  # fmt: skip
# TLS over memory buffers: OpenSSL without a socket or a file.
MAY_IMPORT = {"rustydb_proto.tls": {"ssl"}}
# Where id() is a key of a table of objects that are alive, and the number goes nowhere else.
IDENTITY_KEYS = {"rustydb_engine.exec.codegen", "rustydb_engine.exec.explain", "rustydb_engine.exec.source"}
BANNED_CALLS = {"open", "hash", "id", "input", "print"}
BANNED_ATTRIBUTES = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("datetime", "today")}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            base = ROOT / "adapters" if package.startswith("adapters") else ROOT
            yield ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__"), path


MODULES = list(modules())
PURE = [(name, path) for name, path in MODULES if name.startswith(("rustydb_proto", "rustydb_engine"))]


def layer_of(name: str) -> tuple[int, str] | None:
    found = [
        (level, package)
        for level, packages in enumerate(LAYERS)
        for package in packages
        if name == package or name.startswith(package + ".")
    ]
    return max(found, key=lambda pair: len(pair[1]), default=None)


def runtime_imports(tree: ast.Module) -> Iterator[str]:
    """Yield imported modules, leaving out those under `if TYPE_CHECKING`."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        todo.extend(ast.iter_child_nodes(node))


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_imports_go_downward(name: str, path: Path) -> None:
    here = layer_of(name)
    for target in set(runtime_imports(ast.parse(path.read_text()))):
        if name.startswith("rustydb_proto"):
            assert not target.startswith("rustydb_engine"), f"{name} imports {target}: the protocol is its own product"
        if name.startswith("rustydb_engine") and not name.startswith(KNOW_PROTOCOLS):
            known = ("rustydb_proto.pg", "rustydb_proto.binary", "rustydb_proto.tls", "rustydb_proto.sniff")
            assert not target.startswith(known), f"{name} imports {target}: only the node knows protocols"
        there = layer_of(target)
        if here is None or there is None or here[1] == there[1] or (here[1], there[1]) in SIBLINGS:
            continue
        assert there[0] < here[0], f"{name} imports {target}, which is not below it"


@pytest.mark.parametrize(("name", "path"), PURE, ids=[name for name, _ in PURE])
def test_the_core_is_pure(name: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    targets = set(runtime_imports(tree))
    if {target for target in targets if target.startswith("uuid")} == {"uuid", "uuid.UUID"}:
        targets -= {"uuid", "uuid.UUID"}  # the value is pure, the generators are not
    for target in targets:
        module = target.split(".")[0]
        assert module not in BANNED_MODULES - MAY_IMPORT.get(name, set()), f"{name} imports {target}"
    for node in ast.walk(tree):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith), f"{name} awaits"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = node.func.id
            if called == "hash" and _in_hash_method(tree, node):
                continue
            if called == "id" and name in IDENTITY_KEYS:
                continue
            assert called not in BANNED_CALLS, f"{name}:{node.lineno} calls {called}()"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in BANNED_ATTRIBUTES, f"{name}:{node.lineno} reads a clock"


def _in_hash_method(tree: ast.Module, call: ast.Call) -> bool:
    """hash() inside __hash__ defines equality classes; nothing that leaves the node depends on the number."""
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "__hash__" and call in ast.walk(node)
        for node in ast.walk(tree)
    )
