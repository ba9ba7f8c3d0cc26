"""Fixtures of the protocol tests."""

from pg_oracle import oracle

__all__ = ["oracle"]
