"""rustydb_host."""
