"""LISTEN, NOTIFY, UNLISTEN and subscriptions to tables: how a session talks to the channels and changes of `live`.

All of it is transactional: the statements leave notes in the transaction, and `committed` carries them out. A session listens
from the moment its LISTEN is committed; since others see a commit when it is durable, a LISTEN followed by a SELECT misses nothing.

Source: PostgreSQL 15, src/backend/commands/async.c.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from typing import TYPE_CHECKING, Any

from rustydb_engine.catalog.objects import Role, Table
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.expressions import bind_for, compile_row, parse_text
from rustydb_engine.exec.waits import Completion
from rustydb_engine.live.changes import OPERATIONS, Subscription
from rustydb_engine.session.prepared import Portal
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder import BindEnv
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.functions.advisory import check_notification
from rustydb_engine.txn.notes import Notes, size_of

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Steps = Generator[Any, Any, Completion]
Row = tuple[object, ...]


def _notes(session: Session) -> Notes:
    txn = session.transaction()
    if txn.notes is None:
        txn.notes = Notes()
    return txn.notes


def notify(session: Session, channel: str, payload: str) -> None:
    """Send a notification with the transaction's commit; 54000 when the transaction has too many."""
    notes = _notes(session)
    limit = session.shared.config.notify_queue_bytes_max
    if notes.bytes + size_of((channel, payload)) > limit and (channel, payload) not in notes.messages:
        raise SqlError(
            "54000",
            "too many notifications in the NOTIFY queue",
            detail=f"The limit is {limit} bytes (notify_queue_bytes_max).",
        )
    notes.notify(channel, payload)


def _notify(session: Session, statement: ast.Notify, _portal: Portal) -> Steps:
    yield from ()
    check_notification(statement.channel, statement.payload)
    notify(session, statement.channel, statement.payload)
    return Completion("NOTIFY")


def _listen(session: Session, statement: ast.Listen, _portal: Portal) -> Steps:
    yield from ()
    actions = _notes(session).actions
    limit = session.shared.config.listen_channels_max
    if len(actions) + (len(session.listener.channels) if session.listener is not None else 0) >= limit:
        raise SqlError("53400", f"too many channels: the limit is {limit} (listen_channels_max)")
    actions.append(("listen", statement.channel))
    return Completion("LISTEN")


def _unlisten(session: Session, statement: ast.Unlisten, _portal: Portal) -> Steps:
    yield from ()
    if not statement.channel:
        unlisten_all(session)
    elif session.listener is not None or session.transaction().notes is not None:
        _notes(session).actions.append(("unlisten", statement.channel))
    return Completion("UNLISTEN")


def unlisten_all(session: Session) -> None:
    """Stop listening to anything when the transaction commits; pools send this with every release."""
    if session.listener is not None or session.transaction().notes is not None:
        _notes(session).actions.append(("unlisten all", ""))


def committed(session: Session, notes: Notes) -> None:
    """Carry out the LISTEN and UNLISTEN of a transaction that has committed; announce what is durable already."""
    channels = session.shared.live.channels
    for action, channel in notes.actions:
        listener = session.listener
        if action == "listen":
            if listener is None:
                owner = session.shared.surroundings.waiter(session.process_id)
                listener = session.listener = channels.listener(session.process_id, owner)
            channels.listen(listener, channel)
        elif listener is not None:
            if action == "unlisten":
                channels.unlisten(listener, channel)
            else:
                channels.unlisten_all(listener)
            if not listener.channels:
                session.listener = None
    if notes.messages:
        session.shared.announce()


def end(session: Session) -> None:
    """Stop listening and end every subscription: the session is over."""
    live = session.shared.live
    if session.listener is not None:
        live.channels.unlisten_all(session.listener)
        session.listener = None
    for subscription in session.subscriptions:
        live.changes.close(subscription)
    session.subscriptions.clear()


# ---- subscriptions


def subscribe(
    session: Session, name: tuple[str, ...], operations: Collection[str], where: str, owner: object, key: object
) -> Subscription:
    """See `Session.subscribe`."""
    limit = session.shared.config.subscriptions_max
    if session.shared.live.changes.count >= limit:
        raise SqlError("53400", f"too many subscriptions: the limit is {limit} (subscriptions_max)")
    catalog = session.database.catalog  # as it is committed: what this transaction alone sees cannot be watched
    table = catalog.resolve(name, session.search_path())
    if not isinstance(table, Table) or table.kind == "view":
        raise SqlError("42809", f'"{table.name}" is not a table')
    if table.kind == "virtual":
        raise SqlError("42501", f'permission denied: "{table.name}" is a system catalog')
    role = catalog.role(session.user)
    if not isinstance(role, Role) or not (role.superuser or role.oid == table.owner):
        raise SqlError("42501", f"permission denied for table {table.name}")
    if table.persistence == "t":
        raise not_supported("a subscription to a temporary table")
    made = session.shared.live.changes.subscribe(
        table,
        owner if owner is not None else session.shared.surroundings.waiter(session.process_id),
        key,
        operations or OPERATIONS,
        _condition(session, where) if where else None,
        session.database.manager.csn,
    )
    if len(session.subscriptions) % 64 == 63:
        session.subscriptions = {one: None for one in session.subscriptions if not one.over}
    session.subscriptions[made] = None
    return made


def _condition(session: Session, where: str) -> Callable[[Table], Callable[[Row], bool]]:
    """Return what makes a predicate on the live columns of a table; it raises what is wrong with the condition."""
    node = parse_text(where)
    path = session.search_path()
    forms = session.settings.forms

    def bind(table: Table) -> Callable[[Row], bool]:
        shown = table
        if len(table.live()) != len(table.columns):
            columns = tuple(replace(column, attnum=attnum) for attnum, column in enumerate(table.live(), 1))
            shown = replace(table, columns=columns)
        env = BindEnv(session.database.catalog, path, forms, allow_parameters=False, user=session.user)
        compute = compile_row(bind_for(env, shown, node, "filter"))
        return lambda row: compute(row) is True

    return bind


HANDLERS: dict[type, Callable[[Session, Any, Portal], Steps]] = {
    ast.Listen: _listen,
    ast.Notify: _notify,
    ast.Unlisten: _unlisten,
}
