"""Random queries: a small grammar of SELECT over two tables full of NULLs, from a seed.

    list(statements(seed=1, count=100))      the same texts for the same seed

Every expression has a type, and stays where PostgreSQL gives no error that depends on its order of evaluation: divisors are
never zero, numbers stay small. A result that is cut by LIMIT is ordered by all its columns.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

SETUP = """
create table r (id int primary key, a int, b text, c numeric(6,2), d date, e boolean, f int8);
create table s (id int primary key, r_id int, a int2, b varchar(10), d date, e boolean, t timestamp);
insert into r select g, nullif(g % 5, 0), (array['ant','Bee','','cat''s',null])[g % 5 + 1], g * 1.25 - 4, date '2020-02-27' + g, (array[true,false,null])[g % 3 + 1], nullif(g % 7, 3) * 100 from generate_series(1, 12) g;
insert into s select g, nullif(g % 8, 5), g % 4, (array['ant','b','dog',null])[g % 4 + 1], date '2020-03-10' - g, g % 2 = 0, timestamp '2020-03-01 12:00' + g * interval '7 hours' from generate_series(1, 15) g;
create index r_a on r (a);
create index s_r on s (r_id, a);
create unique index s_b on s (id) where e;
analyze r, s;
"""

COLUMNS = {
    "r": {"id": "int", "a": "int", "b": "text", "c": "num", "d": "date", "e": "bool", "f": "int"},
    "s": {"id": "int", "r_id": "int", "a": "int", "b": "text", "d": "date", "e": "bool"},
}
TYPES = ("int", "int", "text", "num", "date", "bool")
Scope = list[tuple[str, str]]


class Grammar:
    """Makes one query after the other; `scope` is the list of (expression, type) of the columns in reach."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self._names = 0

    def pick(self, *choices: str) -> str:
        """Return one of the choices."""
        return self.dice.choice(choices)

    def chance(self, percent: int) -> bool:
        """Return True so many times in a hundred."""
        return self.dice.random() * 100 < percent

    def name(self, prefix: str) -> str:
        """Return a fresh name."""
        self._names += 1
        return f"{prefix}{self._names}"

    # ---- expressions

    def expr(self, kind: str, scope: Scope, depth: int) -> str:
        """Return an expression of a type."""
        columns = [column for column, of in scope if of == kind]
        if depth <= 0 or self.chance(25):
            if columns and self.chance(75):
                return self.dice.choice(columns)
            return self.constant(kind)
        makers: dict[str, Callable[[Scope, int], str]] = {
            "int": self.integer,
            "text": self.text,
            "num": self.numeric,
            "date": self.date,
            "bool": self.boolean,
        }
        if self.chance(18):
            return self.conditional(kind, scope, depth - 1)
        if self.chance(6):
            return f"({self.scalar(kind, scope, depth - 1)})"
        return makers[kind](scope, depth - 1)

    def constant(self, kind: str) -> str:
        """Return a literal, sometimes NULL."""
        if self.chance(12):
            return f"null::{ {'num': 'numeric', 'bool': 'boolean'}.get(kind, kind) }"
        match kind:
            case "int":
                return str(self.dice.randint(0, 9))
            case "text":
                return self.pick("'ant'", "'Bee'", "''", "'dog'", "'%a%'")
            case "num":
                return self.pick("1.5", "0.25", "10.00", "7.125")
            case "date":
                return self.pick("date '2020-02-29'", "date '2020-03-05'", "date '2019-12-31'")
        return self.pick("true", "false")

    def conditional(self, kind: str, scope: Scope, depth: int) -> str:
        """Return a CASE, COALESCE, NULLIF or kin."""
        one, two = self.expr(kind, scope, depth), self.expr(kind, scope, depth)
        test = self.expr("bool", scope, depth)
        form = self.dice.randrange(5)
        if form == 0:
            return f"case when {test} then {one} else {two} end"
        if form == 1:
            return f"case when {test} then {one} end"
        if form == 2:
            return f"coalesce({one}, {two})"
        if form == 3 and kind != "bool":
            return f"{self.pick('greatest', 'least')}({one}, {two})"
        return f"nullif({one}, {two})"

    def integer(self, scope: Scope, depth: int) -> str:
        one, two = self.expr("int", scope, depth), self.expr("int", scope, depth)
        form = self.dice.randrange(7)
        if form < 3:
            return f"({one} {self.pick('+', '-', '%', '/') if form else '+'} {'3' if form else two})"
        if form == 3:
            return f"length({self.expr('text', scope, depth)})"
        if form == 4:
            return f"abs({one})"
        if form == 5:
            return f"extract({self.pick('day', 'month', 'dow', 'doy')} from {self.expr('date', scope, depth)})::int"
        return f"({self.expr('date', scope, depth)} - {self.expr('date', scope, depth)})"

    def text(self, scope: Scope, depth: int) -> str:
        one, two = self.expr("text", scope, depth), self.expr("text", scope, depth)
        number = self.expr("int", scope, 0)
        return self.pick(
            f"({one} || {two})",
            f"upper({one})",
            f"substr({one}, 2)",
            f"left({one}, {number})",
            f"replace({one}, 'a', {two})",
            f"({number})::text",
            f"concat({one}, {number}, {two})",
            f"to_char({self.expr('date', scope, 0)}, 'DD.MM')",
        )

    def numeric(self, scope: Scope, depth: int) -> str:
        one, two = self.expr("num", scope, depth), self.expr("num", scope, depth)
        return self.pick(
            f"({one} + {two})",
            f"({one} * 2)",
            f"({one} / 4)",
            f"round({one}, 1)",
            f"({one} - {self.expr('int', scope, depth)})",
            f"({self.expr('int', scope, depth)} * 1.5)",
            f"trunc({one})",
            f"abs({one})::numeric(10,1)",
        )

    def date(self, scope: Scope, depth: int) -> str:
        one = self.expr("date", scope, depth)
        return self.pick(
            f"({one} + {self.expr('int', scope, 0)})",
            f"({one} - 1)",
            f"date_trunc('month', {one})::date",
            f"({one} + interval '1 month')::date",
            f"greatest({one}, {self.expr('date', scope, depth)})",
        )

    def boolean(self, scope: Scope, depth: int) -> str:
        kind = self.pick(*TYPES)
        one, two = self.expr(kind, scope, depth), self.expr(kind, scope, depth)
        form = self.dice.randrange(12)
        if form < 3:
            return f"({one} {self.pick('=', '<>', '<', '<=', '>', '>=')} {two})"
        if form == 3:
            return f"({self.expr('bool', scope, depth)} {self.pick('and', 'or')} {self.expr('bool', scope, depth)})"
        if form == 4:
            return f"(not {self.expr('bool', scope, depth)})"
        if form == 5:
            return f"({one} is {self.pick('', 'not ')}null)"
        if form == 6:
            return f"({one} is {self.pick('', 'not ')}distinct from {two})"
        if form == 7:
            return f"({one} {self.pick('', 'not ')}in ({two}, {self.constant(kind)}))"
        if form == 8:
            return f"({one} {self.pick('', 'not ')}between {two} and {self.expr(kind, scope, depth)})"
        if form == 9:
            text = self.expr("text", scope, depth)
            return (
                f"({text} {self.pick('like', 'not like', 'ilike')} {self.pick(repr('%a%'), repr('_e%'), repr('ant'))})"
            )
        if form == 10:
            return self.membership(kind, one, scope, depth)
        return f"({self.pick('', 'not ')}exists ({self.query(scope, depth - 1, ['int'])}))"

    def membership(self, kind: str, one: str, scope: Scope, depth: int) -> str:
        query = self.query(scope, depth - 1, [kind])
        if self.chance(60):
            return f"({one} {self.pick('', 'not ')}in ({query}))"
        return f"({one} {self.pick('=', '<', '>=', '<>')} {self.pick('any', 'all')} ({query}))"

    def scalar(self, kind: str, scope: Scope, depth: int) -> str:
        """Return a query of at most one row."""
        source, inner = self.source(depth)
        everything = inner + scope
        value = self.expr(kind, everything, depth)
        where = f" where {self.expr('bool', everything, depth)}" if self.chance(70) else ""
        if kind != "bool":
            return f"select {self.pick('max', 'min')}({value}) from {source}{where}"
        return f"select {self.pick('bool_and', 'bool_or')}({value}) from {source}{where}"

    # ---- queries

    def source(self, depth: int) -> tuple[str, Scope]:
        """Return a FROM item and its columns."""
        alias = self.name("t")
        if depth > 0 and self.chance(20):
            kinds = [self.pick(*TYPES) for _ in range(self.dice.randint(1, 3))]
            names = [f"c{number}" for number in range(1, len(kinds) + 1)]
            query = self.query([], depth - 1, kinds)
            columns = [(f"{alias}.{name}", kind) for name, kind in zip(names, kinds, strict=True)]
            return f"({query}) {alias}({', '.join(names)})", columns
        table = self.pick("r", "s")
        return f"{table} {alias}", [(f"{alias}.{column}", kind) for column, kind in COLUMNS[table].items()]

    def origin(self, scope: Scope, depth: int) -> tuple[str, Scope]:
        """Return what follows FROM, with joins, and the columns in reach."""
        text, columns = self.source(depth)
        for _ in range(self.dice.choice((0, 0, 1, 1, 2))):
            if self.chance(12) and depth > 0:
                alias, kind = self.name("l"), self.pick(*TYPES)
                query = self.query([*columns, *scope], depth - 1, [kind])
                text += f" {self.pick('join', 'left join')} lateral ({query}) {alias}(c1) on true"
                columns = [*columns, (f"{alias}.c1", kind)]
                continue
            right, added = self.source(depth)
            kind = self.pick("int", "int", "text", "date")
            mine = [column for column, of in columns if of == kind]
            theirs = [column for column, of in added if of == kind]
            how = self.pick("join", "left join", "right join", "full join", "cross join")
            if how == "cross join" or not mine or not theirs:
                text += f" cross join {right}"
            else:
                on = f"{self.dice.choice(mine)} = {self.dice.choice(theirs)}"
                if how != "full join" and self.chance(30):
                    on += f" and {self.expr('bool', [*columns, *added, *scope], depth - 1)}"
                text += f" {how} {right} on {on}"
            columns = columns + added
        return text, columns

    def query(self, scope: Scope, depth: int, kinds: list[str]) -> str:
        """Return a query with columns of these types; `scope` is what is in reach from outside."""
        if depth > 0 and self.chance(8):
            left, right = self.query(scope, depth - 1, kinds), self.query(scope, depth - 1, kinds)
            operator = self.pick("union", "union all", "intersect", "except", "except all")
            return f"({left}) {operator} ({right})"
        origin, columns = self.origin(scope, depth)
        everything = columns + scope
        where = f" where {self.expr('bool', everything, depth)}" if self.chance(60) else ""
        if self.chance(20):
            return f"select {self.grouped(columns, scope, depth, kinds, origin, where)}"
        distinct = "distinct " if self.chance(12) else ""
        targets = ", ".join(self.expr(kind, everything, depth) for kind in kinds)
        return f"select {distinct}{targets} from {origin}{where}"

    def grouped(self, columns: Scope, scope: Scope, depth: int, kinds: list[str], origin: str, where: str) -> str:
        keys = self.dice.sample(columns, min(len(columns), self.dice.randint(0, 2)))
        inner: Scope = [*keys, *self.aggregates(columns, depth)]
        targets = ", ".join(self.expr(kind, inner + scope, depth - 1) for kind in kinds)
        group = f" group by {', '.join(column for column, _ in keys)}" if keys else ""
        having = f" having {self.expr('bool', inner + scope, depth - 1)}" if self.chance(40) else ""
        if not keys and not having:
            having = " having count(*) >= 0"  # else a list without aggregates would not be grouped
        return f"{targets} from {origin}{where}{group}{having}"

    def aggregates(self, columns: Scope, depth: int) -> Scope:
        number, text = self.expr("int", columns, depth - 1), self.expr("text", columns, depth - 1)
        decimal = self.expr("num", columns, depth - 1)
        only = f" filter (where {self.expr('bool', columns, 1)})" if self.chance(25) else ""
        return [
            (f"count({self.pick('*', number)}){only}::int", "int"),
            (f"sum(distinct {number})::int", "int"),
            (f"{self.pick('min', 'max')}({text}){only}", "text"),
            (f"string_agg({text}, ',' order by {text})", "text"),
            (f"sum({decimal}){only}", "num"),
            (f"round(avg({number}), 3)", "num"),
            (f"max({self.expr('date', columns, 1)})", "date"),
            (f"bool_or({self.expr('bool', columns, 1)})", "bool"),
        ]

    def statement(self) -> str:
        """Return a whole statement."""
        kinds = [self.pick(*TYPES) for _ in range(self.dice.randint(1, 4))]
        text = self.query([], 3, kinds)
        if self.chance(15):
            name = self.name("w")
            columns = ", ".join(f"c{number}" for number in range(1, len(kinds) + 1))
            kinds.append("int")
            text = f"with {name}({columns}) as ({text}) select x.*, y.n from {name} x left join (select c1, count(*) n from {name} group by c1) y on x.c1 = y.c1"
        if self.chance(50):
            order = [
                f"{number}{self.pick('', ' desc', ' nulls first', ' desc nulls last')}"
                for number in range(1, len(kinds) + 1)
            ]
            text = f"select * from ({text}) q order by {', '.join(order)}"
            if self.chance(40):
                text += f" limit {self.dice.randint(0, 6)} offset {self.dice.randint(0, 3)}"
        return text + ";"


def statements(seed: int, count: int) -> Iterator[str]:
    """Return the setup and `count` queries of a seed."""
    yield from (line for line in SETUP.splitlines() if line)
    grammar = Grammar(seed)
    for _ in range(count):
        yield grammar.statement()
