"""The `@value` decorator: small records that mypy treats as frozen and that are cheap at run time.

A frozen slots dataclass costs about twice a plain one to create, because its `__init__` goes through
`object.__setattr__`. Records that pass between layers are created by the million, so they are plain
slots dataclasses at run time; `frozen_default=True` makes the type checker refuse assignments, which is
where the immutability is enforced. They compare and hash by their fields.

    @value
    class Now:
        mono_ns: int
        wall_us: int

They are dataclasses (`fields` and `replace` work), but only `__init__` is generated source: the other methods are
shared functions over attrgetters, since compiling four methods for each of several hundred classes was most
of the time it took to import the server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

__all__ = ["field", "value"]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make `cls` a slots dataclass that compares and hashes by its fields; mypy treats it as frozen."""
    made = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    columns = fields(made)  # type: ignore[arg-type]  # T became a dataclass in the line above
    compared = _getter([one.name for one in columns if one.compare])
    shown = [one.name for one in columns if one.repr]

    def __eq__(self: T, other: object) -> object:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def __hash__(self: T) -> int:
        return hash(compared(self))

    def __repr__(self: T) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    for method in (_make_init(columns), __eq__, __hash__, __repr__):
        name = method.__name__
        if cls.__dict__.get(name) is None:  # a class that defines __eq__ has None as its __hash__
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
    return made


def _getter(names: list[str]) -> Callable[[object], object]:
    """Return a function from an object to its attributes, comparable and hashable as a whole."""
    return attrgetter(*names) if names else lambda subject: ()


def _make_init(columns: tuple[Field[Any], ...]) -> Callable[..., None]:
    """Compile `__init__`: one parameter and one assignment for each field."""
    namespace: dict[str, Any] = {"MISSING": MISSING}
    parameters = []
    body = []
    for one in columns:
        name = one.name
        if one.default is not MISSING:
            namespace[f"default_{name}"] = one.default
            parameters.append(f"{name}=default_{name}")
        elif one.default_factory is not MISSING:
            namespace[f"factory_{name}"] = one.default_factory
            parameters.append(f"{name}=MISSING")
            body.append(f" self.{name} = factory_{name}() if {name} is MISSING else {name}")
            continue
        else:
            parameters.append(name)
        body.append(f" self.{name} = {name}")
    source = f"def __init__(self, {', '.join(parameters)}):\n" + ("\n".join(body) or " pass")
    exec(source, namespace)
    init: Callable[..., None] = namespace["__init__"]
    return init
