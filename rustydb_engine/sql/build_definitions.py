"""Actions for CREATE of everything but tables, ALTER, DROP, TRUNCATE and COMMENT."""

from __future__ import annotations

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.actions import ACTIONS, Misplaced, action, constant
from rustydb_engine.sql.ast import (
    AlterAction,
    ColumnSpec,
    Constraint,
    FromTable,
    IndexItem,
    Name,
    Node,
    Option,
    Query,
    Statement,
    TypeName,
)
from rustydb_engine.sql.build_tables import Attribute, with_attributes
from rustydb_proto.core.value import value

# ---------------------------------------------------------------- CREATE … AS and views


@value
class CreateAsTarget:
    """What CREATE TABLE … AS makes."""

    name: Name
    columns: tuple[str, ...]


@action()
def create_as_target(pos: int, name: Name, columns: list[str] | None, *_: object) -> CreateAsTarget:
    """The new table's name and columns; how it is stored is noise."""
    return CreateAsTarget(name, tuple(columns or ()))


@action()
def create_table_as(
    pos: int,
    persistence: str,
    if_not_exists: bool,
    target: CreateAsTarget,
    query: Query | Statement,
    with_data: bool,
) -> ast.CreateTableAs:
    """`CREATE TABLE t AS SELECT …`."""
    return ast.CreateTableAs(
        target.name, query, target.columns, if_not_exists, persistence, with_data, False, pos
    )  # fmt: skip


@action()
def create_materialized_view(
    pos: int,
    persistence: str,
    word: int,
    if_not_exists: bool,
    target: CreateAsTarget,
    query: Query,
    with_data: bool,
) -> ast.CreateTableAs:
    """CREATE MATERIALIZED VIEW."""
    if persistence == "temporary":
        raise Misplaced(position=word)
    return ast.CreateTableAs(target.name, query, target.columns, if_not_exists, persistence, with_data, True, pos)


Check = tuple[str, int]  # local, cascaded or "", and where it stands
action("check_cascaded")(lambda pos: ("cascaded", pos))
action("check_local")(lambda pos: ("local", pos))
action("check_none")(lambda pos: ("", pos))


@value
class ViewBody:
    """What a view shows."""

    options: tuple[Option, ...]
    query: Query
    check: Check


@action()
def view_body(pos: int, options: list[Option] | None, query: Query, check: Check) -> ViewBody:
    """`AS SELECT … WITH CHECK OPTION`."""
    return ViewBody(tuple(options or ()), query, check)


def _register_views() -> None:
    def register(rule: str, replace: bool, recursive: bool) -> None:
        def build(pos: int, persistence: str, name: Name, columns: list[str] | None, body: ViewBody) -> ast.CreateView:
            check, place = body.check
            if recursive and check:
                message = "WITH CHECK OPTION not supported on recursive views"
                raise SqlError("0A000", message, position=place)
            return ast.CreateView(
                name, body.query, tuple(columns or ()), replace, persistence, recursive, check, body.options, pos
            )

        ACTIONS[rule] = build

    register("create_view", False, False)
    register("replace_view", True, False)
    register("create_recursive_view", False, True)
    register("replace_recursive_view", True, True)


_register_views()

# ---------------------------------------------------------------- indexes, sequences, schemas

action("index_name")(lambda pos, name: (name, False))
action("index_name_new")(lambda pos, name: (name, True))
constant("index_name_chosen", ("", False))


@action()
def create_index(
    pos: int,
    unique: bool,
    concurrently: bool,
    name: tuple[str, bool],
    table: FromTable,
    method: str | None,
    items: list[IndexItem],
    include: list[str] | None,
    nulls_distinct: bool | None,
    options: list[Option] | None,
    tablespace: object,
    where: Node | None,
) -> ast.CreateIndex:
    """CREATE INDEX."""
    return ast.CreateIndex(
        name[0],
        table.name,
        tuple(items),
        unique,
        concurrently,
        name[1],
        method or "",
        tuple(include or ()),
        nulls_distinct is not False,
        where,
        tuple(options or ()),
        table.only,
        pos,
    )


@action()
def create_sequence(
    pos: int, persistence: str, if_not_exists: bool, name: Name, options: list[Option] | None
) -> ast.CreateSequence:
    """CREATE SEQUENCE."""
    return ast.CreateSequence(name, tuple(options or ()), if_not_exists, persistence, pos)


@action()
def alter_sequence(pos: int, if_exists: bool, name: Name, options: list[Option]) -> ast.AlterSequence:
    """ALTER SEQUENCE with options."""
    return ast.AlterSequence(name, tuple(options), if_exists, pos)


@action()
def create_schema(
    pos: int, if_not_exists: bool, name: str, owner: str | None, elements: list[Statement] | None
) -> ast.CreateSchema:
    """CREATE SCHEMA."""
    if if_not_exists and elements:
        position = getattr(elements[0], "pos", -1)
        raise SqlError("0A000", "CREATE SCHEMA IF NOT EXISTS cannot include schema elements", position=position)
    return ast.CreateSchema(name, if_not_exists, owner or "", tuple(elements or ()), pos)


@action()
def create_schema_of(pos: int, if_not_exists: bool, owner: str, elements: list[Statement] | None) -> ast.CreateSchema:
    """`CREATE SCHEMA AUTHORIZATION role`: the schema is named like the role."""
    return create_schema(pos, if_not_exists, owner, owner, elements)


# ---------------------------------------------------------------- ALTER TABLE

for _kind in ("table", "index", "view", "sequence", "schema", "database", "role", "type", "domain", "collation"):
    constant("kind_" + _kind, _kind)
for _kind in ("extension", "language", "publication", "server", "tablespace", "conversion", "statistics"):
    constant("kind_" + _kind, _kind)
constant("kind_materialized_view", "materialized view")
constant("kind_foreign_table", "foreign table")
for _word in ("all", "user", "current_user", "current_role", "session_user"):
    constant("word_" + _word, _word)


@action()
def alter_table(pos: int, kind: str, if_exists: bool, table: FromTable, actions: list[AlterAction]) -> ast.AlterTable:
    """ALTER TABLE, and what other relations share with it."""
    return ast.AlterTable(kind, table.name, tuple(actions), if_exists, table.only, pos)


@action()
def alter_sequence_owner(pos: int, if_exists: bool, name: Name, owner: str) -> ast.AlterTable:
    """`ALTER SEQUENCE s OWNER TO role`."""
    return ast.AlterTable("sequence", name, (AlterAction("owner", owner, pos=pos),), if_exists, False, pos)


@action()
def add_column(pos: int, column: ColumnSpec) -> AlterAction:
    """`ADD COLUMN a int`."""
    return AlterAction("add column", column.name, column, pos=pos)


@action()
def add_column_new(pos: int, column: ColumnSpec) -> AlterAction:
    """`ADD COLUMN IF NOT EXISTS a int`."""
    return AlterAction("add column", column.name, column, if_not_exists=True, pos=pos)


def _register_drops() -> None:
    def register(rule: str, kind: str) -> None:
        ACTIONS[rule] = lambda pos, if_exists, name, cascade: AlterAction(
            kind, name, if_exists=if_exists, cascade=cascade, pos=pos
        )

    register("drop_column", "drop column")
    register("drop_constraint", "drop constraint")


def _register_named() -> None:
    """Register the actions that have a name and nothing else."""

    def register(rule: str, kind: str) -> None:
        ACTIONS[rule] = lambda pos, name="": AlterAction(kind, name, pos=pos)

    for kind in ("drop default", "set not null", "drop not null"):
        register("alter_" + kind.replace(" ", "_"), kind)
    register("validate_constraint", "validate constraint")
    register("alter_owner_action", "owner")
    register("alter_cluster_on", "cluster on")
    register("alter_without_cluster", "set without cluster")
    register("alter_without_oids", "set without oids")
    register("alter_logged", "set logged")
    register("alter_unlogged", "set unlogged")
    register("alter_force_security", "force row level security")
    register("alter_no_force_security", "no force row level security")
    register("alter_access_method", "set access method")
    register("alter_tablespace", "set tablespace")
    register("alter_not_of", "not of")


def _register_valued() -> None:
    """Register the actions on a column that have one option."""

    def register(rule: str, kind: str) -> None:
        ACTIONS[rule] = lambda pos, name, value: AlterAction(kind, name, options=(Option(kind[4:], value),), pos=pos)

    register("alter_set_statistics", "set statistics")
    register("alter_set_storage", "set storage")
    register("alter_set_compression", "set compression")


_register_drops()
_register_named()
_register_valued()


@action()
def alter_set_default(pos: int, name: str, expression: Node) -> AlterAction:
    """`ALTER a SET DEFAULT b`."""
    return AlterAction("set default", name, expression=expression, pos=pos)


@action()
def alter_drop_expression(pos: int, name: str, if_exists: bool) -> AlterAction:
    """`ALTER a DROP EXPRESSION`."""
    return AlterAction("drop expression", name, if_exists=if_exists, pos=pos)


@action()
def alter_column_set_options(pos: int, name: str, options: list[Option]) -> AlterAction:
    """`ALTER a SET (…)`."""
    return AlterAction("set options", name, options=tuple(options), pos=pos)


@action()
def alter_column_reset_options(pos: int, name: str, options: list[Option]) -> AlterAction:
    """`ALTER a RESET (…)`."""
    return AlterAction("reset options", name, options=tuple(options), pos=pos)


@action()
def alter_set_options(pos: int, options: list[Option]) -> AlterAction:
    """`SET (fillfactor = 70)`."""
    return AlterAction("set options", options=tuple(options), pos=pos)


@action()
def alter_reset_options(pos: int, options: list[Option]) -> AlterAction:
    """`RESET (fillfactor)`."""
    return AlterAction("reset options", options=tuple(options), pos=pos)


@action()
def alter_add_identity(pos: int, name: str, always: bool, options: list[Option] | None) -> AlterAction:
    """`ALTER a ADD GENERATED ALWAYS AS IDENTITY`."""
    constraint = Constraint("identity", always=always, options=tuple(options or ()), pos=pos)
    return AlterAction("add identity", name, constraint=constraint, pos=pos)


@action()
def alter_set_identity(pos: int, name: str, options: list[Option]) -> AlterAction:
    """`ALTER a SET GENERATED ALWAYS RESTART`."""
    return AlterAction("set identity", name, options=tuple(options), pos=pos)


action("identity_generated")(lambda pos, always: Option("generated", "always" if always else "by default", pos))


@action()
def alter_drop_identity(pos: int, name: str, if_exists: bool) -> AlterAction:
    """`ALTER a DROP IDENTITY`."""
    return AlterAction("drop identity", name, if_exists=if_exists, pos=pos)


@action()
def alter_type(pos: int, name: str, t: TypeName, collation: Name | None, using: Node | None) -> AlterAction:
    """`ALTER a TYPE int USING b`; a collation travels in `column`."""
    column = ColumnSpec(name, t, collation or (), (), pos)
    return AlterAction("column type", name, column, type=t, expression=using, pos=pos)


@action()
def add_constraint(pos: int, constraint: Constraint) -> AlterAction:
    """`ADD CONSTRAINT …`."""
    return AlterAction("add constraint", constraint.name, constraint=constraint, pos=pos)


@action()
def alter_constraint(pos: int, name: str, attributes: list[Attribute] | None) -> AlterAction:
    """`ALTER CONSTRAINT a DEFERRABLE`; only foreign keys can be altered."""
    constraint = with_attributes(ast.Constraint("foreign", name, pos=pos), attributes)
    return AlterAction("alter constraint", name, constraint=constraint, pos=pos)


for _able in ("enable", "enable always", "enable replica", "disable"):
    constant("able_" + _able.replace(" ", "_"), _able)
action("able_trigger")(lambda pos, name: ("trigger", name))
action("able_rule")(lambda pos, name: ("rule", name))
constant("able_security", ("row level security", ""))


@action()
def alter_able(pos: int, able: str, what: tuple[str, str]) -> AlterAction:
    """`DISABLE TRIGGER ALL`."""
    return AlterAction(f"{able} {what[0]}", what[1], pos=pos)


@action("alter_inherit", "alter_no_inherit", "alter_of")
def alter_parent(pos: int, name: Name) -> AlterAction:
    """`INHERIT t`, `NO INHERIT t`, `OF t`."""
    raise not_supported("inheritance of tables", pos)


@action()
def alter_replica_identity(pos: int, index: str | None) -> AlterAction:
    """`REPLICA IDENTITY …`."""
    return AlterAction("replica identity", index or "", pos=pos)


# ---------------------------------------------------------------- other ALTER


@action()
def rename(pos: int, kind: str, if_exists: bool, table: FromTable, to: str) -> ast.Rename:
    """`ALTER TABLE a RENAME TO b`."""
    return ast.Rename(kind, table.name, to, "", if_exists, pos)


@action()
def rename_column(pos: int, kind: str, if_exists: bool, table: FromTable, part: str, to: str) -> ast.Rename:
    """`ALTER TABLE t RENAME a TO b`."""
    return ast.Rename("column", table.name, to, part, if_exists, pos)


@action()
def rename_constraint(pos: int, kind: str, if_exists: bool, table: FromTable, part: str, to: str) -> ast.Rename:
    """`ALTER TABLE t RENAME CONSTRAINT a TO b`."""
    return ast.Rename("constraint", table.name, to, part, if_exists, pos)


@action()
def rename_sequence(pos: int, if_exists: bool, name: Name, to: str) -> ast.Rename:
    """`ALTER SEQUENCE a RENAME TO b`."""
    return ast.Rename("sequence", name, to, "", if_exists, pos)


action("rename_schema")(lambda pos, name, to: ast.Rename("schema", (name,), to, pos=pos))
action("rename_database")(lambda pos, name, to: ast.Rename("database", (name,), to, pos=pos))


@action()
def set_schema(pos: int, kind: str, if_exists: bool, table: FromTable, schema: str) -> ast.SetSchema:
    """`ALTER TABLE a SET SCHEMA b`."""
    return ast.SetSchema(kind, table.name, schema, if_exists, pos)


@action()
def set_sequence_schema(pos: int, if_exists: bool, name: Name, schema: str) -> ast.SetSchema:
    """`ALTER SEQUENCE a SET SCHEMA b`."""
    return ast.SetSchema("sequence", name, schema, if_exists, pos)


action("alter_schema_owner")(lambda pos, name, owner: ast.AlterOwner("schema", (name,), owner, pos))
action("alter_database_owner")(lambda pos, name, owner: ast.AlterOwner("database", (name,), owner, pos))

# ---------------------------------------------------------------- DROP, TRUNCATE, COMMENT


@action()
def drop(pos: int, kind: str, if_exists: bool, names: list[Name], cascade: bool) -> ast.Drop:
    """DROP."""
    return ast.Drop(kind, tuple(names), if_exists, cascade, False, pos)


@action()
def drop_index_concurrently(pos: int, if_exists: bool, names: list[Name], cascade: bool) -> ast.Drop:
    """DROP INDEX CONCURRENTLY."""
    return ast.Drop("index", tuple(names), if_exists, cascade, True, pos)


@action()
def drop_database(pos: int, if_exists: bool, name: str) -> ast.Drop:
    """DROP DATABASE."""
    return ast.Drop("database", ((name,),), if_exists, pos=pos)


constant("role_word", "role")


@action()
def drop_roles(pos: int, kind: str, if_exists: bool, names: list[str]) -> ast.Drop:
    """DROP ROLE."""
    return ast.Drop(kind, tuple((name,) for name in names), if_exists, pos=pos)


@action()
def truncate(pos: int, tables: list[FromTable], restart: bool, cascade: bool) -> ast.Truncate:
    """TRUNCATE."""
    return ast.Truncate(tuple(tables), restart, cascade, pos)


@action()
def comment(pos: int, kind: str, name: Name, text: str | None) -> ast.Comment:
    """`COMMENT ON TABLE t IS '…'`."""
    return ast.Comment(kind, name, text, (), pos)


action("comment_column")(lambda pos, name, text: ast.Comment("column", name, text, (), pos))


def _register_comments() -> None:
    def register(kind: str) -> None:
        ACTIONS["comment_" + kind] = lambda pos, name, on, text: ast.Comment(kind, (name,), text, on, pos)

    for kind in ("constraint", "trigger", "policy", "rule"):
        register(kind)


_register_comments()
