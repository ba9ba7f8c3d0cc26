"""The gevent host: the database on sockets, beside other greenlets."""
