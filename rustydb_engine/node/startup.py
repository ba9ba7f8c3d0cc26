"""Who may come in: what a startup packet must satisfy before a connection becomes a session.

The order of the checks, and their words, are PostgreSQL's: authentication first, then the database, then the parameters.
Source: PostgreSQL 15, src/backend/utils/init/postinit.c.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rustydb_engine.errors import SqlError
from rustydb_engine.session.session import Session
from rustydb_engine.storage.database import Database
from rustydb_proto.pg.messages import Authenticate, StartupReceived

if TYPE_CHECKING:
    from rustydb_engine.node.node import Node


class StartupRefused(Exception):
    """The connection cannot become a session; `error` says why."""

    def __init__(self, error: SqlError) -> None:
        super().__init__(error.message)
        self.error = error


def authenticate(node: Node, startup: StartupReceived) -> Authenticate:
    """Return how the client has to prove who it is; a user who does not exist fails only at the end of it."""
    if node.stopping:
        raise StartupRefused(SqlError("57P03", "the database system is shutting down"))
    if not startup.user:
        raise StartupRefused(SqlError("28000", "no PostgreSQL user name specified in startup packet"))
    if startup.parameters.get("replication", "off").lower() not in ("off", "false", "no", "0"):
        raise StartupRefused(SqlError("0A000", "replication connections are not supported"))
    role = node.database.catalog.role(startup.user)
    verifier = role.verifier if role is not None and role.login else None
    if verifier is not None and verifier.startswith("md5"):
        return Authenticate("md5", verifier)
    return Authenticate("scram-sha-256", verifier)


def admit(node: Node, startup: StartupReceived) -> Session:
    """Return the session of an authenticated client, with its startup parameters set."""
    if len(node.sessions) >= node.config.connections_max:
        raise StartupRefused(SqlError("53300", "sorry, too many clients already"))
    database = startup.database or startup.user
    if database != node.config.database:
        raise StartupRefused(SqlError("3D000", f'database "{database}" does not exist'))
    session = Session(node.shared, startup.user, node.next_process_id())
    for name, text in startup.parameters.items():
        if name.startswith("_pq_.") or name == "replication":
            continue
        try:
            session.settings.set_startup(name, text)
        except SqlError as error:
            raise StartupRefused(error) from None
    return session


def set_password(database: Database, name: str, verifier: str) -> None:
    """Give a role the verifier of its password, in a transaction of its own."""
    role = database.catalog.role(name)
    assert role is not None, f"role {name} is part of every catalog"
    if role.verifier == verifier:
        return
    txn = database.begin()
    txn.catalog = database.catalog.overlay()
    txn.catalog.put(replace(role, verifier=verifier))
    database.commit(txn)
