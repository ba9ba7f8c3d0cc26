"""From the command line to a server that runs: options, listening, recovery, the ready line, the host.

    main("rustydb-trio", "trio")            a launcher: returns the exit status
    main("my-server", my_host.run)          the same with a host of one's own (see contract.py)

`open_server(options)` does the blocking work that comes before the event loop. It raises `StartError` with a message for
the user; damaged files are named with the offset of the damage. The addresses are bound first, so that one in use is told
before a long recovery, and listened on after it. The ready line goes to standard output once a SELECT would be answered:

    ready postgresql=127.0.0.1:5432 data=./rustydb-data pid=1234
"""

from __future__ import annotations

import gc
import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module

from rustydb_engine.config import Config
from rustydb_engine.node.node import Node
from rustydb_engine.node.sniffing import LISTENERS
from rustydb_engine.storage.database import Database
from rustydb_host.activation import passed_sockets
from rustydb_host.certificates import CertificateError, server_context
from rustydb_host.contract import Put, Run, Service
from rustydb_host.files import DirectoryLocked, Files, StorageDamaged, recover_directory
from rustydb_host.listen import ListenError, Listening, Wanted
from rustydb_host.logs import Logger
from rustydb_host.options import DEFAULT_PASSWORD, MEMORY, OptionError, Options, load, refuse_unsafe
from rustydb_host.reload import Reloader, limits_of
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.scram import make_verifier
from rustydb_proto.tls import ServerContext

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]


HOSTS = {"asyncio": "asyncio", "trio": "trio", "gevent": "gevent", "curio": "curio"}
"""The hosts of this distribution, and the library that each needs; the extra that installs it has the host's name."""


class StartError(Exception):
    """The server cannot start; the message says why and what to do."""


def main(program: str, run: Run | str, arguments: Sequence[str] | None = None) -> int:
    """Run a server until it is stopped; return the exit status, 2 when it cannot start.

    `run` is what a host exports, or the name of one of HOSTS; `arguments` are those of the command line unless given.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        options = load(program, arguments, os.environ)
        host = load_host(run) if isinstance(run, str) else run
        with ExitStack() as stack:
            listening = stack.enter_context(_listening(options))
            opened = open_server(options)
            stack.callback(opened.close)
            reload = Reloader(options, partial(load, program, arguments, dict(os.environ)), opened.logger)
            return host(service_of(opened, listening, reload))
    except (OptionError, StartError, ListenError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 2


def load_host(name: str) -> Run:
    """Return `run` of one of HOSTS; StartError when its library is not installed."""
    library = HOSTS[name]
    try:
        module = import_module(f"rustydb_{name}.host")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != library:
            raise
        raise StartError(f"{library} is not installed: pip install 'rustydb[{name}]'") from None
    run: Run = module.run
    return run


def _listening(options: Options) -> Listening:
    """Bind what the options say, or take what systemd has opened."""
    try:
        passed = passed_sockets(os.environ, LISTENERS)
    except ValueError as error:
        raise StartError(f"cannot use a passed socket: {error}") from None
    if passed:
        names = [one.sock.getsockname() for one in passed]
        refuse_unsafe(options, [str(name[0]) for name in names if isinstance(name, tuple)])
        return Listening((), passed)
    hosts = (*options.listen, *options.unix_socket_dir)
    if options.one_port is not None:
        return Listening((Wanted("any", hosts, options.one_port),))
    return Listening((Wanted("postgresql", hosts, options.port),))


def service_of(opened: Opened, listening: Listening, reload: Reloader) -> Service:
    """Listen, and return what a host is given to serve an opened database."""
    return Service(
        core=opened.node,
        listeners=listening.start(),
        carry_out=opened.files.carry_out if opened.files is not None else None,
        log=opened.logger.write,
        started=partial(_started, opened, listening.addresses),
        reload=reload,
        signals=True,
    )


def _started(opened: Opened, addresses: dict[str, list[str]], put: Put) -> None:
    opened.say_ready(addresses)


@dataclass(frozen=True)
class Opened:
    """A node and what it needs: its files (None in memory) and its logger."""

    options: Options
    node: Node
    files: Files | None
    logger: Logger

    def say_ready(self, addresses: dict[str, list[str]]) -> None:
        """Print the ready line and write the address into the data directory's lock."""
        # The one port is PostgreSQL's, too: who waits for the line looks for that name.
        named = {"postgresql": addresses["any"], **addresses} if "any" in addresses else addresses
        if self.files is not None:
            self.files.note_address(next(iter(named.values()))[0])
        fields = " ".join(f"{name}={','.join(found)}" for name, found in named.items())
        print(f"ready {fields} data={self.options.data_dir} pid={os.getpid()}", flush=True)
        if not self.options.password_given:
            text = "the password of admin is the default one: give --admin-password or RUSTYDB_ADMIN_PASSWORD"
            self.logger.write("warning", text)

    def close(self) -> None:
        """Unlock the data directory."""
        if self.files is not None:
            self.files.close()


def open_server(options: Options) -> Opened:
    """Open the database and make its node."""
    # Rows and plans live long and statements make little garbage: the default of 700 collects far too often.
    gc.set_threshold(50_000, 20, 100)
    _raise_open_files()
    logger = Logger(sys.stderr, options.log_level, options.log_format)
    entropy = Entropy(secrets.token_bytes(32))
    tls = _certificates(options)
    durable = options.data_dir != MEMORY
    files: Files | None = None
    if durable:
        files, database = _open_directory(options, logger)
    else:
        database = Database()
    config = replace(
        Config(database=options.database, durable=durable, verifier=_verifier(options, database, entropy)),
        **limits_of(options),  # type: ignore[arg-type]  # they are int
    )
    return Opened(options, Node(config, database, entropy, tls), files, logger)


def _certificates(options: Options) -> ServerContext | None:
    try:
        return server_context(options)
    except CertificateError as error:
        raise StartError(str(error)) from None


def _raise_open_files() -> None:
    """Let the process have as many connections as the system allows: the usual soft limit is 1024 files."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # some systems have a lower limit than the one they state
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _open_directory(options: Options, logger: Logger) -> tuple[Files, Database]:
    try:
        files = Files(options.data_dir)
    except DirectoryLocked as error:
        raise StartError(str(error)) from None
    except OSError as error:
        raise StartError(f"cannot use data directory {options.data_dir}: {error.strerror}") from None
    try:
        database = recover_directory(files, lambda text, fields: logger.write("info", text, fields))
    except StorageDamaged as error:
        files.close()
        raise StartError(str(error)) from None
    except OSError as error:
        files.close()
        raise StartError(f"cannot read {error.filename or options.data_dir}: {error.strerror}") from None
    return files, database


def _verifier(options: Options, database: Database, entropy: Entropy) -> str:
    """Return the verifier that admin gets, or "" to leave the stored one."""
    role = database.catalog.role("admin")
    if role is not None and role.verifier is not None and not options.password_given:
        return ""
    password = options.admin_password if options.password_given else DEFAULT_PASSWORD
    return str(make_verifier(password, entropy.child("salt").bytes(16)))
