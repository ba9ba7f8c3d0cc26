"""Table locks of a plan, taken before it runs."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from rustydb_engine.exec.result import CompiledPlan
from rustydb_engine.exec.waits import Wait, WaitFor

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session


def table_locks(session: Session, plan: CompiledPlan) -> Generator[Wait, object, None]:
    """Take the table locks of a plan; ordinary ones are granted at once."""
    txn = session.transaction()
    acquire = session.database.manager.locks.acquire
    for table, mode in plan.locks:
        while blockers := acquire(txn, table, mode):
            yield WaitFor(blockers)
