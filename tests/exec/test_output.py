"""What result columns carry beyond their values: names of reg types, fields of records."""

from __future__ import annotations

from rustydb_engine.exec.result import codec_of
from rustydb_engine.values.forms import DEFAULT_FORMS
from tests.support.local import Local


def shown(db: Local, sql: str) -> list[tuple[str, ...]]:
    rows = db.run(sql)
    return [
        tuple([codec_of(column).output(item, DEFAULT_FORMS) for item, column in zip(row, db.columns, strict=True)])
        for row in rows
    ]


def test_reg_types_print_names_and_stay_numbers() -> None:
    db = Local()
    assert shown(db, "SELECT 'pg_class'::regclass, 'int4'::regtype") == [("pg_class", "integer")]
    ((oid,),) = db.run("SELECT 'pg_class'::regclass")
    assert oid == 1259


def test_stored_values_of_reg_types_are_plain_numbers() -> None:
    db = Local()
    db.script("CREATE TABLE x AS SELECT 'pg_class'::regclass AS r", "INSERT INTO x VALUES ('x') RETURNING *")
    heap = db.plan("SELECT * FROM x").heaps[0]
    assert [type(row[0]) for page in heap.pages for row in page.rows if row is not None] == [int, int]


def test_fields_of_records_print_by_their_types() -> None:
    db = Local()
    db.script("CREATE TABLE t (a int, d date)", "INSERT INTO t VALUES (1, '2020-02-03')")
    assert shown(db, "SELECT t, ROW(a, d), (SELECT t FROM t LIMIT 1) FROM t")[0][:2] == ("(1,2020-02-03)",) * 2
    assert db.run("SELECT t::text FROM t") == [("(1,2020-02-03)",)]
