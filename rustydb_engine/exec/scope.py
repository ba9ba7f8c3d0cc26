"""What generated code can read at one place: for every relation, the Python expressions of its columns.

A relation is bound to a row (a variable that holds a tuple) or to single values (a simple expression each). A scope is
immutable; an operator that produces rows extends the scope of its consumer. Because nested functions of generated code
are closures, a subquery compiles in the scope of the query around it.

`pack` says what must be kept to restore a set of relations later (in a hash table, a sort, a list) and under which new
names it comes back: a single row variable is kept as it is, so joins and sorts move references and build no new tuples.

    {t: row r1, u: row r2}   kept as (r1, r2)        for r7, r8 in rows:   {t: row r7, u: row r8}
    {t: row r1}              kept as r1              for r7 in rows:       {t: row r7}
    {q: values (v3, v4)}     kept as (v3, v4)        for r7 in rows:       {q: row r7}
"""

from __future__ import annotations

from rustydb_engine.exec.source import Code, Names
from rustydb_proto.core.value import value


@value
class RowBinding:
    """A relation whose row is the tuple in variable `name`, `width` columns wide.

    `not_null` are positions that never hold None; `nullable`: the row may be the row of NULLs of an outer join. `rid`
    names the variable with the row's address, or is "".
    """

    name: str
    width: int
    not_null: frozenset[int] = frozenset()
    nullable: bool = False
    rid: str = ""

    def column(self, position: int) -> Code:
        """Return the code of a column."""
        return Code(f"{self.name}[{position}]", self.nullable or position not in self.not_null, True)


@value
class ValuesBinding:
    """A relation whose columns are single values; None for a column that nobody reads."""

    codes: tuple[Code | None, ...]

    def column(self, position: int) -> Code:
        """Return the code of a column."""
        code = self.codes[position]
        assert code is not None, "a column that is read was computed"
        return code


Binding = RowBinding | ValuesBinding


class Scope:
    """The bindings of relations at one place of the generated code."""

    __slots__ = ("bindings",)

    def __init__(self, bindings: dict[int, Binding] | None = None) -> None:
        self.bindings = bindings or {}

    def bind(self, rel: int, binding: Binding) -> Scope:
        """Return a scope with one more relation."""
        return Scope({**self.bindings, rel: binding})

    def column(self, rel: int, position: int) -> Code:
        """Return the code of a column of a relation."""
        return self.bindings[rel].column(position)

    def extend(self, bindings: dict[int, Binding]) -> Scope:
        """Return a scope with more relations."""
        return Scope({**self.bindings, **bindings})


@value
class Packed:
    """Relations to keep: the sources of the parts, the names they come back under, and the bindings then.

    `item` is the source of what is kept; `target` is what a `for` assigns it to; `null` is the source of the item whose
    relations are all NULL.
    """

    item: str
    target: str
    null: str
    bindings: dict[int, Binding]
    parts: tuple[str, ...]


def null_row(names: Names, width: int) -> str:
    """Return the name of the row of `width` NULLs."""
    name = f"NULL_ROW_{width}"
    names.globals[name] = _null_rows(width)
    return name


_ROWS: dict[int, tuple[None, ...]] = {}


def _null_rows(width: int) -> tuple[None, ...]:
    row = _ROWS.get(width)
    if row is None:
        row = _ROWS[width] = (None,) * width
    return row


def pack(names: Names, scope: Scope, rels: frozenset[int], nullable: bool = False) -> Packed:
    """Say how to keep the relations; `nullable`: they come back as the inner side of an outer join."""
    kept = [rel for rel in sorted(rels) if rel in scope.bindings]
    if len(kept) == 1 and isinstance(only := scope.bindings[kept[0]], ValuesBinding) and all(only.codes):
        return _pack_values(names, kept[0], only, nullable)
    packing = _Packing(names, nullable)
    bindings = {rel: packing.keep(scope.bindings[rel]) for rel in kept}
    sources, targets, nulls = packing.sources, packing.targets, packing.nulls
    if len(sources) == 1:
        return Packed(sources[0], targets[0], nulls[0], bindings, tuple(sources))
    if not sources:
        return Packed("True", names.fresh("x"), "True", bindings, ())
    return Packed(f"({', '.join(sources)})", ", ".join(targets), f"({', '.join(nulls)})", bindings, tuple(sources))


def _pack_values(names: Names, rel: int, binding: ValuesBinding, nullable: bool) -> Packed:
    codes = [code for code in binding.codes if code is not None]
    name = names.fresh("r")
    not_null = frozenset([index for index, code in enumerate(codes) if not code.nullable])
    row = RowBinding(name, len(codes), not_null, nullable)
    sources = tuple([code.src for code in codes])
    return Packed(tuple_source(sources), name, null_row(names, len(codes)), {rel: row}, sources)


class _Packing:
    """The parts that are kept so far."""

    def __init__(self, names: Names, nullable: bool) -> None:
        self.names = names
        self.nullable = nullable
        self.sources: list[str] = []
        self.targets: list[str] = []
        self.nulls: list[str] = []

    def part(self, source: str, null: str, prefix: str) -> str:
        if source in self.sources:
            return self.targets[self.sources.index(source)]
        name = self.names.fresh(prefix)
        self.sources.append(source)
        self.targets.append(name)
        self.nulls.append(null)
        return name

    def keep(self, binding: Binding) -> Binding:
        if isinstance(binding, RowBinding):
            name = self.part(binding.name, null_row(self.names, binding.width), "r")
            rid = self.part(binding.rid, "None", "rid") if binding.rid else ""
            return RowBinding(name, binding.width, binding.not_null, binding.nullable or self.nullable, rid)
        return ValuesBinding(tuple([self._value(code) for code in binding.codes]))

    def _value(self, code: Code | None) -> Code | None:
        if code is None or (code.constant and not self.nullable):
            return code
        return Code(self.part(code.src, "None", "v"), code.nullable or self.nullable, True)


def tuple_source(sources: tuple[str, ...] | list[str]) -> str:
    """Return the source of a tuple display."""
    return f"({sources[0]},)" if len(sources) == 1 else f"({', '.join(sources)})"
