"""What a statement is bound against, and what binding finds out besides the tree.

`BindEnv` carries the catalog, the search path, the text forms for literals and the parameter types that the client
gave. While it binds, it collects the types of the parameters (`parameters`), the relations that the statement depends
on (`relations`), and the literal slots that could not become parameters (`fixed_slots`).

**Literal slots.** The plan cache replaces literals of a statement by parameters and gives their offsets:
`literal_slots = {31: 1}` says that the literal at offset 31 is parameter 1. The binder then makes a `ParamExpr` of the
literal's natural type there (int4, int8 or numeric by its digits; text in quotes takes its type from the context, as a
constant would), and `parameters` tells the type into which the session must convert the literal's text. A literal whose
value the binder itself needs (`ORDER BY 1`, `interval '1' hour`, a name in a regclass) stays a constant and its slot is
entered in `fixed_slots`: such a plan serves only this very text.

Source: PostgreSQL 15, src/backend/parser/parse_param.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.errors import SqlError
from rustydb_engine.sql.bound import ParamExpr
from rustydb_engine.values.forms import DEFAULT_FORMS, Forms
from rustydb_engine.values.types import UNKNOWN, Type

PARAMETERS_MAX = 65535


@dataclass(slots=True)
class BindEnv:
    """The surroundings of one statement. `parameter_types` None at an index: not given, to be inferred.

    Without `allow_parameters` a `$1` is an error (42P02), as in a simple query. Results: `parameters` (all types, after
    `bind`), `relations` (OIDs, in order of first use), `fixed_slots` (parameter indexes).
    """

    catalog: Catalog
    search_path: tuple[str, ...] = ("public",)
    forms: Forms = DEFAULT_FORMS
    parameter_types: tuple[Type | None, ...] = ()
    text: str = ""
    literal_slots: dict[int, int] = field(default_factory=dict)
    allow_parameters: bool = True
    user: str = ""
    parameters: tuple[Type, ...] = ()
    relations: dict[int, None] = field(default_factory=dict)
    fixed_slots: dict[int, None] = field(default_factory=dict)
    slot_texts: dict[int, str] = field(default_factory=dict)
    types: list[Type | None] = field(default_factory=list)
    view_depth: int = 0
    # The text is the catalog's own: deparse wrote it, and binding it must give the same tree again.
    canonical: bool = False

    def start(self) -> None:
        """Begin a statement: forget what an earlier one left."""
        self.types = list(self.parameter_types)
        self.parameters = ()
        self.relations = {}
        self.fixed_slots = {}
        self.slot_texts = {}

    def finish(self) -> None:
        """Check that every parameter has a type (42P18) and publish the types."""
        found: list[Type] = []
        for index, kind in enumerate(self.types):
            if kind is None or kind is UNKNOWN:
                raise SqlError("42P18", f"could not determine data type of parameter ${index + 1}")
            found.append(kind)
        self.parameters = tuple(found)

    def parameter(self, index: int, pos: int) -> ParamExpr:
        """Return the node of `$index`; its type is unknown until a context gives it one."""
        given = len(self.parameter_types)
        if index <= 0 or index > PARAMETERS_MAX or (not self.allow_parameters and index > given):
            raise SqlError("42P02", f"there is no parameter ${index}", position=place(pos))
        self._grow(index)
        return ParamExpr(index, self.types[index - 1] or UNKNOWN, -1, pos)

    def slot(self, index: int, kind: Type, text: str, pos: int) -> ParamExpr | None:
        """Return the node of a literal's slot, or None when the literal must stay a constant."""
        if index in self.slot_texts:
            # The literal is in the tree twice (BETWEEN SYMMETRIC, for one): the two places may want two types.
            self.fix(index)
            return None
        self.slot_texts[index] = text
        self._grow(index)
        self.types[index - 1] = kind
        return ParamExpr(index, kind, -1, pos)

    def fix(self, index: int) -> None:
        """Note that the literal of this slot is part of the plan."""
        self.fixed_slots[index] = None

    def is_slot(self, param: ParamExpr) -> bool:
        """Whether a parameter stands for a literal of the text."""
        return bool(self.literal_slots) and self.literal_slots.get(param.pos) == param.index

    def set_type(self, param: ParamExpr, kind: Type) -> ParamExpr:
        """Give an unknown parameter the type its context wants; 42P08 when another place wanted another."""
        known = self.types[param.index - 1]
        if known is None or known is UNKNOWN:
            self.types[param.index - 1] = kind
        elif known.oid != kind.oid:
            raise SqlError(
                "42P08",
                f"inconsistent types deduced for parameter ${param.index}",
                detail=f"{known.display} versus {kind.display}",
                position=place(param.pos),
            )
        return ParamExpr(param.index, kind, -1, param.pos)

    def _grow(self, index: int) -> None:
        while len(self.types) < index:
            self.types.append(None)


def place(pos: int) -> int | None:
    """Return a node's position as `SqlError` wants it: None when it has none."""
    return pos if pos >= 0 else None


def start_of(node: object) -> int:
    """Return where the text of a syntax node begins: an operator's own position is behind its left operand."""
    pos: int = getattr(node, "pos", -1)
    for name in ("left", "item", "items"):
        inner = getattr(node, name, None)
        if isinstance(inner, tuple):
            inner = inner[0] if inner and name == "items" else None
        if inner is not None:
            before = start_of(inner)
            if 0 <= before < pos or pos < 0:
                pos = before
    return pos


def failure(code: str, message: str, pos: int = -1, detail: str | None = None, hint: str | None = None) -> SqlError:
    """Return an error at a node's position."""
    return SqlError(code, message, detail=detail, hint=hint, position=pos if pos >= 0 else None)
