"""Roles, databases, tablespaces, and what only the session knows: settings, locks, activity, cursors.

The predefined roles (pg_monitor…) are roles without login, as in PostgreSQL; the superuser needs none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from rustydb_engine.catalog.objects import Role
from rustydb_engine.catalog.system_tables.rows import Row, Source, system_table
from rustydb_engine.values.interval import Interval

DATABASE_OID = 5
UTF8 = 6
EPOCH = 946_684_800  # 2000-01-01 in Unix time


def _roles(source: Source) -> Iterator[Role]:
    for entry in source.catalog.objects("role"):
        assert isinstance(entry, Role)
        yield entry


def _role_columns(role: Role) -> dict[str, object]:
    return {
        "oid": role.oid, "rolname": role.name, "rolsuper": role.superuser, "rolinherit": True,
        "rolcreaterole": role.superuser, "rolcreatedb": role.superuser, "rolcanlogin": role.login,
        "rolreplication": role.superuser, "rolbypassrls": role.superuser, "rolconnlimit": -1,
    }  # fmt: skip


@system_table("pg_authid")
def pg_authid(source: Source) -> Iterator[Row]:
    """List the roles with their password verifiers."""
    make = source.maker("pg_authid")
    for role in _roles(source):
        yield make(**_role_columns(role), rolpassword=role.verifier)


@system_table("pg_roles")
def pg_roles(source: Source) -> Iterator[Row]:
    """List the roles without their passwords."""
    make = source.maker("pg_roles")
    for role in _roles(source):
        yield make(**_role_columns(role), rolpassword="********")


@system_table("pg_user", "pg_shadow")
def pg_user(source: Source) -> Iterator[Row]:
    """List the roles that can log in."""
    make = source.maker("pg_user")
    for role in _roles(source):
        if role.login:
            yield make(
                usename=role.name, usesysid=role.oid, usecreatedb=role.superuser, usesuper=role.superuser,
                userepl=role.superuser, usebypassrls=role.superuser, passwd="********",
            )  # fmt: skip


@system_table("pg_group")
def pg_group(source: Source) -> Iterator[Row]:
    """List the roles that cannot log in."""
    make = source.maker("pg_group")
    for role in _roles(source):
        if not role.login:
            yield make(groname=role.name, grosysid=role.oid, grolist=())


@system_table("pg_auth_members", fixed=True)
def pg_auth_members(source: Source) -> Iterator[Row]:
    """List the memberships of the predefined roles."""
    make = source.maker("pg_auth_members")
    for role in (3374, 3375, 3377):
        yield make(roleid=role, member=3373, grantor=10)


@system_table("pg_database")
def pg_database(source: Source) -> Iterator[Row]:
    """List the one database."""
    yield source.maker("pg_database")(
        oid=DATABASE_OID, datname=source.catalog.database_name, datdba=10, encoding=UTF8, datlocprovider="c",
        datallowconn=True, datconnlimit=-1, datfrozenxid=3, datminmxid=1, dattablespace=1663, datcollate="C.UTF-8",
        datctype="C.UTF-8",
    )  # fmt: skip


@system_table("pg_tablespace", fixed=True)
def pg_tablespace(source: Source) -> Iterator[Row]:
    """List PostgreSQL's two tablespaces; nothing depends on them here."""
    make = source.maker("pg_tablespace")
    for oid, name in ((1663, "pg_default"), (1664, "pg_global")):
        yield make(oid=oid, spcname=name, spcowner=10)


@system_table("pg_timezone_names", live=True)
def pg_timezone_names(source: Source) -> Iterator[Row]:
    """List the time zones with their offsets at the time of the statement."""
    make = source.maker("pg_timezone_names")
    instant = datetime.fromtimestamp(EPOCH + source.context.statement_time // 1_000_000, UTC)
    for name in sorted(available_timezones()):
        local = instant.astimezone(ZoneInfo(name))
        offset, saving = local.utcoffset(), local.dst()
        micros = int(offset.total_seconds()) * 1_000_000 if offset is not None else 0
        yield make(name=name, abbrev=local.tzname(), utc_offset=Interval(0, 0, micros), is_dst=bool(saving))


def _session_table(name: str) -> None:
    @system_table(name, live=True)
    def rows(source: Source) -> Iterator[Row]:
        make = source.maker(name)
        for columns in source.context.session_rows(name):
            yield make(**columns)


for _name in ("pg_settings", "pg_locks", "pg_prepared_statements", "pg_cursors", "pg_prepared_xacts",
              "pg_stat_activity", "pg_stat_ssl"):  # fmt: skip
    _session_table(_name)
