"""The `@value` decorator: small records that mypy treats as frozen and that are cheap at run time.

A frozen slots dataclass costs about twice a plain one to create, because its `__init__` goes through
`object.__setattr__`. Records that pass between layers are created by the million, so they are plain
slots classes at run time; `frozen_default=True` makes the type checker refuse assignments, which is
where the immutability is enforced. They compare and hash by their fields.

    @value
    class Now:
        mono_ns: int
        wall_us: int

To the rest of Python they are dataclasses (`fields`, `replace` and `match` work), but they are made here: several hundred
of them are most of the time that it takes to import the server, and `dataclass` takes ten times as long for each. Only
`__init__` is generated source, compiled when the first object is made; the other methods are shared functions.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, field
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

__all__ = ["field", "value"]

# How `dataclasses` marks a plain field (not a ClassVar, not an InitVar); it has had this name since Python 3.7.
_PLAIN = dataclasses._FIELD  # type: ignore[attr-defined]  # private, and checked by a test


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make `cls` a slots dataclass that compares and hashes by its fields; mypy treats it as frozen."""
    columns: dict[str, Field[Any]] = {}
    for base in reversed(cls.__mro__[1:]):
        columns.update(getattr(base, "__dataclass_fields__", {}))
    inherited = set(columns)
    namespace = dict(cls.__dict__)
    own = [name for name, kind in namespace.get("__annotations__", {}).items() if "ClassVar" not in str(kind)]
    # A base without `@value` may announce what its subclasses have (`type: Type` of Expr): that makes no field.
    for name in own:
        default = namespace.pop(name, MISSING)
        one: Field[Any] = default if isinstance(default, Field) else field(default=default)
        one.name = name
        one.type = namespace["__annotations__"][name]
        one._field_type = _PLAIN  # type: ignore[attr-defined]  # see _PLAIN
        columns[name] = one
    for gone in ("__dict__", "__weakref__"):
        namespace.pop(gone, None)
    namespace["__slots__"] = tuple(name for name in own if name not in inherited)
    namespace["__dataclass_fields__"] = columns
    namespace["__match_args__"] = tuple(columns)
    made: type[T] = type(cls)(cls.__name__, cls.__bases__, namespace)  # type: ignore[misc]  # a metaclass is callable
    for method in _methods(made, tuple(columns.values())):
        name = method.__name__
        if namespace.get(name) is None:  # a class that defines __eq__ has None as its __hash__
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
    return made


def _methods(made: type[Any], columns: tuple[Field[Any], ...]) -> tuple[Callable[..., Any], ...]:
    compared = _getter([one.name for one in columns if one.compare])
    shown = [one.name for one in columns if one.repr]

    def __init__(self: object, *args: object, **keywords: object) -> None:
        init = _make_init(columns)
        init.__qualname__ = f"{made.__qualname__}.__init__"
        made.__init__ = init  # the first call puts the real one in its place
        init(self, *args, **keywords)

    def __eq__(self: object, other: object) -> object:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def __hash__(self: object) -> int:
        return hash(compared(self))

    def __repr__(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    return __init__, __eq__, __hash__, __repr__


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
