"""`rustydb shell`: options, connecting (with a question for the password), -c and -f, or the prompt."""

from __future__ import annotations

import argparse
import getpass
import os
import shutil
import sys
from collections.abc import Sequence

from rustydb_shell.address import AddressError, parse_address
from rustydb_shell.link import Link, LinkError
from rustydb_shell.prompt import interact
from rustydb_shell.shell import Shell
from rustydb_shell.tables import FORMATS

NO_CONNECTION = 2
FAILED = 1
STOPPED = 3


def parser() -> argparse.ArgumentParser:
    """Return the command-line parser."""
    result = argparse.ArgumentParser(
        prog="rustydb shell", description="A SQL prompt for RustyDB and PostgreSQL.",
        epilog="Exit status: 0 well, 1 a statement of -c or the file of -f failed, 2 no connection, 3 stopped by --stop-on-error.",
    )  # fmt: skip
    result.add_argument(
        "target",
        nargs="?",
        metavar="URL",
        help="postgresql://user:password@host:port/database, or a host [RUSTYDB_URL]",
    )
    result.add_argument("--host", metavar="HOST", help="host, or directory of a Unix socket [RUSTYDB_HOST, PGHOST]")
    result.add_argument("-p", "--port", metavar="PORT", help="port [RUSTYDB_PORT, PGPORT]")
    result.add_argument("-U", "--user", metavar="NAME", help="user [RUSTYDB_USER, PGUSER]")
    result.add_argument("-d", "--database", metavar="NAME", help="database [RUSTYDB_DATABASE, PGDATABASE]")
    result.add_argument(
        "-c", "--command", action="append", metavar="SQL", help="run this (or a \\command) and leave; may be repeated"
    )
    result.add_argument(
        "-f", "--file", action="append", metavar="FILE", help="run a file and leave; - is the standard input"
    )
    result.add_argument("-o", "--output", metavar="FILE", help="write results to a file")
    result.add_argument("-x", "--expanded", action="store_true", help="expanded output")
    result.add_argument("-A", "--no-align", action="store_true", help="unaligned output")
    result.add_argument("-t", "--tuples-only", action="store_true", help="rows only")
    result.add_argument("-q", "--quiet", action="store_true", help="results only, no messages")
    result.add_argument("--format", choices=FORMATS, help="form of results")
    result.add_argument("--csv", action="store_true", help="the same as --format csv")
    result.add_argument("--json", action="store_true", help="the same as --format json")
    result.add_argument("--stop-on-error", action="store_true", help="stop at the first error")
    return result


def main(arguments: Sequence[str]) -> int:
    """Run the shell; return the exit status."""
    given = parser().parse_args(arguments)
    try:
        address = parse_address(
            given.target, {"host": given.host, "port": given.port, "user": given.user, "database": given.database}
        )
    except AddressError as error:
        print(f"rustydb shell: {error}", file=sys.stderr)
        return NO_CONNECTION
    link = Link(address, lambda text: print(text, file=sys.stderr, flush=True))
    try:
        _open(link, sys.stdin.isatty())
    except LinkError as error:
        print(f"rustydb shell: {error}", file=sys.stderr)
        return NO_CONNECTION
    shell = Shell(link)
    _set_style(shell, given)
    try:
        if given.output:
            shell.out = open(given.output, "w", encoding="utf-8")  # noqa: SIM115 - closed below
        return _run(shell, given)
    except OSError as error:
        print(f"rustydb shell: {error}", file=sys.stderr)
        return FAILED
    finally:
        shell.link.close()
        if shell.out is not shell.standard_out:
            shell.out.close()


def _open(link: Link, may_ask: bool) -> None:
    """Connect; where the server wants a password and none was given, ask for it."""
    try:
        link.open()
    except LinkError as error:
        missing = not link.address.password and (
            "no password supplied" in str(error) or error.sqlstate in ("28P01", "28000")
        )
        if not (missing and may_ask):
            raise
        link.address.password = getpass.getpass(f"Password for user {link.address.user}: ")
        link.open()


def _set_style(shell: Shell, given: argparse.Namespace) -> None:
    shell.quiet = given.quiet
    shell.stop_on_error = given.stop_on_error
    style = shell.style
    style.format = given.format or (
        "csv" if given.csv else "json" if given.json else "unaligned" if given.no_align else "aligned"
    )
    style.expanded = "on" if given.expanded else "off"
    style.tuples_only = given.tuples_only
    style.width = shutil.get_terminal_size((0, 0)).columns


def _run(shell: Shell, given: argparse.Namespace) -> int:
    for text in given.command or ():
        if text.lstrip().startswith("\\"):
            shell.feed(text)
        else:
            shell.run(text)
        if shell.failed and shell.stop_on_error:
            return STOPPED
    for path in given.file or ():
        if not _run_file(shell, path):
            return STOPPED
    if given.command or given.file:
        return FAILED if shell.failed and given.command else 0
    if not sys.stdin.isatty():
        return 0 if shell.feed_all(sys.stdin) or not shell.failed else STOPPED
    if not shell.quiet:
        version = shell.link.parameters.get("server_version", "?")
        shell.write(f"RustyDB shell, server {version}. \\? helps with commands, \\h with SQL, \\q leaves.\n\n")
    interact(shell)
    return 0


def _run_file(shell: Shell, path: str) -> bool:
    if path == "-":
        return shell.feed_all(sys.stdin) or not shell.failed
    with open(os.path.expanduser(path), encoding="utf-8") as file:
        return shell.feed_all(file) or not shell.failed
