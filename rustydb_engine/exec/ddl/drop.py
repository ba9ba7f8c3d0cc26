"""DROP of tables, views, indexes, sequences and schemas, and the removal of whatever goes with them.

`remove` is what every statement uses that takes objects away: it finds the dependents, refuses or reports them, and
removes all in order. Tables whose objects go are locked ACCESS EXCLUSIVE first.

    DROP TABLE t;           cannot drop table t because other objects depend on it
    DROP TABLE t CASCADE;   NOTICE: drop cascades to view v

Source: PostgreSQL 15, src/backend/commands/dropcmds.c, reportDependentObjects in dependency.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.catalog import Relation
from rustydb_engine.catalog.dependencies import Address, Dependents, Found
from rustydb_engine.catalog.objects import Comment, Constraint, Index, Schema, Sequence, Table, TableColumn
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.columns import changed
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.txn.locks import ACCESS_EXCLUSIVE

REPORTED_MAX = 100
PG_CLASS, PG_NAMESPACE, PG_CONSTRAINT = 1259, 2615, 2606
KIND_OF = {"table": "table", "view": "view", "index": "index", "sequence": "sequence", "virtual": "table"}
ARTICLES = {"table": "a table", "view": "a view", "index": "an index", "sequence": "a sequence"}
TAGS = {"table": "DROP TABLE", "view": "DROP VIEW", "index": "DROP INDEX", "sequence": "DROP SEQUENCE"}
MISSING_CODES = {"table": "42P01", "view": "42P01", "index": "42704", "sequence": "42P01"}
NEVER_THERE = ("type", "domain", "collation", "conversion", "operator", "extension", "foreign table",
               "materialized view", "statistics", "language", "event trigger", "server", "publication",
               "foreign-data wrapper", "text search configuration")  # fmt: skip


def drop(work: Work, statement: ast.Drop) -> Waits[str]:
    """DROP."""
    if statement.kind == "schema":
        return (yield from _drop_schemas(work, statement))
    if statement.kind in TAGS:
        return (yield from _drop_relations(work, statement))
    return _drop_missing(work, statement)


def _drop_missing(work: Work, statement: ast.Drop) -> str:
    """DROP of a kind of object of which this server never has any, but for roles and databases."""
    kind = statement.kind
    if kind in ("role", "user", "group", "database"):
        return _drop_shared(work, statement)
    for name in statement.names:
        shown = name[-1]
        if len(name) > 1 and work.catalog.schema_of(name, work.search_path) is None:
            if not statement.if_exists:
                raise SqlError("3F000", f'schema "{name[-2]}" does not exist')
            work.notice(f'schema "{name[-2]}" does not exist, skipping')
        elif statement.if_exists:
            work.notice(f"{kind} {shown}() does not exist, skipping" if kind == "function"
                        else f'{kind} "{".".join(name)}" does not exist, skipping')  # fmt: skip
        elif kind in ("function", "procedure", "aggregate", "routine"):
            raise SqlError("42883", f'could not find a {kind} named "{shown}"')
        elif kind == "materialized view":
            raise SqlError("42P01", f'materialized view "{shown}" does not exist')
        elif kind in NEVER_THERE:
            raise SqlError("42704", f'{kind} "{".".join(name)}" does not exist')
        else:
            raise not_supported(f"DROP {kind.upper()}", place(statement.pos))
    return f"DROP {kind.upper()}"


def _drop_shared(work: Work, statement: ast.Drop) -> str:
    for name in statement.names:
        if statement.kind == "database":
            if name[-1] == work.catalog.database_name:
                raise SqlError("55006", "cannot drop the currently open database")
            if not statement.if_exists:
                raise SqlError("3D000", f'database "{name[-1]}" does not exist')
            work.notice(f'database "{name[-1]}" does not exist, skipping')
            continue
        role = work.catalog.role(name[-1])
        if role is None:
            if not statement.if_exists:
                raise SqlError("42704", f'role "{name[-1]}" does not exist')
            work.notice(f'role "{name[-1]}" does not exist, skipping')
        elif role.name == work.context.user:
            raise SqlError("55006", "current user cannot be dropped")
        else:
            raise SqlError("2BP01", f"cannot drop role {role.name} because it is required by the database system")
    return "DROP DATABASE" if statement.kind == "database" else "DROP ROLE"


def _drop_schemas(work: Work, statement: ast.Drop) -> Waits[str]:
    originals = []
    for name in statement.names:
        schema = work.catalog.schema(name[-1])
        if schema is not None:
            yield from work.lock(schema.oid, ACCESS_EXCLUSIVE)
            schema = work.catalog.schema(name[-1])
        if schema is None:
            if not statement.if_exists:
                raise SqlError("3F000", f'schema "{name[-1]}" does not exist')
            work.notice(f'schema "{name[-1]}" does not exist, skipping')
        elif schema.oid < 16384 and schema.name != "public":
            raise SqlError("2BP01", f"cannot drop schema {schema.name} because it is required by the database system")
        else:
            originals.append(Address("schema", schema.oid))
    yield from remove(work, originals, statement.cascade)
    return "DROP SCHEMA"


def _drop_relations(work: Work, statement: ast.Drop) -> Waits[str]:
    originals: list[Address] = []
    for name in statement.names:
        found = yield from _resolve(work, statement, name)
        if found is not None:
            if isinstance(found, Index | Sequence):
                _refuse_owned(work, found)
            originals.append(Address("relation", found.oid))
    yield from remove(work, originals, statement.cascade)
    return TAGS[statement.kind]


def _resolve(work: Work, statement: ast.Drop, name: ast.Name) -> Waits[Relation | None]:
    """Return a relation to drop, locked; None when it is missing and IF EXISTS was said."""
    kind = statement.kind
    if len(name) > 1 and work.catalog.schema_of(name, work.search_path) is None:
        if not statement.if_exists:
            raise SqlError("3F000", f'schema "{name[-2]}" does not exist')
        work.notice(f'schema "{name[-2]}" does not exist, skipping')
        return None
    found = yield from work.lock_relation(name, ACCESS_EXCLUSIVE, missing_ok=True)
    if found is None:
        if not statement.if_exists:
            raise SqlError(MISSING_CODES[kind], f'{kind} "{name[-1]}" does not exist')
        work.notice(f'{kind} "{name[-1]}" does not exist, skipping')
        return None
    actual = KIND_OF[found.kind]
    if found.kind == "virtual" and kind == "table":
        work.refuse_system(found)
    if actual != kind:
        article = "an" if actual == "index" else "a"
        raise SqlError(
            "42809", f'"{found.name}" is not {ARTICLES[kind]}',
            hint=f"Use DROP {actual.upper()} to remove {article} {actual}.",
        )  # fmt: skip
    if isinstance(found, Index):
        yield from work.lock(found.table, ACCESS_EXCLUSIVE)
    return found


def _refuse_owned(work: Work, found: Index | Sequence) -> None:
    """Raise 2BP01 for an index behind a constraint and the sequence of an identity column."""
    words = Dependents(work.catalog, work.search_path)
    owner = None
    if isinstance(found, Index):
        owner = next(
            (Address("constraint", entry.oid) for entry in work.catalog.constraints_of(found.table)
             if entry.index == found.oid and entry.type in "pu"), None,
        )  # fmt: skip
    elif found.internal and found.owner_table:
        owner = Address("column", found.owner_table, found.owner_column)
    if owner is not None:
        own, other = words.describe(Address("relation", found.oid)), words.describe(owner)
        raise SqlError(
            "2BP01", f"cannot drop {own} because {other} requires it", hint=f"You can drop {other} instead."
        )  # fmt: skip


# -- removal


def remove(work: Work, originals: list[Address], cascade: bool) -> Waits[None]:
    """Remove objects with all that depends on them; 2BP01 when something does and CASCADE was not said."""
    if not originals:
        return
    found = Dependents(work.catalog, work.search_path).collect(originals)
    version = 0
    while version != work.catalog.version:
        # Whoever held the locks until now may have changed what depends on what.
        version = work.catalog.version
        for oid in sorted(_tables_of(work, found.targets)):
            yield from work.lock(oid, ACCESS_EXCLUSIVE)
        if version != work.catalog.version:
            found = Dependents(work.catalog, work.search_path).collect(originals)
    _report(work, originals, found, cascade)
    for target in found.targets:
        remove_one(work, target)


def _tables_of(work: Work, targets: list[Address]) -> set[int]:
    tables: set[int] = set()
    for target in targets:
        entry = work.catalog.get(target.oid)
        if isinstance(entry, Index | Constraint):
            tables.add(entry.table)
            if isinstance(entry, Constraint) and entry.references:
                tables.add(entry.references)
        elif isinstance(entry, Table | Sequence):
            tables.add(entry.oid)
    return tables


def _report(work: Work, originals: list[Address], found: Found, cascade: bool) -> None:
    reported = found.reported
    if not reported:
        return
    more = len(reported) - REPORTED_MAX
    if not cascade:
        lines = [f"{one} depends on {other}" for one, other in reported[:REPORTED_MAX]]
        if more > 0:
            lines.append(f"and {more} other object{'s' if more > 1 else ''} (see server log for list)")
        if len(originals) == 1:
            words = Dependents(work.catalog, work.search_path).describe(originals[0])
            message = f"cannot drop {words} because other objects depend on it"
        else:
            message = "cannot drop desired object(s) because other objects depend on them"
        raise SqlError(
            "2BP01", message, detail="\n".join(lines),
            hint="Use DROP ... CASCADE to drop the dependent objects too.",
        )  # fmt: skip
    lines = [f"drop cascades to {one}" for one, _ in reported[:REPORTED_MAX]]
    if more > 0:
        lines.append(f"and {more} other object{'s' if more > 1 else ''} (see server log for list)")
    if len(reported) == 1:
        work.notice(lines[0])
    else:
        work.notice(f"drop cascades to {len(reported)} other objects", detail="\n".join(lines))


def remove_one(work: Work, target: Address) -> None:
    """Remove one object whose dependents are gone."""
    catalog = work.catalog
    entry = catalog.get(target.oid)
    if entry is None:
        return
    if target.kind == "column":
        assert isinstance(entry, Table), "columns belong to tables"
        remove_column(work, entry, target.part)
    elif target.kind == "default":
        assert isinstance(entry, Table), "defaults belong to tables"
        _change_column(work, entry, changed(entry.columns[target.part - 1], default=None, sequence=0))
    elif isinstance(entry, Table | Schema):
        if isinstance(entry, Table) and entry.kind == "table":
            work.database.drop_heap(work.txn, entry.storage)
        remove_comments(work, PG_NAMESPACE if isinstance(entry, Schema) else PG_CLASS, entry.oid)
        catalog.drop(entry.oid)
    elif isinstance(entry, Index):
        detach(work, entry)
        remove_comments(work, PG_CLASS, entry.oid)
        catalog.drop(entry.oid)
    elif isinstance(entry, Sequence | Constraint):
        remove_comments(work, PG_CONSTRAINT if isinstance(entry, Constraint) else PG_CLASS, entry.oid)
        catalog.drop(entry.oid)


def detach(work: Work, index: Index) -> None:
    """Take an index out of work at commit."""
    table = work.catalog.table(index.table)
    if table is not None and table.kind == "table":
        heap = work.database.heap(table.storage)
        stored = heap.index(index.oid)
        if stored is not None:
            work.database.detach_index(work.txn, heap, stored)


def _change_column(work: Work, table: Table, column: TableColumn) -> None:
    columns = (*table.columns[: column.attnum - 1], column, *table.columns[column.attnum :])
    work.put(replace(table, columns=columns))


def remove_column(work: Work, table: Table, attnum: int) -> None:
    """Mark a column as dropped; rows keep its place."""
    old = table.columns[attnum - 1]
    gone = TableColumn(old.name, attnum, old.type, old.typmod, dropped=True)
    _change_column(work, table, gone)
    remove_comments(work, PG_CLASS, table.oid, attnum)


def remove_comments(work: Work, class_oid: int, object_oid: int, part: int | None = None) -> None:
    """Remove the comments on an object and, without `part`, on its columns."""
    entry = work.catalog.get(object_oid)
    parts = [part] if part is not None else [0]
    if part is None and isinstance(entry, Table):
        parts += [column.attnum for column in entry.columns]
    for number in parts:
        comment = work.catalog.comment(class_oid, object_oid, number)
        if isinstance(comment, Comment):
            work.catalog.drop(comment.oid)
