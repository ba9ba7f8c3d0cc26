"""Where a server listens: addresses, names, one free port for all of them, Unix sockets, and what is told when it cannot."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rustydb_host.listen import ListenError, Listening, Wanted

V4 = "127.0.0.1"
V6 = "::1"


def has_v6() -> bool:
    with socket.socket(socket.AF_INET6) as sock:
        try:
            sock.bind((V6, 0))
        except OSError:
            return False
    return True


needs_v6 = pytest.mark.skipif(not has_v6(), reason="this machine has no IPv6")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def listening(stack: ExitStack, *hosts: str, port: int = 0, name: str = "postgresql") -> Listening:
    return stack.enter_context(Listening([Wanted(name, hosts, port)]))


def connect(address: str) -> None:
    if address.startswith("/"):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(address)
    else:
        host, _, port = address.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), 5).close()


def test_nobody_can_connect_before_it_is_started(stack: ExitStack) -> None:
    found = listening(stack, V4)
    (address,) = found.addresses["postgresql"]
    with pytest.raises(ConnectionRefusedError):
        connect(address)
    (endpoint,) = found.start()
    assert endpoint.name == "postgresql"
    connect(address)


@needs_v6
def test_a_free_port_is_the_same_at_every_address(stack: ExitStack, tmp_path: Path) -> None:
    found = listening(stack, V4, V6, str(tmp_path))
    found.start()
    v4, v6, unix = found.addresses["postgresql"]
    port = v4.rpartition(":")[2]
    assert v6 == f"[::1]:{port}"
    assert unix == f"{tmp_path}/.s.PGSQL.{port}"
    for address in (v4, v6, unix):
        connect(address)


@needs_v6
def test_the_star_is_every_address(stack: ExitStack) -> None:
    found = listening(stack, "*")
    found.start()
    port = found.addresses["postgresql"][0].rpartition(":")[2]
    connect(f"{V4}:{port}")
    connect(f"[{V6}]:{port}")


def test_a_name_stands_for_the_addresses_that_it_has(stack: ExitStack) -> None:
    found = listening(stack, "localhost")
    found.start()
    for address in found.addresses["postgresql"]:
        connect(address)


def test_several_names_have_a_port_each(stack: ExitStack) -> None:
    wanted = [Wanted("postgresql", (V4,), 0), Wanted("any", (V4,), 0)]
    found = stack.enter_context(Listening(wanted))
    assert [endpoint.name for endpoint in found.start()] == ["postgresql", "any"]
    assert found.addresses["postgresql"] != found.addresses["any"]


def test_an_address_in_use_is_named_with_the_reason(stack: ExitStack) -> None:
    first = listening(stack, V4)
    first.start()
    (address,) = first.addresses["postgresql"]
    with pytest.raises(ListenError, match=f"cannot listen on {address}: Address already in use"):
        Listening([Wanted("postgresql", (V4,), int(address.rpartition(":")[2]))])


def test_two_servers_that_bind_before_one_listens(stack: ExitStack) -> None:
    first = listening(stack, V4)
    (address,) = first.addresses["postgresql"]
    second = listening(stack, V4, port=int(address.rpartition(":")[2]))
    first.start()
    with pytest.raises(ListenError, match=f"cannot listen on {address}: Address already in use"):
        second.start()


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", "cannot listen on 192.0.2.1:5432: Cannot assign requested address"),
        ("no such name", "cannot listen on no such name: "),
        ("/nonexistent/directory", "cannot listen on /nonexistent/directory/.s.PGSQL.5432: No such file or directory"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_with_the_reason(host: str, words: str) -> None:
    with pytest.raises(ListenError) as caught:
        Listening([Wanted("postgresql", (host,), 5432)])
    assert words in str(caught.value)


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    with pytest.raises(ListenError, match="too long"):
        Listening([Wanted("postgresql", (str(long),), 5432)])
    assert os.listdir(long) == []


def test_a_failure_closes_what_was_bound_before(stack: ExitStack) -> None:
    first = listening(stack, V4)
    port = int(first.addresses["postgresql"][0].rpartition(":")[2])
    first.close()
    with pytest.raises(ListenError):
        Listening([Wanted("postgresql", (V4, "192.0.2.1"), port)])
    listening(stack, V4, port=port)


# ---- Unix sockets


def test_everybody_may_connect_and_the_files_go_with_the_server(stack: ExitStack, tmp_path: Path) -> None:
    found = listening(stack, str(tmp_path), port=5432)
    found.start()
    path = tmp_path / ".s.PGSQL.5432"
    assert path.stat().st_mode & 0o777 == 0o777
    assert (tmp_path / ".s.PGSQL.5432.lock").read_text() == f"{os.getpid()}\n"
    connect(str(path))
    found.close()
    assert os.listdir(tmp_path) == []


def test_a_second_server_is_told_who_has_the_socket(stack: ExitStack, tmp_path: Path) -> None:
    listening(stack, str(tmp_path), port=5432)
    with pytest.raises(ListenError, match=f"process {os.getpid()} listens on it"):
        Listening([Wanted("postgresql", (str(tmp_path),), 5432)])
    assert (tmp_path / ".s.PGSQL.5432").is_socket()


def test_the_socket_of_a_server_that_crashed_is_replaced(stack: ExitStack, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / ".s.PGSQL.5432"))
    (tmp_path / ".s.PGSQL.5432.lock").write_text("12345\n")
    listening(stack, str(tmp_path), port=5432).start()
    connect(str(tmp_path / ".s.PGSQL.5432"))


def test_a_socket_on_which_another_program_answers_is_left_alone(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / ".s.PGSQL.5432"))
        other.listen()
        with pytest.raises(ListenError, match="another process listens on it"):
            Listening([Wanted("postgresql", (str(tmp_path),), 5432)])
        connect(str(tmp_path / ".s.PGSQL.5432"))


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".s.PGSQL.5432").write_text("precious")
    with pytest.raises(ListenError, match="no socket has this name"):
        Listening([Wanted("postgresql", (str(tmp_path),), 5432)])
    assert (tmp_path / ".s.PGSQL.5432").read_text() == "precious"
