"""Transactions, snapshots and locks."""
