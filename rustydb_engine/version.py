"""The version that the server reports: PostgreSQL's, so that clients send what PostgreSQL 15 answers, and our own."""

from __future__ import annotations

SERVER_VERSION = "15.13"
SERVER_VERSION_NUM = 150013
RUSTYDB_VERSION = "0.1.0"
