"""pg_catalog: the system tables and views, computed from the catalog; read them through `read.py`."""
