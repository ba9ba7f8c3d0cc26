"""What all sessions of a node share: the database, the plan spaces, and the node's ears.

Spaces are few (one for each combination of search path and display settings that is in use) and bounded.
"""

from __future__ import annotations

import traceback
from typing import Protocol

from rustydb_engine.config import Config
from rustydb_engine.errors import SqlError
from rustydb_engine.live.announcer import Announcer
from rustydb_engine.session.plans import Space
from rustydb_engine.storage.database import Database
from rustydb_engine.values.forms import Forms
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.time import Now

SPACES_MAX = 64
WALL_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970: SQL timestamps count from there."""


class Surroundings(Protocol):
    """What the node offers to sessions."""

    now: Now

    def log(self, level: str, event: str, fields: dict[str, str | int | float | None]) -> None:
        """Write a log record."""

    def cancel_session(self, process_id: int, error: SqlError) -> bool:
        """Cancel what another session runs; False when there is no such session."""

    def activity(self) -> list[dict[str, object]]:
        """Return one record for each session."""

    def waiter(self, process_id: int) -> object:
        """Return what the end of a transaction must wake for a session that waits for it."""

    def request_checkpoint(self) -> int:
        """Start a checkpoint and return a number that `checkpoints_done` reaches when it is complete."""


class Shared:
    """The state behind all sessions."""

    def __init__(self, config: Config, database: Database, entropy: Entropy, surroundings: Surroundings) -> None:
        self.config = config
        self.database = database
        self.entropy = entropy
        self.surroundings = surroundings
        self.checkpoints_done = 0
        self.live = Announcer(database.feed, config)
        self._spaces: dict[tuple[object, ...], Space] = {}

    def space(self, path: tuple[str, ...], forms: Forms, user: str) -> Space:
        """Return the plan space for a search path and display settings."""
        key = (path, forms, user)
        found = self._spaces.get(key)
        if found is None:
            if len(self._spaces) >= SPACES_MAX:
                del self._spaces[next(iter(self._spaces))]
            found = Space(self.database, self.database.catalog, path, forms, user, self.config.plans_max)
            self._spaces[key] = found
        return found

    def announce(self) -> None:
        """Hand out the news of the commits that are durable."""
        self.live.announce(self.database.durable_csn, self.timestamp())

    def timestamp(self) -> int:
        """Return the wall clock as a timestamptz."""
        return self.surroundings.now.wall_us - WALL_EPOCH_US

    def internal_error(self, error: BaseException) -> SqlError:
        """Turn an exception that no statement should cause into an error for the client, and log it."""
        if isinstance(error, SqlError):
            return error
        if isinstance(error, RecursionError):
            return SqlError(
                "54001", "stack depth limit exceeded", hint="The statement is nested too deeply: split it into parts."
            )
        if isinstance(error, MemoryError):
            return SqlError("53200", "out of memory")
        where = "".join(traceback.format_exception(error)[-12:])
        self.surroundings.log("error", "internal error", {"error": repr(error), "traceback": where})
        return SqlError("XX000", f"internal error: {type(error).__name__}: {error}")
