"""The names that are chosen for objects without one, and how names are printed."""

from __future__ import annotations

from rustydb_engine.catalog.bootstrap import fresh_catalog
from rustydb_engine.catalog.dependencies import Address, Dependents, sequences_named
from rustydb_engine.catalog.names import constraint_name, join_columns, object_name, relation_name
from rustydb_engine.catalog.objects import PUBLIC, Constraint, Sequence, Table, TableColumn
from rustydb_engine.catalog.printing import is_call
from rustydb_engine.values.types import INT4

LONG = "x" * 60


def test_a_name_is_made_of_its_parts() -> None:
    assert object_name("orders", "customer_id", "fkey") == "orders_customer_id_fkey"
    assert object_name("orders", "", "pkey") == "orders_pkey"


def test_the_longer_part_is_cut_to_fit_63_bytes() -> None:
    assert object_name(LONG, "id", "seq") == "x" * 56 + "_id_seq"
    assert object_name(LONG, LONG, "seq") == "x" * 29 + "_" + "x" * 29 + "_seq"
    assert len(object_name("ö" * 40, "", "pkey").encode()) <= 63


def test_a_letter_is_never_cut_in_two() -> None:
    assert object_name("ö" * 40, "", "pkey") == "ö" * 29 + "_pkey"


def test_a_name_that_is_taken_gets_a_number() -> None:
    overlay = fresh_catalog().overlay()
    overlay.put(Table(overlay.new_oid(), "t_a_idx", PUBLIC, ()))
    assert relation_name(overlay, "t", "a", "idx", PUBLIC) == "t_a_idx1"
    overlay.put(Table(overlay.new_oid(), "t_a_idx1", PUBLIC, ()))
    assert relation_name(overlay, "t", "a", "idx", PUBLIC) == "t_a_idx2"


def test_a_constraint_takes_no_name_of_another_in_its_schema() -> None:
    overlay = fresh_catalog().overlay()
    overlay.put(Constraint(overlay.new_oid(), "t_a_check", PUBLIC, 1, "c"))
    assert constraint_name(overlay, "t", "a", "check", PUBLIC) == "t_a_check1"
    assert relation_name(overlay, "t", "a", "check", PUBLIC) == "t_a_check"
    assert relation_name(overlay, "t", "a", "check", PUBLIC, constraint=True) == "t_a_check1"


def test_column_names_are_joined_until_they_are_too_long() -> None:
    assert join_columns(["a", "b"]) == "a_b"
    assert join_columns([LONG, "abcd", "never"]) == f"{LONG}_abcd"


def test_sequences_are_found_in_expressions_by_their_quoted_names() -> None:
    overlay = fresh_catalog().overlay()
    odd = Sequence(overlay.new_oid(), 'it\'s "odd".', PUBLIC)
    overlay.put(odd)
    text = 'nextval(\'public."it\'\'s ""odd""."\'::regclass)'
    assert sequences_named(overlay, text) == [odd.oid]
    assert sequences_named(overlay, "nextval('public.nosuch'::regclass)") == []


def test_a_call_is_told_from_other_expressions() -> None:
    assert is_call("lower(a)") and is_call("pg_catalog.lower((a || ')'::text))")
    assert not any(map(is_call, ("a", "(a + 1)", "lower(a) || upper(b)", "(a)::text", "f(a", "a b(c)")))


def test_dependents_come_before_what_they_depend_on() -> None:
    overlay = fresh_catalog().overlay()
    table = Table(overlay.new_oid(), "t", PUBLIC, (TableColumn("a", 1, INT4),))
    view = Table(overlay.new_oid(), "v", PUBLIC, (TableColumn("a", 1, INT4),), kind="view", depends=((table.oid, 1),))
    above = Table(overlay.new_oid(), "w", PUBLIC, (TableColumn("a", 1, INT4),), kind="view", depends=((view.oid, 1),))
    for entry in (table, view, above):
        overlay.put(entry)
    found = Dependents(overlay, ("public",)).collect([Address("relation", table.oid)])
    assert [target.oid for target in found.targets] == [above.oid, view.oid, table.oid]
    assert found.reported == [("view v", "table t"), ("view w", "view v")]
    by_column = Dependents(overlay, ()).collect([Address("column", table.oid, 1)])
    assert by_column.reported[0] == ("view public.v", "column a of table public.t")
