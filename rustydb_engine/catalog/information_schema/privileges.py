"""information_schema's views of roles and of the owner's privileges.

There is one role that can log in, a superuser, and no GRANT: each table's owner has every privilege on it.
Source: PostgreSQL 15, src/backend/catalog/information_schema.sql.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.objects import Role
from rustydb_engine.catalog.system_tables.rows import Row, Source, system_table

SCHEMA = "information_schema"
PRIVILEGES = ("INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
COLUMN_PRIVILEGES = ("INSERT", "SELECT", "UPDATE", "REFERENCES")


@system_table("information_schema.enabled_roles")
def enabled_roles(source: Source) -> Iterator[Row]:
    """List the roles: a superuser is a member of all."""
    make = source.maker("enabled_roles", SCHEMA)
    for role in source.catalog.objects("role"):
        assert isinstance(role, Role)
        yield make(role_name=role.name)


def _table_rows(source: Source, view: str) -> Iterator[Row]:
    make = source.maker(view, SCHEMA)
    catalog = source.catalog
    for table in source.tables("virtual", "table", "view"):
        owner = source.role_name(table.owner)
        for privilege in PRIVILEGES:
            yield make(
                grantor=owner, grantee=owner, table_catalog=catalog.database_name,
                table_schema=catalog.schema_name(table.schema), table_name=table.name, privilege_type=privilege,
                is_grantable="YES", with_hierarchy="YES" if privilege == "SELECT" else "NO",
            )  # fmt: skip


def _column_rows(source: Source, view: str) -> Iterator[Row]:
    make = source.maker(view, SCHEMA)
    catalog = source.catalog
    for table in source.tables("virtual", "table", "view"):
        owner = source.role_name(table.owner)
        for column in table.live():
            for privilege in COLUMN_PRIVILEGES:
                yield make(
                    grantor=owner, grantee=owner, table_catalog=catalog.database_name,
                    table_schema=catalog.schema_name(table.schema), table_name=table.name, column_name=column.name,
                    privilege_type=privilege, is_grantable="YES",
                )  # fmt: skip


@system_table("information_schema.table_privileges")
def table_privileges(source: Source) -> Iterator[Row]:
    """List the owner's privileges on tables."""
    return _table_rows(source, "table_privileges")


@system_table("information_schema.role_table_grants")
def role_table_grants(source: Source) -> Iterator[Row]:
    """List the owner's privileges on tables."""
    return _table_rows(source, "role_table_grants")


@system_table("information_schema.column_privileges")
def column_privileges(source: Source) -> Iterator[Row]:
    """List the owner's privileges on columns."""
    return _column_rows(source, "column_privileges")


@system_table("information_schema.role_column_grants")
def role_column_grants(source: Source) -> Iterator[Row]:
    """List the owner's privileges on columns."""
    return _column_rows(source, "role_column_grants")
