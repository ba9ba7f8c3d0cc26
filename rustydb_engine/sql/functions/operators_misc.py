"""Operators on the log's positions (pg_lsn).

Source: PostgreSQL 15, section 8.20; src/backend/utils/adt/pg_lsn.c.
"""

from __future__ import annotations

from decimal import Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.behind import behind


def _position(number: Decimal) -> int:
    """Return a number of bytes as a position; 22023 outside of 64 bits."""
    result = int(number)
    if not 0 <= result < 2**64:
        raise SqlError("22023", "pg_lsn out of range")
    return result


def _bytes(number: Decimal, verb: str) -> Decimal:
    if number.is_nan():
        raise SqlError("0A000", f"cannot {verb} NaN {'to' if verb == 'add' else 'from'} pg_lsn")
    return number


@behind("pg_lsn_mi")
def lsn_difference(left: int, right: int) -> Decimal:
    """Return the bytes between two positions."""
    return Decimal(left - right)


@behind("pg_lsn_pli")
def lsn_plus(position: int, number: Decimal) -> int:
    """Move a position forward."""
    return _position(Decimal(position) + _bytes(number, "add"))


@behind("numeric_pl_pg_lsn")
def plus_lsn(number: Decimal, position: int) -> int:
    """Move a position forward."""
    return lsn_plus(position, number)


@behind("pg_lsn_mii")
def lsn_minus(position: int, number: Decimal) -> int:
    """Move a position back."""
    return _position(Decimal(position) - _bytes(number, "subtract"))
