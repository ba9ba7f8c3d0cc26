"""Enter every operator: the rows of `operator_table` joined with the functions of the operators_*.py modules.

Comparisons, integer and bit arithmetic are derived from the row (`operators_compare`, `operators_integers`), because
they follow from the operator and its types; everything else is declared by the name of its function.
"""

from __future__ import annotations

from rustydb_engine.sql.functions import (
    arrays,
    operators_arrays,
    operators_datetime,
    operators_floats,
    operators_json,
    operators_misc,
    operators_text,
)
from rustydb_engine.sql.functions.behind import BEHIND, Behind
from rustydb_engine.sql.functions.operator_table import OPERATOR_ROWS
from rustydb_engine.sql.functions.operators_compare import comparison
from rustydb_engine.sql.functions.operators_integers import integer_arithmetic
from rustydb_engine.sql.functions.registry import FUNCTIONS, INLINE_NAMES, operator
from rustydb_engine.values import compare

MODULES = (
    arrays,
    operators_arrays,
    operators_datetime,
    operators_floats,
    operators_json,
    operators_misc,
    operators_text,
)


def _find(function: str, name: str, left: str, right: str, result: str) -> Behind | None:
    """Return what computes the operator of a row, or None when nothing does."""
    return (
        BEHIND.get(function)
        or comparison(name, left, right)
        or integer_arithmetic(name, left, right, result)
        or _of_library(function, left, right)
    )


def _of_library(name: str, left: str, right: str) -> Behind | None:
    """Return the function of the library that has this name and these arguments (array_append, jsonb_delete)."""
    for row in FUNCTIONS.get(name, ()):
        if tuple(kind.name for kind in row.args) == (left, right) and row.implementation is not None:
            return Behind(row.implementation, row.inline, row.context, row.typed, row.factory)
    return None


def _enter_all() -> None:
    for row in OPERATOR_ROWS.strip().splitlines():
        fields = ["" if field == "." else field for field in row.split(" ")]
        function, function_oid, oid, name, left, right, result, commutator, negator, hashes, order, volatile, strict = (
            fields
        )
        found = _find(function, name, left, right, result)
        assert found is not None, f"nothing computes {function}"
        operator(
            name, left, right, result, found.implementation,
            oid=int(oid), inline=found.inline, commutator=commutator, negator=negator, hashes=bool(hashes), order=order,
            function_name=function, function_oid=int(function_oid), volatility=volatile, context=found.context,
            strict=strict == "s", typed=found.typed, factory=found.factory,
        )  # fmt: skip


INLINE_NAMES.update(compare.NAMES)
_enter_all()
