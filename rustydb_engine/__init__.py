"""rustydb_engine."""
