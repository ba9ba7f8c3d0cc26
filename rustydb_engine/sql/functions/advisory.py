"""Advisory locks and notifications: pg_advisory_lock and kin, pg_notify, pg_listening_channels.

A key is one bigint or two integers; the two kinds never meet. What takes a lock and may have to wait is written into the generated
code (exec/runtime.py, `advisory_lock`); the functions here are what is called in places where generated code cannot wait.

Source: PostgreSQL 15, tables 9.94 and 9.76 (advisory locks), section 9.26; src/backend/utils/adt/lockfuncs.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import function

Key = tuple[int, int, int]
UNSIGNED = 0xFFFF_FFFF
CHANNEL_BYTES_MAX = 63
PAYLOAD_BYTES_MAX = 7999


def lock_key(*keys: int) -> Key:
    """Return a key as pg_locks shows it: classid, objid, objsubid."""
    if len(keys) == 1:
        return keys[0] >> 32 & UNSIGNED, keys[0] & UNSIGNED, 1
    return keys[0] & UNSIGNED, keys[1] & UNSIGNED, 2


def lock_name(shared: bool, transaction: bool) -> str:
    """Return the name of the function that waits for such a lock."""
    return f"pg_advisory{'_xact' if transaction else ''}_lock{'_shared' if shared else ''}"


WAITING_LOCKS = {lock_name(shared, whole): (shared, whole) for shared in (False, True) for whole in (False, True)}
"""The functions that wait: (shared, for the transaction)."""


def _declare(name: str, result: str, oids: tuple[int, int], made: Callable[..., object]) -> None:
    for keys, oid in zip(("int8", "int4, int4"), oids, strict=True):
        function(f"{name}({keys}) -> {result}", oid=oid, volatility="v", context=True)(made)


def _taker(shared: bool, transaction: bool, tries: bool) -> Callable[..., object]:
    def take(context: EvalContext, *keys: int) -> object:
        taken = context.advisory_try(lock_key(*keys), shared, transaction)
        if tries:
            return taken
        if not taken:
            raise not_supported("waiting for an advisory lock in this place")
        return ""

    return take


def _releaser(shared: bool) -> Callable[..., object]:
    return lambda context, *keys: context.advisory_unlock(lock_key(*keys), shared)


for _shared, _transaction, _oids, _try_oids in (
    (False, False, (2880, 2886), (2882, 2888)),
    (True, False, (2881, 2887), (2883, 2889)),
    (False, True, (3089, 3093), (3091, 3095)),
    (True, True, (3090, 3094), (3092, 3096)),
):
    _name = lock_name(_shared, _transaction)
    _declare(_name, "void", _oids, _taker(_shared, _transaction, False))
    _declare(_name.replace("pg_", "pg_try_"), "bool", _try_oids, _taker(_shared, _transaction, True))
_declare("pg_advisory_unlock", "bool", (2884, 2890), _releaser(False))
_declare("pg_advisory_unlock_shared", "bool", (2885, 2891), _releaser(True))


@function("pg_advisory_unlock_all() -> void", oid=2892, volatility="v", context=True)
def pg_advisory_unlock_all(context: EvalContext) -> str:
    context.advisory_unlock_all()
    return ""


# ---------------------------------------------------------------- notifications


def check_notification(channel: str, payload: str) -> None:
    """Raise 22023 for a channel or a payload that is too long, or for no channel."""
    if not channel:
        raise SqlError("22023", "channel name cannot be empty")
    if len(channel.encode()) > CHANNEL_BYTES_MAX:
        raise SqlError("22023", "channel name too long")
    if len(payload) > PAYLOAD_BYTES_MAX or len(payload.encode()) > PAYLOAD_BYTES_MAX:
        raise SqlError("22023", "payload string too long")


@function("pg_notify(text, text) -> void", oid=3036, volatility="v", strict=False, context=True)
def pg_notify(context: EvalContext, channel: str | None, payload: str | None) -> str:
    check_notification(channel or "", payload or "")
    context.notify(channel or "", payload or "")
    return ""


@function("pg_listening_channels() -> setof text", oid=3035, volatility="s", context=True)
def pg_listening_channels(context: EvalContext) -> Iterable[str]:
    return context.listening_channels()


@function("pg_notification_queue_usage() -> float8", oid=3296, volatility="v", context=True)
def pg_notification_queue_usage(context: EvalContext) -> float:
    return context.notification_queue_usage()


@function("pg_blocking_pids(int4) -> _int4", oid=2561, volatility="v", context=True)
def pg_blocking_pids(context: EvalContext, process_id: int) -> tuple[int, ...]:
    return tuple(context.blocking_pids(process_id))
