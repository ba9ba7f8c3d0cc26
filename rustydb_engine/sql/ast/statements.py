"""Statements of the syntax tree that neither query nor define: transactions, settings, cursors, COPY, EXPLAIN."""

from __future__ import annotations

from rustydb_engine.sql.ast.base import Name, Node, Query, Statement, at
from rustydb_engine.sql.ast.definitions import Option
from rustydb_engine.sql.ast.expressions import TypeName
from rustydb_engine.sql.ast.queries import FromTable
from rustydb_proto.core.value import value


@value
class Begin(Statement):
    """BEGIN or START TRANSACTION (`start`). `modes`: isolation ('read committed'…), read ('only'|'write'),
    deferrable ('on'|'off')."""

    start: bool = False
    modes: tuple[Option, ...] = ()
    pos: int = at()


@value
class Commit(Statement):
    """COMMIT or END; `chain`."""

    chain: bool = False
    pos: int = at()


@value
class Rollback(Statement):
    """ROLLBACK or ABORT; `to` a savepoint or ""."""

    to: str = ""
    chain: bool = False
    pos: int = at()


@value
class Savepoint(Statement):
    """SAVEPOINT name."""

    name: str
    pos: int = at()


@value
class Release(Statement):
    """RELEASE [SAVEPOINT] name."""

    name: str
    pos: int = at()


@value
class SetTransaction(Statement):
    """SET [SESSION CHARACTERISTICS AS] TRANSACTION modes."""

    modes: tuple[Option, ...]
    session: bool = False
    pos: int = at()


@value
class SetParameter(Statement):
    """SET [LOCAL|SESSION] name TO values; `values` None is DEFAULT. Numbers and words come as text.

    SET TIME ZONE is name `timezone`; SET NAMES `client_encoding`; SET SCHEMA `search_path`; SET SESSION AUTHORIZATION
    `session_authorization`; SET ROLE `role`. A typed literal (INTERVAL '…') comes as a Node."""

    name: str
    values: tuple[str | Node, ...] | None
    local: bool = False
    pos: int = at()


@value
class Reset(Statement):
    """RESET name or RESET ALL (name "all")."""

    name: str
    pos: int = at()


@value
class Show(Statement):
    """SHOW name or SHOW ALL (name "all")."""

    name: str
    pos: int = at()


@value
class SetConstraints(Statement):
    """SET CONSTRAINTS ALL|names DEFERRED|IMMEDIATE; empty names are ALL."""

    names: tuple[Name, ...]
    deferred: bool
    pos: int = at()


@value
class Prepare(Statement):
    """PREPARE name (types) AS statement."""

    name: str
    types: tuple[TypeName, ...]
    statement: Query | Statement
    pos: int = at()


@value
class Execute(Statement):
    """EXECUTE name (args)."""

    name: str
    args: tuple[Node, ...] = ()
    pos: int = at()


@value
class Deallocate(Statement):
    """DEALLOCATE name or ALL (name "")."""

    name: str
    pos: int = at()


@value
class DeclareCursor(Statement):
    """DECLARE name [BINARY] [SCROLL] CURSOR [WITH HOLD] FOR query."""

    name: str
    query: Query
    binary: bool = False
    scroll: bool | None = None
    hold: bool = False
    pos: int = at()


@value
class Fetch(Statement):
    """FETCH or MOVE (`move`). `direction`: next, prior, first, last, absolute, relative, forward, backward;
    `count` None is ALL."""

    cursor: str
    direction: str = "next"
    count: int | None = 1
    move: bool = False
    pos: int = at()


@value
class CloseCursor(Statement):
    """CLOSE name or ALL (name "")."""

    name: str
    pos: int = at()


@value
class Discard(Statement):
    """DISCARD ALL, PLANS, SEQUENCES or TEMP."""

    what: str
    pos: int = at()


@value
class Listen(Statement):
    """LISTEN channel."""

    channel: str
    pos: int = at()


@value
class Unlisten(Statement):
    """UNLISTEN channel, or * (channel "", which no identifier is)."""

    channel: str
    pos: int = at()


@value
class Notify(Statement):
    """NOTIFY channel, payload."""

    channel: str
    payload: str = ""
    pos: int = at()


@value
class LockTable(Statement):
    """LOCK TABLE; `mode` lower case without MODE ('access exclusive')."""

    tables: tuple[FromTable, ...]
    mode: str = "access exclusive"
    nowait: bool = False
    pos: int = at()


@value
class Copy(Statement):
    """COPY. One of `table` (with `columns`) and `query`. `to` says the direction; `target` is stdin, stdout,
    a file name or ('program', …). Options as in the parenthesised form, names lower case; old spellings translated."""

    table: Name = ()
    columns: tuple[str, ...] = ()
    query: Query | None = None
    to: bool = False
    target: str = "stdin"
    program: bool = False
    options: tuple[Option, ...] = ()
    where: Node | None = None
    pos: int = at()


@value
class Explain(Statement):
    """EXPLAIN (options) statement; ANALYZE and VERBOSE written bare are options."""

    statement: Query | Statement
    options: tuple[Option, ...] = ()
    pos: int = at()


@value
class Vacuum(Statement):
    """VACUUM or ANALYZE (`analyze_only`); tables with optional columns."""

    tables: tuple[tuple[Name, tuple[str, ...]], ...] = ()
    options: tuple[Option, ...] = ()
    analyze_only: bool = False
    pos: int = at()


@value
class Checkpoint(Statement):
    """CHECKPOINT."""

    pos: int = at()


@value
class Unsupported(Statement):
    """A statement of PostgreSQL that parses by its first words only; running it is 0A000. `what`: "CREATE FUNCTION"."""

    what: str
    pos: int = at()


AnyStatement = Statement | Query
