"""Each SQL function gives what PostgreSQL 15 gives: the golden cases in `functions/*.txt` (see function_cases)."""

from __future__ import annotations

from pathlib import Path

import pytest
from function_cases import DIRECTORY, Block, Case, quote, read
from function_context import FixedContext

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions import library, registry
from rustydb_engine.sql.functions.registry import CallSite, Function, aggregate_for, implementation_for
from rustydb_engine.sql.functions.texts import output_of
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import ANY, BY_NAME, POLYMORPHIC, UNKNOWN, Type

assert library.MODULES


def matches(entry: Function, types: list[Type]) -> bool:
    """Whether a function takes arguments of these types without a cast."""
    wanted = list(entry.args)
    if entry.variadic and wanted[-1] is ANY:
        wanted[-1:] = [ANY] * (len(types) - len(wanted) + 1)
    if len(wanted) < len(types) or len(wanted) - len(entry.defaults) > len(types):
        return False
    for want, have in zip(wanted, types, strict=False):
        array = want.name in ("anyarray", "anycompatiblearray")
        if array and have.category != "A":
            return False
        if want.name in ("anynonarray", "anycompatiblenonarray") and have.category == "A":
            return False
        if want is not have and want is not ANY and want.oid not in POLYMORPHIC:
            return False
    return True


def find(name: str, types: list[Type], kind: str) -> Function:
    """Return the function that a call resolves to; exact matches come before polymorphic ones."""
    found = [entry for entry in registry.FUNCTIONS.get(name, ()) if entry.kind == kind and matches(entry, types)]
    found.sort(key=lambda entry: -sum(want is have for want, have in zip(entry.args, types, strict=False)))
    assert found, f"no function {name}({', '.join(kind.name for kind in types)})"
    return found[0]


def values_of(literals: list[str | None], types: list[str], context: FixedContext) -> list[object]:
    """Read literals as values of their types."""
    return [value_of(text, kind, context) for text, kind in zip(literals, types, strict=False)]


def value_of(text: str | None, kind: str, context: FixedContext) -> object:
    """Read a literal; the fields of a record are separated by colons."""
    if text is None:
        return None
    if ":" in kind:
        fields = zip(text.split(":"), kind.split(":")[1:], strict=True)
        return tuple(value_of(None if field == "NULL" else field, name, context) for field, name in fields)
    return io_of(BY_NAME[kind]).input(text, -1, context.forms, context.transaction_time)


def site_of(kinds: list[str], result: Type, variadic: bool = False) -> CallSite:
    """Return what a binder would say of a call with arguments of these types."""
    fields = [tuple((f"f{at}", BY_NAME[name]) for at, name in enumerate(kind.split(":")[1:], 1)) for kind in kinds]
    return CallSite(tuple(BY_NAME[kind.partition(":")[0]] for kind in kinds), result, tuple(fields), variadic)


def run(entry: Function, case: Case, block: Block, result: Type, context: FixedContext) -> list[object]:
    """Return the result rows of a plain function."""
    types = [kind.removeprefix("variadic ") for kind in block.args]
    spread = types != block.args and entry.args[-1] is ANY
    args = values_of(case.rows[0], types, context)
    args += entry.defaults[len(entry.defaults) - (len(entry.args) - len(args)) :] if len(args) < len(entry.args) else ()
    if entry.strict and None in args:
        return [] if entry.returns_set else [None]
    call = implementation_for(entry, site_of(types, result, spread))
    found = call(context, *args) if entry.context else call(*args)
    if entry.returns_set:
        assert found is not None
        return list(found)  # type: ignore[call-overload]
    if entry.inline and not entry.context:
        names = {f"a{index}": arg for index, arg in enumerate(args)}
        inlined = eval(entry.inline.format(*names), dict(registry.INLINE_NAMES), names)
        assert inlined == found or found != found, f"{entry.inline} gives {inlined!r}"
    return [found]


def aggregated(entry: Function, case: Case, block: Block, result: Type, context: FixedContext) -> list[object]:
    """Return the result of an aggregate, computed with step and, where there is one, with its inline form."""
    direct = values_of(case.direct, block.direct_args, context)
    how = aggregate_for(entry, site_of([*block.direct_args, *block.args], result))
    extra = (context,) if how.context else ()
    state, inlined = how.start(), how.start()
    for literals in case.rows:
        row = values_of(literals, block.args, context)
        if how.skip_null and None in row:
            continue
        state = how.step(*extra, state, *row)
        if how.inline_step:
            names = {"s": inlined, **{f"a{index}": value for index, value in enumerate(row)}}
            source = how.inline_step.format(*[f"a{index}" for index in range(len(row))], s="s")
            inlined = eval(source, dict(registry.INLINE_NAMES), names)
    found = how.final(*extra, state, *direct)
    if how.inline_step:
        again = how.final(*extra, inlined, *direct)
        assert again == found or found != found, f"{how.inline_step} gives {again!r}"
    return [found]


def blocks() -> list[object]:
    """Return every block of every file as a test parameter."""
    return [
        pytest.param(path, block, id=f"{path.stem}-{block}")
        for path in sorted(DIRECTORY.glob("*.txt"))
        for block in read(path)[1]
    ]


@pytest.mark.parametrize(("path", "block"), blocks())
def test_a_function_gives_what_postgresql_gives(path: Path, block: Block) -> None:
    kinds = [kind.removeprefix("variadic ") for kind in [*block.direct_args, *block.args]]
    types = [BY_NAME[kind.partition(":")[0]] for kind in kinds]
    entry = find(block.name, types, "a" if block.aggregate else "f")
    result = BY_NAME[block.result] if block.result else UNKNOWN
    if entry.result.oid not in POLYMORPHIC and result is not UNKNOWN:
        assert entry.result is result
    wrong: list[str] = []
    for case in block.cases:
        context = FixedContext()
        try:
            if block.aggregate:
                rows = aggregated(entry, case, block, result, context)
            else:
                rows = run(entry, case, block, result, context)
            show = output_of(result)
            shown = " ".join(quote(None if row is None else show(context, row)) for row in rows)
            shown = shown or "EMPTY"
        except SqlError as error:
            shown = f"!! {error.sqlstate} {error.message}"
        if shown != case.expected:
            wrong.append(f"{case.source} => {case.expected}, but we give {shown}")
    assert not wrong, "\n".join(wrong)
