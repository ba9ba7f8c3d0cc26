"""rustydb_proto."""
