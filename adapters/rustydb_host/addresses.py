"""Socket addresses as texts and back: `127.0.0.1:5432`, `[::1]:5432`, `[fe80::1%2]:5432`, `/run/x/.s.PGSQL.5432`.

A Unix socket's client has no name; its text is empty.
"""

from __future__ import annotations

import socket


def shown(name: object) -> str:
    """Return the text of what getsockname, getpeername or recvfrom gave."""
    if isinstance(name, tuple) and len(name) >= 2:
        host = str(name[0])
        if ":" not in host:
            return f"{host}:{name[1]}"
        if len(name) == 4 and name[3] and "%" not in host:
            host = f"{host}%{name[3]}"
        return f"[{host}]:{name[1]}"
    if isinstance(name, bytes):
        return "@" + name.lstrip(b"\0").decode("utf-8", "replace")  # Linux: an abstract name
    return str(name or "")


def peer_of(sock: socket.socket) -> str:
    """Return the text of the peer's address; empty when it is gone already."""
    try:
        return shown(sock.getpeername())
    except OSError:
        return ""


def split(address: str) -> tuple[str, int]:
    """Return host and port of a text; ValueError when it is none. The host of a Unix socket's path is the path, its port 0."""
    if address.startswith("/"):
        return address, 0
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f'address "{address}" is not HOST:PORT, [HOST]:PORT or /PATH')
    if ":" in host and not bracketed:
        raise ValueError(f'address "{address}" needs brackets: [{host}]:{port}')
    return (host[1:-1] if bracketed else host), int(port)


def resolved(address: str, kind: socket.SocketKind) -> tuple[socket.AddressFamily, tuple[object, ...] | str]:
    """Return family and socket address of a text; blocks when the host is a name. OSError, ValueError when there is none."""
    host, port = split(address)
    if address.startswith("/"):
        return socket.AF_UNIX, host
    family, _, _, _, name = socket.getaddrinfo(host, port, type=kind)[0]
    return family, name


def numeric(address: str) -> tuple[object, ...]:
    """Return the socket address of a text with a numeric host, without blocking; OSError or ValueError otherwise."""
    host, port = split(address)
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=flags)[0][4]
