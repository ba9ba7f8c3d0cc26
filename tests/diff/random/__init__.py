"""Random statements and interleavings on PostgreSQL 15 and on RustyDB, compared."""
