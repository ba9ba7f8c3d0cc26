"""An EvalContext with fixed times and names for tests of functions that ask for their surroundings."""

from __future__ import annotations

import hashlib

from rustydb_engine.catalog.bootstrap import fresh_catalog
from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.errors import SqlError
from rustydb_engine.values.forms import DEFAULT_FORMS, Forms
from rustydb_proto.core.entropy import Entropy

NOON = 725_889_600_000_000
"""2023-01-01 12:00:00 UTC in microseconds since 2000-01-01."""


class FixedContext:
    """What functions see in tests: user alice in database app, a transaction that began at noon."""

    def __init__(self, forms: Forms = DEFAULT_FORMS, catalog: Catalog | None = None) -> None:
        self.forms = forms
        self.catalog = catalog or fresh_catalog("app")
        self.entropy = Entropy(b"\0" * 32)
        self.transaction_time = NOON
        self.statement_time = NOON + 1_000_000
        self.clock_time = NOON + 2_000_000
        self.user = "alice"
        self.session_user = "alice"
        self.database = "app"
        self.search_path: tuple[str, ...] = ("public",)
        self.process_id = 4242
        self.settings = {"server_version": "15.13", "search_path": '"$user", public', "TimeZone": "UTC"}
        self.sequences: dict[int, tuple[int, bool]] = {}
        self.last: int | None = None
        self.taken: set[tuple[int, int, int]] = {(1, 2, 2)}
        self.notified: list[tuple[str, str]] = []

    def setting(self, name: str) -> str | None:
        return {key.lower(): text for key, text in self.settings.items()}.get(name.lower())

    def set_setting(self, name: str, text: str, local: bool) -> str:
        self.settings[name] = text
        return text

    def set_seed(self, seed: float) -> None:
        self.entropy = Entropy(hashlib.sha256(repr(seed).encode()).digest())

    def nextval(self, sequence_oid: int) -> int:
        number, called = self.sequences.get(sequence_oid, (1, False))
        number += called
        self.sequences[sequence_oid] = (number, True)
        self.last = number
        return number

    def currval(self, sequence_oid: int) -> int:
        if sequence_oid not in self.sequences:
            raise SqlError("55000", "currval of the sequence is not yet defined in this session")
        return self.sequences[sequence_oid][0]

    def setval(self, sequence_oid: int, number: int, called: bool) -> int:
        self.sequences[sequence_oid] = (number, called)
        return number

    def lastval(self) -> int:
        if self.last is None:
            raise SqlError("55000", "lastval is not yet defined in this session")
        return self.last

    def sequence_row(self, sequence_oid: int) -> tuple[int, int, bool]:
        return 1, 0, False

    def sequence_last(self, sequence_oid: int) -> int | None:
        number, called = self.sequences.get(sequence_oid, (1, False))
        return number if called else None

    def current_row(self, cursor: str, table_oid: int) -> int | None:
        return None

    def advisory_try(self, key: tuple[int, int, int], shared: bool, transaction: bool) -> bool:
        return key not in self.taken

    def advisory_unlock(self, key: tuple[int, int, int], shared: bool) -> bool:
        return key in self.taken

    def advisory_unlock_all(self) -> None:
        self.taken.clear()

    def notify(self, channel: str, payload: str) -> None:
        self.notified.append((channel, payload))

    def listening_channels(self) -> list[str]:
        return ["a", "b"]

    def notification_queue_usage(self) -> float:
        return 0.25

    def blocking_pids(self, process_id: int) -> list[int]:
        return [process_id + 1]

    def cancel(self, process_id: int, terminate: bool = False) -> bool:
        return process_id == self.process_id

    def transaction_id(self) -> int:
        return 735

    def relation_bytes(self, relation_oid: int) -> int:
        return 8192

    def statement_rows(self, sql: str) -> list[tuple[object, ...]]:
        return []

    def deparse(self, kind: str, oid: int, part: int = 0, pretty: bool = False) -> str | None:
        return f"{kind} of {oid}"

    def expression_text(self, text: str, relation_oid: int, pretty: bool) -> str:
        return text

    def activity(self) -> list[dict[str, object]]:
        return []
