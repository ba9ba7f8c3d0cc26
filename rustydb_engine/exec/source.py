"""Python source under construction: pieces of expressions, and functions with their blocks.

`Code` is one compiled expression: its text (an atom, or parenthesised, so that it can be put anywhere) and what is
known of it. `FunctionSource` is a function being written: a prelude (what must run before everything else: parameters,
state, nested functions) and a body with a current indentation.

    fn = FunctionSource("run", ("ctx", "p"))
    with fn.block("for r1 in rows:"):
        fn.line("out.append(r1)")

Limits of CPython that this module knows: 200 nested parentheses, 20 statically nested loops, 100 levels of indentation.
Expressions deeper than `DEPTH_MAX` are moved to functions of their own (see expressions.py), pipelines with more
than `LOOPS_MAX` nested loops are cut by the join code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rustydb_proto.core.value import value

DEPTH_MAX = 24
LOOPS_MAX = 14


@value
class Code:
    """A compiled expression.

    `nullable`: it may give None. `simple`: a name, a constant or a subscript of one; may be evaluated twice. `depth`:
    nesting of parentheses. `waits`: it contains a `yield`. `constant`: it is a literal whose value is `literal`.
    """

    src: str
    nullable: bool = True
    simple: bool = False
    depth: int = 0
    waits: bool = False
    constant: bool = False
    literal: object = None


NULL = Code("None", True, True, 0, False, True, None)
TRUE = Code("True", False, True, 0, False, True, True)
FALSE = Code("False", False, True, 0, False, True, False)


class Names:
    """A source of fresh names, and the globals of the generated module."""

    def __init__(self) -> None:
        self.globals: dict[str, object] = {}
        self._next = 0
        self._known: dict[tuple[str, int], str] = {}

    def fresh(self, prefix: str) -> str:
        """Return a name that nothing else has."""
        self._next += 1
        return f"{prefix}{self._next}"

    def bind(self, prefix: str, thing: object) -> str:
        """Return the global name of a Python object, giving it one."""
        key = (prefix, id(thing))
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = self.fresh(prefix + "_")
            self.globals[name] = thing
        return name


class FunctionSource:
    """One function: `generator` says that its body may yield; `parent` is the function it is nested in."""

    def __init__(
        self, name: str, parameters: tuple[str, ...], generator: bool = False, parent: FunctionSource | None = None
    ) -> None:
        self.name = name
        self.parameters = parameters
        self.generator = generator
        self.parent = parent
        self.prelude: list[str] = []
        self.body: list[str] = []
        self.indent = 1
        self.loops = 0
        self.output: str | None = None
        self.hoisted: dict[str, str] = {}

    def line(self, text: str) -> None:
        """Add a statement at the current indentation."""
        self.body.append("    " * self.indent + text)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Add a compound statement; what is added inside goes into its block."""
        self.line(header)
        loop = header.startswith(("for ", "while ", "try"))
        self.indent += 1
        self.loops += loop
        yield
        self.indent -= 1
        self.loops -= loop

    def first(self, text: str) -> None:
        """Add a statement to the prelude."""
        self.prelude.append("    " + text)

    def nest(self, inner: FunctionSource) -> None:
        """Define `inner` in this function's prelude."""
        self.prelude.extend("    " + line for line in inner.lines())

    def lines(self) -> list[str]:
        """Return the finished function, at indentation 0."""
        head = f"def {self.name}({', '.join(self.parameters)}):"
        lines = [head, *self.prelude, *self.body]
        if self.generator:
            lines.append("    if 0: yield")
        elif len(lines) == 1:
            lines.append("    pass")
        return lines
