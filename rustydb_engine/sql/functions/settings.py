"""Server settings, encodings and state of the server: current_setting, set_config, pg_is_in_recovery and kin.

Source: PostgreSQL 15, sections 9.26 and 9.27.
"""

from __future__ import annotations

from collections.abc import Iterable

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql.functions.binary import ENCODINGS, encoding_named
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.sql.keywords import BARE_LABEL, CATEGORY

UTF8 = 6

# ---------------------------------------------------------------- parameters


@function("current_setting(text) -> text", oid=2077, volatility="s", context=True)
def current_setting(context: EvalContext, name: str) -> str:
    text = context.setting(name)
    if text is None:
        raise SqlError("42704", f'unrecognized configuration parameter "{name}"')
    return text


@function("current_setting(text, bool) -> text", oid=3294, volatility="s", context=True)
def current_setting_missing(context: EvalContext, name: str, missing_ok: bool) -> str | None:
    return context.setting(name) if missing_ok else current_setting(context, name)


@function("set_config(text, text, bool) -> text", oid=2078, volatility="v", strict=False, context=True)
def set_config(context: EvalContext, name: str | None, text: str | None, local: bool | None) -> str:
    if name is None:
        raise SqlError("22004", "SET requires parameter name")
    return context.set_setting(name, text or "", bool(local))


# ---------------------------------------------------------------- encodings


@function("getdatabaseencoding() -> name", oid=1039, volatility="s")
def getdatabaseencoding() -> str:
    return ENCODINGS[UTF8]


@function("pg_client_encoding() -> name", oid=810, volatility="s", context=True)
def pg_client_encoding(context: EvalContext) -> str:
    return context.setting("client_encoding") or ENCODINGS[UTF8]


@function("pg_encoding_to_char(int4) -> name", oid=1597, volatility="s")
def pg_encoding_to_char(number: int) -> str:
    return ENCODINGS[number] if 0 <= number < len(ENCODINGS) else ""


@function("pg_char_to_encoding(name) -> int4", oid=1264, volatility="s")
def pg_char_to_encoding(name: str) -> int:
    found = encoding_named(name)
    return -1 if found is None else ENCODINGS.index(found)


@function("pg_encoding_max_length(int4) -> int4", oid=2319)
def pg_encoding_max_length(number: int) -> int | None:
    if not 0 <= number < len(ENCODINGS):
        return None
    wide = {"EUC_JP": 3, "EUC_CN": 3, "EUC_KR": 3, "EUC_TW": 4, "EUC_JIS_2004": 3, "UTF8": 4, "MULE_INTERNAL": 4}
    wide |= {"SJIS": 2, "BIG5": 2, "GBK": 2, "UHC": 2, "GB18030": 4, "JOHAB": 3, "SHIFT_JIS_2004": 2}
    return wide.get(ENCODINGS[number], 1)


# ---------------------------------------------------------------- the server


@function("pg_is_in_recovery() -> bool", oid=3810, volatility="v")
def pg_is_in_recovery() -> bool:
    return False


@function("pg_jit_available() -> bool", oid=315, volatility="v")
def pg_jit_available() -> bool:
    return False


@function("pg_trigger_depth() -> int4", oid=3163, volatility="s")
def pg_trigger_depth() -> int:
    return 0


@function("pg_postmaster_start_time() -> timestamptz", oid=2560, volatility="s", context=True)
@function("pg_conf_load_time() -> timestamptz", oid=2034, volatility="s", context=True)
def pg_postmaster_start_time(context: EvalContext) -> int:
    started = getattr(context, "start_time", None)
    if not isinstance(started, int):
        raise not_supported("the start time of the server in this place")
    return started


@function("txid_current() -> int8", oid=2943, volatility="s", context=True)
@function("txid_current_if_assigned() -> int8", oid=3348, volatility="s", context=True)
@function("pg_current_xact_id_if_assigned() -> xid8", oid=5060, volatility="s", context=True)
@function("pg_current_xact_id() -> xid8", oid=5059, volatility="s", context=True)
def txid_current(context: EvalContext) -> int:
    return context.transaction_id()


@function("pg_cancel_backend(int4) -> bool", oid=2171, volatility="v", context=True)
def pg_cancel_backend(context: EvalContext, process_id: int) -> bool:
    return context.cancel(process_id)


@function("pg_terminate_backend(pid int4, timeout int8) -> bool", oid=2096, volatility="v", context=True, defaults=(0,))
def pg_terminate_backend(context: EvalContext, process_id: int, timeout: int) -> bool:
    return context.cancel(process_id, True)


_CATEGORIES = {
    "U": "unreserved",
    "C": "unreserved (cannot be function or type name)",
    "T": "reserved (can be function or type name)",
    "R": "reserved",
}


@function(
    "pg_get_keywords() -> setof record", oid=1686, volatility="s",
    columns=(("word", "text"), ("catcode", "char"), ("barelabel", "bool"), ("catdesc", "text"), ("baredesc", "text")),
)  # fmt: skip
def pg_get_keywords() -> Iterable[tuple[str, str, bool, str, str]]:
    for word in sorted(CATEGORY):
        bare = BARE_LABEL[word]
        code = CATEGORY[word]
        yield word, code, bare, _CATEGORIES[code], "can be bare label" if bare else "requires AS"


# ---------------------------------------------------------------- snapshots


@function("pg_export_snapshot() -> text", oid=3809, volatility="v")
def pg_export_snapshot() -> str:
    raise not_supported("exporting a snapshot")
