"""The Python client of RustyDB."""
