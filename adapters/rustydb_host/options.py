"""The options of a server: flags, environment variables, a TOML file and defaults, in this order of precedence.

`OPTIONS` is the one table: each row has its flag, its environment variable, its place in the file, its default and its
help text. `load(arguments, environment)` returns `Options` or raises `OptionError`, whose text names the option, where its
value came from, the value, and what is allowed.

    rustydb-asyncio --port 0          RUSTYDB_PORT=0 rustydb-asyncio          [network]
                                                                              port = 0
"""

from __future__ import annotations

import argparse
import ipaddress
import tomllib
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rustydb_engine.version import RUSTYDB_VERSION

DEFAULT_PASSWORD = "admin"
MEMORY = ":memory:"


class OptionError(Exception):
    """An option that cannot be used; the message says which, from where, and what is allowed."""


@dataclass(frozen=True)
class Option:
    """One option. `kind`: text, integer, truth, words; `bounds` for integers, `choices` for words of a set."""

    name: str
    environment: str
    section: str
    key: str
    kind: str
    default: object
    help: str
    bounds: tuple[int, int] = (0, 0)
    choices: tuple[str, ...] = ()
    metavar: str = ""
    also: str = ""
    """A second place in the file, `section.key`; the first wins."""

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Where the file may have it: section and key."""
        section, _, key = self.also.rpartition(".")
        return ((self.section, self.key), (section, key)) if self.also else ((self.section, self.key),)

    @property
    def flag(self) -> str:
        """The long flag."""
        return "--" + self.name.replace("_", "-")


OPTIONS = (
    Option(
        "listen", "RUSTYDB_LISTEN_ADDR", "network", "listen_addr", "words", ("127.0.0.1",),
        "address, name or * to listen on, or a directory for a Unix socket; may be given several times", metavar="ADDRESS",
    ),
    Option(
        "unix_socket_dir", "RUSTYDB_UNIX_SOCKET_DIR", "network", "unix_socket_dir", "words", (),
        "directory for a Unix socket beside the addresses: psql -h DIRECTORY; may be given several times", metavar="DIRECTORY",
    ),
    Option(
        "port", "RUSTYDB_PORT", "network", "port", "integer", 5432,
        "port for PostgreSQL clients; 0 takes a free one and the ready line says which", (0, 65535), metavar="PORT",
    ),
    Option(
        "one_port", "RUSTYDB_ONE_PORT", "network", "one_port", "integer", None,
        "one port for every protocol, instead of one for each; 0 takes a free one", (0, 65535), metavar="PORT",
    ),
    Option(
        "max_connections", "RUSTYDB_MAX_CONNECTIONS", "network", "max_connections", "integer", 10_100,
        "connections held at the same time (10,000 clients, and some for whoever looks after them); more get 53300", (1, 1_000_000), metavar="N",
    ),
    Option(
        "max_request_size", "RUSTYDB_MAX_REQUEST_SIZE", "network", "max_request_size", "integer", 1 << 20,
        "bytes of SQL text that one statement may have", (1024, 1 << 30), metavar="BYTES",
    ),
    Option(
        "idle_timeout", "RUSTYDB_IDLE_TIMEOUT", "network", "idle_timeout", "integer", 600,
        "seconds after which a client of the native protocol that says nothing and waits for nothing is disconnected; 0: never",
        (0, 1_000_000), metavar="SECONDS",
    ),
    Option(
        "native_rate", "RUSTYDB_NATIVE_RATE", "network", "native_rate", "integer", 0,
        "requests that one connection of the native protocol may make in a second; 0: any number", (0, 10_000_000), metavar="N",
    ),
    Option(
        "data_dir", "RUSTYDB_DATA_DIR", "storage", "data_dir", "text", "./rustydb-data",
        "directory of the database, created when missing; :memory: keeps nothing", metavar="DIRECTORY",
    ),
    Option(
        "checkpoint_size", "RUSTYDB_CHECKPOINT_SIZE", "storage", "checkpoint_size", "integer", 256 << 20,
        "bytes of log after which a checkpoint is made", (1 << 20, 1 << 40), metavar="BYTES",
    ),
    Option(
        "checkpoint_interval", "RUSTYDB_CHECKPOINT_INTERVAL", "storage", "checkpoint_interval", "integer", 300,
        "seconds after which a checkpoint is made, when anything changed", (1, 86_400), metavar="SECONDS",
    ),
    Option(
        "database", "RUSTYDB_DATABASE", "storage", "database", "text", "rustydb",
        "name of the database", metavar="NAME",
    ),
    Option(
        "admin_password", "RUSTYDB_ADMIN_PASSWORD", "security", "admin_password", "text", DEFAULT_PASSWORD,
        "password of the superuser admin, set at the first start and whenever it is given", metavar="PASSWORD",
    ),
    Option(
        "insecure", "RUSTYDB_INSECURE", "security", "insecure", "truth", False,
        "allow a non-loopback address without TLS or with the default password",
    ),
    Option(
        "enable_tls", "RUSTYDB_ENABLE_TLS", "security", "enable_tls", "truth", None,
        "encrypt connections that ask for it; on when there is a certificate", also="security.tls.enabled",
    ),
    Option(
        "tls_cert", "RUSTYDB_TLS_CERT", "security", "tls_cert_path", "text", None,
        "certificate of this server in PEM form, with those of its authorities behind it", metavar="FILE",
        also="security.tls.cert_path",
    ),
    Option(
        "tls_key", "RUSTYDB_TLS_KEY", "security", "tls_key_path", "text", None,
        "key of the certificate in PEM form, readable by nobody else; may be in the same file", metavar="FILE",
        also="security.tls.key_path",
    ),
    Option(
        "tls_name", "RUSTYDB_TLS_NAME", "security", "tls_names", "words", (),
        "another certificate, with its key in the same file, for clients that ask for NAME (or *.NAME); several times",
        metavar="NAME=FILE", also="security.tls.names",
    ),
    Option(
        "tls_ca", "RUSTYDB_TLS_CA", "security", "ca_cert_path", "text", None,
        "certificates of the authorities that sign those of clients", metavar="FILE", also="security.tls.ca_cert_path",
    ),
    Option(
        "tls_client_auth", "RUSTYDB_TLS_CLIENT_AUTH", "security", "tls_client_auth", "text", "none",
        "whether clients show a certificate", choices=("none", "optional", "required"), metavar="WHETHER",
        also="security.tls.client_auth",
    ),
    Option(
        "require_client_cert", "RUSTYDB_REQUIRE_CLIENT_CERT", "security", "require_client_cert", "truth", False,
        "the same as --tls-client-auth required", also="security.tls.require_client_cert",
    ),
    Option(
        "tls_cert_login", "RUSTYDB_TLS_CERT_LOGIN", "security", "tls_cert_login", "truth", False,
        "a client's certificate whose common name is the user logs in without a password", also="security.tls.cert_login",
    ),
    Option(
        "tls_required", "RUSTYDB_TLS_REQUIRED", "security", "tls_required", "truth", False,
        "refuse sessions without TLS", also="security.tls.required",
    ),
    Option(
        "tls_min_version", "RUSTYDB_TLS_MIN_VERSION", "security", "min_tls_version", "text", "1.3",
        "oldest version of TLS", choices=("1.2", "1.3"), metavar="VERSION", also="security.tls.min_version",
    ),
    Option(
        "tls_ciphers", "RUSTYDB_TLS_CIPHERS", "security", "tls_ciphers", "words", (),
        "ciphers that are allowed, instead of OpenSSL's choice; may be given several times", metavar="CIPHER",
        also="security.tls.cipher_suites",
    ),
    Option(
        "log_level", "RUSTYDB_LOG_LEVEL", "monitoring", "log_level", "text", "info",
        "least level that is logged", choices=("debug", "info", "warning", "error"), metavar="LEVEL",
    ),
    Option(
        "log_format", "RUSTYDB_LOG_FORMAT", "monitoring", "log_format", "text", "text",
        "form of log lines on standard error", choices=("text", "json"), metavar="FORMAT",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Options:
    """The options of one server. `password_given`: the admin password did not come from the default."""

    listen: tuple[str, ...]
    unix_socket_dir: tuple[str, ...]
    port: int
    one_port: int | None
    max_connections: int
    max_request_size: int
    idle_timeout: int
    native_rate: int
    data_dir: str
    checkpoint_size: int
    checkpoint_interval: int
    database: str
    admin_password: str
    password_given: bool
    insecure: bool
    enable_tls: bool | None
    tls_cert: str | None
    tls_key: str | None
    tls_name: tuple[str, ...]
    tls_ca: str | None
    tls_client_auth: str
    require_client_cert: bool
    tls_cert_login: bool
    tls_required: bool
    tls_min_version: str
    tls_ciphers: tuple[str, ...]
    log_level: str
    log_format: str

    @property
    def tls(self) -> bool:
        """Whether connections can be encrypted."""
        return self.tls_cert is not None and self.enable_tls is not False


def parser(program: str) -> argparse.ArgumentParser:
    """Return the command-line parser; `program` is the launcher's name."""
    result = argparse.ArgumentParser(
        prog=program,
        description="RustyDB in Python: a SQL database that PostgreSQL clients can use.",
        epilog="Each option may also be an environment variable or a key of the configuration file; "
        "a flag wins over the environment, the environment over the file.",
    )
    result.add_argument("--version", action="version", version=f"{program} (RustyDB) {RUSTYDB_VERSION}")
    result.add_argument("--config", metavar="FILE", help="configuration file in TOML [RUSTYDB_CONFIG]")
    for option in OPTIONS:
        text = f"{option.help} [{option.environment}, {option.section}.{option.key}; default {_shown(option.default)}]"
        if option.choices:
            text = f"{', '.join(option.choices)}: {text}"
        text = text.replace("%", "%%")
        if option.kind == "truth":
            result.add_argument(option.flag, action="store_const", const="true", help=text)
        elif option.kind == "words":
            result.add_argument(option.flag, action="append", metavar=option.metavar, help=text)
        else:
            result.add_argument(option.flag, metavar=option.metavar, help=text)
    return result


def load(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Return the options from flags, environment and file; OptionError when one cannot be used."""
    flags = vars(parser(program).parse_args(arguments))
    path = flags["config"] or environment.get("RUSTYDB_CONFIG")
    file = _read(path) if path else {}
    values: dict[str, object] = {}
    given = set()
    for option in OPTIONS:
        value, source = _pick(option, flags, environment, file, path or "")
        values[option.name] = value if source is None else _checked(option, value, source)
        if source is not None:
            given.add(option.name)
    values["password_given"] = "admin_password" in given
    if values["require_client_cert"]:
        values["tls_client_auth"] = "required"
    options = Options(**values)  # type: ignore[arg-type]  # each value was checked against its row
    _refuse_contradictions(options)
    refuse_unsafe(options, options.listen)
    return options


def _refuse_contradictions(options: Options) -> None:
    """OptionError for options of TLS that need another one."""
    for one in options.tls_name:
        name, equals, file = one.partition("=")
        if not (name and equals and file):
            raise OptionError(f"--tls-name: {one!r} is not NAME=FILE")
    if options.enable_tls and options.tls_cert is None:
        raise OptionError("TLS is enabled without a certificate: give --tls-cert and --tls-key")
    if options.tls_required and not options.tls:
        raise OptionError("--tls-required without TLS: give --tls-cert and --tls-key")
    if options.tls_client_auth != "none" and options.tls and options.tls_ca is None:
        raise OptionError(
            f"--tls-client-auth {options.tls_client_auth} without the authorities that sign: give --tls-ca"
        )
    if options.tls_cert_login and options.tls and options.tls_client_auth == "none":
        raise OptionError("--tls-cert-login without certificates of clients: give --tls-client-auth and --tls-ca")


def loopback(address: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    if address.startswith("/") or address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def refuse_unsafe(options: Options, hosts: Sequence[str]) -> None:
    """OptionError when others could reach one of these addresses and nothing protects the database from them."""
    outside = [host for host in hosts if not loopback(host)]
    if not outside or options.insecure:
        return
    if options.admin_password == DEFAULT_PASSWORD:
        why = "while the password of admin is the default one: give --admin-password"
    elif options.tls:
        return
    else:
        why = "without TLS: give --tls-cert and --tls-key"
    raise OptionError(f"refusing to listen on {outside[0]} {why}, or allow it with --insecure")


def _shown(value: object) -> str:
    if value is None or value == ():
        return "none"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _read(path: str) -> dict[str, dict[str, object]]:
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        raise OptionError(f"cannot read configuration file {path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise OptionError(f"configuration file {path} is not TOML: {error}") from None
    known = {place for option in OPTIONS for place in option.places}
    sections = {section for section, _ in known}
    data = dict(_flattened(data, sections))
    for section, body in data.items():
        if section not in sections or not isinstance(body, dict):
            raise OptionError(f"{path}: unknown section [{section}]; known are {', '.join(sorted(sections))}")
        for key in body:
            if (section, key) not in known:
                names = ", ".join(sorted(name for part, name in known if part == section))
                raise OptionError(f"{path}: unknown key {key} in [{section}]; known are {names}")
    return data


def _flattened(data: Mapping[str, object], sections: Container[str], above: str = "") -> Iterator[tuple[str, object]]:
    """Yield the sections of a file by their full names: [security.tls] is a table inside of [security]."""
    for name, body in data.items():
        full = above + name
        if isinstance(body, dict):
            inner = {key: value for key, value in body.items() if f"{full}.{key}" in sections}
            yield full, {key: value for key, value in body.items() if key not in inner}
            yield from _flattened(inner, sections, f"{full}.")
        else:
            yield full, body


def _pick(
    option: Option,
    flags: Mapping[str, object],
    environment: Mapping[str, str],
    file: Mapping[str, Mapping[str, object]],
    path: str,
) -> tuple[object, str | None]:
    if flags[option.name] is not None:
        return flags[option.name], option.flag
    if option.environment in environment:
        return environment[option.environment], option.environment
    for section, key in option.places:
        if key in file.get(section, {}):
            return file[section][key], f"{path}: {section}.{key}"
    return option.default, None


def _checked(option: Option, value: object, source: str) -> object:
    if option.kind == "words":
        words = value.split(",") if isinstance(value, str) else value
        if isinstance(words, list) and words and all(isinstance(word, str) and word.strip() for word in words):
            return tuple(word.strip() for word in words)
        raise OptionError(f"{source}: {value!r} is not a list of texts")
    if option.kind == "truth":
        word = str(value).lower()
        if word in ("true", "1", "yes", "on", "false", "0", "no", "off"):
            return word in ("true", "1", "yes", "on")
        raise OptionError(f"{source}: {value!r} is neither true nor false")
    if option.kind == "integer":
        low, high = option.bounds
        try:
            number = int(str(value))
        except ValueError:
            number = low - 1
        if isinstance(value, bool) or not low <= number <= high:
            raise OptionError(f"{source}: {value!r} is not a whole number from {low} to {high}")
        return number
    if not isinstance(value, str) or not value:
        raise OptionError(f"{source}: {value!r} is not a text")
    if option.choices and value not in option.choices:
        raise OptionError(f"{source}: {value!r} is none of {', '.join(option.choices)}")
    return value
