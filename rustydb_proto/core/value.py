"""The `@value` decorator: small records that mypy treats as frozen and that are cheap at run time.

A frozen slots dataclass costs about twice a plain one to create, because its `__init__` goes through
`object.__setattr__`. Records that pass between layers are created by the million, so they are plain
slots dataclasses at run time; `frozen_default=True` makes the type checker refuse assignments, which is
where the immutability is enforced. They compare and hash by their fields.

    @value
    class Now:
        mono_ns: int
        wall_us: int
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")

__all__ = ["field", "value"]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make `cls` a slots dataclass that compares and hashes by its fields; mypy treats it as frozen."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
