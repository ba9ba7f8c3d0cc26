"""The hint for a column that does not exist: "Perhaps you meant to reference the column …".

All tables of the query and of the queries around it compete by edit distance; a misspelled table name counts too.
Suggestions more than half wrong, or of three and more equal ones, are not made.

Source: PostgreSQL 15, parse_relation.c (searchRangeTableForCol, updateFuzzyAttrMatchState).
"""

from __future__ import annotations

from dataclasses import dataclass

from rustydb_engine.sql.binder.scope import Item, Scope

DISTANCE_MAX = 3
NAME_MAX = 255


@dataclass(slots=True)
class _Best:
    distance: int = DISTANCE_MAX + 1
    first: tuple[Item, str] | None = None
    second: tuple[Item, str] | None = None


def column_hint(scope: Scope, table: str, column: str) -> str | None:
    """Return the hint for a missing column, or None."""
    best = _Best()
    here: Scope | None = scope
    while here is not None:
        for item in here.items:
            penalty = distance(table, item.name, DISTANCE_MAX + 1) if table else 0
            exact = False
            for candidate in item.columns.order:
                exact = exact or candidate.name == column
                _consider(best, item, candidate.name, column, penalty)
            if exact and penalty == 0:
                return (
                    f'There is a column named "{column}" in table "{item.name}", '
                    "but it cannot be referenced from this part of the query."
                )
        here = here.parent
    if best.first is None:
        return None
    hint = f'Perhaps you meant to reference the column "{best.first[0].name}.{best.first[1]}"'
    if best.second is not None:
        hint += f' or the column "{best.second[0].name}.{best.second[1]}"'
    return hint + "."


def _consider(best: _Best, item: Item, actual: str, wanted: str, penalty: int) -> None:
    if penalty > best.distance:
        return
    found = distance(actual, wanted, best.distance + 1 - penalty)
    if found > len(wanted.encode()) // 2:
        return
    found += penalty
    if found < best.distance:
        best.distance, best.first, best.second = found, (item, actual), None
    elif found == best.distance:
        if best.second is not None:
            best.first = best.second = None
            best.distance = found - 1
        elif best.first is not None:
            best.second = (item, actual)
        elif best.distance <= DISTANCE_MAX:
            best.first = (item, actual)


def distance(left: str, right: str, limit: int) -> int:
    """Return the edit distance of two names, or limit + 1 when it is greater than `limit`."""
    left, right = left[:NAME_MAX], right[:NAME_MAX]
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    row = list(range(len(right) + 1))
    for number, letter in enumerate(left, 1):
        previous, row[0] = row[0], number
        for place, other in enumerate(right, 1):
            kept = row[place]
            row[place] = previous if letter == other else 1 + min(previous, kept, row[place - 1])
            previous = kept
    return row[-1] if row[-1] <= limit else limit + 1
