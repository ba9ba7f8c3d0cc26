"""Actions for statements that are neither queries nor definitions: transactions, SET, cursors, COPY, EXPLAIN, …"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.actions import ACTIONS, action, constant
from rustydb_engine.sql.ast import FromTable, Name, Node, Option, Query, SetParameter, Statement, TypeName

# ---------------------------------------------------------------- transactions

action("begin")(lambda pos, _, modes: ast.Begin(False, tuple(modes or ()), pos))
action("start_transaction")(lambda pos, modes: ast.Begin(True, tuple(modes or ()), pos))
action("commit")(lambda pos, _, chain: ast.Commit(chain, pos))
action("rollback")(lambda pos, _, chain: ast.Rollback("", chain, pos))
action("rollback_to")(lambda pos, _, name: ast.Rollback(name, False, pos))
action("savepoint")(lambda pos, name: ast.Savepoint(name, pos))
action("release")(lambda pos, name: ast.Release(name, pos))
action("mode_isolation")(lambda pos, level: Option("isolation", level, pos))
action("mode_read_only")(lambda pos: Option("read", "only", pos))
action("mode_read_write")(lambda pos: Option("read", "write", pos))
action("mode_deferrable")(lambda pos: Option("deferrable", "on", pos))
action("mode_not_deferrable")(lambda pos: Option("deferrable", "off", pos))
for _level in ("read uncommitted", "read committed", "repeatable read", "serializable"):
    constant(_level.replace(" ", "_"), _level)

# ---------------------------------------------------------------- SET, RESET, SHOW

Setting = tuple[str, tuple[str | Node, ...] | None]  # name and values, None for DEFAULT


@action("set")
def set_session(pos: int, setting: Setting) -> SetParameter:
    """`SET [SESSION] a TO b`."""
    return SetParameter(setting[0], setting[1], False, pos)


@action()
def set_local(pos: int, setting: Setting) -> SetParameter:
    """`SET LOCAL a TO b`."""
    return SetParameter(setting[0], setting[1], True, pos)


action("set_transaction")(lambda pos, modes: ast.SetTransaction(tuple(modes), False, pos))
action("set_session_transaction")(lambda pos, modes: ast.SetTransaction(tuple(modes), True, pos))
action("set_constraints")(lambda pos, names, deferred: ast.SetConstraints(tuple(names), deferred, pos))
action("set_values")(lambda pos, name, values: (name, tuple(values)))
action("set_default")(lambda pos, name: (name, None))
action("set_time_zone")(lambda pos, zone: ("timezone", None if zone is None else (zone,)))
action("set_schema_path")(lambda pos, schema: ("search_path", (schema,)))
action("set_names")(lambda pos, name=None: ("client_encoding", None if name is None else (name,)))
action("set_role")(lambda pos, role: ("role", (role,)))
action("set_session_authorization")(lambda pos, role: ("session_authorization", (role,)))
action("set_session_authorization_default")(lambda pos: ("session_authorization", None))
action("set_xml")(lambda pos, what: ("xmloption", (what,)))
action("parameter_next")(lambda pos, name, part: f"{name}.{part}")


@action()
def set_catalog(pos: int, name: str) -> Setting:
    """`SET CATALOG`, which PostgreSQL does not have either."""
    raise SqlError("0A000", "current database cannot be changed", position=pos)


def _register_words() -> None:
    words = "true false on document content next prior first last absolute relative forward backward analyze"
    for word in words.split():
        constant("word_" + word, word)
    constant("word_timezone", "timezone")
    constant("word_transaction_isolation", "transaction_isolation")
    constant("word_session_authorization", "session_authorization")
    constant("word_star", "*")


_register_words()

action("reset")(lambda pos, name: ast.Reset(name, pos))
action("reset_all")(lambda pos: ast.Reset("all", pos))
action("show")(lambda pos, name: ast.Show(name, pos))
action("show_all")(lambda pos: ast.Show("all", pos))

# ---------------------------------------------------------------- prepared statements and cursors


@action()
def prepare(pos: int, name: str, types: list[TypeName] | None, statement: Query | Statement) -> ast.Prepare:
    """PREPARE."""
    return ast.Prepare(name, tuple(types or ()), statement, pos)


action("execute")(lambda pos, name, args: ast.Execute(name, tuple(args or ()), pos))
action("deallocate")(lambda pos, name: ast.Deallocate(name, pos))
action("deallocate_all")(lambda pos: ast.Deallocate("", pos))
for _option in ("no scroll", "scroll", "binary", "noise"):
    constant("cursor_" + _option.replace(" ", "_"), _option)


@action()
def declare(pos: int, name: str, options: list[str], hold: bool, query: Query) -> ast.DeclareCursor:
    """DECLARE … CURSOR."""
    if "scroll" in options and "no scroll" in options:
        raise SqlError("42P11", "cannot specify both SCROLL and NO SCROLL", position=pos)
    scroll = True if "scroll" in options else False if "no scroll" in options else None
    return ast.DeclareCursor(name, query, "binary" in options, scroll, hold, pos)


@action()
def fetch(pos: int, what: ast.Fetch) -> ast.Fetch:
    """FETCH."""
    return ast.Fetch(what.cursor, what.direction, what.count, False, pos)


@action()
def move(pos: int, what: ast.Fetch) -> ast.Fetch:
    """MOVE."""
    return ast.Fetch(what.cursor, what.direction, what.count, True, pos)


constant("from_in", None)
action("fetch_next")(lambda pos, _, cursor: ast.Fetch(cursor, "next", 1))
action("fetch_word")(lambda pos, word, _, cursor: ast.Fetch(cursor, word, 1))
action("fetch_number")(lambda pos, word, count, _, cursor: ast.Fetch(cursor, word, count))
action("fetch_count")(lambda pos, count, _, cursor: ast.Fetch(cursor, "forward", count))
action("fetch_all")(lambda pos, _, cursor: ast.Fetch(cursor, "forward", None))
action("fetch_forward")(lambda pos, word, _, cursor: ast.Fetch(cursor, word, 1))
action("fetch_forward_count")(lambda pos, word, count, _, cursor: ast.Fetch(cursor, word, count))
action("fetch_forward_all")(lambda pos, word, _, cursor: ast.Fetch(cursor, word, None))
action("signed_integer")(lambda pos, text: int(text))
action("signed_integer_minus")(lambda pos, text: -int(text))
action("close")(lambda pos, name: ast.CloseCursor(name, pos))
action("close_all")(lambda pos: ast.CloseCursor("", pos))

# ---------------------------------------------------------------- sessions

for _what in ("all", "temp", "plans", "sequences"):
    ACTIONS["discard_" + _what] = lambda pos, what=_what: ast.Discard(what, pos)
action("listen")(lambda pos, channel: ast.Listen(channel, pos))
action("unlisten")(lambda pos, channel: ast.Unlisten(channel, pos))
action("unlisten_all")(lambda pos: ast.Unlisten("", pos))
action("notify")(lambda pos, channel, payload: ast.Notify(channel, payload or "", pos))
action("checkpoint")(lambda pos: ast.Checkpoint(pos))


def _register_lock_modes() -> None:
    modes = "access share|row share|row exclusive|share update exclusive|share|share row exclusive|exclusive"
    for mode in (*modes.split("|"), "access exclusive"):
        constant("mode_" + mode.replace(" ", "_"), mode)


_register_lock_modes()


@action()
def lock(pos: int, tables: list[FromTable], mode: str | None, nowait: bool) -> ast.LockTable:
    """LOCK TABLE."""
    return ast.LockTable(tuple(tables), mode or "access exclusive", nowait, pos)


# ---------------------------------------------------------------- COPY

Target = tuple[str, str]  # stdin, stdout, file or program, and its name


@action()
def copy(
    pos: int,
    binary: bool,
    table: Name,
    columns: list[str] | None,
    to: bool,
    target: Target,
    delimiter: Option | None,
    options: list[Option],
    where: tuple[Node, int] | None,
) -> ast.Copy:
    """COPY of a table."""
    if to and target[0] == "stdin":
        target = ("stdout", "")
    if not to and target[0] == "stdout":
        target = ("stdin", "")
    if to and where is not None:
        raise SqlError("42601", "WHERE clause not allowed with COPY TO", position=where[1])
    first = [Option("format", "binary", pos)] if binary else []
    every = (*first, *([delimiter] if delimiter else []), *options)
    name = target[1] if target[0] in ("file", "program") else target[0]
    return ast.Copy(table, tuple(columns or ()), None, to, name, target[0] == "program", every, where and where[0], pos)


@action()
def copy_query(pos: int, query: Query, target: Target, options: list[Option]) -> ast.Copy:
    """COPY of a query's rows."""
    name = target[1] if target[0] in ("file", "program") else "stdout"
    return ast.Copy((), (), query, True, name, target[0] == "program", tuple(options), None, pos)


action("copy_file")(lambda pos, name: ("file", name))
action("copy_program")(lambda pos, name: ("program", name))
constant("copy_stdin", ("stdin", ""))
constant("copy_stdout", ("stdout", ""))
action("copy_delimiter", "copy_old_delimiter")(lambda pos, text: Option("delimiter", text, pos))
action("copy_old_binary")(lambda pos: Option("format", "binary", pos))
action("copy_old_freeze")(lambda pos: Option("freeze", "true", pos))
action("copy_old_null")(lambda pos, text: Option("null", text, pos))
action("copy_old_csv")(lambda pos: Option("format", "csv", pos))
action("copy_old_header")(lambda pos: Option("header", "true", pos))
action("copy_old_quote")(lambda pos, text: Option("quote", text, pos))
action("copy_old_escape")(lambda pos, text: Option("escape", text, pos))
action("copy_old_force_quote")(lambda pos, names=None: Option("force_quote", tuple(names) if names else "*", pos))
action("copy_old_force_not_null")(lambda pos, names: Option("force_not_null", tuple(names), pos))
action("copy_old_force_null")(lambda pos, names: Option("force_null", tuple(names), pos))
action("copy_old_encoding")(lambda pos, text: Option("encoding", text, pos))
action("generic_option")(lambda pos, name, value: Option(name, value, pos))
action("names_value")(lambda pos, names: tuple(names))

# ---------------------------------------------------------------- EXPLAIN, VACUUM, ANALYZE


def _explain(pos: int, statement: Query | Statement, *options: Option) -> ast.Explain:
    return ast.Explain(statement, options, pos)


ACTIONS["explain"] = _explain
action("explain_analyze")(lambda pos, _, s: _explain(pos, s, Option("analyze")))
action("explain_analyze_verbose")(lambda pos, _, s: _explain(pos, s, Option("analyze"), Option("verbose")))
action("explain_verbose")(lambda pos, s: _explain(pos, s, Option("verbose")))
action("explain_options")(lambda pos, options, s: _explain(pos, s, *options))

Relations = list[tuple[Name, tuple[str, ...]]]


@action()
def vacuum(pos: int, full: bool, freeze: bool, verbose: bool, analyze: bool, tables: Relations | None) -> ast.Vacuum:
    """VACUUM with options as words."""
    chosen = (("full", full), ("freeze", freeze), ("verbose", verbose), ("analyze", analyze))
    options = tuple(Option(name) for name, wanted in chosen if wanted)
    return ast.Vacuum(tuple(tables or ()), options, False, pos)


@action()
def vacuum_options(pos: int, options: list[Option], tables: Relations | None) -> ast.Vacuum:
    """`VACUUM (FULL) t`."""
    return ast.Vacuum(tuple(tables or ()), tuple(options), False, pos)


@action("analyze")
def analyze_(pos: int, _: str, verbose: bool, tables: Relations | None) -> ast.Vacuum:
    """ANALYZE."""
    return ast.Vacuum(tuple(tables or ()), (Option("verbose"),) if verbose else (), True, pos)


@action()
def analyze_options(pos: int, _: str, options: list[Option], tables: Relations | None) -> ast.Vacuum:
    """`ANALYZE (VERBOSE) t`."""
    return ast.Vacuum(tuple(tables or ()), tuple(options), True, pos)


constant("with_analyze", True)
action("vacuum_relation")(lambda pos, name, columns: (name, tuple(columns or ())))
