"""A statement that is ready to run again: its syntax tree, its plan, and how its parameters come in.

An entry is shared by all sessions whose settings give it the same meaning. `wire` belongs to the front doors: a
place to keep what they derive from the plan, such as an encoded row description.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from rustydb_engine.exec.result import CompiledPlan, ResultColumn
from rustydb_engine.sql import ast
from rustydb_engine.values.types import Type

Formats = tuple[int, ...]
Converter = Callable[[str], object]


class Wire(Protocol):
    """What a front door derives from a plan's columns."""

    @property
    def description(self) -> bytes:
        """The announcement of the columns."""

    @property
    def bound(self) -> bytes:
        """The answer to Bind and Describe of a portal."""

    @property
    def encode(self) -> Callable[[Iterable[tuple[object, ...]]], bytes]:
        """The encoder of batches of rows."""


class Entry:
    """One statement. `statement` None is an empty query; `plan` None a statement that is not a query.

    `converters[i]` turns the text of literal i of a normalised statement into parameter i. `columns` and
    `parameters` are what Describe reports, also for SHOW, EXPLAIN and kin, which have no plan.
    """

    __slots__ = (
        "columns",
        "converters",
        "normalised",
        "parameters",
        "plan",
        "sizes",
        "statement",
        "text",
        "uses",
        "version",
        "wire",
    )

    def __init__(self, text: str, statement: ast.AnyStatement | None, version: int) -> None:
        self.text = text
        self.statement = statement
        self.version = version
        self.plan: CompiledPlan | None = None
        self.columns: tuple[ResultColumn, ...] = ()
        self.parameters: tuple[Type, ...] = ()
        self.converters: tuple[Converter, ...] = ()
        self.wire: dict[Formats, Wire] = {}
        self.uses = 0
        self.normalised = False
        self.sizes: tuple[int, ...] = ()

    @property
    def gives_rows(self) -> bool:
        """Whether there is a result to describe; that of `SELECT` without a list has no columns."""
        return bool(self.columns) or (self.plan is not None and self.plan.tag == "SELECT")
