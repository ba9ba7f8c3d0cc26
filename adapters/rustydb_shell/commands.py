"""The backslash commands: one decorated function each; the help of \\? is made from their docstrings.

A command takes the shell, its own name (with `+` if that was written) and its arguments, and returns False to end the input.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TextIO

from rustydb_shell import catalog
from rustydb_shell.address import AddressError, parse_address
from rustydb_shell.link import Link, LinkError
from rustydb_shell.synopses import SYNOPSES
from rustydb_shell.tables import FORMATS, Style, render

if TYPE_CHECKING:
    from rustydb_shell.shell import Shell

Command = Callable[["Shell", str, str], bool]
COMMANDS: Final[dict[str, Command]] = {}
FILES_DEEP: Final = 20


def command(*names: str) -> Callable[[Command], Command]:
    """Register a command under its names."""

    def register(function: Command) -> Command:
        for name in names:
            COMMANDS[name] = function
        return function

    return register


def run(shell: Shell, text: str) -> bool:
    """Run a line that begins with a backslash; False when the input is to end."""
    name, _, arguments = text[1:].partition(" ")
    found = COMMANDS.get(name) or COMMANDS.get(name.removesuffix("+"))
    if found is None:
        shell.failed = True
        shell.say(f"invalid command \\{name}\nTry \\? for help.")
        return True
    try:
        return found(shell, name, arguments.strip().rstrip(";").strip())
    except LinkError as error:
        shell.failed = True
        shell.say(f"ERROR:  {error}")
    except (OSError, ValueError) as error:
        shell.failed = True
        shell.say(f"\\{name}: {error}")
    return True


# ---- looking at the database


@command("dt", "dv", "dm", "di", "ds", "dE")
def list_relations(shell: Shell, name: str, arguments: str) -> bool:
    """\\dt \\dv \\dm \\di \\ds [PATTERN]   list tables, views, materialized views, indexes, sequences"""
    _list(shell, catalog.relations(name[1], arguments, name.endswith("+")), "List of relations", arguments)
    return True


@command("d")
def describe(shell: Shell, name: str, arguments: str) -> bool:
    """\\d [NAME]                        list relations, or describe one"""
    if not arguments:
        _list(shell, catalog.relations("tvmsE", "", name.endswith("+")), "List of relations", "")
        return True
    found = shell.link.rows(catalog.matching_relations(arguments))
    if not found:
        shell.failed = True
        shell.say(f'Did not find any relation named "{arguments}".')
    for oid, schema, relation, kind in found:
        _describe(shell, str(oid), f"{schema}.{relation}", str(kind))
    return True


@command("dn")
def list_schemas(shell: Shell, name: str, arguments: str) -> bool:
    """\\dn [PATTERN]                    list schemas"""
    _list(shell, catalog.schemas(arguments), "List of schemas", arguments)
    return True


@command("du", "dg")
def list_roles(shell: Shell, name: str, arguments: str) -> bool:
    """\\du [PATTERN]                    list roles"""
    _list(shell, catalog.roles(arguments), "List of roles", arguments)
    return True


@command("l")
def list_databases(shell: Shell, name: str, arguments: str) -> bool:
    """\\l [PATTERN]                     list databases"""
    _list(shell, catalog.databases(arguments), "List of databases", arguments)
    return True


@command("df")
def list_functions(shell: Shell, name: str, arguments: str) -> bool:
    """\\df [PATTERN]                    list functions"""
    _list(shell, catalog.functions(arguments), "List of functions", arguments)
    return True


def _list(shell: Shell, sql: str, title: str, pattern: str) -> None:
    for outcome in shell.link.query(sql):
        if outcome.error is not None or outcome.columns is None:
            shell.show(outcome)
        elif not outcome.rows and title == "List of relations" and not shell.quiet:
            shell.say(f'Did not find any relation named "{pattern}".' if pattern else "Did not find any relations.")
        else:
            names = [column.name for column in outcome.columns]
            oids = [column.type_oid for column in outcome.columns]
            shell.write(render(names, oids, outcome.rows, shell.style, title))


_TITLES: Final = {
    "r": "Table", "p": "Partitioned table", "v": "View", "m": "Materialized view", "i": "Index", "I": "Partitioned index",
    "S": "Sequence", "f": "Foreign table",
}  # fmt: skip


def _describe(shell: Shell, oid: str, name: str, kind: str) -> None:
    title = f'{_TITLES.get(kind, "Relation")} "{name}"'
    link = shell.link
    for outcome in link.query(catalog.columns(oid)):
        if outcome.error is not None or outcome.columns is None:
            shell.show(outcome)
            return
        names = [column.name for column in outcome.columns]
        style = replace(shell.style, tuples_only=False)
        text = render(names, [25] * len(names), outcome.rows, style, title)
        # The number of columns says nothing here: the table is followed by what belongs to it.
        shell.write(re.sub(r"\(\d+ rows?\)\n\n\Z", "", text))
    lines: list[str] = []
    indexes = [
        f'    "{index}" {_index(primary == "t", unique == "t", constraint, constraint_text, text)}'
        for index, primary, unique, constraint, constraint_text, text in link.rows(catalog.indexes(oid))
    ]
    _section(lines, "Indexes:", indexes)
    checks = [f'    "{check}" {text}' for check, text in link.rows(catalog.constraints(oid, "c"))]
    _section(lines, "Check constraints:", checks)
    keys = [f'    "{key}" {text}' for key, text in link.rows(catalog.constraints(oid, "f"))]
    _section(lines, "Foreign-key constraints:", keys)
    referenced = [
        f'    TABLE "{table}" CONSTRAINT "{key}" {text}' for table, key, text in link.rows(catalog.references(oid))
    ]
    _section(lines, "Referenced by:", referenced)
    shell.write("\n".join([*lines, ""]) + "\n")


def _section(lines: list[str], title: str, items: list[str]) -> None:
    if items:
        lines += [title, *items]


def _index(primary: bool, unique: bool, constraint: str | None, constraint_text: str | None, text: str | None) -> str:
    definition = (text or "").partition(" USING ")[2]
    if primary:
        return f"PRIMARY KEY, {definition}"
    if unique:
        return f"UNIQUE CONSTRAINT, {definition}" if constraint == "u" else f"UNIQUE, {definition}"
    return (constraint_text or definition) if constraint == "x" else definition


# ---- how results look


@command("x")
def expanded(shell: Shell, name: str, arguments: str) -> bool:
    """\\x [on|off|auto]                 expanded output"""
    word = arguments or ("off" if shell.style.expanded == "on" else "on")
    if word not in ("on", "off", "auto"):
        raise ValueError(f"{word!r} is none of on, off, auto")
    shell.style.expanded = word
    _tell(
        shell,
        {
            "on": "Expanded display is on.",
            "off": "Expanded display is off.",
            "auto": "Expanded display is used automatically.",
        }[word],
    )
    return True


@command("timing")
def timing(shell: Shell, name: str, arguments: str) -> bool:
    """\\timing [on|off]                 show how long statements take"""
    shell.timing = _truth(arguments, shell.timing)
    _tell(shell, f"Timing is {'on' if shell.timing else 'off'}.")
    return True


@command("a")
def toggle_aligned(shell: Shell, name: str, arguments: str) -> bool:
    """\\a                               aligned or unaligned output"""
    shell.style.format = "unaligned" if shell.style.format == "aligned" else "aligned"
    _tell(shell, f"Output format is {shell.style.format}.")
    return True


@command("t")
def tuples_only(shell: Shell, name: str, arguments: str) -> bool:
    """\\t [on|off]                      rows only, without header and footer"""
    shell.style.tuples_only = _truth(arguments, shell.style.tuples_only)
    _tell(shell, f"Tuples only is {'on' if shell.style.tuples_only else 'off'}.")
    return True


@command("pset")
def set_style(shell: Shell, name: str, arguments: str) -> bool:
    """\\pset [NAME [VALUE]]             format (aligned, unaligned, csv, json), expanded, null, fieldsep, tuples_only"""
    option, _, value = arguments.partition(" ")
    value = value.strip().strip("'")
    style: Style = shell.style
    if not option:
        shell.write(
            f"expanded                 {style.expanded}\nfieldsep                 '{style.field_separator}'\n"
            f"format                   {style.format}\nnull                     '{style.null}'\n"
            f"tuples_only              {'on' if style.tuples_only else 'off'}\n"
        )
    elif option == "format":
        if value not in FORMATS:
            raise ValueError(f"format: {value!r} is none of {', '.join(FORMATS)}")
        style.format = value
        _tell(shell, f"Output format is {value}.")
    elif option == "null":
        style.null = value
        _tell(shell, f'Null display is "{value}".')
    elif option == "fieldsep":
        style.field_separator = value
        _tell(shell, f'Field separator is "{value}".')
    elif option in ("expanded", "x"):
        return expanded(shell, "x", value)
    elif option in ("tuples_only", "t"):
        return tuples_only(shell, "t", value)
    else:
        raise ValueError(f"unknown option: {option}")
    return True


# ---- files


@command("i", "include")
def include(shell: Shell, name: str, arguments: str) -> bool:
    """\\i FILE                          run the statements of a file"""
    (path,) = _words(arguments, 1, "\\i FILE")
    if shell.depth >= FILES_DEEP:
        raise ValueError(f"files include each other {FILES_DEEP} deep")
    shell.depth += 1
    try:
        with open(path, encoding="utf-8") as file:
            return shell.feed_all(file)
    finally:
        shell.depth -= 1


@command("o", "out")
def redirect(shell: Shell, name: str, arguments: str) -> bool:
    """\\o [FILE]                        write results to a file, or to the terminal again"""
    if shell.out is not shell.standard_out:
        shell.out.close()
        shell.out = shell.standard_out
    if arguments:
        (path,) = _words(arguments, 1, "\\o [FILE]")
        shell.out = open(path, "w", encoding="utf-8")  # noqa: SIM115 - closed by the next \o or at the end
    return True


_COPY: Final = re.compile(
    r"(?P<what>\(.*\)|[^\s(]+(?:\s*\([^)]*\))?)\s+(?P<way>from|to)\s+(?P<file>'(?:[^']|'')*'|\S+)(?P<options>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)


@command("copy")
def copy(shell: Shell, name: str, arguments: str) -> bool:
    """\\copy TABLE|(QUERY) FROM|TO FILE [OPTIONS]   copy between a table and a file of this machine"""
    match = _COPY.match(arguments)
    if match is None:
        raise ValueError(
            "write: \\copy TABLE [(COLUMNS)] FROM FILE [OPTIONS], or \\copy TABLE|(QUERY) TO FILE [OPTIONS]"
        )
    path = match["file"]
    path = path[1:-1].replace("''", "'") if path.startswith("'") else path
    sql = f"COPY {match['what']} {match['way']} {'STDIN' if match['way'].lower() == 'from' else 'STDOUT'}{match['options']}"
    if match["way"].lower() == "from":
        if path.lower() in ("stdin", "pstdin"):
            shell.run(sql, _pieces_of_lines(sys.stdin))
        else:
            with open(path, "rb") as file:
                shell.run(sql, iter(lambda: file.read(1 << 16), b""))
        return True
    if path.lower() in ("stdout", "pstdout"):
        shell.run(sql)
        return True
    with open(path, "wb") as target:
        for outcome in shell.link.query(sql, None, target.write):
            shell.show(outcome, sql)
    return True


def _pieces_of_lines(source: TextIO) -> Iterator[bytes]:
    for line in source:
        if line.rstrip("\r\n") == "\\.":
            return
        yield line.encode()


# ---- the connection and the input


@command("c", "connect")
def connect(shell: Shell, name: str, arguments: str) -> bool:
    """\\c [DATABASE|URL]                connect anew"""
    old = shell.link.address
    if "://" in arguments:
        address = parse_address(arguments, {}, {})
    else:
        address = replace(old, database=arguments or old.database)
    link = Link(address, shell.link._on_notice)
    try:
        link.open()
    except (LinkError, AddressError) as error:
        shell.failed = True
        shell.say(f"{error}\nPrevious connection kept")
        return True
    shell.link.close()
    shell.link = link
    _tell(shell, f'You are now connected to database "{address.database}" as user "{address.user}".')
    return True


@command("conninfo")
def connection_info(shell: Shell, name: str, arguments: str) -> bool:
    """\\conninfo                        show where the shell is connected to"""
    address = shell.link.address
    if not shell.link.is_open:
        shell.write("You are currently not connected to a database.\n")
        return True
    where = (
        f"via {address.place}"
        if address.host.startswith("/")
        else f"on host {address.place.replace(', port ', ' at port ')}"
    )
    where = re.sub(r"at port (\d+)", r'at port "\1"', where)
    shell.write(f'You are connected to database "{address.database}" as user "{address.user}" {where}.\n')
    if shell.link.tls:
        shell.write(f"SSL connection ({shell.link.tls})\n")
    return True


@command("g", "gx")
def go(shell: Shell, name: str, arguments: str) -> bool:
    """\\g, \\gx                          run the statement (again); \\gx with expanded output"""
    sql, shell.buffer = shell.buffer.strip() or shell.last, ""
    if not sql:
        raise ValueError("there is no statement to run")
    style = shell.style
    if name == "gx":
        shell.style = replace(style, expanded="on")
    try:
        shell.run(sql)
    finally:
        shell.style = style
    return True


@command("p")
def print_buffer(shell: Shell, name: str, arguments: str) -> bool:
    """\\p                               show the statement as it stands"""
    shell.write((shell.buffer.strip() or shell.last or "Query buffer is empty.") + "\n")
    return True


@command("r")
def reset_buffer(shell: Shell, name: str, arguments: str) -> bool:
    """\\r                               forget the statement as it stands"""
    shell.buffer = ""
    _tell(shell, "Query buffer reset (cleared).")
    return True


@command("echo")
def echo(shell: Shell, name: str, arguments: str) -> bool:
    """\\echo TEXT                       write a text"""
    shell.standard_out.write(" ".join(shlex.split(arguments)) + "\n")
    return True


@command("q", "quit", "exit")
def leave(shell: Shell, name: str, arguments: str) -> bool:
    """\\q                               leave"""
    return False


@command("?")
def help_commands(shell: Shell, name: str, arguments: str) -> bool:
    """\\?                               this list"""
    seen: list[str] = []
    for function in COMMANDS.values():
        text = (function.__doc__ or "").strip()
        if text not in seen:
            seen.append(text)
    shell.write("\n".join(f"  {text}" for text in seen) + "\n")
    return True


@command("h", "help")
def help_sql(shell: Shell, name: str, arguments: str) -> bool:
    """\\h [COMMAND]                     the form of a SQL command"""
    wanted = arguments.upper().rstrip("*").strip()
    if not wanted:
        shell.write("Available help:\n" + "".join(f"  {key}\n" for key in sorted(SYNOPSES)))
        return True
    found = {key: text for key, text in SYNOPSES.items() if key.startswith(wanted)}
    if not found:
        shell.say(f'No help available for "{arguments}".\nTry \\h with no arguments to see available help.')
    for key, text in sorted(found.items()):
        shell.write(f"Command:     {key}\nSyntax:\n{text}\n\n")
    return True


def _tell(shell: Shell, text: str) -> None:
    if not shell.quiet:
        shell.write(text + "\n")


def _truth(word: str, current: bool) -> bool:
    if not word:
        return not current
    if word.lower() in ("on", "off", "true", "false", "1", "0"):
        return word.lower() in ("on", "true", "1")
    raise ValueError(f"{word!r} is neither on nor off")


def _words(arguments: str, count: int, usage: str) -> list[str]:
    words = shlex.split(arguments)
    if len(words) != count:
        raise ValueError(f"write: {usage}")
    return words
