"""Who may come in: what a startup packet must satisfy before a connection becomes a session.

The order of the checks, and their words, are PostgreSQL's: authentication first, then the database, then the parameters.
Source: PostgreSQL 15, src/backend/utils/init/postinit.c.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rustydb_engine.catalog.objects import Role
from rustydb_engine.errors import SqlError
from rustydb_engine.session.session import Session
from rustydb_engine.storage.database import Database
from rustydb_proto.pg.messages import Authenticate, StartupReceived
from rustydb_proto.tls import Certificate

if TYPE_CHECKING:
    from rustydb_engine.node.connections import Connection
    from rustydb_engine.node.node import Node


class StartupRefused(Exception):
    """The connection cannot become a session; `error` says why, `reason` is more for the log and not for the client."""

    def __init__(self, error: SqlError, reason: str = "") -> None:
        super().__init__(error.message)
        self.error = error
        self.reason = reason

    def log(self, connection: Connection, user: str) -> None:
        """Write what only the log is told."""
        if self.reason:
            fields = {"user": user, "peer": connection.peer, "why": self.reason}
            connection.node.log("warning", "authentication failed", dict(fields))


def authenticate(connection: Connection, startup: StartupReceived) -> Authenticate:
    """Return how the client has to prove who it is; a user who does not exist fails only at the end of it.

    With `certificate_login` a verified certificate is the proof. `tls_required` leaves out Unix sockets, whose clients, as
    PostgreSQL's, do not even ask for TLS.
    """
    node, peer = connection.node, connection.secured
    if node.stopping:
        raise StartupRefused(SqlError("57P03", "the database system is shutting down"))
    if not startup.user:
        raise StartupRefused(SqlError("28000", "no PostgreSQL user name specified in startup packet"))
    if startup.parameters.get("replication", "off").lower() not in ("off", "false", "no", "0"):
        raise StartupRefused(SqlError("0A000", "replication connections are not supported"))
    if peer is None and node.config.tls_required and not connection.local.startswith("/"):
        message = f'connection of user "{startup.user}" is not encrypted, and this server requires TLS'
        raise StartupRefused(SqlError("28000", message, hint="Connect with sslmode=require."))
    role = node.database.catalog.role(startup.user)
    if peer is not None and peer.certificate is not None and node.config.certificate_login:
        return _by_certificate(startup.user, role, peer.certificate)
    verifier = role.verifier if role is not None and role.login else None
    if verifier is not None and verifier.startswith("md5"):
        return Authenticate("md5", verifier)
    return Authenticate("scram-sha-256", verifier)


def _by_certificate(user: str, role: Role | None, certificate: Certificate) -> Authenticate:
    """PostgreSQL's method `cert`: the common name of the certificate is the name of the user."""
    if certificate.common_name != user:
        message = f'certificate authentication failed for user "{user}"'
        detail = f'The common name of the certificate is "{certificate.common_name}".'
        raise StartupRefused(SqlError("28000", message), detail)
    if role is None:
        raise StartupRefused(SqlError("28000", f'role "{user}" does not exist'))
    if not role.login:
        raise StartupRefused(SqlError("28000", f'role "{user}" is not permitted to log in'))
    return Authenticate("trust")


def admit(node: Node, startup: StartupReceived) -> Session:
    """Return the session of an authenticated client, with its startup parameters set."""
    if len(node.sessions) >= node.config.connections_max:
        raise StartupRefused(SqlError("53300", "sorry, too many clients already"))
    database = startup.database or startup.user
    if database != node.config.database:
        raise StartupRefused(SqlError("3D000", f'database "{database}" does not exist'))
    session = Session(node.shared, startup.user, node.next_process_id())
    if node.tls is not None:
        session.settings.preset("ssl", "on")
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
