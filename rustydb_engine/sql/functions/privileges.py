"""Privileges: has_table_privilege and kin, pg_has_role, default access lists.

A superuser has every privilege, another role those of the defaults (USAGE of schemas, types and languages, EXECUTE,
CONNECT). What is checked truly is the input: the privilege's name, the role, the object.

Source: PostgreSQL 15, section 5.7 and table 9.70; src/backend/utils/adt/acl.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rustydb_engine.catalog.objects import Index, Role, Schema, Sequence, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.catalog_names import find_relation, role_named, split_name
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import Implementation, function
from rustydb_engine.values.types import BY_OID

Finder = Callable[[EvalContext, object], bool | None]
"""Says whether an object exists; None for an unknown OID. Raises for an unknown name."""

_TABLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_COLUMN = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
_PUBLIC = ("USAGE", "EXECUTE", "CONNECT", "TEMPORARY", "TEMP")


def _check_privilege(text: str, known: tuple[str, ...]) -> list[str]:
    """Return the privileges of a comma-separated list; 22023 for an unknown one."""
    found = []
    for part in text.split(","):
        name = part.strip().upper()
        base = name.removesuffix(" WITH GRANT OPTION")
        if base not in known or (base == "RULE" and base != name):
            raise SqlError("22023", f'unrecognized privilege type: "{part.strip()}"')
        found.append(name)
    return found


def _role(context: EvalContext, role: object) -> Role | None:
    """Return the role that a name or OID means; `public` and unknown OIDs give None."""
    if isinstance(role, int):
        entry = context.catalog.get(role)
        return entry if isinstance(entry, Role) else None
    assert isinstance(role, str), "a role is a name or an OID"
    return None if role == "public" else role_named(context.catalog, role)


def _allowed(role: Role | None, privileges: list[str]) -> bool:
    if role is not None and role.superuser:
        return True
    return any(privilege in _PUBLIC for privilege in privileges)


# ---------------------------------------------------------------- finding objects


def _relation_exists(context: EvalContext, thing: object) -> bool | None:
    if isinstance(thing, int):
        return True if isinstance(context.catalog.get(thing), Table | Index | Sequence) else None
    find_relation(context, str(thing))
    return True


def _sequence_exists(context: EvalContext, thing: object) -> bool | None:
    entry = context.catalog.get(thing) if isinstance(thing, int) else find_relation(context, str(thing))
    if entry is None:
        return None
    if not isinstance(entry, Sequence):
        raise SqlError("42809", f'"{getattr(entry, "name", thing)}" is not a sequence')
    return True


def _schema_exists(context: EvalContext, thing: object) -> bool | None:
    if isinstance(thing, int):
        return True if isinstance(context.catalog.get(thing), Schema) else None
    if context.catalog.schema(str(thing)) is None:
        raise SqlError("3F000", f'schema "{thing}" does not exist')
    return True


def _database_exists(context: EvalContext, thing: object) -> bool | None:
    if isinstance(thing, str) and thing != context.database:
        raise SqlError("3D000", f'database "{thing}" does not exist')
    return True


def _type_exists(_context: EvalContext, thing: object) -> bool | None:
    return True if isinstance(thing, str) or thing in BY_OID else None


def _assumed(_context: EvalContext, _thing: object) -> bool | None:
    return True


_KINDS: tuple[tuple[str, tuple[str, ...], Finder, tuple[int, ...]], ...] = (
    ("table", (*_TABLE, "RULE"), _relation_exists, (1922, 1923, 1924, 1925, 1926, 1927)),
    ("any_column", _COLUMN, _relation_exists, (3024, 3025, 3026, 3027, 3028, 3029)),
    ("sequence", ("USAGE", "SELECT", "UPDATE"), _sequence_exists, (2181, 2182, 2183, 2184, 2185, 2186)),
    ("schema", ("CREATE", "USAGE"), _schema_exists, (2268, 2269, 2270, 2271, 2272, 2273)),
    ("database", ("CREATE", "TEMPORARY", "TEMP", "CONNECT"), _database_exists, (2250, 2251, 2252, 2253, 2254, 2255)),
    ("function", ("EXECUTE",), _assumed, (2256, 2257, 2258, 2259, 2260, 2261)),
    ("language", ("USAGE",), _assumed, (2262, 2263, 2264, 2265, 2266, 2267)),
    ("type", ("USAGE",), _type_exists, (3138, 3139, 3140, 3141, 3142, 3143)),
    ("tablespace", ("CREATE",), _assumed, (2390, 2391, 2392, 2393, 2394, 2395)),
    ("foreign_data_wrapper", ("USAGE",), _assumed, (3000, 3001, 3002, 3003, 3004, 3005)),
    ("server", ("USAGE",), _assumed, (3006, 3007, 3008, 3009, 3010, 3011)),
)


def _checker(known: tuple[str, ...], exists: Finder) -> Callable[[EvalContext, object, object, str], bool | None]:
    """Make the check of (role, object, privilege) for one kind of object."""

    def check(context: EvalContext, role: object, thing: object, privilege: str) -> bool | None:
        found = _role(context, role)
        there = exists(context, thing)
        names = _check_privilege(privilege, known)
        return None if there is None else _allowed(found, names)

    return check


def _declare_kinds() -> None:
    for kind, known, exists, oids in _KINDS:
        check = _checker(known, exists)

        def mine(context: EvalContext, thing: object, privilege: str, check: Implementation = check) -> object:
            return check(context, context.user, thing, privilege)

        for args, oid in zip(("name, text", "name, oid", "oid, text", "oid, oid"), oids[:4], strict=True):
            name = f"has_{kind}_privilege"
            function(f"{name}({args}, text) -> bool", oid=oid, volatility="s", context=True)(check)
        for arg, oid in zip(("text", "oid"), oids[4:], strict=True):
            function(f"has_{kind}_privilege({arg}, text) -> bool", oid=oid, volatility="s", context=True)(mine)


_declare_kinds()


# ---------------------------------------------------------------- columns


def _has_column(context: EvalContext, role: object, table: object, column: object, privilege: str) -> bool | None:
    found = _role(context, role)
    entry = context.catalog.get(table) if isinstance(table, int) else find_relation(context, str(table))
    names = _check_privilege(privilege, _COLUMN)
    if not isinstance(entry, Table):
        return None
    if isinstance(column, int):
        if not 0 < column <= len(entry.columns) or entry.columns[column - 1].dropped:
            return None
    elif entry.column(str(column)) is None:
        raise SqlError("42703", f'column "{column}" of relation "{entry.name}" does not exist')
    return _allowed(found, names)


def _has_column_mine(context: EvalContext, table: object, column: object, privilege: str) -> bool | None:
    return _has_column(context, context.user, table, column, privilege)


for _args, _oid in (
    ("name, text, text", 3012), ("name, text, int2", 3013), ("name, oid, text", 3014), ("name, oid, int2", 3015),
    ("oid, text, text", 3016), ("oid, text, int2", 3017), ("oid, oid, text", 3018), ("oid, oid, int2", 3019),
):  # fmt: skip
    function(f"has_column_privilege({_args}, text) -> bool", oid=_oid, volatility="s", context=True)(_has_column)
for _args, _oid in (("text, text", 3020), ("text, int2", 3021), ("oid, text", 3022), ("oid, int2", 3023)):
    function(f"has_column_privilege({_args}, text) -> bool", oid=_oid, volatility="s", context=True)(_has_column_mine)


# ---------------------------------------------------------------- roles


def _has_role(context: EvalContext, member: object, group: object, privilege: str) -> bool:
    _check_privilege(privilege.replace("ADMIN OPTION", "GRANT OPTION"), ("USAGE", "MEMBER"))
    one, other = _role(context, member), _role(context, group)
    return one is not None and (one.superuser or one is other)


def _has_role_mine(context: EvalContext, group: object, privilege: str) -> bool:
    return _has_role(context, context.user, group, privilege)


for _args, _oid in (("name, name", 2705), ("name, oid", 2706), ("oid, name", 2707), ("oid, oid", 2708)):
    function(f"pg_has_role({_args}, text) -> bool", oid=_oid, volatility="s", context=True)(_has_role)
for _args, _oid in (("name", 2709), ("oid", 2710)):
    function(f"pg_has_role({_args}, text) -> bool", oid=_oid, volatility="s", context=True)(_has_role_mine)


@function("row_security_active(oid) -> bool", oid=3298, volatility="s")
def row_security_active(oid: int) -> bool:
    return False


@function("row_security_active(text) -> bool", oid=3299, volatility="s", context=True)
def row_security_active_named(context: EvalContext, name: str) -> bool:
    find_relation(context, name)
    return False


# ---------------------------------------------------------------- access lists

_LETTERS = {
    "a": "INSERT", "r": "SELECT", "w": "UPDATE", "d": "DELETE", "D": "TRUNCATE", "x": "REFERENCES", "t": "TRIGGER",
    "X": "EXECUTE", "U": "USAGE", "C": "CREATE", "T": "TEMPORARY", "c": "CONNECT", "s": "SET", "A": "ALTER SYSTEM",
}  # fmt: skip
# Kind of object -> (what everybody has, what the owner has).
_DEFAULTS = {
    "c": ("", ""), "r": ("", "arwdDxt"), "s": ("", "rwU"), "d": ("Tc", "CTc"), "f": ("X", "X"), "l": ("U", "U"),
    "L": ("", "rw"), "n": ("", "UC"), "t": ("", "C"), "F": ("", "U"), "S": ("", "U"), "T": ("U", "U"),
    "p": ("", "sA"),
}  # fmt: skip


@function("acldefault(char, oid) -> _aclitem", oid=3943, context=True)
def acldefault(context: EvalContext, kind: str, owner: int) -> tuple[str, ...]:
    if kind not in _DEFAULTS:
        raise SqlError("XX000", f"unrecognized objtype abbreviation: {kind}")
    public, own = _DEFAULTS[kind]
    entry = context.catalog.get(owner)
    name = entry.name if isinstance(entry, Role) else str(owner)
    items = [f"={public}/{name}"] if public else []
    return tuple([*items, f"{name}={own}/{name}"] if own else items)


@function(
    "aclexplode(acl _aclitem) -> setof record", oid=1689, volatility="s", context=True,
    columns=(("grantor", "oid"), ("grantee", "oid"), ("privilege_type", "text"), ("is_grantable", "bool")),
)  # fmt: skip
def aclexplode(context: EvalContext, items: tuple[str | None, ...]) -> Iterable[tuple[int, int, str, bool]]:
    for item in items:
        if item is None:
            raise SqlError("22004", "ACL arrays must not contain null values")
        grantee, _, rest = item.rpartition("=")
        letters, _, grantor = rest.partition("/")
        for index, letter in enumerate(letters):
            if letter != "*":
                granted = letters[index + 1 : index + 2] == "*"
                yield _role_oid(context, grantor), _role_oid(context, grantee), _LETTERS[letter], granted


def _role_oid(context: EvalContext, name: str) -> int:
    role = context.catalog.role(split_name(name)[0]) if name else None
    return role.oid if role is not None else 0
