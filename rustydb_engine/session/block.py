"""The transaction block of a session: BEGIN, COMMIT, ROLLBACK, savepoints, and what an error does.

    state     outside   BEGIN    an error           ROLLBACK, COMMIT
    IDLE  ──────────────────> BLOCK ──────> FAILED ──────────────────> IDLE

Outside a block a transaction is implicit: `begin_implicit` opens it with the first statement that needs one,
`finish_statement` commits it. A savepoint is a mark in the transaction, in the settings and in the list of portals.

Source: PostgreSQL 15, src/backend/access/transam/xact.c.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.temporary import before_commit, needs_commit_actions
from rustydb_engine.exec.deferred import check_deferred
from rustydb_engine.exec.waits import Wait, WaitDurable, WaitSpace
from rustydb_engine.session import announcing, portals
from rustydb_engine.session.copying import NeedCopyData
from rustydb_engine.session.plans import Space
from rustydb_engine.sql import ast
from rustydb_engine.storage.commit import LogWaits
from rustydb_engine.txn.transaction import Savepoint
from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.catalog.catalog import Overlay
    from rustydb_engine.session.session import Session

IDLE, BLOCK, FAILED = "idle", "block", "failed"
STATUS = {IDLE: "I", BLOCK: "T", FAILED: "E"}
ACTIVITY = {IDLE: "idle", BLOCK: "idle in transaction", FAILED: "idle in transaction (aborted)"}
SAVEPOINTS_MAX = 10_000
Work = Generator[Wait | NeedCopyData, object, None]


@value
class Level:
    """One SAVEPOINT: its name, the mark in the transaction and the depth of the saved settings."""

    name: str
    mark: Savepoint
    settings: int


def may_run_when_failed(statement: ast.AnyStatement | None) -> bool:
    """Whether a failed block accepts the statement: what ends it, or returns to a savepoint, or is empty."""
    return statement is None or isinstance(statement, ast.Commit | ast.Rollback)


def refuse_serializable(isolation: str) -> None:
    """Refuse the isolation level that there is none of; a weaker one in its place would be a lie."""
    if isolation == "serializable":
        raise SqlError("0A000", "isolation level serializable is not supported", hint="Use repeatable read.")


def _effective(isolation: str) -> str:
    return "read committed" if isolation == "read uncommitted" else isolation


class Block:
    """The transaction state of one session. `implicit`: several statements of one simple query share a transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.state = IDLE
        self.implicit = False
        self.statement_time = 0
        self.transaction_time = 0
        self.levels: list[Level] = []
        self._dependency = 0
        self._overlay: Space | None = None
        self.on_commit = False  # whether a temporary table has ON COMMIT DELETE ROWS or DROP
        self._defaults = ("read committed", False, False)
        self._defaults_version = -1
        self._isolation = "read committed"  # as it was asked for
        self.deferrable = False  # shown, and without effect: only serializable transactions can be deferred

    @property
    def depth(self) -> int:
        """Return how many savepoints are open."""
        return len(self.levels)

    @property
    def isolation(self) -> str:
        """Return the isolation level of the open transaction as it was asked for."""
        return self._isolation

    def failed_error(self) -> SqlError:
        """Return the error for a statement in a failed block."""
        return SqlError("25P02", "current transaction is aborted, commands ignored until end of transaction block")

    def overlay_space(self, catalog: Overlay) -> Space:
        """Return the plans of this transaction, which sees DDL of its own."""
        session = self.session
        path = session.search_path()
        space = self._overlay
        forms = session.settings.forms
        if space is None or space.catalog is not catalog or space.path != path or space.forms != forms:
            space = Space(session.database, catalog, path, forms, session.user, session.shared.config.plans_max)
            self._overlay = space
        return space

    # ---- beginning

    def begin_implicit(self) -> None:
        """Open a transaction for one statement (or several of one query)."""
        settings = self.session.settings
        if self._defaults_version != settings.version:
            read_only = settings.show("default_transaction_read_only") == "on"
            refuse_serializable(settings.show("default_transaction_isolation"))  # as a start-up packet may ask for
            deferrable = settings.show("default_transaction_deferrable") == "on"
            self._defaults = (settings.show("default_transaction_isolation"), read_only, deferrable)
            self._defaults_version = settings.version
        self._open(*self._defaults)

    def begin(self, statement: ast.Begin) -> str:
        """BEGIN or START TRANSACTION: open a block, or turn the implicit transaction into one."""
        if self.state is BLOCK:
            self.session.notice("WARNING", "25001", "there is already a transaction in progress")
        elif self.session.txn is None:
            self.begin_implicit()
        if statement.modes:
            self.set_modes(statement.modes)
        self.state = BLOCK
        return "START TRANSACTION" if statement.start else "BEGIN"

    def _open(self, isolation: str, read_only: bool, deferrable: bool) -> None:
        session = self.session
        self._isolation = isolation
        self.deferrable = deferrable
        session.txn = session.database.begin(_effective(isolation), read_only, session.process_id)
        self.transaction_time = self.statement_time or session.shared.timestamp()
        session.settings.save()

    def set_modes(self, modes: tuple[ast.Option, ...]) -> None:
        """SET TRANSACTION: change the isolation level or access mode of the open transaction."""
        txn = self.session.transaction()
        for mode in modes:
            word = str(mode.value)
            if mode.name == "isolation":
                if word not in ("read uncommitted", "read committed", "repeatable read", "serializable"):
                    raise SqlError("22023", f'invalid value for parameter "transaction_isolation": "{word}"')
                refuse_serializable(word)
                if word == self.isolation:
                    continue
                if self.levels:
                    raise SqlError("25001", "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction")
                if txn.snapshot_csn >= 0 or txn.cid > 0 or txn.writes:
                    raise SqlError("25001", "SET TRANSACTION ISOLATION LEVEL must be called before any query")
                self._isolation = word
                txn.isolation = _effective(word)
            elif mode.name == "read":
                if word == "write" and txn.read_only and txn.cid > 0:
                    raise SqlError("25001", "transaction read-write mode must be set before any query")
                txn.read_only = word == "only"
            else:
                self.deferrable = word == "on"

    # ---- ending

    def commit(self, statement: ast.Commit) -> Generator[Wait | NeedCopyData, object, str]:
        """COMMIT: a failed block is rolled back, and says so in its tag."""
        if self.state is FAILED:
            return self._rolled_back(statement.chain)
        if self.state is IDLE:
            self._no_transaction("COMMIT", statement.chain)
        again = self._modes()
        self.state = IDLE
        yield from self.finish_statement()
        if statement.chain:
            self._open(*again)
            self.state = BLOCK
        return "COMMIT"

    def rollback(self, statement: ast.Rollback) -> str:
        """ROLLBACK of the whole block."""
        if self.state is IDLE:
            self._no_transaction("ROLLBACK", statement.chain)
        return self._rolled_back(statement.chain)

    def _rolled_back(self, chain: bool) -> str:
        again = self._modes()
        self.state = IDLE
        self.abandon()
        if chain:
            self._open(*again)
            self.state = BLOCK
        return "ROLLBACK"

    def _no_transaction(self, what: str, chain: bool) -> None:
        if chain:
            raise SqlError("25P01", f"{what} AND CHAIN can only be used in transaction blocks")
        self.session.notice("WARNING", "25P01", "there is no transaction in progress")

    def _modes(self) -> tuple[str, bool, bool]:
        txn = self.session.txn
        return self._isolation, txn is not None and txn.read_only, self.deferrable

    def finish_statement(self) -> Work:
        """Commit the open transaction and wait until that is durable."""
        session = self.session
        txn = session.txn
        if txn is None:
            session.drop_portals()
            return
        yield from portals.hold_cursors(session)
        for item in check_deferred(session.context, txn):
            yield from session.run_waits(item)
        if self.on_commit or (txn.catalog is not None and needs_commit_actions(txn.catalog, session.process_id)):
            for wait in before_commit(session.context):
                yield from session.run_waits(wait)
        session.drop_portals()
        if txn.catalog is not None:
            session.forget_space()  # a temporary table may have brought a schema into the search path
            self.on_commit = needs_commit_actions(txn.catalog, session.process_id)
        while True:
            try:
                csn = session.database.commit(txn, reserve=True)
                break
            except LogWaits:
                yield WaitSpace()
        session.txn = None
        self._forget()
        session.settings.end_transaction()
        self._dependency = max(self._dependency, txn.depends_csn)
        if txn.notes is not None:
            announcing.committed(session, txn.notes)
        if csn is not None and csn > session.database.durable_csn:
            yield WaitDurable(csn)

    def can_finish_now(self) -> bool:
        """Whether the open transaction can be committed without checks or rows that may have to wait."""
        session = self.session
        txn = session.txn
        if txn is None or txn.deferred is not None or self.on_commit or txn.catalog is not None:
            return False
        if txn.notes is not None:
            return False
        return not session.portals or not any(portal.hold for portal in session.portals.values())

    def finish_now(self) -> int:
        """Commit the open transaction; return the csn that its answer must wait for, or 0.

        LogWaits when the log may not have room: `finish_statement` waits for it.
        """
        session = self.session
        txn = session.txn
        assert txn is not None, "there is something to finish"
        if session.portals:
            session.drop_portals()
        if txn.catalog is not None:
            session.forget_space()
        csn = session.database.commit(txn, reserve=True)
        session.txn = None
        if self.levels or self._overlay is not None:
            self._forget()
        session.settings.end_transaction()
        return csn if csn is not None and csn > session.database.durable_csn else self.dependency()

    def dependency(self) -> int:
        """Return the commit that the answers given so far depend on, or 0 when all that is durable; forget it."""
        csn, self._dependency = self._dependency, 0
        return csn if csn > self.session.database.durable_csn else 0

    def fail(self) -> None:
        """An error: outside a block roll back; inside, undo to the innermost savepoint and fail the block."""
        session = self.session
        if self.state is IDLE:
            self.abandon()
            return
        if self.state is BLOCK and session.txn is not None:
            self._dependency = max(self._dependency, session.txn.depends_csn)
            portals.fail_above(session, len(self.levels) - 1)
            if self.levels:
                session.database.rollback_to(session.txn, self.levels[-1].mark)
            else:
                session.database.rollback(session.txn)
                session.txn = None
                self._overlay = None
        self.state = FAILED

    def abandon(self) -> None:
        """Roll back the open transaction, if any, and forget the block."""
        session = self.session
        session.drop_portals()
        if session.txn is not None:
            self._dependency = max(self._dependency, session.txn.depends_csn)
            session.database.rollback(session.txn)
            session.txn = None
        if session.settings.depth():
            session.settings.restore(0)
        session.settings.end_transaction()
        self.state = IDLE
        self._forget()

    def _forget(self) -> None:
        self.levels.clear()
        self._overlay = None

    # ---- savepoints

    def savepoint(self, name: str) -> str:
        """SAVEPOINT name."""
        self._require_block("SAVEPOINT")
        if len(self.levels) >= SAVEPOINTS_MAX:
            raise SqlError("54000", f"too many savepoints: the limit is {SAVEPOINTS_MAX}")
        txn = self.session.transaction()
        self.levels.append(Level(name, txn.savepoint(), self.session.settings.depth()))
        self.session.settings.save()
        return "SAVEPOINT"

    def release(self, name: str) -> str:
        """RELEASE name: forget it and those after it, keeping their changes."""
        self._require_block("RELEASE SAVEPOINT")
        number = self._find(name)
        self.session.settings.release(self.levels[number].settings)
        del self.levels[number:]
        for portal in self.session.portals.values():
            portal.depth = min(portal.depth, number)
        return "RELEASE"

    def rollback_to(self, name: str) -> str:
        """ROLLBACK TO name: undo what came after it; the block is no longer failed."""
        self._require_block("ROLLBACK TO SAVEPOINT")
        session = self.session
        number = self._find(name)
        level = self.levels[number]
        assert session.txn is not None, "savepoints keep their transaction"
        portals.drop_above(session, number)
        session.database.rollback_to(session.txn, level.mark)
        session.txn.next_command()
        session.settings.restore(level.settings)
        session.settings.save()
        del self.levels[number + 1 :]
        self._overlay = None
        self.state = BLOCK
        return "ROLLBACK"

    def _require_block(self, what: str) -> None:
        if self.state is IDLE and not (self.implicit and what != "SAVEPOINT"):
            raise SqlError("25P01", f"{what} can only be used in transaction blocks")

    def _find(self, name: str) -> int:
        for number in range(len(self.levels) - 1, -1, -1):
            if self.levels[number].name == name:
                return number
        raise SqlError("3B001", f'savepoint "{name}" does not exist')
