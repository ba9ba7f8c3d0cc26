"""Golden cases: what PostgreSQL 15 answers, recorded in tests/values/*.txt, and how we compute the same.

A line of a golden file is a JSON case, ` => `, and a JSON answer. Cases:

    ["in", type, modifier, text, settings]       text input, then text and binary output
    ["op", left type, left, operator, right type, right, settings]      left type "" for a prefix operator
    ["cast", source, text, target, modifier, settings]

An answer is {"text": …, "binary": hex} or {"error": sqlstate, "message": …, "detail": …}; NULL is {"text": null}.
`python -m tests.values.golden` records all files anew from the server that RUSTYDB_TEST_POSTGRES names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions import load_all
from rustydb_engine.sql.functions.registry import (
    CASTS,
    INLINE_NAMES,
    OPERATORS,
    CallSite,
    Operator,
    implementation_for,
)
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.interval_typmod import FULL_RANGE, MASKS
from rustydb_engine.values.io import apply_typmod, io_of, typmod_in
from rustydb_engine.values.types import BY_NAME, TEXT, Type
from rustydb_engine.values.zones import zone_by_name

if TYPE_CHECKING:
    import psycopg

HERE = Path(__file__).parent
Case = list[object]
Answer = dict[str, object]


class Context:
    """What operators and casts ask of a statement here: display settings only."""

    def __init__(self, forms: Forms) -> None:
        self.forms = forms
        self.transaction_time = 0


def forms_of(settings: dict[str, str]) -> Forms:
    """Return the display settings that a case names as SET would."""
    style, _, order = settings.get("datestyle", "ISO, MDY").partition(", ")
    zone_name = settings.get("timezone", "UTC")
    zone = zone_by_name(zone_name)
    assert zone is not None
    return Forms(
        zone=zone,
        zone_name=zone_name,
        date_style=style,
        date_order=order,
        interval_style=settings.get("intervalstyle", "postgres"),
        float_digits=int(settings.get("extra_float_digits", "1")),
        bytea_output=settings.get("bytea_output", "hex"),
    )


def typmod_of(kind: Type, modifier: str) -> int:
    """Return the typmod of a modifier as it is written after the type's name."""
    if not modifier:
        return -1
    numbers = tuple(int(part) for part in re.findall(r"-?\d+", modifier))
    if kind.name.strip("_") == "interval":
        fields = modifier.partition("(")[0].strip()
        return typmod_in(kind, (MASKS[fields] if fields else FULL_RANGE, *numbers))
    return typmod_in(kind, numbers)


def answer_of(kind: Type, value: object, forms: Forms, settings: dict[str, str]) -> Answer:
    """Return the answer for a value."""
    if value is None:
        return {"text": None}
    io = io_of(kind)
    text = io.output(value, forms)
    if settings:
        return {"text": text}
    data = io.send(value, forms)
    again = io.receive(data, -1, forms)
    assert io.output(again, forms) == text, "binary output reads back"
    return {"text": text, "binary": data.hex()}


def failure(error: SqlError) -> Answer:
    """Return the answer for an error."""
    answer: Answer = {"error": error.sqlstate, "message": error.message}
    if error.detail:
        answer["detail"] = error.detail
    if error.where:
        answer["where"] = error.where
    return answer


def compute(case: Case) -> Answer:
    """Return our answer to a case."""
    load_all()
    settings = case[-1]
    assert isinstance(settings, dict)
    forms = forms_of(settings)
    try:
        kind, value = _COMPUTE[str(case[0])](forms, *[str(part) for part in case[1:-1]])
        return answer_of(kind, value, forms, settings)
    except SqlError as error:
        return failure(error)


def _input(forms: Forms, name: str, modifier: str, text: str) -> tuple[Type, object]:
    kind = BY_NAME[name]
    return kind, io_of(kind).input(text, typmod_of(kind, modifier), forms, 0)


def find_operator(name: str, left: Type | None, right: Type) -> Operator:
    """Return the operator for exactly these types; arrays find the polymorphic one."""
    wanted = [(left, right)]
    if right.is_array and left is not None and left.is_array:
        wanted += [(BY_NAME["anyarray"],) * 2, (BY_NAME["anycompatiblearray"],) * 2]
    elif right.is_array:
        wanted.append((BY_NAME["anycompatible"], BY_NAME["anycompatiblearray"]))
    elif left is not None and left.is_array:
        wanted.append((BY_NAME["anycompatiblearray"], BY_NAME["anycompatible"]))
    wanted += [(BY_NAME["anynonarray"], right), (left, BY_NAME["anynonarray"])]
    for pair in wanted:
        for row in OPERATORS[name]:
            if (row.left, row.right) == pair:
                return row
    raise AssertionError(f"no operator {left and left.name} {name} {right.name}")


def result_type(entry: Operator, left: Type | None, right: Type) -> Type:
    """Return the type of an operator's result for these operands."""
    if entry.result.name == "anycompatiblearray":
        return left if left is not None and left.is_array else right
    return entry.result


def _operator(forms: Forms, left_name: str, left: str, name: str, right_name: str, right: str) -> tuple[Type, object]:
    right_type = BY_NAME[right_name]
    left_type = BY_NAME[left_name] if left_name else None
    entry = find_operator(name, left_type, right_type)
    kinds = (right_type,) if left_type is None else (left_type, right_type)
    texts = (right,) if left_type is None else (left, right)
    values = [io_of(kind).input(text, -1, forms) for kind, text in zip(kinds, texts, strict=True)]
    kind = result_type(entry, left_type, right_type)
    function = implementation_for(entry.function, CallSite(kinds, kind))
    lead = (Context(forms),) if entry.function.context else ()
    value = function(*lead, *values)
    if entry.function.inline:
        source = entry.function.inline.format(*(f"v{index}" for index in range(len(values))))
        names = {**INLINE_NAMES, **{f"v{index}": item for index, item in enumerate(values)}}
        assert repr(eval(source, names)) == repr(value), "the inline form agrees"
    return kind, value


def _cast(forms: Forms, source_name: str, text: str, target_name: str, modifier: str) -> tuple[Type, object]:
    source, target = BY_NAME[source_name], BY_NAME[target_name]
    value = io_of(source).input(text, -1, forms)
    rule = CASTS.get((source.oid, target.oid))
    if source is target or (rule is not None and rule.method == "b"):
        pass
    elif rule is None:
        shown = io_of(source).output(value, forms)
        value = io_of(target).input(shown, -1, forms) if target is not TEXT else shown
    elif rule.inline and not modifier:
        called = _call(rule.implementation, rule.needs_context, forms, value)
        value = eval(rule.inline.format("v0"), {**INLINE_NAMES, "v0": value})
        assert repr(value) == repr(called), "the inline form agrees"
    else:
        value = _call(rule.implementation, rule.needs_context, forms, value)
    return target, apply_typmod(target, value, typmod_of(target, modifier), True)


def _call(implementation: object, needs_context: bool, forms: Forms, value: object) -> object:
    assert callable(implementation)
    return implementation(Context(forms), value) if needs_context else implementation(value)


_COMPUTE: dict[str, Callable[..., tuple[Type, object]]] = {"in": _input, "op": _operator, "cast": _cast}


# ---------------------------------------------------------------- recording


def sql_type(name: str, modifier: str) -> str:
    """Return a type as SQL writes it."""
    if name.startswith("_"):
        return sql_type(name[1:], modifier) + "[]"
    if name == "char":
        return '"char"'
    if name == "interval" and modifier and not modifier.startswith("("):
        return f"interval {modifier}"
    if name in ("timestamptz", "timetz") and modifier:
        return f"{name}{modifier}"
    return name + modifier


def quoted(text: str) -> str:
    """Return a text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def sql_of(case: Case) -> str:
    """Return the SELECT that asks PostgreSQL for a case."""
    if case[0] == "in":
        name, modifier, text = (str(part) for part in case[1:4])
        return f"SELECT {quoted(text)}::{sql_type(name, modifier)}"
    if case[0] == "op":
        left_type, left, name, right_type, right = (str(part) for part in case[1:6])
        prefix = f"{quoted(left)}::{sql_type(left_type, '')}" if left_type else ""
        return f"SELECT {prefix} OPERATOR(pg_catalog.{name}) {quoted(right)}::{sql_type(right_type, '')}"
    source, text, target, modifier = (str(part) for part in case[1:5])
    return f"SELECT ({quoted(text)}::{sql_type(source, '')})::{sql_type(target, modifier)}"


def recorded(connection: psycopg.Connection[tuple[object, ...]], case: Case) -> Answer:
    """Return PostgreSQL's answer to a case."""
    import psycopg

    settings = case[-1]
    assert isinstance(settings, dict)
    pg = connection.pgconn
    pg.exec_(b"RESET ALL")
    for name, setting in {"timezone": "UTC", **settings}.items():
        pg.exec_(f"SET {name} = {quoted(setting)}".encode())
    sql = sql_of(case)
    if case[0] == "in" and case[2]:
        name, modifier, source = (str(part) for part in case[1:4])
        pg.exec_(b"DROP TABLE IF EXISTS golden")
        made = pg.exec_(f"CREATE TEMP TABLE golden (c {sql_type(name, modifier)})".encode())
        if made.status == psycopg.pq.ExecStatus.FATAL_ERROR:
            return pg_failure(made)
        sql = f"INSERT INTO golden VALUES ({quoted(source)}) RETURNING c"
    shown = pg.exec_(sql.encode())
    if shown.status == psycopg.pq.ExecStatus.FATAL_ERROR:
        return pg_failure(shown)
    text = shown.get_value(0, 0)
    if text is None:
        return {"text": None}
    if settings:
        return {"text": text.decode()}
    binary = pg.exec_params(sql.encode(), None, result_format=1).get_value(0, 0)
    assert binary is not None
    return {"text": text.decode(), "binary": binary.hex()}


def pg_failure(result: psycopg.pq.abc.PGresult) -> Answer:
    """Return the answer for an error of PostgreSQL."""
    import psycopg

    field = psycopg.pq.DiagnosticField
    answer: Answer = {}
    for name, what in (
        ("error", field.SQLSTATE), ("message", field.MESSAGE_PRIMARY), ("detail", field.MESSAGE_DETAIL),
        ("where", field.CONTEXT),
    ):  # fmt: skip
        value = result.error_field(what)
        if value is not None:
            answer[name] = value.decode()
    return answer


def golden_lines(path: Path) -> Iterator[tuple[Case, Answer]]:
    """Give the cases of a file with their answers."""
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            case, _, answer = line.partition(" => ")
            yield json.loads(case), json.loads(answer)


def line_of(case: Case, answer: Answer) -> str:
    """Return the line of a case."""
    return f"{json.dumps(case, ensure_ascii=False)} => {json.dumps(answer, ensure_ascii=False)}"


def record() -> None:
    """Record all files from PostgreSQL."""
    import psycopg

    from tests.values.operator_cases import FILES

    with psycopg.connect(os.environ["RUSTYDB_TEST_POSTGRES"], autocommit=True) as connection:
        for name, make in FILES.items():
            lines = [line_of(case, recorded(connection, case)) for case in make()]
            head = f"# Recorded from PostgreSQL {connection.info.server_version // 10000} by tests/values/golden.py\n"
            (HERE / f"{name}.txt").write_text(head + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    record()
