"""rustydb_asyncio."""
