"""Every protocol on one port, with and without TLS, as its own clients speak it: on each host."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psycopg
import pytest
import rustydb

from tests.support.certificates import Authority, Files, client_context
from tests.support.hosts import HOSTS
from tests.support.oracle import BINARIES
from tests.support.server import Server, running

SECONDS = 60
SPEAKS = "HTTP is not served by this version"
psql = pytest.mark.skipif(not (BINARIES / "psql").exists(), reason="needs psql")
curl = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@dataclass
class Secured:
    """A server with one port and a certificate for localhost, and what its clients need."""

    server: Server
    authority: Authority
    folder: Path
    ca: str
    files: Files

    def conninfo(self, sslmode: str, **more: str) -> str:
        """Return the connection string of a client of libpq."""
        parts = {
            "host": "localhost", "hostaddr": "127.0.0.1", "port": str(self.server.port), "user": "admin",
            "password": "admin", "dbname": "rustydb", "sslmode": sslmode, "connect_timeout": "30",
        }  # fmt: skip
        if sslmode.startswith("verify"):
            parts["sslrootcert"] = self.ca
        return " ".join(f"{name}='{value}'" for name, value in {**parts, **more}.items())

    def client_files(self, name: str) -> dict[str, str]:
        """Return the parts of a connection string that show a certificate."""
        files = self.authority.issue(name).write(self.folder)
        return {"sslcert": files.certificate, "sslkey": files.key}


@pytest.fixture(scope="module", params=HOSTS)
def secured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority()
    files = authority.issue("localhost", names=["localhost", "127.0.0.1"]).write(folder)
    ca = authority.write(folder)
    arguments = ["--one-port", "0", "--tls-cert", files.certificate, "--tls-key", files.key, "--tls-ca", ca]
    arguments += ["--tls-client-auth", "optional", "--tls-cert-login", "--tls-min-version", "1.2"]
    with running(host=request.param, arguments=arguments) as server:
        yield Secured(server, authority, folder, ca, files)


def run(*command: str) -> str:
    """Run a client, and return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- PostgreSQL


@psql
@pytest.mark.parametrize("sslmode", ["disable", "prefer", "require", "verify-ca", "verify-full"])
def test_psql(secured: Secured, sslmode: str) -> None:
    command = [str(BINARIES / "psql"), "-X", "-At", "-c", "select 6 * 7", "-c", r"\conninfo"]
    said = run(*command, secured.conninfo(sslmode))
    assert said.startswith("42\n")
    assert ("SSL connection (protocol: TLSv1.3" in said) == (sslmode != "disable")


@pytest.mark.parametrize("sslmode", ["disable", "require", "verify-full"])
def test_psycopg(secured: Secured, sslmode: str) -> None:
    with psycopg.connect(secured.conninfo(sslmode)) as connection:
        assert connection.execute("select 6 * 7").fetchone() == (42,)
        assert bool(connection.pgconn.ssl_in_use) == (sslmode != "disable")


def test_psycopg_with_channel_binding(secured: Secured) -> None:
    with psycopg.connect(secured.conninfo("verify-full", channel_binding="require")) as connection:
        assert connection.execute("select 6 * 7").fetchone() == (42,)


def test_channel_binding_without_tls_is_refused_by_the_client(secured: Secured) -> None:
    with pytest.raises(psycopg.OperationalError, match="channel binding"):
        psycopg.connect(secured.conninfo("disable", channel_binding="require"))


@pytest.mark.skipif(psycopg.pq.version() < 170000, reason="needs libpq 17")
@pytest.mark.parametrize("sslmode", ["require", "verify-full"])
def test_direct_tls(secured: Secured, sslmode: str) -> None:
    with psycopg.connect(secured.conninfo(sslmode, sslnegotiation="direct", channel_binding="require")) as connection:
        assert connection.execute("select 6 * 7").fetchone() == (42,)


def test_psycopg_with_tls_1_2(secured: Secured) -> None:
    with psycopg.connect(secured.conninfo("require", ssl_max_protocol_version="TLSv1.2")) as connection:
        assert connection.execute("select 6 * 7").fetchone() == (42,)


async def _asyncpg(port: int, context: ssl.SSLContext, direct: bool) -> object:
    connection = await asyncpg.connect(
        host="localhost", port=port, user="admin", password="admin", database="rustydb", ssl=context, direct_tls=direct
    )
    try:
        return await connection.fetchval("select 6 * 7")
    finally:
        await connection.close()


@pytest.mark.parametrize("direct", [False, True])
def test_asyncpg(secured: Secured, direct: bool) -> None:
    import asyncio

    context = client_context(secured.authority)
    if direct:
        context.set_alpn_protocols(["postgresql"])
    assert asyncio.run(_asyncpg(secured.server.port, context, direct)) == 42


def test_a_certificate_logs_in_without_a_password(secured: Secured) -> None:
    shown = secured.client_files("admin")
    with psycopg.connect(secured.conninfo("verify-full", **{**shown, "password": "wrong"})) as connection:
        assert connection.execute("select current_user").fetchone() == ("admin",)


def test_a_certificate_of_another_user_does_not(secured: Secured) -> None:
    with pytest.raises(psycopg.OperationalError, match='certificate authentication failed for user "admin"'):
        psycopg.connect(secured.conninfo("verify-full", **secured.client_files("ann")))


def test_a_certificate_of_another_authority_ends_the_handshake(secured: Secured) -> None:
    files = Authority("stranger").issue("admin").write(secured.folder)
    with pytest.raises(psycopg.OperationalError, match=r"unknown ca|closed the connection|alert"):
        psycopg.connect(secured.conninfo("require", sslcert=files.certificate, sslkey=files.key))


def test_a_big_result_and_a_big_copy_over_tls(secured: Secured) -> None:
    with psycopg.connect(secured.conninfo("require"), autocommit=True) as connection:
        rows = connection.execute("select i, repeat('x', 1000) from generate_series(1, 10000) i").fetchall()
        assert len(rows) == 10_000 and rows[-1] == (10_000, "x" * 1000)
        connection.execute("create temp table big (i int, t text)")
        with connection.cursor().copy("copy big from stdin") as copy:
            for number in range(10_000):
                copy.write_row((number, "y" * 500))
        assert connection.execute("select count(*), sum(length(t)) from big").fetchone() == (10_000, 5_000_000)


def test_a_cancel_request_over_tls(secured: Secured) -> None:
    with psycopg.connect(secured.conninfo("require")) as connection:
        timer = threading.Timer(0.2, connection.cancel_safe)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select pg_sleep(60)")
        timer.join()


def test_a_copy_of_the_ticket_for_tls_in_plaintext_is_fatal(secured: Secured) -> None:
    with socket.create_connection(("127.0.0.1", secured.server.port), SECONDS) as sock:
        sock.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f" + b"\0\0\0\x08\x04\xd2\x16\x2f")
        assert sock.recv(1) != b"S" or sock.recv(100) == b""


# ---- native


@pytest.mark.parametrize("sslmode", ["disable", "require", "verify-full"])
def test_the_native_client(secured: Secured, sslmode: str) -> None:
    connection = rustydb.connect(
        host="localhost",
        port=secured.server.port,
        user="admin",
        password="admin",
        database="rustydb",
        sslmode=sslmode,
        sslrootcert=secured.ca,
    )
    with connection:
        assert connection.query("select 6 * 7").rows[0][0] == 42


# ---- HTTP


@curl
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl(secured: Secured, scheme: str, version: str) -> None:
    url = f"{scheme}://localhost:{secured.server.port}/api/v1/tables"
    said = run(
        "curl",
        "-sS",
        "-i",
        version,
        "--cacert",
        secured.ca,
        "--resolve",
        f"localhost:{secured.server.port}:127.0.0.1",
        url,
    )
    assert said.startswith("HTTP/1.1 501 ") and SPEAKS in said


@curl
def test_curl_sends_a_body(secured: Secured) -> None:
    body = secured.folder / "body"
    body.write_bytes(bytes(300_000))
    url = f"https://127.0.0.1:{secured.server.port}/"
    said = run("curl", "-sS", "-i", "-H", "Expect:", "--data-binary", f"@{body}", "--cacert", secured.ca, url)
    assert said.startswith("HTTP/1.1 501 ") and SPEAKS in said


# ---- TLS itself


@openssl
def test_renegotiation_is_refused(secured: Secured) -> None:
    command = [
        "openssl",
        "s_client",
        "-connect",
        f"127.0.0.1:{secured.server.port}",
        "-tls1_2",
        "-servername",
        "localhost",
    ]
    done = subprocess.run(command, input="R\n", capture_output=True, text=True, timeout=SECONDS, check=False)
    assert "RENEGOTIATING" in done.stdout + done.stderr
    assert "no renegotiation" in done.stdout + done.stderr


def test_a_client_that_leaves_without_a_word_does_no_harm(secured: Secured) -> None:
    for said in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01" + bytes(50), b"\xab", b"G", b"\x99" * 100):
        with socket.create_connection(("127.0.0.1", secured.server.port), SECONDS) as sock:
            sock.sendall(said)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(100):
                pass
    test_psycopg(secured, "require")


def test_half_close_inside_tls(secured: Secured) -> None:
    """A client that has ended its direction still gets its answer, and a close_notify."""
    context = client_context(secured.authority)
    with socket.create_connection(("127.0.0.1", secured.server.port), SECONDS) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            plain_end = sock.unwrap  # waits for the server's close_notify, which comes after the answer
            said = b""
            while piece := sock.recv(1000):
                said += piece
            assert SPEAKS.encode() in said
            plain_end()


def test_certificates_are_renewed_at_sighup(tmp_path: Path) -> None:
    authority = Authority()
    files = authority.issue("localhost", names=["localhost"]).write(tmp_path)
    arguments = ["--tls-cert", files.certificate, "--tls-key", files.key]

    def shown(port: int) -> bytes:
        context = client_context(authority, alpn=["postgresql"])
        with socket.create_connection(("127.0.0.1", port), SECONDS) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as sock:
                der = sock.getpeercert(True)
                assert der is not None
                return der

    with running(arguments=arguments) as server:
        before = shown(server.port)
        renewed = authority.issue("localhost", names=["localhost"])
        renewed.write(tmp_path)
        os.kill(server.pid, signal.SIGHUP)
        server.logged("certificates are in use")
        assert before != shown(server.port) == renewed.der


def test_the_port_for_postgresql_takes_tls_too(tmp_path: Path) -> None:
    files = Authority().issue("localhost").write(tmp_path)
    with running(arguments=["--tls-cert", files.certificate, "--tls-key", files.key, "--tls-required"]) as server:
        url = server.url
        with psycopg.connect(f"{url}?sslmode=require") as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="requires TLS"):
            psycopg.connect(f"{url}?sslmode=disable")
