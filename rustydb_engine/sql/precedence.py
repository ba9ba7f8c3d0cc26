"""Operator precedence, loosest first, as yacc's %left, %right and %nonassoc lines.

    1 + 2 * 3      the rule `expr "+" expr` meets the token "*": the token binds tighter, so take it
    1 - 2 - 3      same level, left: reduce first
    a < b < c      same level, none: a syntax error
    - 2 ^ 2        "-" before an operand has the level UMINUS, above ^, as in PostgreSQL: 4

Source: PostgreSQL 15, section 4.1.6, and the notes in src/backend/parser/gram.y for the levels that only make the
grammar unambiguous.
"""

from __future__ import annotations

PRECEDENCE: tuple[tuple[str, str], ...] = (
    ("none", "SET"),
    ("left", "UNION EXCEPT"),
    ("left", "INTERSECT"),
    ("left", "OR"),
    ("left", "AND"),
    ("right", "NOT"),
    ("none", "IS ISNULL NOTNULL"),
    ("none", "< > = <= >= <>"),
    ("none", "BETWEEN IN LIKE ILIKE SIMILAR _NOT_LA"),
    ("none", "ESCAPE"),
    ("none", "IDENT UNBOUNDED PARTITION RANGE ROWS GROUPS PRECEDING FOLLOWING CUBE ROLLUP"),
    ("left", "OP OPERATOR"),
    ("left", "+ -"),
    ("left", "* / %"),
    ("left", "^"),
    ("left", "AT"),
    ("left", "COLLATE"),
    ("right", "UMINUS"),
    ("left", "[ ]"),
    ("left", "( )"),
    ("left", "::"),
    ("left", "."),
    ("left", "JOIN CROSS LEFT FULL RIGHT INNER NATURAL"),
)

# rule name -> the terminal whose level the rule has, where it is not that of its last terminal (yacc's %prec).
RULE_PRECEDENCE: dict[str, str] = {
    "query_statement": "UMINUS",
    "scalar_query": "UMINUS",
    "negate": "UMINUS",
    "positive": "UMINUS",
    "prefix_operator": "OP",
    "infix_operator": "OP",
    "is_null": "IS",
    "is_not_null": "IS",
    "is_test": "IS",
    "is_not_test": "IS",
    "is_distinct": "IS",
    "is_not_distinct": "IS",
    "is_normalized": "IS",
    "like": "LIKE",
    "not_like": "_NOT_LA",
    "ilike": "ILIKE",
    "not_ilike": "_NOT_LA",
    "similar": "SIMILAR",
    "not_similar": "_NOT_LA",
    "between": "BETWEEN",
    "between_symmetric": "BETWEEN",
    "not_between": "_NOT_LA",
    "not_between_symmetric": "_NOT_LA",
    "in_any": "IN",
    "not_in": "_NOT_LA",
    "quantified": "OP",
    "at_time_zone": "AT",
    "no_existing_window": "OP",
    "target_plain": "UMINUS",
    "table_plain": "UMINUS",
}
