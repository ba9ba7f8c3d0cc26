"""Functions that look at their session and catalog: the clock, sequences, settings, visibility, descriptions."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo

import pytest
from function_context import NOON, FixedContext

from rustydb_engine.catalog.bootstrap import fresh_catalog
from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import PUBLIC, Comment, Index, IndexColumn, Sequence, Table, TableColumn
from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions import library, registry
from rustydb_engine.sql.functions.registry import CallSite, implementation_for
from rustydb_engine.sql.functions.texts import output_of
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.types import BY_NAME, INT4, TEXT

assert library.MODULES


def call(context: FixedContext, name: str, *args: object, types: str = "") -> object:
    """Call the function of this name and argument types."""
    kinds = tuple(BY_NAME[word] for word in types.split())
    entry = next(row for row in registry.FUNCTIONS[name] if row.args == kinds)
    assert not (entry.strict and None in args)
    implementation = implementation_for(entry, CallSite(kinds, entry.result))
    return implementation(context, *args) if entry.context else implementation(*args)


def sample() -> Catalog:
    """Return a catalog with a serial table, a view of it, an index and comments."""
    catalog = fresh_catalog("app")
    overlay = catalog.overlay()
    columns = (TableColumn("id", 1, INT4, sequence=20001), TableColumn("Name", 2, TEXT))
    overlay.put(Table(20000, "users", PUBLIC, columns, storage=1))
    overlay.put(Sequence(20001, "users_id_seq", PUBLIC, type_oid=23, maximum=100, owner_table=20000, owner_column=1))
    overlay.put(Index(20002, "users_name", PUBLIC, 20000, (IndexColumn(2, descending=True, nulls_first=True),)))
    overlay.put(Table(20003, "pg_class", PUBLIC, columns, storage=2))
    overlay.put(Comment(20004, 1259, 20000, 0, "who"))
    overlay.put(Comment(20005, 1259, 20000, 2, "called"))
    catalog.apply(overlay.changes)
    return catalog


def test_now_is_the_start_of_the_transaction_and_clock_timestamp_is_not() -> None:
    context = FixedContext()
    assert call(context, "now") == NOON
    assert call(context, "statement_timestamp") == NOON + 1_000_000
    assert call(context, "clock_timestamp") == NOON + 2_000_000


def test_the_current_date_and_time_are_those_of_the_session_time_zone() -> None:
    context = FixedContext(Forms(zone=ZoneInfo("Pacific/Auckland"), zone_name="Pacific/Auckland"))
    assert call(context, "current_date") == 8402
    assert call(context, "localtime") == 3600 * 1_000_000
    assert call(context, "current_time") == (3600 * 1_000_000, -13 * 3600)
    assert call(context, "localtimestamp") == NOON + 13 * 3600 * 1_000_000
    assert call(context, "timeofday") == "Mon Jan 02 01:00:02.000000 2023 NZDT"


def test_random_numbers_repeat_after_setseed() -> None:
    context = FixedContext()
    call(context, "setseed", 0.5, types="float8")
    first = call(context, "random")
    call(context, "setseed", 0.5, types="float8")
    assert call(context, "random") == first


def test_a_random_uuid_is_of_version_4() -> None:
    found = call(FixedContext(), "gen_random_uuid")
    assert isinstance(found, bytes)
    assert uuid.UUID(bytes=found).version == 4


def test_pg_sleep_needs_surroundings_that_can_wait() -> None:
    with pytest.raises(SqlError) as caught:
        call(FixedContext(), "pg_sleep", 1.0, types="float8")
    assert caught.value.sqlstate == "0A000"


def test_version_names_the_postgresql_version_first() -> None:
    assert str(call(FixedContext(), "version")).startswith("PostgreSQL 15.13 (RustyDB ")


def test_sequences_count_and_refuse_what_is_no_sequence() -> None:
    context = FixedContext(catalog=sample())
    assert call(context, "nextval", 20001, types="regclass") == 1
    assert call(context, "nextval", 20001, types="regclass") == 2
    assert call(context, "currval", 20001, types="regclass") == 2
    assert call(context, "lastval") == 2
    assert call(context, "setval", 20001, 50, types="regclass int8") == 50
    assert call(context, "pg_sequence_last_value", 20001, types="regclass") == 50
    with pytest.raises(SqlError, match=r'setval: value 500 is out of bounds for sequence "users_id_seq" \(1\.\.100\)'):
        call(context, "setval", 20001, 500, types="regclass int8")
    with pytest.raises(SqlError, match='"users" is not a sequence'):
        call(context, "nextval", 20000, types="regclass")


def test_the_sequence_of_a_serial_column_is_found() -> None:
    context = FixedContext(catalog=sample())
    assert call(context, "pg_get_serial_sequence", "users", "id", types="text text") == "public.users_id_seq"
    assert call(context, "pg_get_serial_sequence", "public.users", "Name", types="text text") is None
    with pytest.raises(SqlError, match='column "x" of relation "users" does not exist'):
        call(context, "pg_get_serial_sequence", "users", "x", types="text text")
    with pytest.raises(SqlError, match='relation "nope" does not exist'):
        call(context, "pg_get_serial_sequence", "nope", "x", types="text text")


def test_a_table_behind_another_on_the_search_path_is_not_visible() -> None:
    context = FixedContext(catalog=sample())
    assert call(context, "pg_table_is_visible", 20000, types="oid") is True
    assert call(context, "pg_table_is_visible", 20003, types="oid") is False
    assert call(context, "pg_table_is_visible", 99999, types="oid") is None
    assert call(context, "pg_type_is_visible", 20000 | 0x80000000, types="oid") is True


def test_a_regclass_is_shown_qualified_when_the_path_does_not_find_it() -> None:
    context = FixedContext(catalog=sample())
    show = output_of(BY_NAME["regclass"])
    assert [show(context, oid) for oid in (20000, 20003, 0, 77)] == ["users", "public.pg_class", "-", "77"]
    assert output_of(BY_NAME["regprocedure"])(context, 870) == "lower(text)"
    assert output_of(BY_NAME["regproc"])(context, 1397) == "pg_catalog.abs"


def test_to_regclass_gives_null_for_an_unknown_name() -> None:
    context = FixedContext(catalog=sample())
    assert call(context, "to_regclass", "users", types="text") == 20000
    assert call(context, "to_regclass", "nope", types="text") is None
    assert call(context, "to_regnamespace", "public", types="text") == PUBLIC


def test_comments_are_found_by_object_and_column() -> None:
    context = FixedContext(catalog=sample())
    assert call(context, "obj_description", 20000, "pg_class", types="oid name") == "who"
    assert call(context, "col_description", 20000, 2, types="oid int4") == "called"
    assert call(context, "col_description", 20000, 1, types="oid int4") is None
    assert call(context, "pg_describe_object", 1259, 20000, 2, types="oid oid int4") == 'column "Name" of table users'


def test_sizes_of_a_table_and_its_indexes_add_up() -> None:
    context = FixedContext(catalog=sample())
    assert call(context, "pg_table_size", 20000, types="regclass") == 8192
    assert call(context, "pg_total_relation_size", 20000, types="regclass") == 16384
    assert call(context, "pg_relation_size", 99999, types="regclass") is None


def test_properties_of_an_index_column() -> None:
    context = FixedContext(catalog=sample())
    found = [
        call(context, "pg_index_column_has_property", 20002, 1, name, types="regclass int4 text")
        for name in ("asc", "desc", "nulls_first", "returnable", "nonsense")
    ]
    assert found == [False, True, True, True, None]


def test_settings_are_read_and_set() -> None:
    context = FixedContext()
    assert call(context, "current_setting", "server_version", types="text") == "15.13"
    assert call(context, "current_setting", "nope", True, types="text bool") is None
    with pytest.raises(SqlError, match='unrecognized configuration parameter "nope"'):
        call(context, "current_setting", "nope", types="text")
    assert call(context, "set_config", "x.y", "1", False, types="text text bool") == "1"
    assert call(context, "current_setting", "x.y", types="text") == "1"


def test_the_schemas_of_the_search_path_that_exist() -> None:
    context = FixedContext()
    context.search_path = ("nowhere", "public")
    assert call(context, "current_schema") == "public"
    assert call(context, "current_schemas", True, types="bool") == ("pg_catalog", "public")
    assert call(context, "current_schemas", False, types="bool") == ("public",)


def test_advisory_locks_where_generated_code_cannot_wait() -> None:
    context = FixedContext()
    assert call(context, "pg_advisory_lock", 1, types="int8") == ""
    assert call(context, "pg_try_advisory_lock", 1, 2, types="int4 int4") is False
    assert call(context, "pg_advisory_unlock_shared", 1, 2, types="int4 int4") is True
    with pytest.raises(SqlError) as caught:
        call(context, "pg_advisory_xact_lock", 1, 2, types="int4 int4")
    assert caught.value.sqlstate == "0A000"
    assert call(context, "pg_advisory_unlock_all") == ""
    assert call(context, "pg_try_advisory_lock", 1, 2, types="int4 int4") is True


def test_notifications() -> None:
    context = FixedContext()
    assert call(context, "pg_notify", "a", None, types="text text") == ""
    assert context.notified == [("a", "")]
    for channel, payload in (("", "x"), ("c" * 64, "x"), ("c", "x" * 8000), (None, None)):
        with pytest.raises(SqlError) as caught:
            call(context, "pg_notify", channel, payload, types="text text")
        assert caught.value.sqlstate == "22023"
    assert call(context, "pg_listening_channels") == ["a", "b"]
    assert call(context, "pg_notification_queue_usage") == 0.25
    assert call(context, "pg_blocking_pids", 5, types="int4") == (6,)


def test_privileges_on_columns() -> None:
    context = FixedContext(catalog=sample())
    context.user = "admin"
    assert call(context, "has_column_privilege", "users", "id", "SELECT", types="text text text") is True
    with pytest.raises(SqlError, match='column "x" of relation "users" does not exist'):
        call(context, "has_column_privilege", "users", "x", "SELECT", types="text text text")
