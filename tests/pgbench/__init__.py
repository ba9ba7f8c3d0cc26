"""pgbench, PostgreSQL's own benchmark, as a test: no transaction fails, and its books balance."""
