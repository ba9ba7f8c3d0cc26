"""JSON aggregates: json_agg, jsonb_agg, json_object_agg, jsonb_object_agg.

The state is the list of the JSON texts so far. NULL rows count: json_agg writes null for them.

Source: PostgreSQL 15, table 9.59.
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.json_values import bounded, json_of, jsonb_object, key_text
from rustydb_engine.sql.functions.registry import Aggregate, CallSite, aggregate
from rustydb_engine.values.jsontext import quote
from rustydb_engine.values.types import RECORD

Pairs = list[tuple[str, str]]


def _list_of(site: CallSite, jsonb: bool) -> Aggregate:
    """Make json_agg or jsonb_agg for an argument type."""
    kind = site.args[0]
    write = json_of(kind, site.fields[0] if site.fields else (), jsonb)
    comma = ", \n " if not jsonb and (kind.category == "A" or kind is RECORD) else ", "

    def step(context: EvalContext, state: list[str], item: object) -> list[str]:
        state.append("null" if item is None else write(context, item))
        return state

    def final(_context: EvalContext, state: list[str]) -> str | None:
        return bounded("[" + comma.join(state) + "]") if state else None

    return Aggregate(list, step, final, skip_null=False, start_inline="[]", context=True)


def _object_of(site: CallSite, jsonb: bool) -> Aggregate:
    """Make json_object_agg or jsonb_object_agg for argument types."""
    write_key = key_text(site.args[0])
    write = json_of(site.args[1], site.fields[1] if len(site.fields) > 1 else (), jsonb)

    def step(context: EvalContext, state: Pairs, key: object, item: object) -> Pairs:
        if key is None:
            raise SqlError("22023", "field name must not be null")
        state.append((write_key(context, key), "null" if item is None else write(context, item)))
        return state

    def final(_context: EvalContext, state: Pairs) -> str | None:
        if not state:
            return None
        if jsonb:
            return jsonb_object(dict(state))
        return bounded("{ " + ", ".join([f"{quote(key)} : {text}" for key, text in state]) + " }")

    return Aggregate(list, step, final, skip_null=False, start_inline="[]", context=True)


def _without_types(*_args: object) -> object:
    raise AssertionError("json aggregates are made for their types")


def _declare() -> None:
    for name, args, jsonb, oid in (
        ("json_agg", "anyelement", False, 3175),
        ("jsonb_agg", "anyelement", True, 3267),
        ("json_object_agg", "any, any", False, 3197),
        ("jsonb_object_agg", "any, any", True, 3270),
    ):
        make = _object_of if "object" in name else _list_of
        aggregate(
            f"{name}({args}) -> {'jsonb' if jsonb else 'json'}", oid=oid, skip_null=False,
            start=list, step=_without_types, final=_without_types, context=True,
            specialise=lambda site, make=make, jsonb=jsonb: make(site, jsonb),  # type: ignore[misc]
        )  # fmt: skip


_declare()
