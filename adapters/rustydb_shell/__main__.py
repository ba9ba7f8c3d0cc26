"""`rustydb`: the command that has all the others.

rustydb serve [--loop asyncio|trio|gevent|curio] [OPTIONS OF THE SERVER]
rustydb shell [URL]                 a SQL prompt
rustydb ready [URL] [--timeout S]   exit status 0 when a SELECT is answered
rustydb check-config FILE           read a configuration file and say what is wrong with it
rustydb sim …                       the simulator
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Final


def main() -> int:
    """Run the command of sys.argv; return the exit status."""
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run a command; return the exit status."""
    name, rest = (arguments[0], list(arguments[1:])) if arguments else ("help", [])
    if name in ("help", "-h", "--help"):
        print((__doc__ or "").strip())
        return 0
    if name in ("version", "--version"):
        from rustydb_engine.version import RUSTYDB_VERSION

        print(f"rustydb (RustyDB) {RUSTYDB_VERSION}")
        return 0
    found = _COMMANDS.get(name)
    if found is None:
        print(f"rustydb: unknown command {name!r}; known are {', '.join(_COMMANDS)}", file=sys.stderr)
        return 2
    return found(rest)


def _serve(arguments: list[str]) -> int:
    from rustydb_host import launch

    try:
        loop, rest = _take_loop(arguments, tuple(launch.HOSTS))
    except ValueError as error:
        print(f"rustydb serve: {error}", file=sys.stderr)
        return 2
    return launch.main("rustydb serve", loop, rest)


def _take_loop(arguments: list[str], known: Sequence[str]) -> tuple[str, list[str]]:
    """Return the loop (option, variable RUSTYDB_LOOP, or asyncio) and the arguments without it."""
    loop = os.environ.get("RUSTYDB_LOOP") or "asyncio"
    rest: list[str] = []
    given = iter(arguments)
    for argument in given:
        if argument == "--loop":
            loop = next(given, "")
        elif argument.startswith("--loop="):
            loop = argument.partition("=")[2]
        else:
            rest.append(argument)
    if loop not in known:
        raise ValueError(f"--loop: {loop!r} is none of {', '.join(known)}")
    return loop, rest


def _shell(arguments: list[str]) -> int:
    from rustydb_shell.interactive import main as shell

    return shell(arguments)


def _ready(arguments: list[str]) -> int:
    from rustydb_shell.ready import main as ready

    return ready(arguments)


def _check_config(arguments: list[str]) -> int:
    from rustydb_host.certificates import CertificateError, server_context
    from rustydb_host.options import OptionError, load

    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: rustydb check-config FILE", file=sys.stderr)
        return 2
    try:
        server_context(load("rustydb serve", ["--config", arguments[0]], {}))
    except (OptionError, CertificateError) as error:
        print(f"rustydb check-config: {error}", file=sys.stderr)
        return 1
    print(f"{arguments[0]} is well")
    return 0


def _sim(arguments: list[str]) -> int:
    from rustydb_sim.__main__ import main as simulate

    return simulate(arguments, "rustydb sim")


_COMMANDS: Final[dict[str, Callable[[list[str]], int]]] = {
    "serve": _serve,
    "shell": _shell,
    "ready": _ready,
    "check-config": _check_config,
    "sim": _sim,
}

if __name__ == "__main__":
    sys.exit(main())
