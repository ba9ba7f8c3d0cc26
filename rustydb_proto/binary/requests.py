"""The requests of a connection that are not answered yet, on the server: how many, how large, and who may send how much.

`OpenRequests` is the account of the limits that Welcome told (handshake.py), and of credit in both directions. It decides nothing by
itself: the machine asks it whether a request may be opened, whether Rows may be sent, and whether BulkRows were granted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rustydb_proto.binary import messages as m
from rustydb_proto.binary.limits import Limits
from rustydb_proto.core.errors import LocalProtocolError
from rustydb_proto.core.value import value

UNLIMITED: Final = (1 << 62) - 1


@value
class Refusal:
    """Why a request is not accepted."""

    sqlstate: str
    message: str
    hint: str | None = None


class OpenRequest:
    """One request. `credit` counts Rows that may be sent, `upload_left` BulkRows that may come, `batches` the sizes of those here."""

    __slots__ = ("batches", "body_bytes", "credit", "credit_bytes", "upload_left", "uploading")

    def __init__(self, body_bytes: int) -> None:
        self.body_bytes = body_bytes
        self.credit = 0
        self.credit_bytes = UNLIMITED
        self.uploading = False
        self.upload_left = 0
        self.batches: list[int] = []


class OpenRequests:
    """All of them, oldest first."""

    __slots__ = ("_bytes", "_limits", "table")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = 0
        self.table: dict[int, OpenRequest] = {}

    def open(self, request: int, message: Any, size: int) -> Refusal | None:
        """Open a request whose body has `size` bytes, or say why not. One request is taken whatever its size."""
        limits = self._limits
        table = self.table
        if len(table) >= limits.requests_max:
            return Refusal("53400", f"more than {limits.requests_max} requests at once")
        if table and self._bytes + size > limits.requests_bytes_max:
            return Refusal("53400", f"more than {limits.requests_bytes_max} bytes of requests at once")
        check = _CHECKS.get(type(message))
        if check is not None and (refusal := check(limits, message)) is not None:
            return refusal
        opened = table[request] = OpenRequest(size)
        self._bytes += size
        options = getattr(message, "options", None)
        if options is not None:
            opened.credit = options.credit
            opened.credit_bytes = options.credit_bytes or UNLIMITED
        if type(message) is m.BulkInsert and message.more:
            opened.uploading = True
            opened.upload_left = limits.upload_batches
        return None

    def add_rows(self, opened: OpenRequest, message: m.BulkRows, size: int) -> Refusal | None:
        """Account for BulkRows of an upload, or say why not."""
        limit = self._limits.requests_bytes_max
        if not opened.upload_left and message.more:
            return Refusal("08P01", "more BulkRows than were granted")
        if opened.batches and self._bytes + size > limit:
            return Refusal("53400", f"more than {limit} bytes of requests at once")
        refusal = _check_rows(self._limits, message)
        if refusal is None:
            opened.upload_left -= 1
            opened.uploading = message.more
            opened.batches.append(size)
            self._bytes += size
        return refusal

    def grant(self, request: int, batches: int) -> None:
        """Let the client of an upload send more BulkRows; those granted before count as done."""
        opened = self.table.get(request)
        if opened is None:
            raise LocalProtocolError(f"request {request} is not open")
        opened.upload_left += batches
        self._bytes -= sum(opened.batches[:batches])
        del opened.batches[:batches]

    def close(self, request: int) -> bool:
        """Forget a request; return whether it was open."""
        opened = self.table.pop(request, None)
        if opened is None:
            return False
        self._bytes -= opened.body_bytes
        if opened.batches:
            self._bytes -= sum(opened.batches)
        return True

    def clear(self) -> None:
        """Forget all of them."""
        self.table.clear()
        self._bytes = 0


def _too_long(limits: Limits, sql: str) -> Refusal | None:
    limit = limits.sql_bytes_max
    if len(sql) * 4 > limit and (size := len(sql.encode())) > limit:
        return Refusal("54000", f"SQL text of {size} bytes is over the limit of {limit}")
    return None


def _check_sql(limits: Limits, message: Any) -> Refusal | None:
    return _too_long(limits, message.sql)


def _check_batch(limits: Limits, message: Any) -> Refusal | None:
    for statement in message.statements:
        if (refusal := _too_long(limits, statement.sql)) is not None:
            return refusal
    return None


def _check_rows(limits: Limits, message: Any) -> Refusal | None:
    limit = limits.batch_rows_max
    if len(message.rows) > limit:
        return Refusal("54000", f"{len(message.rows)} rows in one message are over the limit of {limit}")
    return None


_CHECKS: Final[Mapping[type, Callable[[Limits, Any], Refusal | None]]] = {
    m.Query: _check_sql,
    m.Execute: _check_sql,
    m.Prepare: _check_sql,
    m.Batch: _check_batch,
    m.BulkInsert: _check_rows,
}
