"""The Python client: its parts, its machine-level core, and the whole against servers."""
