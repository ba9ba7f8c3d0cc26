"""rustydb_proto: network protocols as pure state machines, for any server; see README.md."""
