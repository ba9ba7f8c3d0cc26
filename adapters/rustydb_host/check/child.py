"""The process under test: `python -m rustydb_host.check.child SPEC`, where SPEC is a `Spec` as JSON.

It binds the sockets, builds the Service, imports the host's `run` and calls it in the main thread. Standard output becomes
the stream on which it tells (`ready`, every step, `exit`); what the host prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import threading
import traceback
from dataclasses import asdict, dataclass

from rustydb_host.addresses import shown
from rustydb_host.check.service import Clock, Disk, Recorder, Teller, log_teller
from rustydb_host.contract import Endpoint, Put, Run, Service
from rustydb_proto.core import io

BACKLOG = 1024


@dataclass(frozen=True)
class Spec:
    """How a host is to be started."""

    entry: str
    folder: str
    spare_files: int | None = None
    """How many more files the process may open once it has started; None for as many as the system allows."""
    flush_seconds: float = 30.0
    halt_seconds: float = 2.0

    def to_json(self) -> str:
        """Return the command line's form."""
        return json.dumps(asdict(self))


def load(entry: str) -> Run:
    """Import `package.module:function`; ImportError, AttributeError or ValueError when there is no such function."""
    module, colon, name = entry.partition(":")
    if not colon:
        raise ValueError(f'host "{entry}" is not MODULE:FUNCTION')
    run: Run = getattr(importlib.import_module(module), name)
    return run


def main() -> int:
    """Run the host; 0 when it returned or raised, which is told."""
    handle = os.dup(1)
    os.dup2(2, 1)
    spec = Spec(**json.loads(sys.argv[1]))
    teller = Teller(handle)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    raise_open_files()
    try:
        run = load(spec.entry)
    except Exception as error:
        teller.tell({"exit": {"import": f"{type(error).__name__}: {error}"}})
        return 1
    clock, disk = Clock(), Disk(teller)
    listeners, datagrams = _sockets(spec.folder)

    def started(put: Put) -> None:
        disk.put = put
        if spec.spare_files is not None:
            limit_open_files(spec.spare_files)
        addresses = {one.name: shown(one.sock.getsockname()) for one in listeners + datagrams}
        teller.tell({"ready": {"addresses": addresses}})

    service = Service(
        core=Recorder(teller, clock),
        listeners=listeners,
        datagrams=datagrams,
        carry_out=disk.carry_out,
        clock=clock.read,
        log=log_teller(teller),
        started=started,
        reload=lambda: io.Reloaded({"again": 1}),
        signals=True,
        flush_seconds=spec.flush_seconds,
        halt_seconds=spec.halt_seconds,
    )
    try:
        teller.tell({"exit": {"code": run(service)}})
    except BaseException as error:
        traceback.print_exc()
        teller.tell({"exit": {"raised": type(error).__name__}})
    return 0


def _die_with_parent() -> None:
    """End the process when standard input ends: the parent is gone, whatever the host under test is doing."""
    while os.read(0, 1):
        pass
    os._exit(1)


def _sockets(folder: str) -> tuple[tuple[Endpoint, ...], tuple[Endpoint, ...]]:
    """Bind one socket of each kind that the system has."""
    listeners = [Endpoint("ipv4", _bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)))]
    datagrams = [Endpoint("udp", _bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)))]
    if socket.has_ipv6:
        try:
            listeners.append(Endpoint("ipv6", _bound(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))))
            datagrams.append(Endpoint("udp6", _bound(socket.AF_INET6, socket.SOCK_DGRAM, ("::1", 0))))
        except OSError:
            pass  # the system has no such address; the checks say that they skip it
    if hasattr(socket, "AF_UNIX"):
        listeners.append(Endpoint("unix", _bound(socket.AF_UNIX, socket.SOCK_STREAM, os.path.join(folder, "socket"))))
    return tuple(listeners), tuple(datagrams)


def _bound(family: int, kind: int, address: tuple[str, int] | str) -> socket.socket:
    sock = socket.socket(family, kind)
    try:
        sock.bind(address)
        if kind == socket.SOCK_STREAM:
            sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def raise_open_files() -> int:
    """Let this process open as many files as the system allows; return how many that is."""
    try:
        import resource
    except ImportError:
        return 512
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        return soft
    return hard


def limit_open_files(spare: int) -> None:
    """Let this process open `spare` files more than it has open now."""
    import resource

    used = max(int(name) for name in os.listdir("/dev/fd")) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + spare, hard))


if __name__ == "__main__":
    sys.exit(main())
