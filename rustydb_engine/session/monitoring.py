"""What sessions show of each other: pg_locks, pg_stat_activity, pg_blocking_pids.

The locks are those that exist here: every transaction holds its virtual id, one that writes its transaction id (others wait for
it by asking for a share of that), and there are locks of tables and advisory locks. Wait events are PostgreSQL's where a wait
of ours is one of its: a client, a lock, the log's disk, pg_sleep.

Source: PostgreSQL 15, 54.12 (pg_locks), 28.2.3 (pg_stat_activity) and table 28.4 (wait events).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rustydb_engine.txn import advisory
from rustydb_engine.txn.locks import MODE_NAMES, WEAK
from rustydb_engine.txn.transaction import Transaction

if TYPE_CHECKING:
    from rustydb_engine.storage.database import Database

Record = dict[str, object]
DATABASE_OID: Final = 5


def lock_rows(database: Database) -> list[Record]:
    """Return the rows of pg_locks."""
    manager = database.manager
    rows: list[Record] = []
    for txn, table, mode, granted in manager.locks.held():
        if table > 0:  # below are names that are about to be taken
            row = _row(txn.process_id, txn, "relation", MODE_NAMES[mode], granted, bool(1 << mode & WEAK))
            row.update(database=DATABASE_OID, relation=table)
            rows.append(row)
    transactions = list(manager.active.values())
    for txn in transactions:
        row = _row(txn.process_id, txn, "virtualxid", "ExclusiveLock", True, True)
        row["virtualxid"] = _virtual(txn)
        rows.append(row)
        if txn.writes or txn.catalog is not None or txn.row_locks or txn.structural:
            row = _row(txn.process_id, txn, "transactionid", "ExclusiveLock", True, False)
            row["transactionid"] = txn.xid
            rows.append(row)
        if txn.waits_for and not txn.waiting:
            row = _row(txn.process_id, txn, "transactionid", "ShareLock", False, False)
            row["transactionid"] = txn.waits_for[0].xid
            rows.append(row)
    by_session = {txn.process_id: txn for txn in transactions}
    for holder, (class_id, object_id, part), mode, granted in manager.advisory.held():
        pid = holder.process_id
        row = _row(pid, by_session.get(pid), "advisory", advisory.MODE_NAMES[mode], granted, False)
        row.update(database=DATABASE_OID, classid=class_id, objid=object_id, objsubid=part)
        rows.append(row)
    for row in rows:
        waiter = by_session.get(int(str(row["pid"])))
        if not row["granted"] and waiter is not None:
            row["waitstart"] = manager.wait_starts.get(waiter.xid)
    return rows


def _row(pid: int, txn: Transaction | None, kind: str, mode: str, granted: bool, fast: bool) -> Record:
    virtual = _virtual(txn) if txn is not None else f"{pid}/0"
    row: Record = {"locktype": kind, "virtualtransaction": virtual, "pid": pid, "mode": mode, "granted": granted}
    row["fastpath"] = fast and granted
    return row


def _virtual(txn: Transaction) -> str:
    return f"{txn.process_id}/{txn.xid}"


def blocking_pids(database: Database, process_id: int) -> list[int]:
    """Return the process ids of the sessions that a session waits for."""
    found: dict[int, None] = {}
    for txn in database.manager.active.values():
        if txn.process_id == process_id:
            found.update(dict.fromkeys(blocker.process_id for blocker in txn.waits_for))
    return list(found)


def activity_rows(database: Database, name: str, sessions: list[Record]) -> list[Record]:
    """Return the rows of pg_stat_activity from the node's records of sessions; `name` is the database's."""
    waiting = {txn.process_id: txn for txn in database.manager.active.values()}
    rows: list[Record] = []
    for entry in sessions:
        row = dict(entry)
        row.pop("tls")
        host, _, port = str(row.pop("client")).rpartition(":")
        txn = waiting.get(int(str(row["pid"])))
        kind, event = _wait_event(str(row.pop("wait")), str(row["state"]), txn)
        row.update(
            usename=row.pop("user"),
            datname=name,
            client_addr=host.strip("[]") or None,
            client_port=int(port) if port.isdigit() else None,
            state_change=row["query_start"],
            wait_event_type=kind,
            wait_event=event,
            backend_xid=txn.xid if txn is not None and txn.writes else None,
            backend_type="client backend",
        )
        rows.append(row)
    return rows


def tls_rows(sessions: list[Record]) -> list[Record]:
    """Return the rows of pg_stat_ssl from the node's records of sessions."""
    rows: list[Record] = []
    for entry in sessions:
        fields = entry["tls"]
        assert isinstance(fields, dict), "the node says so"
        rows.append({"pid": entry["pid"], **fields})
    return rows


def _wait_event(wait: str, state: str, txn: Transaction | None) -> tuple[str | None, str | None]:
    if wait == "WaitFor":
        target = txn.waiting if txn is not None else ""
        if "advisory" in target:
            return "Lock", "advisory"
        return "Lock", "relation" if target else "transactionid"
    if wait == "WaitDurable":
        return "IO", "WALSync"
    if wait == "WaitUntil":
        return "Timeout", "PgSleep"
    return ("Client", "ClientRead") if state != "active" else (None, None)
