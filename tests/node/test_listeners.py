"""What a listener takes: PostgreSQL and the native protocol share a port, and the one port takes everything."""

from __future__ import annotations

import pytest

from rustydb_proto.core import io
from rustydb_proto.pg import client_messages as pg
from rustydb_proto.pg import framing
from rustydb_proto.sniff import HTTP2_PREFACE
from tests.node.native_client import NativeClient
from tests.node.support import Client, Host

REQUEST = b"GET /api/v1/tables HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def host() -> Host:
    return Host()


def one_port(host: Host) -> Client:
    return host.accept("any")


def test_postgresql_is_served_on_the_one_port(host: Host) -> None:
    client = one_port(host)
    client.log_in()
    assert client.ask("SELECT 6 * 7").rows == [(b"42",)]


def test_postgresql_byte_by_byte(host: Host) -> None:
    client = one_port(host)
    assert client.send(b"\0") == b""
    for byte in framing.ssl_request()[1:-1]:
        assert client.send(bytes([byte])) == b""
    assert client.send(framing.ssl_request()[-1:]) == b"N"


@pytest.mark.parametrize("cut", [len(REQUEST), 1, 7])
def test_an_http_request_is_told_that_http_is_not_served(host: Host, cut: int) -> None:
    client = one_port(host)
    answer = b"".join(client.send(REQUEST[at : at + cut]) for at in range(0, len(REQUEST), cut))
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 501 Not Implemented"
    assert b"Connection: close" in lines and b"Content-Length: %d" % len(body) in lines
    assert b"HTTP is not served by this version" in body
    assert client.conn in host.ended and not client.closed
    assert client.send(b"the rest of a body") == b""
    client.send(b"")
    assert client.closed


def test_a_head_request_gets_no_body(host: Host) -> None:
    answer = one_port(host).send(REQUEST.replace(b"GET", b"HEAD"))
    assert answer.startswith(b"HTTP/1.1 501 ") and answer.endswith(b"\r\n\r\n")


def test_a_client_that_does_not_close_after_its_answer_is_closed() -> None:
    host = Host()
    client = one_port(host)
    client.send(REQUEST)
    host.wait(4.0)
    assert not client.closed
    host.wait(2.0)
    assert client.closed


def test_a_head_without_end_is_answered(host: Host) -> None:
    client = one_port(host)
    assert client.send(b"GET / HTTP/1.1\r\n" + b"x" * 10_000) == b""
    assert client.send(b"x" * 10_000).startswith(b"HTTP/1.1 501 ")


def test_http_2_is_sent_to_http_1(host: Host) -> None:
    client = one_port(host)
    answer = client.send(HTTP2_PREFACE + b"\0\0\0\4\0\0\0\0\0")
    assert answer[:9] == b"\0\0\0\4\0\0\0\0\0"  # SETTINGS
    size, kind = int.from_bytes(answer[9:12], "big"), answer[12]
    assert kind == 7 and len(answer) == 18 + size  # GOAWAY
    assert int.from_bytes(answer[22:26], "big") == 13  # HTTP_1_1_REQUIRED
    client.send(b"")
    assert client.closed


@pytest.mark.parametrize("listener", ["any", "postgresql"])
def test_the_native_protocol_is_spoken_on_the_port_of_postgresql(listener: str) -> None:
    host = Host()
    client = NativeClient(host, host.accept(listener))
    assert client.rows("select 6 * 7") == [(42,)]


@pytest.mark.parametrize("data", [REQUEST, HTTP2_PREFACE, b"\xff\xff\xff\xff", b"SSH-2.0-x\r\n" + bytes(9)])
def test_what_a_listener_does_not_take_ends_with_a_line_in_the_log(data: bytes) -> None:
    host = Host()
    client = host.accept("postgresql")
    assert client.send(data) == b""
    assert client.closed
    assert host.logs[-1].event == "connection refused" and host.logs[-1].fields["listener"] == "postgresql"


@pytest.mark.parametrize("listener", ["any", "postgresql"])
def test_tls_without_a_certificate_is_answered_with_an_alert(host: Host, listener: str) -> None:
    client = host.accept(listener)
    assert client.send(b"\x16\x03\x01\x00\xff\x01") == b"\x15\x03\x01\x00\x02\x02\x28"
    assert client.closed


def test_a_client_that_says_nothing_is_closed_when_the_time_for_startup_is_over() -> None:
    host = Host()
    silent, slow = one_port(host), one_port(host)
    slow.send(b"GE")
    host.wait(59.0)
    assert not silent.closed and not slow.closed
    host.wait(2.0)
    assert silent.closed and slow.closed


def test_the_time_for_startup_counts_from_the_first_moment() -> None:
    host = Host()
    client = host.accept()
    host.wait(30.0)
    client.send(framing.startup({"user": "admin", "database": "rustydb"}))
    host.wait(29.0)
    assert not client.closed
    host.wait(2.0)
    assert client.closed


def test_an_end_before_the_first_byte_closes(host: Host) -> None:
    client = one_port(host)
    client.send(b"")
    assert client.closed


def test_who_comes_in_the_step_of_the_shutdown_does_not_hold_it_up() -> None:
    host = Host()
    busy = host.connect()
    busy.begin(pg.Query("SELECT pg_sleep(1)"))
    host.step(io.ShutdownRequested(graceful=True))
    late = one_port(host)
    assert late.closed and not busy.closed
    host.wait(2.0)
    assert busy.closed and host.halted is not None


def test_shutdown_closes_who_has_not_spoken() -> None:
    host = Host()
    client = one_port(host)
    host.step(io.ShutdownRequested(graceful=True))
    assert client.closed and host.halted is not None
