"""Builds the parse tables from the grammar files; needed when the package is built, not when it runs.

Lark parses the grammar and finds the LALR(1) states and look-aheads. Where a state could both take a token and reduce
a rule, yacc's way decides: compare the precedence of the rule (that of its last terminal, or what `RULE_PRECEDENCE`
says for its name) with that of the token. What that does not decide is an error: the grammar has no silent conflicts.

The result is plain lists, dicts and strings, which tables.py stores and lalr.py runs.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from lark.common import ParserConf
from lark.grammar import Rule
from lark.load_grammar import load_grammar
from lark.parsers.lalr_analysis import LALR_Analyzer

from rustydb_engine.sql.lalr import ACCEPT, FORBIDDEN
from rustydb_engine.sql.precedence import PRECEDENCE, RULE_PRECEDENCE

STARTS = ("statement", "expr", "typename")

_Levels = dict[str, tuple[int, str]]
_Row = int | dict[str, int]


class GrammarConflict(Exception):
    """The grammar is ambiguous where no precedence decides."""


def build(grammar: str) -> dict[str, Any]:
    """Return the tables for `grammar` as plain data. Raises GrammarConflict."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 20_000))  # Lark walks the look-ahead graph recursively
    try:
        rules, analysis, symbols = _analyse(grammar)
    finally:
        sys.setrecursionlimit(limit)
    roots = set(analysis.lr0_start_states.values())  # first, because the parser's loop wants no action to be 0
    states = sorted(analysis.lr0_itemsets, key=lambda state: (state not in roots, sorted(map(str, state.kernel))))
    number = {state: index for index, state in enumerate(states)}
    rule_number = {rule: index for index, rule in enumerate(rules)}
    levels: _Levels = {
        terminal: (level, side) for level, (side, words) in enumerate(PRECEDENCE) for terminal in words.split()
    }
    conflicts: list[str] = []
    rows: list[_Row] = []
    gotos: dict[str, list[tuple[int, int]]] = {str(rule.origin.name): [] for rule in rules}
    for state in states:
        row = _row(state, number, rule_number, symbols, levels, conflicts)
        rows.append(_default(row))
        for symbol, target in state.transitions.items():
            if not symbol.is_term:
                gotos[symbol.name].append((number[state], number[target]))
    if conflicts:
        raise GrammarConflict("\n".join(conflicts))
    starts = {}
    for name, root in analysis.lr0_start_states.items():
        starts[str(name)] = number[root]
        end = next(target for symbol, target in root.transitions.items() if symbol.name == name)
        last = rows[number[end]]
        assert isinstance(last, dict)
        last["$END"] = ACCEPT
    _shorten(rows, gotos, rules)
    return _compact(rows, gotos, rules, starts)


def _analyse(grammar: str) -> tuple[list[Rule], Any, dict[str, str]]:
    """Return the rules, Lark's analysis and what each of Lark's terminal names stands for."""
    load: Any = load_grammar  # lark annotates these only in part
    analyzer: Any = LALR_Analyzer
    compiled, _ = load(grammar, "<grammar>", [], False)
    terminals, rules, _ = compiled.compile(list(STARTS), "*")
    _simplify(rules)
    symbols = {str(terminal.name): sys.intern(str(terminal.pattern.value)) for terminal in terminals}
    analysis = analyzer(ParserConf(rules, {}, list(STARTS)))
    analysis.compute_lr0_states()
    analysis.compute_reads_relations()
    analysis.compute_includes_lookback()
    analysis.compute_lookaheads()
    return rules, analysis, symbols


def _simplify(rules: list[Any]) -> None:
    """Give symbols plain strings for names instead of Lark's tokens, which halves the time that comparing them takes."""
    for rule in rules:
        for symbol in (rule.origin, *rule.expansion):
            symbol.name = sys.intern(str(symbol.name))


def _row(
    state: Any,
    number: dict[Any, int],
    rule_number: dict[Rule, int],
    symbols: dict[str, str],
    levels: _Levels,
    conflicts: list[str],
) -> dict[str, int]:
    """Return what the state does for each terminal; say in `conflicts` what could not be decided."""
    row = {
        symbols.get(symbol.name) or sys.intern(str(symbol.name)): number[target]
        for symbol, target in state.transitions.items()
        if symbol.is_term
    }
    for symbol, rules in state.lookaheads.items():
        terminal = symbols.get(symbol.name) or sys.intern(str(symbol.name))
        if len(rules) > 1:
            conflicts.append(f"reduce/reduce on {terminal}: " + "; ".join(sorted(map(str, rules))))
            continue
        (rule,) = rules
        action = -1 - rule_number[rule]
        if terminal not in row:
            row[terminal] = action
            continue
        mine, theirs = _rule_level(rule, symbols, levels), levels.get(terminal)
        if mine is None or theirs is None:
            conflicts.append(f"shift/reduce on {terminal}: {rule}")
        elif mine[0] > theirs[0] or (mine[0] == theirs[0] and mine[1] == "left"):
            row[terminal] = action
        elif mine[0] == theirs[0] and mine[1] == "none":
            row[terminal] = FORBIDDEN
    return row


def _rule_level(rule: Rule, symbols: dict[str, str], levels: _Levels) -> tuple[int, str] | None:
    name = _split_alias(rule)[0]
    if name in RULE_PRECEDENCE:
        return levels[RULE_PRECEDENCE[name]]
    for symbol in reversed(rule.expansion):
        if symbol.is_term:
            return levels.get(symbols.get(symbol.name) or sys.intern(str(symbol.name)))
    return None


def _default(row: dict[str, int]) -> _Row:
    """Return the one thing a state always does when it only reduces one rule."""
    actions = set(row.values())
    if len(actions) == 1:
        (action,) = actions
        if action < 0:
            return action
    return row


def _split_alias(rule: Rule) -> tuple[str, int]:
    """Return the action of a rule and which symbol (from 0) gives the node's offset: `-> add__2` is ("add", 1)."""
    if rule.alias is None:
        return str(rule.origin.name), 0
    name, _, at = str(rule.alias).partition("__")
    return name, int(at) - 1 if at else 0


def _kept(rule: Rule) -> list[int]:
    """Return which symbols of a rule have a value, -1 for an absent optional."""
    kept, index = [], 0
    for empty in rule.options.empty_indices or [False] * len(rule.expansion):
        if empty:
            kept.append(-1)
            continue
        symbol: Any = rule.expansion[index]
        if not symbol.is_term or not symbol.filter_out:
            kept.append(index)
        index += 1
    return kept


def _shorten(rows: list[_Row], gotos: dict[str, list[tuple[int, int]]], rules: list[Rule]) -> None:
    """Go straight to where a state leads that would only pass its one value on.

    `expr: c_expr` and the like are most of the reductions of a parse. A state that always reduces such a rule
    leaves no choice, so whoever would go there from state p goes to the end of the chain, which depends on p only.
    """
    direct = {name: dict(pairs) for name, pairs in gotos.items()}

    def end(origin: int, target: int) -> int:
        action = rows[target]
        while isinstance(action, int):
            rule = rules[-1 - action]
            if not _passes(rule) or len(rule.expansion) != 1:
                break
            target = direct[rule.origin.name][origin]
            action = rows[target]
        return target

    for origin, row in enumerate(rows):
        if not isinstance(row, int):
            for terminal, action in row.items():
                if 0 <= action < ACCEPT:
                    row[terminal] = end(origin, action)
    for pairs in gotos.values():
        pairs[:] = [(origin, end(origin, target)) for origin, target in pairs]


def _passes(rule: Rule) -> bool:
    """Say whether the value of a rule is that of its only symbol that has one."""
    kept = _kept(rule)
    return rule.alias is None and len(kept) == 1 and kept[0] >= 0


def _compact(
    rows: list[_Row], gotos: dict[str, list[tuple[int, int]]], rules: list[Rule], starts: dict[str, int]
) -> dict[str, Any]:
    unique: dict[str, int] = {}
    unique_rows: list[_Row] = []
    indexes = []
    for row in rows:
        key = json.dumps(row, sort_keys=True)
        if key not in unique:
            unique[key] = len(unique_rows)
            unique_rows.append(row if isinstance(row, int) else dict(sorted(row.items())))
        indexes.append(unique[key])
    names = sorted(gotos)
    stored = []
    for rule in rules:
        action, at = _split_alias(rule)
        kept = _kept(rule)
        if _passes(rule):
            action = ""
        stored.append([len(rule.expansion), names.index(rule.origin.name), action, kept, at])
    return {
        "unique_rows": unique_rows,
        "rows": indexes,
        "gotos": [sorted(gotos[name]) for name in names],
        "rules": stored,
        "starts": starts,
    }
