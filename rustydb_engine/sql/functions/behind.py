"""The functions behind operators, by the name that pg_operator gives them (int4pl, texteq, timestamp_mi).

    @behind("textcat", inline="({0} + {1})")
    def textcat(left: str, right: str) -> str:
        return left + right

`operators` joins them with the rows of `operator_table`. One function may stand behind several names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rustydb_engine.sql.functions.registry import Implementation
from rustydb_proto.core.value import value

F = TypeVar("F", bound=Implementation)


@value
class Behind:
    """What computes an operator; the fields mean what they mean in `registry.function`."""

    implementation: Implementation
    inline: str = ""
    context: bool = False
    typed: bool = False
    factory: bool = False


BEHIND: dict[str, Behind] = {}


def behind(
    *names: str, inline: str = "", context: bool = False, typed: bool = False, factory: bool = False
) -> Callable[[F], F]:
    """Declare the decorated function as the one behind operators."""

    def enter(implementation: F) -> F:
        for name in names:
            enter_behind(name, implementation, inline, context, typed, factory)
        return implementation

    return enter


def enter_behind(
    name: str,
    implementation: Implementation,
    inline: str = "",
    context: bool = False,
    typed: bool = False,
    factory: bool = False,
) -> None:
    """Enter a function by name; two of one name are a mistake."""
    assert name not in BEHIND, f"{name} is declared twice"
    BEHIND[name] = Behind(implementation, inline, context, typed, factory)
