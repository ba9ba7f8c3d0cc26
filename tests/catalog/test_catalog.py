"""The catalog: look-ups by name and table, the overlay of a transaction, publishing, and the log's records."""

from __future__ import annotations

import pytest

from rustydb_engine.catalog.bootstrap import fresh_catalog
from rustydb_engine.catalog.catalog import Overlay
from rustydb_engine.catalog.codec import decode, decode_changes, encode, encode_changes
from rustydb_engine.catalog.objects import PUBLIC, Comment, Constraint, Index, IndexColumn, Sequence, Table, TableColumn
from rustydb_engine.errors import SqlError
from rustydb_engine.values.types import INT4, TEXT

PATH = ("public",)


def table(overlay: Overlay, name: str) -> Table:
    columns = (TableColumn("id", 1, INT4, not_null=True), TableColumn("note", 2, TEXT, default="'x'::text"))
    made = Table(overlay.new_oid(), name, PUBLIC, columns, storage=overlay.new_oid())
    overlay.put(made)
    return made


def test_a_fresh_catalog_has_postgresqls_schemas_and_system_tables() -> None:
    catalog = fresh_catalog()
    pg_class = catalog.resolve(("pg_class",), PATH)
    assert isinstance(pg_class, Table)
    assert (pg_class.oid, pg_class.kind, pg_class.columns[0].name) == (1259, "virtual", "oid")
    assert catalog.schema_name(PUBLIC) == "public"
    assert catalog.relation("information_schema", "tables") is not None
    assert list(catalog.user_objects()) == []


def test_a_transaction_sees_its_own_changes_and_nobody_else_does() -> None:
    catalog = fresh_catalog()
    overlay = catalog.overlay()
    made = table(overlay, "t")
    assert overlay.resolve(("t",), PATH) == made
    with pytest.raises(SqlError) as caught:
        catalog.resolve(("public", "t"), PATH)
    assert (caught.value.sqlstate, caught.value.message) == ("42P01", 'relation "public.t" does not exist')


def test_commit_publishes_the_changes_and_raises_the_version() -> None:
    catalog = fresh_catalog()
    overlay = catalog.overlay()
    made = table(overlay, "t")
    before = catalog.version
    catalog.apply(overlay.changes)
    assert catalog.version > before
    assert catalog.relation("public", "t") == made
    assert list(catalog.user_objects()) == [made]


def test_an_overlay_sees_what_others_commit_meanwhile() -> None:
    catalog = fresh_catalog()
    mine, other = catalog.overlay(), catalog.overlay()
    seen = mine.version
    made = table(other, "theirs")
    catalog.apply(other.changes)
    assert mine.resolve(("theirs",), PATH) == made
    assert mine.version != seen


def test_a_renamed_object_does_not_answer_to_its_old_name() -> None:
    catalog = fresh_catalog()
    first = catalog.overlay()
    old = table(first, "old")
    catalog.apply(first.changes)
    overlay = catalog.overlay()
    overlay.put(Table(old.oid, "new", PUBLIC, old.columns))
    assert overlay.find(("old",), PATH) is None
    assert overlay.find(("new",), PATH) is not None
    replacement = table(overlay, "old")
    catalog.apply(overlay.changes)
    assert catalog.resolve(("old",), PATH).oid == replacement.oid
    assert catalog.resolve(("new",), PATH).oid == old.oid


def test_two_tables_may_exchange_their_names_in_one_transaction() -> None:
    catalog = fresh_catalog()
    first = catalog.overlay()
    a, b = table(first, "a"), table(first, "b")
    catalog.apply(first.changes)
    overlay = catalog.overlay()
    overlay.put(Table(a.oid, "swap", PUBLIC, a.columns))
    overlay.put(Table(b.oid, "a", PUBLIC, b.columns))
    overlay.put(Table(a.oid, "b", PUBLIC, a.columns))
    catalog.apply(overlay.changes)
    assert (catalog.resolve(("a",), PATH).oid, catalog.resolve(("b",), PATH).oid) == (b.oid, a.oid)
    assert catalog.find(("swap",), PATH) is None


def test_rolling_back_to_a_savepoint_undoes_what_came_after_it() -> None:
    catalog = fresh_catalog()
    overlay = catalog.overlay()
    kept = table(overlay, "kept")
    mark = overlay.savepoint()
    table(overlay, "undone")
    overlay.drop(kept.oid)
    overlay.rollback_to(mark)
    assert overlay.resolve(("kept",), PATH) == kept
    assert overlay.find(("undone",), PATH) is None


def test_an_object_made_and_dropped_by_one_transaction_is_not_published() -> None:
    overlay = fresh_catalog().overlay()
    made = table(overlay, "brief")
    overlay.drop(made.oid)
    assert overlay.changes == ()


def test_indexes_and_constraints_are_found_by_their_table_from_both_ends() -> None:
    catalog = fresh_catalog()
    overlay = catalog.overlay()
    parent, child = table(overlay, "parent"), table(overlay, "child")
    index = Index(overlay.new_oid(), "parent_pkey", PUBLIC, parent.oid, (IndexColumn(1),), unique=True, primary=True)
    overlay.put(index)
    link = Constraint(
        overlay.new_oid(), "child_id_fkey", PUBLIC, child.oid, "f", (1,), references=parent.oid, referenced_columns=(1,)
    )
    overlay.put(link)
    sequence = Sequence(overlay.new_oid(), "child_id_seq", PUBLIC, owner_table=child.oid, owner_column=1)
    overlay.put(sequence)
    for view in (overlay, catalog):
        if view is catalog:
            catalog.apply(overlay.changes)
        assert view.indexes_of(parent.oid) == (index,)
        assert view.referencing(parent.oid) == (link,)
        assert view.constraints_of(child.oid) == (link,)
        assert view.constraints_of(parent.oid) == ()
        assert view.sequences_of(child.oid) == (sequence,)


def test_pg_catalog_is_searched_before_the_path_unless_it_is_listed() -> None:
    overlay = fresh_catalog().overlay()
    mine = table(overlay, "pg_class")
    assert overlay.resolve(("pg_class",), ("public",)).oid == 1259
    assert overlay.resolve(("pg_class",), ("public", "pg_catalog")) == mine


def test_another_database_cannot_be_named() -> None:
    catalog = fresh_catalog("shop")
    assert catalog.find(("shop", "pg_catalog", "pg_class"), PATH) is not None
    with pytest.raises(SqlError) as caught:
        catalog.find(("other", "public", "t"), PATH)
    assert caught.value.sqlstate == "0A000"


def test_changes_survive_the_log() -> None:
    catalog = fresh_catalog()
    overlay = catalog.overlay()
    made = table(overlay, "t")
    overlay.put(Index(overlay.new_oid(), "t_pkey", PUBLIC, made.oid, (IndexColumn(1),), include=(2,)))
    overlay.put(Comment(overlay.new_oid(), 1259, made.oid, 0, "a note"))
    assert decode_changes(encode_changes(overlay.changes)) == overlay.changes
    assert encode_changes(((made.oid, None),)) == ((made.oid, None),)


def test_a_record_that_lacks_later_fields_takes_their_defaults() -> None:
    whole = encode(Sequence(20000, "s", PUBLIC))
    assert decode(whole[:5]) == Sequence(20000, "s", PUBLIC)


@pytest.mark.parametrize(
    "record",
    [None, (), ("table",), ("shoe", 1, 1), ("schema", 9, 1, "x"), ("table", 1, 5, "t", 2200, 7), ("schema", 1, 1),
     ("table", 1, 5, "t", 2200, (("a", 1, 999999),))],
)  # fmt: skip
def test_a_record_from_elsewhere_is_refused(record: object) -> None:
    with pytest.raises(ValueError):
        decode(record)


def test_oids_of_published_objects_are_not_given_again() -> None:
    catalog = fresh_catalog()
    catalog.apply(((40000, Sequence(40000, "s", PUBLIC)),))
    assert catalog.take_oid() == 40001
