"""CREATE, ALTER and the options of sequences, also for identity columns.

Options are applied in PostgreSQL's order whatever order they were written in: type, increment, cycle, bounds, start,
restart, cache; each is checked against those before it.

    CREATE SEQUENCE q AS smallint INCREMENT -1      minimum -32768, maximum -1, start -1

Source: PostgreSQL 15, init_params in src/backend/commands/sequence.c.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from rustydb_engine.catalog.objects import Sequence, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.txn.locks import ACCESS_SHARE, SHARE_ROW_EXCLUSIVE
from rustydb_engine.values.types import BY_NAME, BY_OID

RANGES = {21: (-(2**15), 2**15 - 1), 23: (-(2**31), 2**31 - 1), 20: (-(2**63), 2**63 - 1)}
Options = dict[str, ast.Option]


def gather(options: SequenceOf[ast.Option]) -> Options:
    """Return the options by name; 42601 when one is there twice."""
    found: Options = {}
    for option in options:
        if option.name in found:
            raise SqlError("42601", "conflicting or redundant options", position=place(option.pos))
        found[option.name] = option
    return found


def sequence_from_options(base: Sequence, options: SequenceOf[ast.Option], fresh: bool) -> Sequence:
    """Apply options to a sequence; `fresh` for a new one, whose unset values take defaults. 22023 for bad values."""
    found = gather(options)
    made, reset_maximum, reset_minimum = _typed(base, found.get("as"), fresh)
    increment = _number(found, "increment", made.increment)
    if increment == 0:
        raise SqlError("22023", "INCREMENT must not be zero")
    cycle = found["cycle"].value == "true" if "cycle" in found else made.cycle
    made = replace(made, increment=increment, cycle=cycle)
    made = _bounded(made, found, fresh or reset_maximum, fresh or reset_minimum)
    if "start" in found:
        start = _number(found, "start", 0)
    elif fresh:
        start = made.minimum if increment > 0 else made.maximum
    else:
        start = made.start
    _check_within(made, "START", start)
    made = replace(made, start=start, cache=_number(found, "cache", made.cache))
    if made.cache <= 0:
        raise SqlError("22023", f"CACHE ({made.cache}) must be greater than zero")
    return made


def _typed(base: Sequence, option: ast.Option | None, fresh: bool) -> tuple[Sequence, bool, bool]:
    """Apply AS; return whether the bounds, having been those of the old type, become those of the new."""
    if option is None:
        return base, False, False
    value = option.value
    kind = None
    if isinstance(value, ast.TypeName):
        kind = BY_NAME.get(value.name[-1])
    if kind is None or kind.oid not in RANGES:
        raise SqlError("22023", "sequence type must be smallint, integer, or bigint")
    low, high = RANGES[base.type_oid]
    reset_maximum = not fresh and base.maximum == high
    reset_minimum = not fresh and base.minimum == low
    return replace(base, type_oid=kind.oid), reset_maximum, reset_minimum


def _bounded(made: Sequence, found: Options, default_maximum: bool, default_minimum: bool) -> Sequence:
    low, high = RANGES[made.type_oid]
    shown = BY_OID[made.type_oid].display
    maximum, minimum = made.maximum, made.minimum
    if "maxvalue" in found and found["maxvalue"].value is not None:
        maximum = _number(found, "maxvalue", 0)
    elif "maxvalue" in found or default_maximum:
        maximum = high if made.increment > 0 else -1
    if not low <= maximum <= high:
        raise SqlError("22023", f"MAXVALUE ({maximum}) is out of range for sequence data type {shown}")
    if "minvalue" in found and found["minvalue"].value is not None:
        minimum = _number(found, "minvalue", 0)
    elif "minvalue" in found or default_minimum:
        minimum = 1 if made.increment > 0 else low
    if not low <= minimum <= high:
        raise SqlError("22023", f"MINVALUE ({minimum}) is out of range for sequence data type {shown}")
    if minimum >= maximum:
        raise SqlError("22023", f"MINVALUE ({minimum}) must be less than MAXVALUE ({maximum})")
    return replace(made, maximum=maximum, minimum=minimum)


def _check_within(made: Sequence, what: str, number: int) -> None:
    if number < made.minimum:
        raise SqlError("22023", f"{what} value ({number}) cannot be less than MINVALUE ({made.minimum})")
    if number > made.maximum:
        raise SqlError("22023", f"{what} value ({number}) cannot be greater than MAXVALUE ({made.maximum})")


def _number(found: Options, name: str, default: int) -> int:
    option = found.get(name)
    if option is None:
        return default
    text = str(option.value)
    try:
        number = int(text)
    except ValueError:
        raise SqlError("22P02", f'invalid input syntax for type bigint: "{text}"') from None
    if not -(2**63) <= number < 2**63:
        raise SqlError("22003", f'value "{text}" is out of range for type bigint')
    return number


def create_sequence(work: Work, statement: ast.CreateSequence) -> Waits[str]:
    """CREATE SEQUENCE."""
    name = statement.name[-1]
    schema = work.creation_schema(statement.name, statement.persistence)
    yield from work.lock_name(schema, name)
    if statement.if_not_exists and work.catalog.relation_in(schema.oid, name) is not None:
        work.notice(f'relation "{name}" already exists, skipping', "42P07")
        return "CREATE SEQUENCE"
    work.refuse_taken(schema, name)
    persistence = {"temporary": "t", "unlogged": "u"}.get(statement.persistence, "p")
    if schema.name.startswith("pg_temp_"):
        persistence = "t"
    base = Sequence(work.new_oid(), name, schema.oid, persistence=persistence)
    made = sequence_from_options(base, _plain(statement.options), fresh=True)
    made = yield from _owned(work, made, gather(statement.options).get("owned by"))
    work.put(made)
    return "CREATE SEQUENCE"


def alter_sequence(work: Work, statement: ast.AlterSequence) -> Waits[str]:
    """ALTER SEQUENCE: options, RESTART, OWNED BY."""
    found = yield from work.lock_relation(statement.name, SHARE_ROW_EXCLUSIVE, missing_ok=statement.if_exists)
    if found is None:
        work.notice(f'relation "{statement.name[-1]}" does not exist, skipping')
        return "ALTER SEQUENCE"
    if not isinstance(found, Sequence):
        raise SqlError("42809", f'"{found.name}" is not a sequence')
    options = gather(statement.options)
    made = sequence_from_options(found, _plain(statement.options), fresh=False)
    change_counter(work, made, options.get("restart"))
    if "owned by" in options:
        if found.internal:
            owner = work.catalog.table(found.owner_table)
            raise SqlError(
                "0A000",
                "cannot change ownership of identity sequence",
                detail=f'Sequence "{found.name}" is linked to table "{owner.name if owner else ""}".',
            )
        made = yield from _owned(work, made, options["owned by"])
    work.put(made)
    return "ALTER SEQUENCE"


def change_counter(work: Work, made: Sequence, restart: ast.Option | None) -> None:
    """Restart the counter if asked, and check that it lies within the bounds (22023)."""
    counter = work.database.sequences.counter(made)
    if restart is not None:
        value = made.start if restart.value is None else _number({"restart": restart}, "restart", 0)
        _check_within(made, "RESTART", value)
        work.database.restart_sequence(work.txn, made, value)
    else:
        _check_within(made, "RESTART", counter.value)


def _plain(options: SequenceOf[ast.Option]) -> list[ast.Option]:
    return [option for option in options if option.name not in ("owned by", "restart", "sequence name")]


def _owned(work: Work, made: Sequence, option: ast.Option | None) -> Waits[Sequence]:
    """Apply OWNED BY."""
    if option is None:
        return made
    name = option.value
    assert isinstance(name, tuple), "OWNED BY is followed by a name"
    words = tuple(str(part) for part in name)
    if len(words) == 1:
        if words[0] != "none":
            raise SqlError(
                "42601",
                "invalid OWNED BY option",
                hint="Specify OWNED BY table.column or OWNED BY NONE.",
            )
        return replace(made, owner_table=0, owner_column=0)
    found = yield from work.lock_relation(words[:-1], ACCESS_SHARE)
    if not isinstance(found, Table):
        raise SqlError("42809", f'sequence cannot be owned by relation "{words[-2]}"')
    work.refuse_system(found)
    if found.schema != made.schema:
        raise SqlError("55000", "sequence must be in same schema as table it is linked to")
    column = found.column(words[-1])
    if column is None:
        raise SqlError("42703", f'column "{words[-1]}" of relation "{found.name}" does not exist')
    return replace(made, owner_table=found.oid, owner_column=column.attnum)
