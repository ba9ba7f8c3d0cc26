"""jsonb_path_query and kin, and the operators @? and @@.

    SELECT jsonb_path_query('{"a": [1, 2, 3]}', '$.a[*] ? (@ > $least)', '{"least": 1}')

`silent` suppresses the errors of evaluation; the operators are always silent. The functions whose names end in _tz
differ only for `.datetime()`, which is not supported, so they are the same.

Source: PostgreSQL 15, table 9.48 and section 9.16.2; src/backend/utils/adt/jsonpath_exec.c.
"""

from __future__ import annotations

from collections.abc import Iterable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.jsonpath_run import run, suppressible
from rustydb_engine.sql.functions.registry import function, operator
from rustydb_engine.values.json_path import kind_of
from rustydb_engine.values.jsonpath import parse
from rustydb_engine.values.jsontext import Json, dumps_jsonb, loads

_ARGUMENTS = "target jsonb, path jsonpath, vars jsonb, silent bool"


def _variables(text: str) -> dict[str, Json]:
    if kind_of(text) != "{":
        detail = 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.'
        raise SqlError("22023", '"vars" argument is not an object', detail=detail)
    found = loads(text)
    assert isinstance(found, dict), "an object"
    return found


def _all(target: str, path: str, variables: str, silent: bool) -> list[Json]:
    """Return all items; with `silent` those before an error."""
    found: list[Json] = []
    try:
        found.extend(run(parse(path), loads(target), _variables(variables)))
    except SqlError as error:
        if not silent or not suppressible(error):
            raise
        return []
    return found


def path_exists(target: str, path: str, variables: str, silent: bool) -> bool | None:
    """Return whether a path selects anything; None for a suppressed error."""
    parsed = parse(path)
    items = run(parsed, loads(target), _variables(variables))
    try:
        if parsed.strict:
            return bool(list(items))
        return any(True for _ in items)
    except SqlError as error:
        if not silent or not suppressible(error):
            raise
        return None


def path_match(target: str, path: str, variables: str, silent: bool) -> bool | None:
    """Return the result of a predicate path; 22038 when it gives anything but one truth value."""
    try:
        found = list(run(parse(path), loads(target), _variables(variables)))
    except SqlError as error:
        if not silent or not suppressible(error):
            raise
        return None
    if len(found) == 1 and (found[0] is None or isinstance(found[0], bool)):
        return found[0]
    if silent:
        return None
    raise SqlError("22038", "single boolean result is expected")


def path_query(target: str, path: str, variables: str, silent: bool) -> Iterable[str]:
    """Return the items."""
    return [dumps_jsonb(item) for item in _all(target, path, variables, silent)]


def path_query_array(target: str, path: str, variables: str, silent: bool) -> str:
    """Return the items as an array."""
    return dumps_jsonb(_all(target, path, variables, silent))


def path_query_first(target: str, path: str, variables: str, silent: bool) -> str | None:
    """Return the first item, None when there is none."""
    found = _all(target, path, variables, silent)
    return dumps_jsonb(found[0]) if found else None


for _name, _result, _implementation, _oid, _oid_tz in (
    ("exists", "bool", path_exists, 4005, 1177),
    ("match", "bool", path_match, 4009, 2030),
    ("query", "setof jsonb", path_query, 4006, 1179),
    ("query_array", "jsonb", path_query_array, 4007, 1180),
    ("query_first", "jsonb", path_query_first, 4008, 2023),
):
    function(f"jsonb_path_{_name}({_ARGUMENTS}) -> {_result}", oid=_oid, defaults=("{}", False))(_implementation)
    function(f"jsonb_path_{_name}_tz({_ARGUMENTS}) -> {_result}", oid=_oid_tz, volatility="s", defaults=("{}", False))(
        _implementation
    )


def _exists_operator(target: str, path: str) -> bool | None:
    return path_exists(target, path, "{}", True)


def _match_operator(target: str, path: str) -> bool | None:
    return path_match(target, path, "{}", True)


operator(
    "@?", "jsonb", "jsonpath", "bool", _exists_operator, oid=4012, function_name="jsonb_path_exists_opr",
    function_oid=4010,
)  # fmt: skip
operator(
    "@@", "jsonb", "jsonpath", "bool", _match_operator, oid=4013, function_name="jsonb_path_match_opr",
    function_oid=4011,
)  # fmt: skip
