"""The parse tables and the machine that runs them: an LALR(1) parser that builds the syntax tree as it goes.

Lark reads the grammar files and does the LALR analysis; `table_builder` turns that into the `Tables` here. Running
them with a loop of our own instead of Lark's has four reasons: operators get their precedence from a table as in
yacc, so an expression costs no ladder of reductions; a key word that means nothing at some place falls back to being
an identifier, so hundreds of words stay out of the tables; actions build nodes at once, so nothing is recursive; and
it is three times as fast.

The machine has a stack of states and, beside it, of values and of text offsets. A state's row says for each terminal
what to do: a number from 0 is the state to go to after taking the token (shift), a negative one is a rule to reduce.
A row that is just a number always reduces.

    rows[state]["SELECT"] -> 17      take the token, go to state 17
    rows[state][","]      -> -4      reduce by rules[-4]: n values on the stack become one

Source: Aho, Sethi, Ullman, "Compilers", 4.7; the fallback is Lemon's (SQLite's parser generator).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.actions import Misplaced
from rustydb_engine.sql.keywords import FALLBACK
from rustydb_engine.sql.lexer import END, ERROR, Tokens, token_text

ACCEPT = 1 << 30  # the entry of an end state for $END
FORBIDDEN = ACCEPT + 1  # the entry of a token that could follow but that precedence forbids, as in a < b < c
STACK_MAX = 10_000  # as bison's YYMAXDEPTH: deeper nesting is refused

# An action: takes the offset of the node and the values of the symbols that the rule keeps.
Action = Callable[..., Any]
# symbols to pop; the state reached from each uncovered state; the action, and which values it gets; whose offset
_Rule = tuple[int, dict[int, int], Any, Any, int]

_DEPTH_HINT = (
    'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the '
    "platform's stack depth limit is adequate."
)


class Tables:
    """What one grammar needs to be run: rows, rules bound to their actions, and where each start symbol begins."""

    __slots__ = ("rows", "rules", "starts")

    def __init__(self, data: Mapping[str, Any], actions: Mapping[str, Action]) -> None:
        """Bind the tables of `table_builder.build` to `actions`, by name."""
        unique = data["unique_rows"]
        self.rows: list[Any] = [unique[index] for index in data["rows"]]
        self.starts: dict[str, int] = data["starts"]
        gotos: list[dict[int, int]] = [dict(pairs) for pairs in data["gotos"]]
        self.rules: list[_Rule] = [
            (size, gotos[goto], *_value_maker(name, kept, size, actions), at)
            for size, goto, name, kept, at in data["rules"]
        ]
        self.rules.reverse()  # the entry of rule r in a row is -1 - r


def _value_maker(
    name: str, kept: Sequence[int], size: int, actions: Mapping[str, Action]
) -> tuple[Action | None, Callable[[list[Any]], Any] | None]:
    """Return (action, getter). Without action the value is the only kept one, without getter all are kept."""
    if not name:
        return None, None if size == 1 else itemgetter(kept[0])
    if list(kept) == list(range(size)):
        return actions[name], None
    if len(kept) == 1:
        index = kept[0]
        return actions[name], lambda values: (values[index],)
    return actions[name], itemgetter(*kept) if kept else lambda values: ()


def parse_tokens(tables: Tables, start: str, sql: str, tokens: Tokens, index: int, end: str = END) -> tuple[Any, int]:
    """Parse one `start` from token `index` on, up to a token `end` or the end; return its value and that token's index.

    Raises SqlError 42601 at the first token that cannot follow, and 54001 when nesting is too deep.
    """
    types, token_values, offsets = tokens
    rows, rules, fallback = tables.rows, tables.rules, FALLBACK.get
    state = tables.starts[start]
    states = [state]
    values: list[Any] = []
    places: list[int] = []
    terminal = END if types[index] == end else types[index]
    try:
        while True:
            action = rows[state]
            if action.__class__ is not int:
                action = action.get(terminal) or action.get(fallback(terminal))
                if action is None:
                    raise syntax_error(sql, tokens, index)
            if action > 0:
                if action >= ACCEPT:
                    if action == FORBIDDEN:
                        raise syntax_error(sql, tokens, index)
                    return values[0], index
                states.append(action)
                values.append(token_values[index])
                places.append(offsets[index])
                state = action
                index += 1
                terminal = types[index]
                if terminal == end:
                    terminal = END
                continue
            size, goto, make, get, at = rules[action]
            if size == 1:
                if get is not None:
                    values[-1] = make(places[-1], *get(values[-1:] + _NONE))
                elif make is not None:
                    values[-1] = make(places[-1], values[-1])
                state = goto[states[-2]]
                states[-1] = state
                continue
            if size:
                taken = values[-size:]
                if make is None:
                    value = get(taken)
                else:
                    value = make(places[at - size], *(taken if get is None else get(taken + _NONE)))
                place = places[-size]
                del states[-size:], values[-size:], places[-size:]
                values.append(value)
                places.append(place)
            else:
                values.append(make(-1, *get(_NONE)) if get else make(-1))
                places.append(-1)
            state = goto[states[-1]]
            states.append(state)
            if len(states) > STACK_MAX:
                raise too_deep(offsets[index])
    except Misplaced as error:
        if error.position is not None:
            index = offsets.index(error.position)
        raise syntax_error(sql, tokens, index, error.message) from None


_NONE: list[None] = [None]  # what an absent [optional] gives; kept as index -1


def syntax_error(sql: str, tokens: Tokens, index: int, message: str = "syntax error") -> SqlError:
    """Return the error for token `index`, which cannot stand where it does."""
    types, values, offsets = tokens
    if types[index] == ERROR:
        error = values[index]
        assert isinstance(error, SqlError)
        return error
    if types[index] == END:
        return SqlError("42601", f"{message} at end of input", position=offsets[index])
    text = token_text(sql, offsets[index])
    return SqlError("42601", f'{message} at or near "{text}"', position=offsets[index])


def too_deep(position: int | None = None) -> SqlError:
    """Return the error for a statement nested deeper than the limit."""
    return SqlError("54001", "stack depth limit exceeded", hint=_DEPTH_HINT, position=position)
