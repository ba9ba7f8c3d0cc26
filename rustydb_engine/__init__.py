"""rustydb_engine: a SQL engine without input and output; see README.md and docs/architecture.md."""
