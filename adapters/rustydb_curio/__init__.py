"""The curio host: the database on sockets, in a curio kernel."""
