"""information_schema: the standard's views of the catalog, computed."""
