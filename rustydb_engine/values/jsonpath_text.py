"""jsonpath values as text: PostgreSQL's canonical form.

Keys are quoted, blanks are those that the form has, and operations are in parentheses where they need them:

    canonical_path("$.a ? (@.b > 1)")  ->  $."a"?(@."b" > 1)

Source: PostgreSQL 15, src/backend/utils/adt/jsonpath.c (printJsonPathItem).
"""

from __future__ import annotations

from rustydb_engine.values.jsonpath import COMPARISONS, Item, parse
from rustydb_engine.values.jsontext import quote

_PRIORITY = {
    "||": 0, "&&": 1, **dict.fromkeys((*COMPARISONS, "starts", "like"), 2), "+": 3, "-": 3, "*": 4, "/": 4, "%": 4,
    "negative": 5, "positive": 5,
}  # fmt: skip


def canonical_path(text: str) -> str:
    """Return the canonical text of a path: the value of type jsonpath."""
    path = parse(text)
    return ("strict " if path.strict else "") + _shown(path.item, True)


def _shown(item: Item, brackets: bool) -> str:
    """Return an item's text; an operation gets parentheses when it is asked for or accessors follow."""
    text = _bare(item, brackets or bool(item.steps))
    return text + "".join([_step(step) for step in item.steps])


def _bare(item: Item, brackets: bool) -> str:
    kind, left, right = item.kind, item.left, item.right
    if kind in ("root", "current", "last", "null"):
        return {"root": "$", "current": "@"}.get(kind, kind)
    if kind == "variable":
        return "$" + quote(str(item.value))
    if kind == "string":
        return quote(str(item.value))
    if kind == "number":
        return f"{item.value:f}"
    if kind == "bool":
        return "true" if item.value else "false"
    assert left is not None, "an operation has an operand"
    if kind == "!":
        return f"!({_shown(left, False)})"
    if kind == "exists":
        return f"exists ({_shown(left, False)})"
    if kind == "unknown":
        return f"({_shown(left, False)}) is unknown"
    return f"({_operation(item, left, right)})" if brackets else _operation(item, left, right)


def _operation(item: Item, left: Item, right: Item | None) -> str:
    """Return an operation without the parentheses around it."""
    priority = _PRIORITY[item.kind]
    if item.kind in ("negative", "positive"):
        return ("-" if item.kind == "negative" else "+") + _shown(left, _priority(left) <= priority)
    shown_left = _shown(left, _priority(left) <= priority)
    if item.kind == "like":
        assert isinstance(item.value, tuple), "pattern and flags"
        pattern, flags = item.value
        return f"{shown_left} like_regex {quote(pattern)}" + (f' flag "{flags}"' if flags else "")
    assert right is not None, "a binary operation"
    word = "starts with" if item.kind == "starts" else item.kind
    return f"{shown_left} {word} {_shown(right, _priority(right) <= priority)}"


def _priority(item: Item) -> int:
    return 6 if item.steps else _PRIORITY.get(item.kind, 6)


def _step(step: Item) -> str:
    match step.kind:
        case "key":
            return "." + quote(str(step.value))
        case "anykey":
            return ".*"
        case "anyarray":
            return "[*]"
        case "method":
            return f".{step.value}()"
        case "datetime":
            return ".datetime(" + ("" if step.value is None else quote(str(step.value))) + ")"
        case "filter":
            assert step.left is not None, "a filter has a predicate"
            return f"?({_shown(step.left, False)})"
        case "any":
            return ".**" + _level_text(step.value)
    assert isinstance(step.value, tuple), "subscripts"
    ranges = [_shown(low, False) + ("" if high is None else f" to {_shown(high, False)}") for low, high in step.value]
    return "[" + ",".join(ranges) + "]"


def _level_text(levels: object) -> str:
    if levels == (0, -1):
        return ""
    assert isinstance(levels, tuple), "two levels"
    first, last = ("last" if level < 0 else str(level) for level in levels)
    return "{" + (first if first == last else f"{first} to {last}") + "}"
