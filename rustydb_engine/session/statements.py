"""Transaction control, parameters and SQL-level prepared statements.

Each handler is a generator (session, statement, portal) that returns its `Completion`; rows are yielded as lists.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.deferred import set_constraints
from rustydb_engine.exec.result import ResultColumn
from rustydb_engine.exec.waits import Completion
from rustydb_engine.session.block import refuse_serializable
from rustydb_engine.session.entry import Entry
from rustydb_engine.session.parameters import PARAMETERS
from rustydb_engine.session.prepared import Portal, Prepared
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.typenames import resolve_type
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import INTERVAL, TEXT, Type

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Steps = Generator[Any, Any, Completion]


# ---- transactions


def _begin(session: Session, statement: ast.Begin, _portal: Portal) -> Steps:
    yield from ()
    return Completion(session.block.begin(statement))


def _commit(session: Session, statement: ast.Commit, _portal: Portal) -> Steps:
    return Completion((yield from session.block.commit(statement)))


def _rollback(session: Session, statement: ast.Rollback, _portal: Portal) -> Steps:
    yield from ()
    if statement.to:
        return Completion(session.block.rollback_to(statement.to))
    return Completion(session.block.rollback(statement))


def _savepoint(session: Session, statement: ast.Savepoint, _portal: Portal) -> Steps:
    yield from ()
    return Completion(session.block.savepoint(statement.name))


def _release(session: Session, statement: ast.Release, _portal: Portal) -> Steps:
    yield from ()
    return Completion(session.block.release(statement.name))


def _set_transaction(session: Session, statement: ast.SetTransaction, _portal: Portal) -> Steps:
    yield from ()
    if statement.session:
        for mode in statement.modes:
            if mode.name == "isolation":
                set_parameter(session, "default_transaction_isolation", str(mode.value), local=False)
            elif mode.name == "read":
                session.settings.set("default_transaction_read_only", "on" if mode.value == "only" else "off")
            else:
                session.settings.set("default_transaction_deferrable", str(mode.value))
    elif session.block.state == "idle" and not session.block.implicit:
        session.notice("WARNING", "25P01", "SET TRANSACTION can only be used in transaction blocks")
    else:
        session.block.set_modes(statement.modes)
    return Completion("SET")


def _set_constraints(session: Session, statement: ast.SetConstraints, _portal: Portal) -> Steps:
    if session.block.state == "idle" and not session.block.implicit:
        session.notice("WARNING", "25P01", "SET CONSTRAINTS can only be used in transaction blocks")
    context = session.context
    context.start(session.transaction(), session.block.statement_time)
    yield from set_constraints(context, statement.names, statement.deferred)
    return Completion("SET CONSTRAINTS")


# ---- parameters


def _text(value: str | ast.Node) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, ast.Cast) and isinstance(value.item, ast.Literal) and value.type.name[-1] == "interval":
        return _offset(value.item.text)
    raise SqlError("42601", "the value of a parameter must be a literal")


def _offset(text: str) -> str:
    """Return the time zone that SET TIME ZONE INTERVAL means: hours count eastward, in POSIX's name westward."""
    interval = io_of(INTERVAL).input(text, -1, Forms())
    assert isinstance(interval, Interval), "the input of intervals gives intervals"
    for unit, count in (("months", interval.months), ("days", interval.days)):
        if count:
            shown = io_of(INTERVAL).output(interval, Forms())
            raise SqlError(
                "22023",
                f'invalid value for parameter "TimeZone": "INTERVAL \'{shown}\'"',
                detail=f"Cannot specify {unit} in time zone interval.",
            )
    hours, minutes = divmod(abs(interval.micros) // 60_000_000, 60)
    size = f"{hours:02d}" + (f":{minutes:02d}" if minutes else "")
    east, west = ("+", "-") if interval.micros >= 0 else ("-", "+")
    return f"<{east}{size}>{west}{size}"


def _quoted(name: str, words: list[str]) -> str:
    if len(words) == 1 and name != "search_path":
        return words[0]
    if name == "search_path":
        return ", ".join(
            word if word.replace("_", "a").isalnum() and word == word.lower() else '"' + word.replace('"', '""') + '"'
            for word in words
        )
    return ", ".join(words)


_TRANSACTION_PARAMETERS = {
    "transaction_isolation": "isolation",
    "transaction_read_only": "read",
    "transaction_deferrable": "deferrable",
}


def set_parameter(session: Session, name: str, text: str | None, local: bool) -> str:
    """Set a parameter, including those that belong to the transaction; return its canonical text."""
    key = name.lower()
    mode = _TRANSACTION_PARAMETERS.get(key)
    if mode is not None and text is not None:
        word = text.lower()
        if mode == "read":
            word = "only" if word in ("on", "true", "1", "yes") else "write"
        elif mode == "deferrable":
            word = "on" if word in ("on", "true", "1", "yes") else "off"
        session.block.set_modes((ast.Option(mode, word),))
        return show(session, key)
    if key == "default_transaction_isolation" and text is not None:
        refuse_serializable(text.lower())
    if key in ("role", "session_authorization") and text is not None and text.lower() not in ("none", "default"):
        if session.space().catalog.role(text) is None:
            raise SqlError("22023", f'role "{text}" does not exist')
        if text != session.user:
            raise not_supported(f"changing {key} to another role")
    return session.settings.set(name, text, local)


def show(session: Session, name: str) -> str:
    """Return a parameter's text, including those that belong to the transaction."""
    txn = session.txn
    key = name.lower()
    if key == "transaction_isolation":
        return session.block.isolation if txn is not None else session.settings.show("default_transaction_isolation")
    if key == "transaction_read_only":
        read_only = txn.read_only if txn is not None else session.settings.show("default_transaction_read_only") == "on"
        return "on" if read_only else "off"
    if key == "transaction_deferrable":
        if txn is None:
            return session.settings.show("default_transaction_deferrable")
        return "on" if session.block.deferrable else "off"
    return session.settings.show(name)


def _set(session: Session, statement: ast.SetParameter, _portal: Portal) -> Steps:
    yield from ()
    name = statement.name
    if statement.local and session.block.state == "idle" and not session.block.implicit:
        session.notice("WARNING", "25P01", "SET LOCAL can only be used in transaction blocks")
    text = None if statement.values is None else _quoted(name, [_text(item) for item in statement.values])
    # A transaction makes the change go away with it; outside a block there is one for just this statement.
    session.transaction()
    set_parameter(session, name, text, statement.local)
    return Completion("SET")


def _reset(session: Session, statement: ast.Reset, _portal: Portal) -> Steps:
    yield from ()
    session.transaction()
    if statement.name == "all":
        session.settings.reset_all()
    else:
        session.settings.set(statement.name, None)
    return Completion("RESET")


def show_columns(session: Session, statement: ast.Show) -> tuple[ResultColumn, ...]:
    """Return the columns of SHOW."""
    if statement.name == "all":
        return tuple(ResultColumn(name, TEXT) for name in ("name", "setting", "description"))
    parameter = PARAMETERS.get(statement.name.lower())
    if parameter is None and not session.settings.known(statement.name):
        raise SqlError("42704", f'unrecognized configuration parameter "{statement.name}"')
    return (ResultColumn(parameter.name if parameter else statement.name, TEXT),)


def _show(session: Session, statement: ast.Show, _portal: Portal) -> Steps:
    if statement.name == "all":
        rows = [(p.name, show(session, p.name), p.description) for p, _ in session.settings.items()]
        yield rows
    else:
        yield [(show(session, statement.name),)]
    return Completion("SHOW")


# ---- prepared statements


def _prepare(session: Session, statement: ast.Prepare, _portal: Portal) -> Steps:
    yield from ()
    if statement.name in session.statements:
        raise SqlError("42P05", f'prepared statement "{statement.name}" already exists')
    if not isinstance(statement.statement, ast.Query):
        raise SqlError("42601", "utility statements cannot be prepared")
    environment = session.space().environment(session.query)
    types = tuple(resolve_type(environment, name)[0] for name in statement.types)
    entry = Entry(session.query, statement.statement, 0)
    session.space().plan(entry, types)
    session.statements[statement.name] = Prepared(entry, types, session.shared.timestamp(), by_sql=True)
    return Completion("PREPARE")


def _found(session: Session, name: str) -> Prepared:
    prepared = session.statements.get(name)
    if prepared is None:
        raise session.unknown_statement(name)
    return prepared


def execute_columns(session: Session, statement: ast.Execute) -> tuple[ResultColumn, ...]:
    """Return the columns of EXECUTE: those of the prepared statement, none when there is no such one (yet)."""
    prepared = session.statements.get(statement.name)
    return prepared.entry.columns if prepared is not None else ()


def arguments(session: Session, statement: ast.Execute) -> tuple[Prepared, tuple[object, ...]]:
    """Return the prepared statement of EXECUTE and the values of its arguments."""
    prepared = _found(session, statement.name)
    if prepared.entry.version != session.space().catalog.version:
        session.refresh(prepared)
    kinds = prepared.entry.parameters
    if len(kinds) != len(statement.args):
        raise SqlError(
            "42601",
            f'wrong number of parameters for prepared statement "{statement.name}"',
            detail=f"Expected {len(kinds)} parameters but got {len(statement.args)}.",
        )
    if not kinds:
        return prepared, ()
    return prepared, _values(session, statement.args, kinds)


def _values(session: Session, args: tuple[ast.Node, ...], kinds: tuple[Type, ...]) -> tuple[object, ...]:
    """Evaluate the arguments of EXECUTE as a one-row query, each cast to its parameter's type."""
    targets = tuple(
        ast.Target(ast.Cast(arg, ast.TypeName(_type_name(kind), array=int(kind.is_array))), f"a{number}")
        for number, (arg, kind) in enumerate(zip(args, kinds, strict=True))
    )
    entry = session.space().plan(Entry(session.query, ast.Select(targets), 0), ())
    plan = entry.plan
    assert plan is not None, "queries are planned"
    if not plan.instant:
        raise not_supported("a subquery in the arguments of EXECUTE")
    context = session.context
    context.start(session.transaction(), session.block.statement_time)
    return plan.run(context, ())[0]


def _type_name(kind: Type) -> tuple[str, str]:
    return ("pg_catalog", kind.name[1:] if kind.is_array else kind.name)


def _execute(session: Session, statement: ast.Execute, portal: Portal) -> Steps:
    from rustydb_engine.session import portals

    prepared, params = arguments(session, statement)
    inner = Portal("", prepared.entry, params, portal.formats)
    try:
        steps = portals.start(session, inner)
        while True:
            try:
                item = next(steps)
            except StopIteration as stop:
                done: Completion = stop.value
                return done
            portal.snapshot = inner.snapshot  # kept while the outer one waits
            yield item
    finally:
        portals.release(session, inner)


def _deallocate(session: Session, statement: ast.Deallocate, _portal: Portal) -> Steps:
    yield from ()
    if not statement.name:
        session.statements.clear()
        return Completion("DEALLOCATE ALL")
    _found(session, statement.name)
    del session.statements[statement.name]
    return Completion("DEALLOCATE")


HANDLERS: dict[type, Callable[[Session, Any, Portal], Steps]] = {
    ast.Begin: _begin,
    ast.Commit: _commit,
    ast.Rollback: _rollback,
    ast.Savepoint: _savepoint,
    ast.Release: _release,
    ast.SetTransaction: _set_transaction,
    ast.SetConstraints: _set_constraints,
    ast.SetParameter: _set,
    ast.Reset: _reset,
    ast.Show: _show,
    ast.Prepare: _prepare,
    ast.Execute: _execute,
    ast.Deallocate: _deallocate,
}
