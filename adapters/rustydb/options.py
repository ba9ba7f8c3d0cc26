"""Where and how to connect: URL, keywords, environment, defaults.

    rustydb://user:password@host:port/database?timeout=30&pool_size=10
    connect(host="db", user="ann", password="…", database="shop", timeout=30)
    RUSTYDB_URL, RUSTYDB_HOST, RUSTYDB_PORT, …               one variable for each option that has one

A keyword wins over the URL, the URL over the environment, the environment over the default. `OPTIONS` is the one table: its rows
say how each option is called, what it may be and what it is when nobody says. An error names the option, where its value came
from (keyword, URL, variable), the value (never a password) and what is allowed.

Several hosts are tried in order: `rustydb://db1:5432,db2:5432/shop`. A host that begins with `/` is the directory of a Unix socket.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from rustydb.errors import InterfaceError

SCHEMES: Final = ("rustydb", "rustydbs")
SSL_MODES: Final = ("disable", "require", "verify-ca", "verify-full")


class OptionError(InterfaceError):
    """An option that cannot be used; the message says which, where it came from and what is allowed."""


@dataclass(frozen=True)
class Option:
    """One row of the table. `kind`: text, port, seconds, count, truth; seconds and counts have bounds, words have choices."""

    name: str
    kind: str
    default: object
    help: str
    environment: str = ""
    bounds: tuple[float, float] = (0, 0)
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    secret: bool = False


DAY: Final = 86_400

OPTIONS: Final = (
    Option("host", "text", "localhost", "name or address; several are separated by commas", "RUSTYDB_HOST"),
    Option("port", "port", "5432", "port; one for all hosts or one for each", "RUSTYDB_PORT"),
    Option("user", "text", "admin", "user", "RUSTYDB_USER", aliases=("username",)),
    Option("password", "text", "", "password", "RUSTYDB_PASSWORD", secret=True),
    Option("token", "text", "", "token to authenticate with, instead of a password", "RUSTYDB_TOKEN", secret=True),
    Option("database", "text", "rustydb", "database", "RUSTYDB_DATABASE", aliases=("dbname",)),
    Option(
        "timeout", "seconds", 30.0, "seconds that an answer may take; 0 is no limit", "RUSTYDB_TIMEOUT", (0, DAY)
    ),
    Option(
        "connect_timeout", "seconds", 10.0, "seconds for connecting and authenticating, for each host",
        "RUSTYDB_CONNECT_TIMEOUT", (0.001, DAY),
    ),
    Option(
        "application_name", "text", "", "what pg_stat_activity shows", "RUSTYDB_APPLICATION_NAME", aliases=("app_name",)
    ),
    Option(
        "sslmode", "text", "",
        "TLS: disable on loopback and Unix sockets unless told, verify-full elsewhere", "RUSTYDB_SSLMODE", choices=SSL_MODES,
        aliases=("ssl_mode",),
    ),
    Option("sslrootcert", "text", "", "file of trusted certificates", "RUSTYDB_SSLROOTCERT"),
    Option("sslcert", "text", "", "file of the client's certificate", "RUSTYDB_SSLCERT"),
    Option("sslkey", "text", "", "file of the client certificate's key", "RUSTYDB_SSLKEY"),
    Option(
        "encoding", "text", "messagepack", "encoding of messages", "RUSTYDB_ENCODING", choices=("messagepack", "bincode")
    ),
    Option(
        "compression", "text", "none", "compression of large frames; falls back to none when a side lacks it",
        "RUSTYDB_COMPRESSION", choices=("none", "lz4", "zstd", "snappy"),
    ),
    Option("statement_cache_size", "count", 100, "prepared statements kept for reuse", bounds=(0, 100_000)),
    Option("fetch_rows", "count", 1000, "rows of a cursor's batch", bounds=(1, 1_000_000)),
    Option("retries", "count", 3, "how often connecting and reads are tried again", bounds=(0, 1000)),
    Option("pool_size", "count", 10, "connections of a Pool that is made from this URL", bounds=(1, 10_000)),
)  # fmt: skip

BY_NAME: Final = {name: option for option in OPTIONS for name in (option.name, *option.aliases)}


@dataclass(frozen=True)
class ConnectOptions:
    """Checked options. Times are seconds; `addresses()` gives the hosts with their ports."""

    host: str
    port: str
    user: str
    password: str
    token: str
    database: str
    timeout: float
    connect_timeout: float
    application_name: str
    sslmode: str
    sslrootcert: str
    sslcert: str
    sslkey: str
    encoding: str
    compression: str
    statement_cache_size: int
    fetch_rows: int
    retries: int
    pool_size: int

    def addresses(self) -> list[tuple[str, int]]:
        """Return host and port of each server, in the order in which they are tried."""
        hosts = self.host.split(",")
        ports = [int(port) for port in self.port.split(",")]
        if len(ports) == 1:
            ports *= len(hosts)
        return list(zip(hosts, ports, strict=True))

    def ssl_mode_for(self, host: str) -> str:
        """Return the TLS mode for a host: what was asked for, else safe by default."""
        return self.sslmode or ("disable" if is_local(host) else "verify-full")

    @property
    def request_timeout(self) -> float | None:
        """The limit for an answer in seconds, None when there is none."""
        return self.timeout or None

    def url(self) -> str:
        """Return the URL without password and token: for messages."""
        places = ",".join(
            f"{f'[{host}]' if ':' in host else quote(host, safe='')}:{port}" for host, port in self.addresses()
        )
        return f"rustydb://{quote(self.user, safe='')}@{places}/{quote(self.database, safe='')}"

    def __repr__(self) -> str:
        """Show where it goes, never the password."""
        return f"ConnectOptions({self.url()!r})"

    def replaced(self, **changes: object) -> ConnectOptions:
        """Return options with some changed, checked as keywords are."""
        checked = {name: _checked(BY_NAME[name], value, name) for name, value in changes.items()}
        return replace(self, **checked)  # type: ignore[arg-type]  # each value was checked against its row


def connect_options(
    url: str | None = None, keywords: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> ConnectOptions:
    """Return the options from a URL, keywords and environment variables; OptionError when one cannot be used.

    A keyword whose value is None counts as not given.
    """
    environment = environment or {}
    keywords = keywords or {}
    given: dict[str, tuple[object, str]] = {}
    for option in OPTIONS:
        if option.environment and environment.get(option.environment):
            given[option.name] = environment[option.environment], option.environment
    where = "the URL"
    if url is None and environment.get("RUSTYDB_URL"):
        url, where = environment["RUSTYDB_URL"], "RUSTYDB_URL"
    if url is not None:
        given.update(_from_url(url, where))
    named: dict[str, str] = {}
    for name, value in keywords.items():
        found = BY_NAME.get(name)
        if found is None:
            raise OptionError(f'unknown option "{name}"; known are {", ".join(option.name for option in OPTIONS)}')
        if value is None:
            continue
        if found.name in named:
            raise OptionError(f"{named[found.name]} and {name} are one option: give one of them")
        named[found.name] = name
        given[found.name] = value, name
    values = {
        option.name: _checked(option, *given[option.name]) if option.name in given else option.default
        for option in OPTIONS
    }
    options = ConnectOptions(**values)  # type: ignore[arg-type]  # each value was checked against its row
    _check_together(options)
    return options


def is_local(host: str) -> bool:
    """Return whether a host is this machine: a Unix socket, localhost, or a loopback address."""
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_together(options: ConnectOptions) -> None:
    hosts, ports = options.host.split(","), options.port.split(",")
    if len(ports) not in (1, len(hosts)):
        raise OptionError(f"port: {len(ports)} ports for {len(hosts)} hosts; give one port, or one for each host")
    if options.sslkey and not options.sslcert:
        raise OptionError("sslkey: a key needs its certificate (sslcert)")
    if options.password and options.token:
        raise OptionError("token: give a password or a token, not both")


# ---- URL


def _from_url(url: str, where: str) -> dict[str, tuple[object, str]]:
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise OptionError(f"{where} cannot be read: {error}") from None
    if parts.scheme not in SCHEMES or not url.startswith(f"{parts.scheme}://"):
        shown = f'"{parts.scheme}"' if parts.scheme else "no scheme"
        raise OptionError(f"{where} begins with {shown}; a URL is rustydb://user:password@host:port/database?options")
    if parts.fragment:
        raise OptionError(f'{where} has a fragment ("#"); a "#" in a password is written %23')
    given: dict[str, tuple[object, str]] = {}
    credentials, _, places = parts.netloc.rpartition("@")
    if credentials:
        user, colon, password = credentials.partition(":")
        if user:
            given["user"] = unquote(user), where
        if colon:
            given["password"] = unquote(password), where
    if places:
        hosts, ports = zip(*(_place(place, where) for place in places.split(",")), strict=True)
        if any(hosts):
            given["host"] = ",".join(unquote(host) or "localhost" for host in hosts), where
        if any(ports):
            given["port"] = ",".join(port or "5432" for port in ports), where
    path = parts.path.lstrip("/")
    if "/" in path:
        raise OptionError(f"{where} has a path of several parts; the database is one name, a / in it is written %2F")
    if path:
        given["database"] = unquote(path), where
    if parts.scheme == "rustydbs":
        given["sslmode"] = "verify-full", where
    for name, text in pairs:
        option = BY_NAME.get(name)
        if option is None:
            known = ", ".join(option.name for option in OPTIONS)
            raise OptionError(f'{where}: unknown option "{name}"; known are {known}')
        given[option.name] = text, f"{where}: {name}"
    return given


def _place(place: str, where: str) -> tuple[str, str]:
    """Return host and port (each may be empty) of one place: host:port, [::1]:port, %2Frun%2Frustydb."""
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise OptionError(f"{where}: {place!r} is not an IPv6 address in brackets")
        return host, rest[1:]
    host, _, port = place.partition(":")
    if ":" in port:
        raise OptionError(f"{where}: {place!r}: an IPv6 address is written in brackets")
    return host, port


# ---- values


def _checked(option: Option, value: object, source: str) -> object:
    shown = "the value" if option.secret else repr(value)
    if option.kind == "port":
        texts = [text.strip() for text in str(value).split(",")]
        if isinstance(value, bool) or not all(
            text.isascii() and text.isdigit() and 1 <= int(text) <= 65535 for text in texts
        ):
            raise OptionError(f"{source}: {shown} is not a port from 1 to 65535")
        return ",".join(str(int(text)) for text in texts)
    if option.kind in ("seconds", "count"):
        return _number(option, value, source, shown)
    if not isinstance(value, str):
        raise OptionError(f"{source}: {shown} is not a text")
    if "\0" in value:
        raise OptionError(f"{source}: the value has a zero byte")
    if option.choices and value not in option.choices:
        raise OptionError(f"{source}: {shown} is none of {', '.join(option.choices)}")
    if option.name in ("host", "user", "database") and not value:
        raise OptionError(f"{source}: {option.name} is empty")
    return value


def _number(option: Option, value: object, source: str, shown: str) -> float | int:
    low, high = option.bounds
    try:
        number = float(str(value))
    except ValueError:
        number = low - 1
    whole = option.kind == "count"
    if isinstance(value, bool) or not low <= number <= high or (whole and number != int(number)):
        noun = "a whole number" if whole else "a number of seconds"
        raise OptionError(f"{source}: {shown} is not {noun} from {low:g} to {high:g}")
    return int(number) if whole else number


assert [field.name for field in fields(ConnectOptions)] == [option.name for option in OPTIONS], "one row a field"
