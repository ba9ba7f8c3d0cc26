"""The differential test: the same statements on PostgreSQL 15 and on RustyDB, compared on the wire."""
