"""The asyncio host: the database on sockets, with uvloop where it is installed."""
