"""A session's configuration parameters: defaults, SET, SET LOCAL, RESET, and what a rollback takes back.

`_session` holds what SET chose, `_local` what SET LOCAL chose for this transaction; a value is looked up in the local,
then the session, then the startup layer, then the defaults. A transaction or savepoint saves both layers before the first
change inside it, so that rolling back restores them.

    settings.set("TimeZone", "europe/paris"); settings.show("timezone")     # Europe/Paris
    settings.take_reports()                                                 # [("TimeZone", "Europe/Paris")]

Source: PostgreSQL 15, SET, RESET, and section 55.2.7 for the parameters that are reported.
"""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from rustydb_engine.errors import SqlError
from rustydb_engine.session.parameters import HIDDEN, PARAMETERS, REPORTED, Parameter, canonical, in_own_unit
from rustydb_engine.values.forms import Forms

_CUSTOM = re.compile(r"[a-zA-Z_][a-zA-Z0-9_$]*(\.[a-zA-Z_][a-zA-Z0-9_$]*)+$")
_OFFSET = re.compile(r"(?:[A-Za-z]{3,}|<[^<>]+>)?([-+]?)(\d+)(?::(\d+))?$")
_FORMS = frozenset(("timezone", "datestyle", "intervalstyle", "extra_float_digits", "bytea_output"))
CUSTOM_MAX = 1_000

Layer = dict[str, str]


def zone_of(name: str) -> tzinfo:
    """Return the tzinfo of a canonical TimeZone value."""
    match = _OFFSET.match(name)
    if match is None:
        return ZoneInfo(name)
    sign, hours, minutes = match.groups()
    west = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(west if sign == "-" else -west)


class Settings:
    """One session's parameters. `startup` are the client's startup parameters, already checked by `set_startup`."""

    __slots__ = ("_local", "_reported", "_saved", "_session", "_startup", "forms", "version")

    def __init__(self, user: str) -> None:
        self._startup: Layer = {"session_authorization": user}
        self._session: Layer = {}
        self._local: Layer = {}
        self._saved: list[tuple[Layer, Layer] | None] = []
        self.forms = Forms()
        self.version = 0
        self._reported = {name: self.show(name) for name in REPORTED}

    def show(self, name: str) -> str:
        """Return a parameter's value as SHOW prints it; 42704 when there is no such parameter."""
        key = name.lower()
        for layer in (self._local, self._session, self._startup):
            if key in layer:
                return layer[key]
        parameter = PARAMETERS.get(key)
        if parameter is None:
            raise _unknown(name)
        return parameter.default

    def known(self, name: str) -> bool:
        """Return whether `show` would find the parameter."""
        key = name.lower()
        return key in PARAMETERS or any(key in layer for layer in (self._local, self._session, self._startup))

    def raw(self, name: str) -> str:
        """Return a parameter's value in its own unit, as pg_settings shows it."""
        parameter = PARAMETERS.get(name.lower())
        shown = self.show(name)
        return shown if parameter is None else in_own_unit(parameter, shown)

    def reset_value(self, name: str) -> str:
        """Return what RESET would give."""
        key = name.lower()
        parameter = PARAMETERS.get(key)
        return self._startup.get(key, parameter.default if parameter else "")

    def preset(self, name: str, text: str) -> None:
        """Give a parameter the value that this server has: what RESET returns to, too."""
        assert name in PARAMETERS, f"{name} is in the table"
        self._startup[name] = text

    def set_startup(self, name: str, text: str) -> None:
        """Set a parameter from the startup packet: it becomes what RESET returns to."""
        key = name.lower()
        self._startup[key] = self._checked(name, text)
        self._changed(key)

    def set(self, name: str, text: str | None, local: bool = False) -> str:
        """Set a parameter (None: to its default) and return its canonical text."""
        key = name.lower()
        shown = self.reset_value(key) if text is None and self._settable(name) else self._checked(name, text or "")
        self._before_change()
        if local:
            self._local[key] = shown
        else:
            self._session[key] = shown
            self._local.pop(key, None)
        self._changed(key)
        return shown

    def reset_all(self) -> None:
        """RESET ALL: every parameter returns to its startup value, but for the transaction's own and the role."""
        keep = (
            "transaction_isolation",
            "transaction_read_only",
            "transaction_deferrable",
            "session_authorization",
            "role",
        )
        self._before_change()
        for layer in (self._session, self._local):
            for key in [key for key in layer if key not in keep]:
                del layer[key]
        self._refresh()

    def items(self) -> list[tuple[Parameter, str]]:
        """Return every parameter that SHOW ALL lists, with its value, by name."""
        rows = [(p, self.show(key)) for key, p in PARAMETERS.items() if key not in HIDDEN]
        custom = {key for layer in (self._startup, self._session, self._local) for key in layer if "." in key}
        rows += [
            (Parameter(key, "string", "", "user", "", "", "", (), "Customized Options", ""), self.show(key))
            for key in custom
        ]
        return sorted(rows, key=lambda row: row[0].name.lower())

    # ---- transactions

    def save(self) -> None:
        """Remember the values at the start of a transaction or savepoint."""
        self._saved.append(None)

    def depth(self) -> int:
        """Return how many saves are open."""
        return len(self._saved)

    def release(self, depth: int) -> None:
        """Forget saves above `depth`, keeping the values."""
        del self._saved[depth:]

    def restore(self, depth: int) -> None:
        """Return to the values of the save numbered `depth` and forget it and those above."""
        saved = self._saved[depth]
        del self._saved[depth:]
        if saved is not None:
            self._session, self._local = saved
            self._refresh()

    def end_transaction(self) -> None:
        """Drop what SET LOCAL chose."""
        self._saved.clear()
        if self._local:
            self._local = {}
            self._refresh()

    # ---- changes

    def adopt(self, other: Settings) -> None:
        """Take over what another session of the same client has chosen (but not its SET LOCAL)."""
        self._startup = dict(other._startup)
        self._session = dict(other._session)
        self._refresh()

    def take_reports(self) -> list[tuple[str, str]]:
        """Return the reported parameters whose value changed since the last call, with PostgreSQL's names."""
        changes = []
        for key, before in self._reported.items():
            now = self.show(key)
            if now != before:
                self._reported[key] = now
                changes.append((PARAMETERS[key].name, now))
        return changes

    def reported(self) -> dict[str, str]:
        """Return every reported parameter, for the start of the session."""
        self._reported = {key: self.show(key) for key in REPORTED}
        return {PARAMETERS[key].name: text for key, text in self._reported.items()}

    def _settable(self, name: str) -> bool:
        key = name.lower()
        parameter = PARAMETERS.get(key)
        if parameter is None:
            if not _CUSTOM.match(name):
                raise _unknown(name)
            return True
        if parameter.context == "internal":
            raise SqlError("55P02", f'parameter "{parameter.name}" cannot be changed')
        if parameter.context == "postmaster":
            raise SqlError("55P02", f'parameter "{parameter.name}" cannot be changed without restarting the server')
        if parameter.context == "sighup":
            raise SqlError("55P02", f'parameter "{parameter.name}" cannot be changed now')
        return True

    def _checked(self, name: str, text: str) -> str:
        self._settable(name)
        parameter = PARAMETERS.get(name.lower())
        if parameter is None:
            custom = sum("." in key for key in self._session)
            if custom >= CUSTOM_MAX and name.lower() not in self._session:
                raise SqlError("54000", f"too many custom parameters: the limit is {CUSTOM_MAX}")
            return text
        return canonical(parameter, text, self.show(name))

    def _before_change(self) -> None:
        """Make the saves that nothing has happened since: they are all as things are now."""
        saved = self._saved
        for depth in range(len(saved) - 1, -1, -1):
            if saved[depth] is not None:
                break
            saved[depth] = dict(self._session), dict(self._local)

    def _changed(self, key: str) -> None:
        self.version += 1
        if key in _FORMS:
            self._make_forms()

    def _refresh(self) -> None:
        self.version += 1
        self._make_forms()

    def _make_forms(self) -> None:
        zone = self.show("timezone")
        style, order = self.show("datestyle").split(", ")
        self.forms = Forms(
            zone_of(zone), zone, style, order, self.show("intervalstyle"),
            int(self.show("extra_float_digits")), self.show("bytea_output"),
        )  # fmt: skip


def _unknown(name: str) -> SqlError:
    return SqlError("42704", f'unrecognized configuration parameter "{name}"')
