"""Function calls: from a name and arguments to a FuncExpr, AggregateExpr, WindowExpr or a cast.

`f(x)` is looked up as a function; when x is a row and f one of its columns it means that column; when f names a
type to which x converts it is a cast. Defaults are filled in, variadic arguments gathered into an array, named arguments
put in order.

Source: PostgreSQL 15, section 10.3; src/backend/parser/parse_func.c (ParseFuncOrColumn).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import EXPLICIT, apply_length, coerce_to_boolean, coerce_to_target, coerce_type
from rustydb_engine.sql.binder.dispatch import SETS_ALLOWED, bind_expr, bind_in, binds, clause
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.overload import Candidate, find_function
from rustydb_engine.sql.binder.polymorphic import resolve_polymorphic
from rustydb_engine.sql.binder.records import record_fields
from rustydb_engine.sql.binder.scope import WHOLE_ROW, Scope
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.bound import ArrayExpr, Const, Expr, FieldExpr, FuncExpr, ParamExpr, Var
from rustydb_engine.sql.functions.registry import FUNCTIONS, Function
from rustydb_engine.values.types import ANY, RECORD, VOID, Type, array_of
from rustydb_proto.core.value import value

ARGUMENTS_MAX = 100
# Functions with a syntax of their own; the parser calls them by their qualified names.
SQL_SYNTAX = frozenset(("extract", "position", "overlay", "substring", "btrim", "ltrim", "rtrim", "overlaps"))


@value
class BoundCall:
    """A call whose function is chosen and whose arguments are coerced. `variadic`: the last one is an array."""

    function: Function
    args: tuple[Expr, ...]
    result: Type
    variadic: bool


@binds(ast.Call)
def bind_call(scope: Scope, node: ast.Call) -> Expr:
    """Bind a call of any kind."""
    name = node.name
    if len(node.args) > ARGUMENTS_MAX:
        raise failure("54023", f"cannot pass more than {ARGUMENTS_MAX} arguments to a function", node.pos)
    args = [bind_expr(scope, arg) for arg in node.args]
    if not node.arg_names:
        # JDBC's out parameters: pgjdbc declares them void, and they are left out.
        args = [arg for arg in args if not (isinstance(arg, ParamExpr) and arg.type is VOID)]
    if len(args) == 1 and len(name) == 1 and args[0].type is RECORD and _plain(node):
        field = select_field(scope, args[0], name[0], node.pos)
        if field is not None:
            return field
    direct = len(args)
    if node.within:
        args.extend(bind_in(scope, item.item, "ORDER BY") for item in node.within)
    condition = None
    if node.filter is not None:
        condition = coerce_to_boolean(scope.env, bind_in(scope, node.filter, "FILTER"), "FILTER")
    found = _resolve(scope, node, args)
    if isinstance(found, Type):
        made = coerce_to_target(scope.env, args[0], found, -1, EXPLICIT, node.pos)
        assert made is not None, "the path of a function-style cast is known"
        return made
    if found.function.kind == "a" or node.over is not None or found.function.kind == "w":
        from rustydb_engine.sql.binder.aggregates import make_aggregate
        from rustydb_engine.sql.binder.windows import make_window_call

        if node.over is not None:
            return make_window_call(scope, node, found, condition)
        if found.function.kind == "w":
            raise failure("42809", f"window function {found.function.name} requires an OVER clause", node.pos)
        return make_aggregate(scope, node, found, direct, condition)
    _refuse_aggregate_syntax(node, name[-1])
    return make_function(scope, found, node.pos, sql_syntax=len(name) > 1 and name[-1] in SQL_SYNTAX)


def _plain(node: ast.Call) -> bool:
    return not (
        node.star or node.distinct or node.variadic or node.order or node.within or node.filter or node.over
    )  # fmt: skip


def _refuse_aggregate_syntax(node: ast.Call, name: str) -> None:
    if node.star:
        what = f"{name}(*) specified"
    elif node.distinct:
        what = "DISTINCT specified"
    elif node.within:
        what = "WITHIN GROUP specified"
    elif node.order:
        what = "ORDER BY specified"
    elif node.filter is not None:
        what = "FILTER specified"
    else:
        return
    raise failure("42809", f"{what}, but {name} is not an aggregate function", node.pos)


def _resolve(scope: Scope, node: ast.Call, args: Sequence[Expr]) -> BoundCall | Type:
    kinds = tuple(arg.type for arg in args)
    arg_names = tuple(node.arg_names) if any(node.arg_names) else ()
    path = scope.env.search_path
    call = find_function(node.name, kinds, arg_names, node.variadic, path, cast_allowed=_plain(node))
    if call.kind == "coercion":
        assert call.target is not None, "a coercion has its target"
        return call.target
    if call.candidate is None:
        raise _not_found(scope, node, kinds, call.kind == "ambiguous")
    return complete_call(scope, call.candidate, list(args), node.variadic, node.pos)


def complete_call(scope: Scope, candidate: Candidate, args: list[Expr], variadic: bool, pos: int) -> BoundCall:
    """Coerce the arguments of the chosen function, put them in order, add defaults, gather variadic ones."""
    function = candidate.function
    declared, result = resolve_polymorphic(tuple(arg.type for arg in args), candidate.args, function.result)
    for index, (arg, kind) in enumerate(zip(args, declared, strict=True)):
        if arg.type is not kind and kind is not ANY:
            args[index] = coerce_type(scope.env, arg, kind)
    if candidate.variadic:
        gathered = args[len(args) - candidate.variadic :]
        del args[len(args) - candidate.variadic :]
        array = array_of(gathered[0].type)
        if array is None:
            message = f"could not find array type for data type {gathered[0].type.display}"
            raise failure("42704", message, pos)
        args.append(ArrayExpr(tuple(gathered), array, gathered[0].type.is_array, pos=pos))
        variadic = True
    total = len(function.args)
    if candidate.order:
        placed: list[Expr | None] = [None] * total
        for arg, spot in zip(args, candidate.order, strict=True):
            placed[spot] = arg
        complete = [arg if arg is not None else _default(function, spot) for spot, arg in enumerate(placed)]
    elif len(args) < total and not function.variadic:
        complete = args + [_default(function, spot) for spot in range(len(args), total)]
    else:
        complete = args
    return BoundCall(function, tuple(complete), result, variadic)


def _default(function: Function, spot: int) -> Expr:
    first = len(function.args) - len(function.defaults)
    assert spot >= first, "an argument without a default is given"
    return Const(function.defaults[spot - first], function.args[spot])


def make_function(scope: Scope, call: BoundCall, pos: int, sql_syntax: bool = False) -> Expr:
    """Build the call of a plain function; 0A000 where a set may not stand."""
    function = call.function
    if function.returns_set:
        if scope.kind not in SETS_ALLOWED and scope.kind != "functions in FROM":
            where = clause(scope.kind, windows=True)
            raise failure("0A000", f"set-returning functions are not allowed in {where}", pos)
        scope.set_returning = True
    names: tuple[tuple[str, ...], ...] = ()
    fields: tuple[tuple[tuple[str, Type], ...], ...] = ()
    if any(arg.type is RECORD for arg in call.args):
        fields = argument_fields(scope, call.args)
        names = tuple(tuple(name for name, _ in each) for each in fields)
    variadic = call.variadic and function.variadic
    return FuncExpr(
        function, call.args, call.result, -1, function.returns_set, names, pos, sql_syntax=sql_syntax,
        variadic=variadic, fields=fields,
    )  # fmt: skip


def argument_fields(scope: Scope, args: Sequence[Expr]) -> tuple[tuple[tuple[str, Type], ...], ...]:
    """Return the names and types of the fields of each argument that is a record."""
    found = [record_fields(scope, arg) if arg.type is RECORD else None for arg in args]
    return tuple(tuple((field.name, field.type) for field in each) if each else () for each in found)


def signature_text(name: ast.Name, kinds: Sequence[Type], arg_names: Sequence[str] = ()) -> str:
    """Return `name(type, …)` as errors show a call."""
    shown = [
        f"{arg_names[index]} => {kind.display}" if index < len(arg_names) and arg_names[index] else kind.display
        for index, kind in enumerate(kinds)
    ]
    return f"{'.'.join(name)}({', '.join(shown)})"


def _not_found(scope: Scope, node: ast.Call, kinds: Sequence[Type], ambiguous: bool) -> Exception:
    shown = signature_text(node.name, kinds, node.arg_names)
    if ambiguous:
        hint = "Could not choose a best candidate function. You might need to add explicit type casts."
        return failure("42725", f"function {shown} is not unique", node.pos, hint=hint)
    if len(node.name) > 1 and scope.env.catalog.schema(node.name[-2]) is None:
        return failure("3F000", f'schema "{node.name[-2]}" does not exist', node.pos)
    if node.order and not node.within:
        hint = (
            "No aggregate function matches the given name and argument types. "
            "Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate."
        )
        return failure("42883", f"function {shown} does not exist", node.pos, hint=hint)
    hint = "No function matches the given name and argument types. You might need to add explicit type casts."
    return failure("42883", f"function {shown} does not exist", node.pos, hint=hint)


def call_named(scope: Scope, name: str, args: Sequence[Expr], pos: int) -> Expr:
    """Build a call of a pg_catalog function that SQL syntax stands for."""
    kinds = tuple(arg.type for arg in args)
    found = find_function(("pg_catalog", name), kinds, (), False, (), cast_allowed=False)
    if found.candidate is None:
        return _raise(_not_found(scope, ast.Call(("pg_catalog", name), pos=pos), kinds, found.kind == "ambiguous"))
    return make_function(scope, complete_call(scope, found.candidate, list(args), False, pos), pos)


def _raise(error: Exception) -> Expr:
    raise error


def call_on_row(scope: Scope, name: str, row: Expr, pos: int) -> Expr | None:
    """Bind `row.name` as the call name(row), or return None when there is no such function."""
    if name not in FUNCTIONS:
        return None
    found = find_function((name,), (row.type,), (), False, scope.env.search_path, cast_allowed=False)
    if found.candidate is None or found.candidate.function.kind != "f":
        return None
    return make_function(scope, complete_call(scope, found.candidate, [row], False, pos), pos)


def select_field(scope: Scope, row: Expr, name: str, pos: int) -> Expr | None:
    """Return the field of a record, or None when it has no such field or its fields are not known."""
    fields = record_fields(scope, row)
    for index, field in enumerate(fields or ()):
        if field.name == name:
            if isinstance(row, Var) and row.column == WHOLE_ROW:
                from rustydb_engine.sql.binder.composites import row_column

                return row_column(scope, row, index, pos)
            return FieldExpr(row, index, field.type, field.typmod, name, pos)
    return None


@binds(ast.AtTimeZone)
def bind_at_time_zone(scope: Scope, node: ast.AtTimeZone) -> Expr:
    """Bind AT TIME ZONE as timezone(zone, item)."""
    item, zone = bind_expr(scope, node.item), bind_expr(scope, node.zone)
    made = call_named(scope, "timezone", (zone, item), node.pos)
    assert isinstance(made, FuncExpr), "timezone is a function"
    return replace(made, sql_syntax=True)


@binds(ast.Keyword)
def bind_keyword(scope: Scope, node: ast.Keyword) -> Expr:
    """Bind current_date and the other values that a keyword names."""
    made = call_named(scope, node.name, (), node.pos)
    assert isinstance(made, FuncExpr), "a keyword's value is a function's"
    made = replace(made, sql_syntax=True)
    if node.precision is not None:
        return apply_length(made, min(node.precision, 6), EXPLICIT, node.pos)
    return made
