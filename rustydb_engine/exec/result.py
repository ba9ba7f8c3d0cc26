"""A compiled statement, and what its result columns are.

`CompiledPlan` is made once and run many times, by any session whose catalog has the same version. An instant plan has
`run`; any other has `steps` (see waits.py). Before running it, the session takes the table locks `locks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rustydb_engine.exec.waits import Row, Steps
from rustydb_engine.values.io import TypeIO, io_of
from rustydb_engine.values.records import record_io
from rustydb_engine.values.types import RECORD, Type
from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.exec.context import ExecContext
    from rustydb_engine.sql.access import Statistics
    from rustydb_engine.sql.plan import Node
    from rustydb_engine.storage.heap import Heap

Params = tuple[object, ...]


@value
class ResultColumn:
    """One column of a result: `table` (OID) and `attnum` when it is a plain table column, else 0.

    `fields` are the types of a record's fields, when they are known.
    """

    name: str
    type: Type
    typmod: int = -1
    table: int = 0
    attnum: int = 0
    fields: tuple[Type, ...] = ()


def codec_of(column: ResultColumn) -> TypeIO:
    """Return the output functions of a column's values."""
    if column.type is RECORD and column.fields:
        return record_io(column.fields, io_of)
    return io_of(column.type)


def no_run(ctx: ExecContext, params: Params) -> list[Row]:
    """Stand in for `run` in a plan that may wait."""
    raise AssertionError("this plan runs in steps")


def no_steps(ctx: ExecContext, params: Params) -> Steps:
    """Stand in for `steps` in a plan that is instant."""
    raise AssertionError("this plan is instant")


class CompiledPlan:
    """A statement ready to run.

    `columns` is empty when no rows are returned. `locks` are (table OID, mode of txn.locks), `heaps` the heaps that it reads or
    writes, whose sizes the plan was chosen for. `writes`: it needs a transaction that may write. `source` is the Python text.
    `instrumented` compiles it again so that it counts the rows of every node (EXPLAIN ANALYZE).
    """

    __slots__ = (
        "columns", "counted", "heaps", "instant", "instrumented", "locks", "node", "parameters", "rows", "run", "source", "statistics",
        "steps", "tag", "writes",
    )  # fmt: skip

    def __init__(self, tag: str, columns: tuple[ResultColumn, ...]) -> None:
        self.tag = tag
        self.columns = columns
        self.parameters: tuple[Type, ...] = ()
        self.instant = False
        self.writes = False
        self.locks: tuple[tuple[int, int], ...] = ()
        self.heaps: tuple[Heap, ...] = ()
        self.node: Node | None = None
        self.rows = 0.0
        self.source = ""
        self.statistics: Statistics | None = None
        self.counted: dict[int, int] = {}
        self.instrumented: Callable[[list[int]], CompiledPlan] | None = None
        self.run: Callable[[ExecContext, Params], list[Row]] = no_run
        self.steps: Callable[[ExecContext, Params], Steps] = no_steps
