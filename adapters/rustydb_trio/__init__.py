"""The trio host: the database on sockets, in a trio program."""
