"""What the parser makes of statements: the trees that need care."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.parser import parse, parse_expression, parse_type

E = parse_expression


def one(sql: str) -> ast.AnyStatement:
    """Parse a single statement."""
    ((statement, _, _),) = parse(sql)
    return statement


def select(sql: str) -> ast.Select:
    """Parse a single SELECT."""
    statement = one(sql)
    assert isinstance(statement, ast.Select)
    return statement


def column(*name: str) -> ast.Column:
    return ast.Column(name)


def number(text: str) -> ast.Literal:
    return ast.Literal("int", text)


def string(text: str) -> ast.Literal:
    return ast.Literal("string", text)


def test_a_text_is_statements_between_semicolons_and_empty_ones_are_dropped() -> None:
    parsed = parse(" ; select 1 ;; -- nothing\n commit")
    assert [(type(s).__name__, start, end) for s, start, end in parsed] == [("Select", 3, 12), ("Commit", 27, 33)]
    assert parse("") == parse(" ; /* none */ ;") == []


def test_a_point_query() -> None:
    assert one("SELECT abalance FROM pgbench_accounts WHERE aid = 7;") == ast.Select(
        targets=(ast.Target(column("abalance")),),
        source=(ast.FromTable(("pgbench_accounts",)),),
        where=ast.Operation("=", column("aid"), number("7")),
    )


# ---------------------------------------------------------------- expressions


@pytest.mark.parametrize(
    ("plain", "grouped"),
    [
        ("1 + 2 * 3 - 4", "(1 + (2 * 3)) - 4"),
        ("- 2 ^ 2", "(- 2) ^ 2"),
        ("2 ^ 3 ^ 4", "(2 ^ 3) ^ 4"),
        ("-a::int", "-(a::int)"),
        ("-a[1].b", "-(a[1].b)"),
        ("a || b + 1 = c or d and e", "((a || (b + 1)) = c) or (d and e)"),
        ("@ a + b", "@ (a + b)"),
        ("1 + @ -5", "1 + (@ (-5))"),
        ("a = not b and c", "(a = (not b)) and c"),
        ("not a = b", "not (a = b)"),
        ("not a is null", "not (a is null)"),
        ("a < b is true", "(a < b) is true"),
        ("a between 1 and 2 and c", "(a between 1 and 2) and c"),
        ("a + 1 between b || c and d", "(a + 1) between (b || c) and d"),
        ("a like b || c escape d || e", "a like (b || c) escape (d || e)"),
        ("a = b like c", "a = (b like c)"),
        ("a collate b || c", "(a collate b) || c"),
        ("a at time zone b + c", "(a at time zone b) + c"),
        ("a -> b = c ->> d", "(a -> b) = (c ->> d)"),
        ("a operator(pg_catalog.+) b * c", "a operator(pg_catalog.+) (b * c)"),
        ("a is distinct from b || c", "a is distinct from (b || c)"),
        ("a = any (b) and c", "(a = any (b)) and c"),
        ("a in (1, 2) = b", "(a in (1, 2)) = b"),
    ],
)
def test_operators_bind_as_in_postgresql(plain: str, grouped: str) -> None:
    assert E(plain) == E(grouped)


def test_chains_of_and_and_or_are_one_node() -> None:
    node = E("a and b and c or d or (e or f)")
    assert isinstance(node, ast.Or)
    assert [type(item).__name__ for item in node.items] == ["And", "Column", "Or"]
    assert node == E("(a and b) and c or d or (e or f)")


def test_names_are_split_into_parts_fields_and_subscripts() -> None:
    assert E("a.b.c") == column("a", "b", "c")
    assert E('"A".b."c d"') == column("A", "b", "c d")
    assert E("a.b[1].c") == ast.Field(ast.Subscript(column("a", "b"), number("1")), "c")
    assert E("(a).b.*") == ast.Field(ast.Field(column("a"), "b"), "*")
    assert E("t.*") == ast.Star(("t",))
    assert E("a[:2]") == ast.Subscript(column("a"), None, number("2"), True)


def test_constants() -> None:
    assert [E(text) for text in ("1", "1.5", "3000000000", "'it''s'", "b'101'", "X'1f'", "true", "null")] == [
        number("1"),
        ast.Literal("float", "1.5"),
        number("3000000000"),
        string("it's"),
        ast.Literal("bit", "b101"),
        ast.Literal("bit", "x1f"),
        ast.Literal("bool", "true"),
        ast.Literal("null", ""),
    ]


def test_casts_have_one_form() -> None:
    int4 = ast.TypeName(("pg_catalog", "int4"))
    assert E("cast('1' as int)") == E("'1'::integer") == E("int '1'") == ast.Cast(string("1"), int4)
    assert E("date 'today'") == ast.Cast(string("today"), ast.TypeName(("date",)))
    assert E("s.t 'x'") == ast.Cast(string("x"), ast.TypeName(("s", "t")))


def test_interval_constants_carry_their_fields() -> None:
    node = E("interval '1' day to second(3)")
    assert isinstance(node, ast.Cast)
    assert node.type == ast.TypeName(("pg_catalog", "interval"), (number("3"),), fields="DAY TO SECOND")


def test_the_spellings_of_sql_become_calls() -> None:
    def call(name: str, *args: ast.Node) -> ast.Call:
        return ast.Call(("pg_catalog", name), args)

    a, b, c = column("a"), column("b"), column("c")
    assert E("extract(year from a)") == call("extract", string("year"), a)
    assert E("substring(a from b for c)") == call("substring", a, b, c)
    assert E("position(a in b)") == call("position", b, a)
    assert E("trim(leading a from b)") == call("ltrim", b, a)
    assert E("trim(b)") == call("btrim", b)
    assert E("overlay(a placing b from c)") == call("overlay", a, b, c)
    assert E("a like b escape c") == ast.Operation("~~", a, call("like_escape", b, c))
    assert E("a not similar to b") == ast.Operation("!~", a, call("similar_to_escape", b))
    assert E("(a, b) overlaps (c, a)") == call("overlaps", a, b, c, a)


def test_function_calls() -> None:
    assert E("f(1, b => 2)") == ast.Call(("f",), (number("1"), number("2")), ("", "b"))
    assert E("count(*)") == ast.Call(("count",), star=True)
    assert E("s.f(variadic a)") == ast.Call(("s", "f"), (column("a"),), variadic=True)
    node = E("sum(distinct a order by b desc) filter (where c) over w")
    assert node == ast.Call(
        ("sum",),
        (column("a"),),
        distinct=True,
        order=(ast.SortItem(column("b"), True),),
        filter=column("c"),
        over="w",
    )


def test_windows_have_frames() -> None:
    node = E("f() over (w partition by a order by b rows between 1 preceding and unbounded following exclude ties)")
    assert isinstance(node, ast.Call)
    assert node.over == ast.Window(
        base="w",
        partition=(column("a"),),
        order=(ast.SortItem(column("b")),),
        frame=ast.WindowFrame("rows", ("preceding", number("1")), ("unbounded following", None), "ties"),
    )


def test_words_that_mean_something_are_names_where_they_can_be() -> None:
    names = "values position time interval coalesce char rows current operator year session"
    for name in names.split():
        assert isinstance(E(name), ast.Column), name
    assert E("left(a, 1)") == ast.Call(("left",), (column("a"), number("1")))
    assert E("current_schema()") == ast.Call(("current_schema",))
    assert E("current_schema") == ast.Keyword("current_schema")
    assert select("select 1 value, 2 as year, 3 is").targets[2].alias == "is"


# ---------------------------------------------------------------- types


def test_types_have_their_catalog_names() -> None:
    assert parse_type("double precision") == ast.TypeName(("pg_catalog", "float8"))
    assert parse_type("float(24)") == ast.TypeName(("pg_catalog", "float4"))
    assert parse_type("timestamp(3) with time zone") == ast.TypeName(("pg_catalog", "timestamptz"), (number("3"),))
    assert parse_type("time") == ast.TypeName(("pg_catalog", "time"))
    assert parse_type("numeric(10,2)[][3]").array == 2
    assert parse_type("setof int array") == ast.TypeName(("pg_catalog", "int4"), (), 1, "", True)
    assert parse_type("char") == ast.TypeName(("pg_catalog", "bpchar"), (number("1"),))
    assert parse_type('"char"') == ast.TypeName(("char",))
    assert parse_type("national character varying(3)") == ast.TypeName(("pg_catalog", "varchar"), (number("3"),))


# ---------------------------------------------------------------- queries


def test_set_operations_have_precedence_and_a_tail_of_their_own() -> None:
    statement = one("select 1 union select 2 intersect select 3 order by 1 limit 4")
    assert isinstance(statement, ast.SetOperation)
    assert statement.operator == "union"
    assert isinstance(statement.right, ast.SetOperation)
    assert statement.tail.limit == number("4")
    assert isinstance(one("(select 1 limit 1) union select 2"), ast.SetOperation)


def test_an_outer_tail_joins_that_of_a_parenthesised_query() -> None:
    assert one("(select a from t limit 3) order by a") == one("select a from t order by a limit 3")


def test_joins_nest_to_the_left() -> None:
    (item,) = select("select * from a join b on c left join d using (e) as f").source
    assert isinstance(item, ast.FromJoin)
    assert (item.kind, item.using, item.using_alias) == ("left", ("e",), "f")
    assert isinstance(item.left, ast.FromJoin)


def test_functions_in_from() -> None:
    (item,) = select("select * from lateral f(1) with ordinality as t (a, b)").source
    assert item == ast.FromFunction((ast.Call(("f",), (number("1"),)),), True, "t", ("a", "b"), (), True)
    (item,) = select("select * from f() as t (a int)").source
    assert isinstance(item, ast.FromFunction)
    assert item.definitions == (ast.ColumnDefinition("a", ast.TypeName(("pg_catalog", "int4"))),)


def test_select_into_says_what_kind_of_table() -> None:
    statement = select("select 1 into temp x.y")
    assert (statement.into, statement.into_persistence) == (("x", "y"), "temporary")


def test_assignments_of_a_row_are_one_by_one_and_of_a_query_share_it() -> None:
    statement = one("update t set (a, b[1]) = (1, default), (c, d) = (select 2, 3)")
    assert isinstance(statement, ast.Update)
    a, b, c, d = statement.assignments
    assert (a.item, b.item) == (number("1"), ast.Default())
    assert b.indirection == (ast.Subscript(ast.Default(), number("1")),)
    assert c.multi is not None and d.multi is not None
    assert (c.multi[0], c.multi[1:], d.multi[1:]) == (d.multi[0], (0, 2), (1, 2))


# ---------------------------------------------------------------- positions


def positions(sql: str) -> list[tuple[str, int]]:
    """Return kind and offset of every node of an expression, outermost first."""
    found: list[tuple[str, int]] = []

    def walk(node: object) -> None:
        if isinstance(node, tuple):
            for item in node:
                walk(item)
        elif hasattr(node, "__dataclass_fields__"):
            if getattr(node, "pos", -1) >= 0:
                found.append((type(node).__name__, node.pos))
            for name in node.__dataclass_fields__:
                walk(getattr(node, name))

    walk(E(sql))
    return found


def test_nodes_point_at_what_an_error_would_name() -> None:
    assert positions("a + f(b)") == [("Operation", 2), ("Column", 0), ("Call", 4), ("Column", 6)]
    assert positions("x is null and not y") == [("And", 10), ("IsTest", 2), ("Column", 0), ("Not", 14), ("Column", 18)]
    assert positions("date 'x'") == [("Cast", 5), ("Literal", 5), ("TypeName", 5)]
    assert positions("- t.a::int") == [("Operation", 0), ("Cast", 5), ("Column", 2), ("TypeName", 7)]


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    "text",
    [
        "(" * 20_000 + "1" + ")" * 20_000,
        "1" + " + 1" * 20_000,
        "- " * 20_000 + "1",
        "not " * 20_000 + "a",
        "a" + "[1]" * 20_000,
        "f(" * 20_000 + ")" * 20_000,
        "case when a then " * 20_000 + "1" + " end" * 20_000,
        "(" * 20_000 + "select 1" + ")" * 20_000,
        "1 = all (array" + "[" * 5_000 + "]" * 5_000 + ")",
    ],
)
def test_nesting_without_end_is_refused(text: str) -> None:
    with pytest.raises(SqlError) as info:
        parse(f"select {text}")
    assert (info.value.sqlstate, info.value.message) == ("54001", "stack depth limit exceeded")


def test_redundant_parentheses_and_long_lists_are_not_nesting() -> None:
    parse("select " + "(" * 1_000 + "1" + ")" * 1_000)
    parse("select " + ", ".join(["1 + 1"] * 5_000))
    parse("select a or " + " or ".join(["b = 1"] * 20_000))
    parse("insert into t values " + ", ".join(["(1, 'x')"] * 2_000))


def test_unknown_statements_parse_by_their_first_words() -> None:
    texts = {
        "create or replace function f() returns int begin atomic select 1; select case a when 1 then 2 end; end": (
            "CREATE FUNCTION"
        ),
        "create rule r as on insert to t do also (select 1; select 2)": "CREATE RULE",
        "grant select on t to joe": "GRANT",
        "do $$ begin end $$": "DO",
        "create table p partition of t for values in (1)": "CREATE TABLE PARTITION OF",
        "alter table t attach partition p default": "ALTER TABLE ATTACH PARTITION",
        "comment on function f(int) is 'x'": "COMMENT ON FUNCTION",
        "drop function f(int)": "DROP FUNCTION",
        "prepare transaction 'x'": "PREPARE TRANSACTION",
        "create type mood as enum ('a')": "CREATE TYPE",
    }
    for sql, what in texts.items():
        (statement, start, end), (last, _, _) = parse(sql + "; select 1")
        assert statement == ast.Unsupported(what)
        assert (start, end) == (0, len(sql))
        assert isinstance(last, ast.Select)
