"""What the bound tree holds: levels, merged columns, casts, rules of tables, literal slots, stored expressions."""

from __future__ import annotations

import dataclasses

import pytest
from binder_cases import catalog_of_cases

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Constraint, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder import BindEnv, bind, bind_expression, default_expr, fields_of, stored_expr, table_rules
from rustydb_engine.sql.binder.trees import has_var, shift_levels, walk
from rustydb_engine.sql.bound import (
    ArrayOpExpr,
    BoundQuery,
    CastExpr,
    CoalesceExpr,
    Const,
    FromJoin,
    FuncExpr,
    InsertQuery,
    OpExpr,
    ParamExpr,
    Query,
    RangeCte,
    RangeQuery,
    RangeSetOperation,
    RangeTable,
    RangeValues,
    SubqueryExpr,
    UpdateQuery,
    Var,
)
from rustydb_engine.sql.parser import parse, parse_expression
from rustydb_engine.values.types import INT4, INT8, NUMERIC, TEXT, VARCHAR

CATALOG = catalog_of_cases()


def bound(sql: str, env: BindEnv | None = None) -> BoundQuery:
    ((statement, _, _),) = parse(sql)
    assert isinstance(statement, ast.Query)
    return bind(statement, env or BindEnv(CATALOG, text=sql))


def query(sql: str, env: BindEnv | None = None) -> Query:
    made = bound(sql, env)
    assert isinstance(made, Query)
    return made


def table(name: str, catalog: Catalog = CATALOG) -> Table:
    found = catalog.relation("public", name)
    assert isinstance(found, Table)
    return found


def test_a_correlated_subquery_refers_one_level_up() -> None:
    made = query("select 1 from t where exists (select 1 from u where u.a = t.a)")
    assert isinstance(made.where, SubqueryExpr)
    inner = made.where.query.where
    assert isinstance(inner, OpExpr)
    assert [(var.level, var.source, var.column) for var in inner.args if isinstance(var, Var)] == [(0, 0, 0), (1, 0, 0)]


def test_each_side_of_a_set_operation_is_a_query_one_level_down() -> None:
    made = query("select (select a union select t.a from u) from t")
    union = made.targets[0].expr
    assert isinstance(union, SubqueryExpr)
    entry = union.query.range[0]
    assert isinstance(entry, RangeSetOperation)
    assert entry.right.targets[0].expr == Var(0, 0, INT4, level=2)


def test_a_merged_column_of_a_full_join_is_a_coalesce() -> None:
    made = query("select a from t full join u using (a)")
    assert isinstance(made.targets[0].expr, CoalesceExpr)
    join = made.source[0]
    assert isinstance(join, FromJoin) and join.using == ("a",)


def test_a_merged_column_used_in_a_subquery_is_shifted() -> None:
    made = query("select (select a + 1 from v1) from t full join u using (a)")
    inner = made.targets[0].expr
    assert isinstance(inner, SubqueryExpr)
    levels = [node.level for node, _ in walk(inner.query.targets[0].expr) if isinstance(node, Var)]
    assert levels == [1, 1]


def test_a_literal_takes_the_type_of_its_context() -> None:
    made = query("select 1 from t where a = '5'")
    assert isinstance(made.where, OpExpr) and made.where.args[1] == Const(5, INT4)


def test_an_in_list_of_one_type_is_one_test_against_an_array() -> None:
    made = query("select 1 from t where a in (1, 2)")
    assert isinstance(made.where, ArrayOpExpr) and made.where.written_in
    negated = query("select 1 from t where a not in (1, 2)").where
    assert isinstance(negated, ArrayOpExpr) and negated.quantifier == "all" and negated.operator.name == "<>"


def test_a_subquery_of_another_type_is_cast_inside() -> None:
    made = query("select 1 from u where y in (select a from t)")
    assert isinstance(made.where, SubqueryExpr)
    assert made.where.operators[0].right is INT4
    union = query("select a from t union select y from u").range[0]
    assert isinstance(union, RangeSetOperation)
    assert isinstance(union.left.targets[0].expr, CastExpr) and union.left.targets[0].expr.type is INT8


def test_the_cast_of_a_sorted_side_leaves_its_order_alone() -> None:
    union = query("(select a from t order by a limit 1) union select y from u").range[0]
    assert isinstance(union, RangeSetOperation)
    wrapper = union.left.range[0]
    assert isinstance(wrapper, RangeQuery) and wrapper.query.order


def test_a_view_is_a_query_of_the_view_s_types() -> None:
    made = query("select c1 from vw")
    view = made.range[0]
    assert isinstance(view, RangeQuery) and view.view == table("vw").oid
    assert isinstance(view.query.range[0], RangeTable)
    assert made.targets[0].table == table("vw").oid


def test_a_reference_to_a_with_query_counts_and_knows_its_level() -> None:
    made = query("with x as (select a from t) select (select max(a) from x) from x, x y")
    assert made.ctes[0].references == 3
    scalar = made.targets[0].expr
    assert isinstance(scalar, SubqueryExpr)
    inner = scalar.query.range[0]
    assert isinstance(inner, RangeCte) and inner.level == 1 and not inner.working


def test_the_recursive_term_reads_the_working_table() -> None:
    made = query("with recursive r as (select 1 as n union all select n + 1 from r) select * from r")
    assert made.ctes[0].recursive
    body = made.ctes[0].query
    assert isinstance(body, Query)
    union = body.range[0]
    assert isinstance(union, RangeSetOperation)
    working = union.right.range[0]
    assert isinstance(working, RangeCte) and working.working and working.level == 2


def test_insert_fills_defaults_and_coerces_values_in_their_rows() -> None:
    made = bound("insert into t (a, c) values (1, 2), (3, default)")
    assert isinstance(made, InsertQuery)
    values = made.source.range[0]
    assert isinstance(values, RangeValues) and values.types == (INT4, NUMERIC)
    assert len(made.row) == 8
    assert made.row[0] == Var(0, 0, INT4)
    default = made.row[5]
    assert isinstance(default, CastExpr) and default.type is VARCHAR and default.typmod == 14


def test_an_identity_column_takes_the_next_number_of_its_sequence() -> None:
    gen = table("gen")
    made = default_expr(CATALOG, gen, gen.columns[0])
    assert isinstance(made, CastExpr) and isinstance(made.arg, FuncExpr)
    assert made.arg.function.name == "nextval" and made.arg.args[0] == Const(
        gen.columns[0].sequence, made.arg.args[0].type
    )


def test_multiple_assignment_shares_one_subquery() -> None:
    made = bound("update t set (a, b) = (select a, x from u limit 1)")
    assert isinstance(made, UpdateQuery)
    subqueries = [node for _, expr in made.assignments for node, _ in walk(expr) if isinstance(node, SubqueryExpr)]
    assert len(subqueries) == 2 and subqueries[0] is subqueries[1]


def test_rules_hold_not_null_columns_checks_and_generated_columns() -> None:
    catalog = catalog_of_cases()
    overlay = catalog.overlay()
    t = table("t", catalog)
    overlay.put(Constraint(overlay.new_oid(), "t_check", t.schema, t.oid, "c", expression="(a > 0)"))
    catalog.apply(overlay.changes)
    rules = table_rules(catalog, t)
    assert rules.not_null == (5,) and [name for name, _ in rules.checks] == ["t_check"]
    assert table_rules(catalog, t) is rules
    gen = table("gen", catalog)
    assert [place for place, _ in table_rules(catalog, gen).generated] == [3]


def test_a_literal_in_a_slot_is_a_parameter_of_its_natural_type() -> None:
    sql = "select 1 from t where a = 5 and b = 'x' and c > 7"
    env = BindEnv(CATALOG, text=sql, literal_slots={sql.index("5"): 1, sql.index("'x'"): 2, sql.index("7"): 3})
    made = query(sql, env)
    params = [node for node, _ in walk(made.where) if isinstance(node, ParamExpr)] if made.where else []
    # The last one is read as numeric at once, instead of as an integer with a cast.
    assert [(p.index, p.type) for p in params] == [(1, INT4), (2, TEXT), (3, NUMERIC)]
    assert env.parameters == (INT4, TEXT, NUMERIC) and not env.fixed_slots


def test_a_literal_that_decides_the_plan_is_fixed() -> None:
    sql = "select a from t order by 1"
    env = BindEnv(CATALOG, text=sql, literal_slots={sql.index("1"): 1})
    query(sql, env)
    assert list(env.fixed_slots) == [1]


def test_parameters_are_refused_where_there_can_be_none() -> None:
    with pytest.raises(SqlError) as caught:
        query("select $1", BindEnv(CATALOG, allow_parameters=False))
    assert caught.value.sqlstate == "42P02" and caught.value.position == 7


def test_given_parameter_types_are_used() -> None:
    env = BindEnv(CATALOG, parameter_types=(INT8, None))
    query("select $1 + 1, $2::text", env)
    assert env.parameters == (INT8, TEXT)


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("check", "count(*) > 1", "42803"),
        ("check", "(select true)", "0A000"),
        ("check", "a + 1", "42804"),
        ("check", "xmin = xmin", "42P10"),
        ("check", "row_number() over () = 1", "42P20"),
        ("check", "generate_series(1, 2) = 1", "0A000"),
        ("default", "a", "0A000"),
        ("default", "sum(1)", "42803"),
        ("generated", "random()", "42P17"),
        ("generated", "m + 1", "42P17"),
        ("index", "random()", "42P17"),
        ("index", "(select 1)", "0A000"),
        ("predicate", "now() > d", "42P17"),
    ],
)
def test_expressions_of_tables_are_refused_as_postgresql_does(kind: str, text: str, code: str) -> None:
    owner = table("gen") if kind == "generated" else table("t")
    with pytest.raises(SqlError) as caught:
        bind_expression(parse_expression(text), owner, BindEnv(CATALOG), kind)
    assert caught.value.sqlstate == code, caught.value.message


def test_fields_of_a_record_are_found_through_subqueries() -> None:
    made = query("select x from (select row(1, 'a'::text) as x) q")
    fields = fields_of(made.targets[0].expr, [made.range])
    assert fields is not None and [(field.name, field.type) for field in fields] == [("f1", INT4), ("f2", TEXT)]


def test_shifting_leaves_a_subquery_s_own_columns_alone() -> None:
    made = query("select (select t.a + u.a from u) from t").targets[0].expr
    shifted = shift_levels(made, 2)
    assert isinstance(shifted, SubqueryExpr)
    levels = [node.level for node, _ in walk(shifted.query.targets[0].expr) if isinstance(node, Var)]
    assert levels == [3, 0] and has_var(shifted, 2) and not has_var(shifted, 0)


def test_too_deep_a_statement_is_an_error_of_the_statement() -> None:
    node: ast.Node = ast.Literal("int", "1")
    for _ in range(50_000):
        node = ast.Not(node)
    with pytest.raises(SqlError) as caught:
        bind(ast.Select((ast.Target(node),)), BindEnv(CATALOG))
    assert caught.value.sqlstate == "54001"
    while isinstance(node, ast.Not):  # freeing the chain must not recurse either
        node = node.item


def test_a_stored_expression_is_bound_without_a_search_path() -> None:
    made = stored_expr(CATALOG, "nextval('public.v1_id_seq'::regclass)", None)
    assert isinstance(made, FuncExpr)
    assert all(dataclasses.is_dataclass(node) for node, _ in walk(made))
