"""The options of a pool, and the numbers it keeps: A's PoolConfig and PoolStatistics, as far as they concern a client.

Times are seconds; None switches a limit off. `pool_options(max_size=20)` checks each value and how they go together; its errors
name the option, the value and what is allowed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from rustydb.options import OptionError


@dataclass(frozen=True)
class PoolOptions:
    """Sizes, times and habits of a pool."""

    min_size: int = 5
    """Connections that are kept even when nobody needs them."""
    max_size: int = 100
    """Connections at most."""
    initial_size: int = 10
    """Connections that are made when the pool opens."""
    acquire_timeout: float = 30.0
    """Seconds that `acquire` waits: then PoolTimeout."""
    max_lifetime: float | None = 3600.0
    """Seconds after which a connection is replaced, up to a tenth earlier so that not all end at once."""
    idle_timeout: float | None = 600.0
    """Seconds after which an idle connection beyond `min_size` is closed."""
    validate_on_acquire: bool = True
    """Ping a connection before it is handed out."""
    validate_on_release: bool = False
    """Ping a connection when it comes back."""
    validation_timeout: float = 5.0
    """Seconds that a ping may take."""
    max_wait_queue_size: int = 1000
    """Waiters at most: one more gets PoolExhausted."""
    fair_queue: bool = True
    """First come, first served; otherwise by the `priority` of `acquire`, with waiters overdue served before all."""
    creation_throttle: float | None = 10.0
    """Connections made a second at most, after a burst of as many."""
    maintenance_interval: float = 30.0
    """Seconds between looks at idle connections and leaks."""
    statement_cache_size: int = 100
    """Prepared statements that each connection keeps."""
    leak_detection_threshold: float | None = 300.0
    """Seconds after which a connection that is still out is reported as leaked."""


_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "min_size": (0, 100_000),
    "max_size": (1, 100_000),
    "initial_size": (0, 100_000),
    "acquire_timeout": (0, 86_400),
    "max_lifetime": (0.001, 1e9),
    "idle_timeout": (0.001, 1e9),
    "validation_timeout": (0.001, 86_400),
    "max_wait_queue_size": (0, 10_000_000),
    "creation_throttle": (0.001, 1e6),
    "maintenance_interval": (0.001, 86_400),
    "statement_cache_size": (0, 100_000),
    "leak_detection_threshold": (0.001, 1e9),
}
_OPTIONAL: Final = ("max_lifetime", "idle_timeout", "creation_throttle", "leak_detection_threshold")
NAMES: Final = tuple(field.name for field in fields(PoolOptions))


def pool_options(**given: object) -> PoolOptions:
    """Return checked options. `min_size` and `initial_size` shrink to a smaller `max_size` unless they were given."""
    for name, value in given.items():
        if name not in NAMES:
            raise OptionError(f'unknown pool option "{name}"; known are {", ".join(NAMES)}')
        _check(name, value)
    values: dict[str, object] = {field.name: field.default for field in fields(PoolOptions)}
    values.update(given)
    maximum, minimum, initial = (values[name] for name in ("max_size", "min_size", "initial_size"))
    assert isinstance(maximum, int) and isinstance(minimum, int) and isinstance(initial, int), "checked above"
    if "min_size" not in given:
        values["min_size"] = minimum = min(minimum, maximum)
    if "initial_size" not in given:
        values["initial_size"] = initial = max(min(initial, maximum), minimum)
    if minimum > maximum:
        raise OptionError(f"min_size: {minimum} is more than max_size, which is {maximum}")
    if initial > maximum:
        raise OptionError(f"initial_size: {initial} is more than max_size, which is {maximum}")
    return PoolOptions(**values)  # type: ignore[arg-type]  # each value was checked


def _check(name: str, value: object) -> None:
    if value is None and name in _OPTIONAL:
        return
    bounds = _BOUNDS.get(name)
    if bounds is None:
        if not isinstance(value, bool):
            raise OptionError(f"{name}: {value!r} is neither True nor False")
        return
    kinds: tuple[type, ...] = (int,) if "size" in name else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not bounds[0] <= value <= bounds[1]:  # type: ignore[operator]
        noun = "a whole number" if "size" in name else "a number"
        also = ", or None" if name in _OPTIONAL else ""
        raise OptionError(f"{name}: {value!r} is not {noun} from {bounds[0]:g} to {bounds[1]:g}{also}")


@dataclass(frozen=True)
class PoolStatistics:
    """What a pool has done and has now. Times are milliseconds where the name says so."""

    total_connections: int
    idle_connections: int
    active_connections: int
    creating_connections: int
    total_acquisitions: int
    successful_acquisitions: int
    failed_acquisitions: int
    timeout_acquisitions: int
    avg_acquire_time_ms: float
    max_acquire_time_ms: float
    avg_connection_lifetime_ms: float
    current_waiters: int
    max_waiters: int
    connections_created: int
    connections_closed: int
    connection_errors: int
    validation_failures: int
    leaked_connections: int

    def as_dict(self) -> dict[str, int | float]:
        """Return the numbers by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def json(self) -> str:
        """Return the numbers as a JSON object."""
        return json.dumps(self.as_dict())

    def prometheus(self, prefix: str = "rustydb_pool") -> str:
        """Return the numbers in Prometheus' text format: totals are counters, the others gauges."""
        lines = []
        for name, number in self.as_dict().items():
            counter = name.startswith("total_acq") or name.endswith(
                ("_acquisitions", "_created", "_closed", "_errors", "_failures")
            )
            metric = f"{prefix}_{name}"
            lines += [f"# TYPE {metric} {'counter' if counter else 'gauge'}", f"{metric} {number}"]
        return "\n".join(lines) + "\n"
