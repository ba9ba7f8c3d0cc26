"""One client of the database: settings, transaction, prepared statements, portals, and the plan cache."""
