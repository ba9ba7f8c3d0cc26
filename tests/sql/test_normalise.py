"""Which literals become slots of the plan cache key, and which must not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.lexer import ERROR, token_text, tokenize
from rustydb_engine.sql.normalise import TEXT_MAX, normalise
from rustydb_engine.sql.parser import parse

STATEMENTS = (Path(__file__).parent / "parser" / "statements.sql").read_text("utf-8").splitlines()


def check(sql: str) -> None:
    """Check that the slots of `sql` are literals that may be slots, and that the key with its literals is the text."""
    shape = normalise(sql)
    if shape is None:
        return
    types, values, offsets = tokenize(sql)
    if types[-1] == ERROR:
        return
    tokens = dict(zip(offsets, zip(types, values, strict=True), strict=True))
    key, position = "", 0
    for literal, offset in zip(shape.literals, shape.offsets, strict=True):
        terminal, value = tokens[offset]
        assert value == literal
        assert terminal in ("ICONST", "FCONST", "SCONST")
        kind = {"ICONST": "i4", "SCONST": "s"}.get(terminal) or (
            "n" if not literal.isdigit() or int(literal) >= 1 << 63 else "i8" if int(literal) >= 1 << 31 else "i4"
        )
        key += sql[position:offset] + "?" + kind
        position = offset + len(token_text(sql, offset))
    assert key + sql[position:] == shape.key
    check_places(sql, shape.offsets)


def check_places(sql: str, offsets: tuple[int, ...]) -> None:
    """Check that no slot is where a literal's value matters to the plan."""
    try:
        ((statement, _, _),) = parse(sql)
    except SqlError:
        return
    literals: set[int] = set()
    forbidden: set[int] = set()

    def walk(node: object) -> None:
        if isinstance(node, tuple):
            for item in node:
                walk(item)
            return
        if isinstance(node, ast.Literal):
            literals.add(node.pos)
        elif isinstance(node, ast.TypeName):
            forbidden.update(modifier.pos for modifier in node.modifiers if isinstance(modifier, ast.Literal))
        elif isinstance(node, ast.Tail):
            forbidden.update(n.pos for n in (node.limit, node.offset) if isinstance(n, ast.Literal))
        elif isinstance(node, ast.SortItem | ast.Target | ast.Cast):
            if isinstance(node.item, ast.Literal):
                forbidden.add(node.item.pos)
        for name in getattr(node, "__dataclass_fields__", ()):
            walk(getattr(node, name))

    walk(statement)
    assert set(offsets) <= literals
    assert not set(offsets) & forbidden


def shape_of(sql: str) -> tuple[str, list[str]] | None:
    shape = normalise(sql)
    return None if shape is None else (shape.key, shape.literals)


@pytest.mark.parametrize(
    ("sql", "key", "literals"),
    [
        ("SELECT a FROM t WHERE b = 7;", "SELECT a FROM t WHERE b = ?i4;", ["7"]),
        (
            "UPDATE pgbench_accounts SET abalance = abalance + -1234 WHERE aid = 7",
            "UPDATE pgbench_accounts SET abalance = abalance + -?i4 WHERE aid = ?i4",
            ["1234", "7"],
        ),
        (
            "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 2, 3, -4, CURRENT_TIMESTAMP)",
            "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (?i4, ?i4, ?i4, -?i4, CURRENT_TIMESTAMP)",
            ["1", "2", "3", "4"],
        ),
        (
            "insert into t values (1, 'x'), (2.5, null) returning id",
            "insert into t values (?i4, ?s), (?n, null) returning id",
            ["1", "x", "2.5"],
        ),
        (
            "select * from t where a <> 'O''Brien' and b>=1.5 or c != 12345678901 limit 10",
            "select * from t where a <> ?s and b>=?n or c != ?i8 limit 10",
            ["O'Brien", "1.5", "12345678901"],
        ),
        ('select "a = 5" from t where "b"=5 order by 1', 'select "a = 5" from t where "b"=?i4 order by 1', ["5"]),
        ("delete from t where a < -5", "delete from t where a < -?i4", ["5"]),
        ("select 'x = 5' from t where a = 5", "select 'x = 5' from t where a = ?i4", ["5"]),
        ("select a from t where b = 00000000000000000005", "select a from t where b = ?i4", ["00000000000000000005"]),
        ("select a from t where b = 99999999999999999999", "select a from t where b = ?n", ["99999999999999999999"]),
    ],
)
def test_literals_become_slots_that_say_their_kind(sql: str, key: str, literals: list[str]) -> None:
    assert shape_of(sql) == (key, literals)
    check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "select a, 5 from t order by 2 limit 3 offset 4",
        "select a from t where b = 5::bigint",
        "select a from t where b = '5'::int and c = 5 * 2",
        "select a from t where b = date '2000-01-01'",
        "select a from t where b in (1, 2)",
        "select f(a => 5), b @> 5, c -> 5, d ->> 'x', e #>= 5, g <=> 5",
        "select a::numeric(10, 2) from t where b = -2147483648",
        "select a from t where b = 'x'\n'y'",
        "select a from t where b = E'x'",
        "select a from t where b = 1e5 or b = 0x1f or b = 5.",
        "select a = 5 is true from t",
        "select a from t where b = 'x' collate \"C\"",
        "insert into t values (f(1))",
        "insert into t values (default)",
    ],
)
def test_literals_that_matter_stay(sql: str) -> None:
    assert shape_of(sql) is None


@pytest.mark.parametrize(
    "sql",
    [
        "select a from t where b = 5; drop table t",
        "select a from t where b = $1 and c = 5",
        "select a from t where b = $$x$$ and c = 5",
        "select a from t where b = 5 -- c = 6",
        "select a /* c = 6 */ from t where b = 5",
        "select a from t where b ? 'x' and c = 5",
        "select a from t where b = e'\\'' and c = 5",
        "select a from t where b = U&'x' and c = 5",
        "select a from t where b = 'x' and c = 'unterminated",
        'select a from t where "b = 5',
        "select a + 1, count(*) from t where b = 5 group by a + 1",
        "select distinct a from t where b = 5",
        "insert into t values (1) on conflict do nothing",
        "insert into t values (1) union select 2, 3, 4 order by 1, 2, 3",
        "insert into t values ('1'::numeric(10, 2), 5)",
        "insert into t values (1, f(2, 3))",
        "insert into t values (1, (select 2 from u order by 1, 2))",
        "create table t as select a from u where b = 5",
        "explain select a from t where b = 5",
        "with x as (select 1) select a from t where b = 5",
        "select a from t where b = " + "5" * TEXT_MAX,
        "",
    ],
)
def test_what_is_unusual_is_left_alone(sql: str) -> None:
    assert shape_of(sql) is None


def test_kinds_do_not_share_a_key() -> None:
    keys = {shape.key for text in ("5", "5000000000", "5.0", "'5'", "-5") if (shape := normalise(f"select a = {text}"))}
    assert len(keys) == 5


def test_all_kinds_of_statements_keep_their_meaning() -> None:
    for sql in STATEMENTS:
        check(sql)


PIECES = st.sampled_from(
    [
        "select",
        "insert",
        "update",
        "delete",
        "from",
        "into",
        "values",
        "where",
        "set",
        "and",
        "or",
        "limit",
        "order",
        "by",
        "returning",
        "a",
        "b",
        "t.a",
        '"q"',
        '"x=5"',
        "f(",
        "g",
        "(",
        "(",
        ")",
        ",",
        ";",
        "=",
        "<>",
        "<",
        ">",
        "<=",
        ">=",
        "!=",
        "+",
        "-",
        "->",
        "=>",
        "@>",
        ":=",
        "::",
        "?",
        "$1",
        "$$",
        "--",
        "/*",
        "*/",
        "1",
        "5",
        "42",
        "1.5",
        "2147483647",
        "2147483648",
        "99999999999",
        "1e5",
        "'x'",
        "'it''s'",
        "''",
        "'",
        '"',
        "E'x'",
        "U&'y'",
        "n'z'",
        "date",
        "interval",
        "numeric(10,2)",
        "null",
        "default",
        "current_date",
        "group",
        "distinct",
        "case",
        "when",
        "then",
        "end",
        "in",
        "like",
    ]
)
SPACES = st.sampled_from(["", " ", " ", " ", "\n", "  "])


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(["select ", "insert into t values (", "update t set a = ", "delete from t where "]), st.data())
def test_any_text_keeps_its_tokens(head: str, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.tuples(PIECES, SPACES), max_size=12))
    check(head + "".join(piece + space for piece, space in pieces))
