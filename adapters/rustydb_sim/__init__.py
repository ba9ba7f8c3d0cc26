"""The simulator: the whole server on virtual time, with a disk that tears, connections that are cut, and oracles outside."""
