"""How programs ask: one query at a time, with a word on which refusals are to be expected."""

from __future__ import annotations

from collections.abc import Generator

from rustydb_proto.pg.client_messages import Query
from rustydb_sim.answers import Reply
from rustydb_sim.client import Ask
from rustydb_sim.history import Violation

# Refusals that are no fault of the node: deadlock, serialization, cancel or timeout, lock timeout, full disk.
MAY_REFUSE = frozenset({"40P01", "40001", "57014", "55P03", "53100"})

Steps = Generator[Ask, list[Reply], None]
Query1 = Generator[Ask, list[Reply], Reply]


class Refused(Exception):
    """A statement failed in a way that a client must expect."""


def say(sql: str, statements: int = 1, **more: object) -> Query1:
    """Ask one simple query and return its reply, whatever it is."""
    replies = yield Ask((Query(sql),), statements, **more)  # type: ignore[arg-type]  # the fields of Ask
    return replies[0]


def checked(reply: Reply, allowed: frozenset[str] = MAY_REFUSE) -> Reply:
    """Return a reply that is no error; Refused for one that may be, Violation for others."""
    if reply.error is None:
        return reply
    if reply.sqlstate not in allowed:
        raise Violation(f"unexpected error {dict(reply.error.fields)}")
    raise Refused(reply.sqlstate)


def do(sql: str) -> Query1:
    """Ask one simple query; Refused when it fails in an expected way."""
    return checked((yield from say(sql)))


def expect(what: bool, text: str) -> None:
    """Raise Violation with `text` unless `what`."""
    if not what:
        raise Violation(text)
