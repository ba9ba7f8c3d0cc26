"""CREATE INDEX, and the indexes behind PRIMARY KEY and UNIQUE.

Building takes the table's SHARE lock: readers go on, writers wait. CONCURRENTLY is accepted and does the same.

    CREATE UNIQUE INDEX ON t (lower(name) DESC, id) INCLUDE (x) WHERE id > 0

Source: PostgreSQL 15, DefineIndex and ComputeIndexAttrs in src/backend/commands/indexcmds.c.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from rustydb_engine.catalog.names import join_columns, relation_name
from rustydb_engine.catalog.objects import Index, IndexColumn, Schema, Table
from rustydb_engine.catalog.system_tables.access_data import CLASSES, FAMILIES
from rustydb_engine.catalog.system_tables.relations import default_class
from rustydb_engine.catalog.system_tables.rows import split_table
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.columns import SYSTEM_NAMES
from rustydb_engine.exec.ddl.expressions import bind_for, print_expression
from rustydb_engine.exec.ddl.stored_indexes import build
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.typenames import COLLATIONS, check_collation
from rustydb_engine.sql.bound import Var
from rustydb_engine.txn.locks import SHARE
from rustydb_engine.values.types import BY_OID, RECORD, UNKNOWN, Type

METHODS = {"btree": 403, "hash": 405}
OTHER_METHODS = frozenset(("gist", "gin", "spgist", "brin"))
KEYS_MAX = 32


def create_index(work: Work, statement: ast.CreateIndex) -> Waits[str]:
    """CREATE INDEX."""
    found = yield from work.lock_relation(statement.table, SHARE)
    if not isinstance(found, Table):
        raise SqlError("42809", f'cannot create index on relation "{found.name if found else ""}"')
    if found.kind == "view":
        raise SqlError(
            "42809", f'cannot create index on relation "{found.name}"',
            detail="This operation is not supported for views.",
        )  # fmt: skip
    work.refuse_system(found)
    schema = work.catalog.schema_by_oid(found.schema)
    assert schema is not None, "a table is in a schema"
    if statement.name:
        yield from work.lock_name(schema, statement.name)
        if work.catalog.relation_in(schema.oid, statement.name) is not None:
            if statement.if_not_exists:
                work.notice(f'relation "{statement.name}" already exists, skipping', "42P07")
                return "CREATE INDEX"
            work.refuse_taken(schema, statement.name)
    method = _method(statement)
    keys = tuple(_key(work, found, item, method) for item in statement.items)
    _check_method(statement, method, keys)
    include = tuple(_include(found, name) for name in statement.include)
    where = ""
    if statement.where is not None:
        made = bind_for(work.env(), found, statement.where, "predicate")
        where = print_expression(made, found, work.catalog)
    name = statement.name or choose_index_name(work, found, keys, include, "idx")
    index = Index(
        work.new_oid(), name, schema.oid, found.oid, keys, statement.unique, include=include,
        nulls_distinct=statement.nulls_distinct, where=where, method=method, storage=work.new_oid(),
        options=index_options(statement.options),
    )  # fmt: skip
    yield from add_index(work, schema, found, index)
    return "CREATE INDEX"


def add_index(work: Work, schema: Schema, table: Table, index: Index) -> Waits[None]:
    """Enter an index into the catalog and build it."""
    yield from work.lock_name(schema, index.name)
    work.refuse_taken(schema, index.name)
    work.put(index)
    yield from build(work, table, index)


def choose_index_name(
    work: Work, table: Table, keys: SequenceOf[IndexColumn], include: SequenceOf[int], label: str
) -> str:
    """Choose the name of an index or of the constraint behind it: t_a_b_idx, t_a_key, t_pkey."""
    if label == "pkey":
        return relation_name(work.catalog, table.name, "", "pkey", table.schema, constraint=True)
    names: list[str] = []
    for key in keys:
        base = table.columns[key.attnum - 1].name if key.attnum else key.name or "expr"
        names.append(_unused(base, names))
    for attnum in include:
        names.append(_unused(table.columns[attnum - 1].name, names))
    return relation_name(work.catalog, table.name, join_columns(names), label, table.schema, constraint=label == "key")


def _unused(base: str, names: list[str]) -> str:
    name, number = base, 0
    while name in names:
        number += 1
        name = f"{base}{number}"
    return name


def _method(statement: ast.CreateIndex) -> str:
    method = statement.method or "btree"
    if method in OTHER_METHODS:
        raise not_supported(f'access method "{method}"', place(statement.pos))
    if method not in METHODS:
        raise SqlError("42704", f'access method "{method}" does not exist')
    return method


def _check_method(statement: ast.CreateIndex, method: str, keys: SequenceOf[IndexColumn]) -> None:
    if method == "hash":
        for wrong, words in (
            (statement.unique, "unique indexes"),
            (bool(statement.include), "included columns"),
            (len(keys) > 1, "multicolumn indexes"),
            (any(item.descending or item.nulls_first is not None for item in statement.items), "ASC/DESC options"),
        ):
            if wrong:
                raise SqlError("0A000", f'access method "hash" does not support {words}')
    if len(keys) + len(statement.include) > KEYS_MAX:
        raise SqlError("54011", f"cannot use more than {KEYS_MAX} columns in an index")


def _key(work: Work, table: Table, item: ast.IndexItem, method: str) -> IndexColumn:
    """Return a key of an index; an expression that is only a column is that column."""
    node = item.item
    if isinstance(node, ast.Column) and len(node.name) == 1:
        made = _column_key(table, node.name[0])
        kind = table.columns[made.attnum - 1].type
    else:
        bound = bind_for(work.env(), table, node, "index")
        kind = bound.type
        if isinstance(bound, Var) and bound.column >= 0:
            made = IndexColumn(bound.column + 1)
        else:
            if (kind.kind == "p" and kind is not RECORD) or kind is UNKNOWN:
                raise SqlError("42P16", f'column "{expression_name(node)}" has pseudo-type {kind.display}')
            text = print_expression(bound, table, work.catalog)
            made = IndexColumn(0, text, kind.oid, name=expression_name(node))
    opclass = _opclass(item.opclass, kind, method)
    collation = _collation(work, item, kind)
    descending = item.descending
    nulls_first = descending if item.nulls_first is None else item.nulls_first
    return IndexColumn(
        made.attnum, made.expression, made.type_oid, descending, nulls_first, opclass, collation, made.name
    )  # fmt: skip


def _column_key(table: Table, name: str) -> IndexColumn:
    column = table.column(name)
    if column is None:
        if name in SYSTEM_NAMES:
            raise SqlError("0A000", "index creation on system columns is not supported")
        raise SqlError("42703", f'column "{name}" does not exist')
    return IndexColumn(column.attnum)


def _include(table: Table, name: str) -> int:
    return _column_key(table, name).attnum


def _collation(work: Work, item: ast.IndexItem, kind: Type) -> int:
    if not item.collation:
        return 0
    check_collation(work.env(), item.collation, item.pos)
    base = BY_OID.get(kind.element, kind) if kind.is_array else kind
    if base.category != "S":
        raise SqlError("42804", f"collations are not supported by type {kind.display}")
    oid = COLLATIONS[item.collation[-1]]
    return 0 if oid == 100 else oid


def _opclass(name: ast.Name, kind: Type, method: str) -> str:
    """Check a key's operator class and return its name if it is not the type's default; 42704, 42804."""
    default = default_class(kind.oid, method)
    if not name:
        if not default:
            raise SqlError(
                "42704",
                f'data type {kind.display} has no default operator class for access method "{method}"',
                hint="You must specify an operator class for the index or define a default operator class for the"
                " data type.",
            )
        return ""
    families = {oid: int(number) for oid, _, number in split_table(FAMILIES)}
    named = [entry for entry in split_table(CLASSES) if entry[1] == name[-1] and families[entry[2]] == METHODS[method]]
    if not named:
        raise SqlError("42704", f'operator class "{".".join(name)}" does not exist for access method "{method}"')
    accepted = {kind.oid, 25 if kind.name == "varchar" else kind.oid, 2277 if kind.is_array else kind.oid}
    matching = [entry for entry in named if int(entry[3]) in accepted]
    if not matching:
        raise SqlError("42804", f'operator class "{".".join(name)}" does not accept data type {kind.display}')
    return "" if any(int(entry[0]) == default for entry in matching) else name[-1]


def expression_name(node: ast.Node) -> str:
    """Return the name that an expression gives to an index column: FigureIndexColname, or `expr`."""
    while True:
        if isinstance(node, ast.Call):
            return node.name[-1]
        if isinstance(node, ast.Column):
            return node.name[-1]
        if isinstance(node, ast.Special):
            return node.kind
        if isinstance(node, ast.Case):
            return "case"
        if isinstance(node, ast.Cast):
            inner = expression_name(node.item)
            return inner if inner != "expr" else node.type.name[-1]
        if isinstance(node, ast.Collate):
            node = node.item
        elif isinstance(node, ast.AtTimeZone):
            return "timezone"
        elif isinstance(node, ast.ArrayOf):
            return "array"
        elif isinstance(node, ast.Row):
            return "row"
        else:
            return "expr"


def index_options(options: SequenceOf[ast.Option]) -> tuple[tuple[str, str], ...]:
    """Check the storage parameters of an index; they have no effect here. 22023 for unknown ones."""
    made = []
    for option in options:
        if option.name not in ("fillfactor", "deduplicate_items"):
            raise SqlError("22023", f'unrecognized parameter "{option.name}"')
        text = str(option.value)
        if option.name == "fillfactor" and not (text.isdigit() and 10 <= int(text) <= 100):
            raise SqlError(
                "22023", f'value {text} out of bounds for option "fillfactor"',
                detail='Valid values are between "10" and "100".',
            )  # fmt: skip
        made.append((option.name, text))
    return tuple(made)
