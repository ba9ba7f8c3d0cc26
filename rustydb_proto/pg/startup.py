"""The first packet of a connection: what a StartupMessage says.

The packet has no type byte: an Int32 length, an Int32 code, and for protocol 3 a list of name and value strings
that ends with an empty name. Four names are special: `user`, `database` (default: the user), `options` (command
line switches, of which `-c name=value` and `--name=value` set parameters) and `replication`; names that begin with
`_pq_.` ask for protocol extensions, of which there are none; every other name is a run-time parameter.

    >>> parse_startup(b"user\\0ann\\0options\\0-c geqo=off\\0\\0")
    Startup(user='ann', database='ann', parameters={'geqo': 'off'}, unknown_options=[], replication='')

Source: ProcessStartupPacket in PostgreSQL's postmaster, process_startup_options, pg_split_opts.
"""

from __future__ import annotations

from rustydb_proto.core.value import value

NAME_BYTES_MAX = 63
# What parse_bool takes: a prefix of a word, of on and off two letters at least.
_NO_REPLICATION = frozenset({"0", "f", "fa", "fal", "fals", "false", "n", "no", "of", "off"})
_PHYSICAL_REPLICATION = frozenset({"1", "t", "tr", "tru", "true", "y", "ye", "yes", "on"})


@value
class Startup:
    """A valid StartupMessage of protocol 3."""

    user: str
    database: str
    parameters: dict[str, str]
    unknown_options: list[str]
    replication: str = ""


@value
class StartupRefused:
    """Why a StartupMessage is refused: the fields of a FATAL error."""

    sqlstate: str
    message: str
    hint: str | None = None


def parse_startup(body: bytes, may_replicate: bool = False) -> Startup | StartupRefused:
    """Parse what follows the protocol code; `may_replicate` says whether a replication connection can be had."""
    if not body.endswith(b"\0"):
        return StartupRefused("08P01", "invalid startup packet layout: expected terminator as last byte")
    strings = body[:-1].split(b"\0")
    # n strings are n terminators and so n + 1 pieces, the last of them empty.
    if strings.pop() != b"" or len(strings) % 2 or b"" in strings[::2]:
        return StartupRefused("08P01", "invalid startup packet layout: expected terminator as last byte")
    try:
        texts = [piece.decode() for piece in strings]
    except UnicodeDecodeError:
        return StartupRefused("22021", 'invalid byte sequence for encoding "UTF8" in startup packet')
    named = dict(zip(texts[::2], texts[1::2], strict=True))
    user = named.pop("user", "")
    database = named.pop("database", "") or user
    asked = named.pop("replication", "off")
    replication = _replication(asked)
    if replication is None:
        hint = 'Valid values are: "false", 0, "true", 1, "database".'
        return StartupRefused("22023", f'invalid value for parameter "replication": "{asked}"', hint)
    if replication and not may_replicate:
        return StartupRefused("0A000", "replication connections are not supported")
    parameters: dict[str, str] = {}
    refused = _apply_options(named.pop("options", ""), parameters)
    if refused is not None:
        return refused
    unknown = [name for name in named if name.startswith("_pq_.")]
    parameters.update((name, text) for name, text in named.items() if not name.startswith("_pq_."))
    return Startup(_truncate(user), _truncate(database), parameters, unknown, replication)


def _replication(text: str) -> str | None:
    """Return "", "physical" or "logical"; None for what is neither a Boolean nor `database`."""
    if text == "database":
        return "logical"
    word = text.lower()
    return "" if word in _NO_REPLICATION else "physical" if word in _PHYSICAL_REPLICATION else None


def split_options(options: str) -> list[str]:
    """Split command line switches at white space; a backslash makes the next character literal."""
    words: list[str] = []
    letters: list[str] | None = None
    characters = iter(options)
    for character in characters:
        if character in " \t\n\v\f\r":
            if letters is not None:
                words.append("".join(letters))
            letters = None
            continue
        if letters is None:
            letters = []
        letters.append(next(characters, "") if character == "\\" else character)
    if letters is not None:
        words.append("".join(letters))
    return words


def _apply_options(options: str, parameters: dict[str, str]) -> StartupRefused | None:
    words = iter(split_options(options))
    for word in words:
        if word.startswith("--") and len(word) > 2:
            setting, shown = word[2:], word
        elif word.startswith("-c"):
            setting = word[2:] or next(words, "")
            shown = "-c " + setting
        else:
            return StartupRefused(
                "42601",
                f"invalid command-line argument for server process: {word}",
                'Try "postgres --help" for more information.',
            )
        name, equals, text = setting.partition("=")
        if not equals:
            return StartupRefused("42601", f"{shown} requires a value")
        parameters[name.replace("-", "_")] = text
    return None


def _truncate(name: str) -> str:
    """Cut a name to what an identifier can hold, at a character border, as the server does with its own."""
    data = name.encode()
    return name if len(data) <= NAME_BYTES_MAX else data[:NAME_BYTES_MAX].decode("utf-8", "ignore")
