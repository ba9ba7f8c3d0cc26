"""Where a server is and how to get in: URLs, options and PG* variables, and the socket.

postgresql://ann:pencil@localhost:5432/shop?sslmode=require       rustydb://… means the same here
localhost      shop      (nothing: RUSTYDB_* and PG* variables, then admin@localhost:5432/rustydb)
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from rustydb.tls import end_point

SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
CONNECT_SECONDS: Final = 10.0
_VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "host": ("RUSTYDB_HOST", "PGHOST"),
    "port": ("RUSTYDB_PORT", "PGPORT"),
    "user": ("RUSTYDB_USER", "PGUSER"),
    "password": ("RUSTYDB_PASSWORD", "PGPASSWORD"),
    "database": ("RUSTYDB_DATABASE", "PGDATABASE"),
    "sslmode": ("RUSTYDB_SSLMODE", "PGSSLMODE"),
    "sslrootcert": ("RUSTYDB_SSLROOTCERT", "PGSSLROOTCERT"),
}


class AddressError(Exception):
    """A URL or an option that cannot be used; the message names it."""


@dataclass
class Address:
    """One server, user and database."""

    host: str = "localhost"
    port: int = 5432
    user: str = "admin"
    password: str = ""
    database: str = "rustydb"
    sslmode: str = ""
    sslrootcert: str = ""
    application_name: str = "rustydb shell"
    seconds: float = CONNECT_SECONDS

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        if self.host.startswith("/"):
            return f'socket "{self.host}/.s.PGSQL.{self.port}"'
        return f'"{self.host}", port {self.port}'

    def url(self) -> str:
        """The URL without the password."""
        host = (
            quote(self.host, safe="")
            if self.host.startswith("/")
            else f"[{self.host}]"
            if ":" in self.host
            else self.host
        )
        return f"postgresql://{quote(self.user, safe='')}@{host}:{self.port}/{quote(self.database, safe='')}"

    def connect(self) -> socket.socket:
        """Return a connected socket whose operations take at most `seconds`; OSError."""
        if self.host.startswith("/"):
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                opened.settimeout(self.seconds)
                opened.connect(f"{self.host}/.s.PGSQL.{self.port}")
            except OSError:
                opened.close()
                raise
        else:
            opened = socket.create_connection((self.host, self.port), self.seconds)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def context(self) -> ssl.SSLContext:
        """Return the TLS context for `sslmode`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.sslmode in ("verify-ca", "verify-full"):
            context.check_hostname = self.sslmode == "verify-full"
            if self.sslrootcert:
                context.load_verify_locations(self.sslrootcert)
            else:
                context.load_default_certs()
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def binding(self, secure: ssl.SSLSocket) -> bytes | None:
        """Return what SCRAM binds to: the hash of the server's certificate."""
        return end_point(secure.getpeercert(True))


def parse_address(
    target: str | None, given: Mapping[str, str | None], environment: Mapping[str, str] | None = None
) -> Address:
    """Return the address of a URL (or of a host name), options and variables, in this order of precedence: options, URL, variables."""
    environment = os.environ if environment is None else environment
    found: dict[str, str] = {}
    for name, variables in _VARIABLES.items():
        value = next((environment[variable] for variable in variables if environment.get(variable)), None)
        if value is not None:
            found[name] = value
    target = target or environment.get("RUSTYDB_URL")
    if target:
        found.update(_of_url(target) if "://" in target else {"host": target})
    found.update({name: value for name, value in given.items() if value is not None})
    port = found.pop("port", "5432")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise AddressError(f"port: {port!r} is not a port from 1 to 65535")
    address = Address(port=int(port), **found)  # type: ignore[arg-type]  # the names are those of its texts
    if not address.sslmode:
        address.sslmode = "disable" if _is_local(address.host) else "prefer"
    if address.sslmode not in SSL_MODES:
        raise AddressError(f"sslmode: {address.sslmode!r} is none of {', '.join(SSL_MODES)}")
    return address


def _of_url(url: str) -> dict[str, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressError(f"the URL cannot be read: {error}") from None
    if parts.scheme not in ("postgresql", "postgres", "rustydb"):
        raise AddressError(f'the URL begins with "{parts.scheme}"; it is postgresql://user:password@host:port/database')
    found = {
        "host": unquote(parts.hostname or ""), "port": str(port or ""), "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""), "database": unquote(parts.path.lstrip("/")),
    }  # fmt: skip
    for name, value in parse_qsl(parts.query):
        if name in ("sslmode", "sslrootcert", "host", "port", "user", "password", "application_name"):
            found[name] = value
        elif name == "dbname":
            found["database"] = value
        elif name not in ("timeout", "pool_size", "connect_timeout"):  # those of the client library are no matter here
            raise AddressError(f'the URL has an unknown option "{name}"')
    return {name: value for name, value in found.items() if value}


def _is_local(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
