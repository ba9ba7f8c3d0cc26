"""The tables of operators and casts: complete, consistent, with PostgreSQL's numbers."""

from __future__ import annotations

from rustydb_engine.catalog.system_tables import type_data
from rustydb_engine.sql.functions import load_all
from rustydb_engine.sql.functions.operator_table import OPERATOR_ROWS
from rustydb_engine.sql.functions.registry import CASTS, FUNCTIONS, INLINE_NAMES, OPERATORS
from rustydb_engine.values.types import BY_OID

load_all()
ALL = [entry for rows in OPERATORS.values() for entry in rows]


def test_every_row_of_the_table_is_an_operator_with_its_numbers() -> None:
    rows = OPERATOR_ROWS.strip().splitlines()
    by_oid = {entry.oid: entry for entry in ALL}
    assert len(by_oid) == len(ALL) >= len(rows)
    for row in rows:
        function, function_oid, oid, name, *_ = row.split(" ")
        entry = by_oid[int(oid)]
        assert (entry.name, entry.function.name, entry.function.oid) == (name, function, int(function_oid))


def test_commutators_and_negators_exist_for_the_same_types() -> None:
    for entry in ALL:
        if entry.commutator and entry.left is not None:
            assert any((row.left, row.right) == (entry.right, entry.left) for row in OPERATORS[entry.commutator]), entry
        if entry.negator:
            assert any((row.left, row.right) == (entry.left, entry.right) for row in OPERATORS[entry.negator]), entry


def test_an_order_has_all_five_places() -> None:
    places: dict[tuple[int, int], set[str]] = {}
    for entry in ALL:
        if entry.order and entry.left is not None:
            places.setdefault((entry.left.oid, entry.right.oid), set()).add(entry.order)
    assert all(found == {"<", "<=", "=", ">=", ">"} for found in places.values())


def test_the_function_behind_an_operator_can_be_called_by_name() -> None:
    for entry in ALL:
        args = (entry.right,) if entry.left is None else (entry.left, entry.right)
        assert any(row.args == args for row in FUNCTIONS[entry.function.name]), entry.function.name


def test_inline_forms_compile_and_their_names_are_entered() -> None:
    for entry in ALL:
        if entry.function.inline:
            code = compile(entry.function.inline.format("a", "b"), entry.function.name, "eval")
            assert set(code.co_names) <= {*INLINE_NAMES, "a", "b", "_i", "startswith", "copy_abs", "abs"}, (
                entry.function.name
            )


def test_every_cast_of_postgresql_between_our_types_is_there() -> None:
    missing = []
    for row in type_data.CASTS.split():
        source, target, _, _, context, method = (*row.split(":"),)
        if int(source) not in BY_OID or int(target) not in BY_OID or source == target:
            continue
        rule = CASTS.get((int(source), int(target)))
        if rule is None or rule.context != context:
            missing.append((BY_OID[int(source)].name, BY_OID[int(target)].name, context, method))
    assert not missing
