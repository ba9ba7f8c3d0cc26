"""The catalog: what exists in the database, as immutable objects found by OID and name."""
