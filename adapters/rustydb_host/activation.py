"""Sockets that somebody else has opened for the server: systemd's socket activation.

systemd listens from the boot on and starts the server at the first connection, with the sockets as descriptors 3, 4, …:

    LISTEN_PID=4711  LISTEN_FDS=2  LISTEN_FDNAMES=postgresql:any

A name (`FileDescriptorName=` of the .socket unit) says what is spoken there; any other name means `postgresql`. With passed
sockets the server opens none of its own. Source: sd_listen_fds(3).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, MutableMapping
from typing import Final

from rustydb_host.contract import Endpoint

FIRST: Final = 3
VARIABLES: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
POSTGRESQL: Final = "postgresql"


def passed_sockets(environment: MutableMapping[str, str], names: Collection[str]) -> tuple[Endpoint, ...]:
    """Return the sockets that were passed to this process; `names` are the known ones. The variables are taken away.

    ValueError when a descriptor is not a stream socket: the unit file is wrong, and what it meant cannot be guessed.
    """
    pid, count, given = (environment.pop(name, "") for name in VARIABLES)
    if pid != str(os.getpid()) or not count.isdigit():
        return ()
    words = given.split(":")
    found = []
    for place in range(int(count)):
        handle = FIRST + place
        name = words[place] if place < len(words) else ""
        try:
            os.set_inheritable(handle, False)
            sock = socket.socket(fileno=handle)
        except OSError as error:
            raise ValueError(f'descriptor {handle} "{name}" is no socket: {error.strerror}') from None
        if sock.type != socket.SOCK_STREAM:
            raise ValueError(f'descriptor {handle} "{name}" is not a stream socket: use ListenStream=')
        found.append(Endpoint(name if name in names else POSTGRESQL, sock))
    return tuple(found)
