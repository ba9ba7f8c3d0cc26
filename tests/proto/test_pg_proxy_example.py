"""The proxy, the client and the web application among the examples, with a real PostgreSQL 15 and real clients."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples import EXAMPLES, Running, environment, running
from pg_oracle import BINARIES, Oracle

from rustydb_proto.pg import framing

psycopg = pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def proxy(oracle: Oracle) -> Iterator[Running]:
    with running("postgres_proxy.py", "--upstream-port", str(oracle.port)) as started:
        yield started


def connect(proxy: Running, user: str = "trusted", password: str = "any"):  # type: ignore[no-untyped-def]
    conninfo = f"host=127.0.0.1 port={proxy.port} dbname=postgres user={user} password={password}"
    return psycopg.connect(conninfo, autocommit=True)


@pytest.mark.parametrize("user", ["trusted", "ann", "md5_user", "clear_user"])
def test_whoever_may_log_in_upstream_may_log_in_here(proxy: Running, user: str) -> None:
    with connect(proxy, user, "pencil") as connection:
        assert connection.execute("select current_user").fetchone() == (user,)
        assert connection.info.parameter_status("server_version").startswith("15.")


def test_a_wrong_password_is_refused_in_the_servers_words(proxy: Running) -> None:
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "ann"'):
        connect(proxy, "ann", "pen")


def test_statements_are_printed(proxy: Running) -> None:
    with connect(proxy) as connection:
        connection.execute("select 'simple'")
        connection.execute("select %s", ["extended"], prepare=True)
    for expected in ("trusted@postgres: select 'simple'", "trusted@postgres: select $1"):
        while proxy.next_line() != expected:
            pass


def test_parameters_and_both_formats(proxy: Running) -> None:
    with connect(proxy) as connection:
        for binary in (False, True):
            cursor = connection.cursor(binary=binary)
            row = cursor.execute("select %s::int, %s::text, %s::bytea, null", [7, "ü", b"\0\xff"]).fetchone()
            assert row == (7, "ü", b"\0\xff", None)


def test_errors_leave_the_session_in_order(proxy: Running) -> None:
    with connect(proxy) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("select 1 / 0")
        with pytest.raises(psycopg.errors.UndefinedTable) as caught:
            connection.execute("select * from nosuch where a = %s", [1], prepare=True)
        assert caught.value.diag.statement_position == "15"
        with pytest.raises(psycopg.errors.InFailedSqlTransaction), connection.transaction():
            with pytest.raises(psycopg.errors.DivisionByZero):
                connection.execute("select 1 / 0")
            connection.execute("select 1")
        assert connection.execute("select 1").fetchone() == (1,)


def test_pipelines_with_an_error_in_the_middle(proxy: Running) -> None:
    with connect(proxy) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero), connection.pipeline():
            for number in (1, 2, 0, 4):
                connection.execute("select 1 / %s::int", [number])
        with connection.pipeline():
            cursors = [connection.execute("select %s::int", [number]) for number in range(200)]
        assert [cursor.fetchone()[0] for cursor in cursors] == list(range(200))


def test_copy_in_and_out(proxy: Running) -> None:
    with connect(proxy) as connection:
        connection.execute("create temp table copied (a int, b text)")
        with connection.cursor() as cursor:
            with cursor.copy("copy copied from stdin") as copy:
                for number in range(20_000):
                    copy.write_row((number, "x" * 50))
            assert cursor.rowcount == 20_000
            with cursor.copy("copy copied to stdout") as copy:
                assert sum(len(piece) for piece in copy) == sum(len(f"{number}\t\n") + 50 for number in range(20_000))
            with pytest.raises(psycopg.errors.InvalidTextRepresentation), cursor.copy("copy copied from stdin") as copy:
                copy.write(b"no number\tx\n" * 10_000)
            with pytest.raises(ZeroDivisionError), cursor.copy("copy copied from stdin") as copy:
                raise ZeroDivisionError
        assert connection.execute("select count(*) from copied").fetchone() == (20_000,)


def test_copy_by_the_extended_protocol_with_its_sync_sent_ahead(proxy: Running) -> None:
    with connect(proxy) as connection:
        connection.execute("create temp table copied (a int)")
        raw = connection.pgconn
        result = raw.exec_params(b"copy copied from stdin", None)
        assert result.status == psycopg.pq.ExecStatus.COPY_IN
        assert raw.put_copy_data(b"1\n2\n") == 1 and raw.put_copy_end() == 1
        assert raw.get_result().command_status == b"COPY 2"
        assert raw.get_result() is None
        assert connection.execute("select sum(a) from copied").fetchone() == (3,)


def test_notices_notifications_and_parameters(proxy: Running) -> None:
    with connect(proxy) as connection:
        heard: list[str] = []
        connection.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary))
        connection.execute("do $$ begin raise notice 'hello'; end $$")
        assert heard == ["hello"]
        connection.execute("set timezone to 'Asia/Tokyo'")
        assert connection.info.parameter_status("TimeZone") == "Asia/Tokyo"
        connection.execute("listen c")
        with connect(proxy) as other:
            other.execute("notify c, 'payload'")
        assert next(connection.notifies(timeout=20, stop_after=1)).payload == "payload"


def test_a_cancel_request_passes(proxy: Running) -> None:
    with connect(proxy) as connection:
        # The notice says that the statement is running.
        canceler = threading.Thread(target=connection.cancel)
        connection.add_notice_handler(lambda diagnostic: canceler.start())
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("do $$ begin raise notice 'running'; perform pg_sleep(30); end $$")
        canceler.join()
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_large_result_and_a_portal_with_a_row_limit(proxy: Running) -> None:
    with connect(proxy) as connection:
        rows = connection.execute("select i, repeat('x', 1000) from generate_series(1, 20000) i").fetchall()
        assert len(rows) == 20_000
        with connection.transaction(), connection.cursor("named") as cursor:
            cursor.itersize = 7
            assert [row[0] for row in cursor.execute("select generate_series(1, 50)")] == list(range(1, 51))


def test_a_session_that_the_server_ends_ends_here(proxy: Running) -> None:
    with connect(proxy) as connection, connect(proxy) as other:
        other.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
        with pytest.raises(psycopg.errors.AdminShutdown):
            connection.execute("select pg_sleep(30)")


def test_a_server_that_cannot_be_reached_is_said_so() -> None:
    with running("postgres_proxy.py", "--upstream-port", "1") as started:
        with pytest.raises(psycopg.OperationalError, match="the server cannot be reached"):
            connect(started)


def test_pgbench_runs_through_the_proxy(proxy: Running, oracle: Oracle) -> None:
    if not (BINARIES / "pgbench").exists():
        pytest.skip("pgbench is not installed")
    where = ["-h", "127.0.0.1", "-p", str(proxy.port), "-U", "trusted", "postgres"]
    secret = os.environ | {"PGPASSWORD": "any"}
    options = {"check": True, "capture_output": True, "env": secret, "timeout": 120, "text": True}
    subprocess.run([BINARIES / "pgbench", "-i", "-q", *where], **options)  # type: ignore[call-overload]
    for mode in ("simple", "extended", "prepared"):
        done = subprocess.run([BINARIES / "pgbench", "-n", "-M", mode, "-c", "4", "-t", "20", *where], **options)  # type: ignore[call-overload]
        assert "number of transactions actually processed: 80/80" in done.stdout


def test_a_base_backup_with_its_stream_passes(proxy: Running) -> None:
    """Replication connections: copy data in both directions, for pg_basebackup's stream of the log."""
    program = BINARIES / "pg_basebackup"
    if not program.exists():
        pytest.skip("pg_basebackup is not installed")
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "-D", f"{folder}/copy", "-X", "stream", "-c", "fast", "-h", "127.0.0.1", "-U", "trusted"]
        secret = os.environ | {"PGPASSWORD": "any"}
        subprocess.run([*command, "-p", str(proxy.port)], check=True, env=secret, timeout=120, capture_output=True)
        assert (Path(folder) / "copy" / "PG_VERSION").read_text() == "15\n"


def test_the_client_example_drives_a_real_server(oracle: Oracle) -> None:
    command = [sys.executable, str(EXAMPLES / "postgres_client.py"), "--port", str(oracle.port)]
    command += ["--user", "ann", "--password", "pencil"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment())
    shown = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert shown["server"].startswith("15.")
    assert shown["query"] == "[(b'42', b'text', None)]"
    assert shown["with parameters"] == "[[42, [6, 7], True]]"
    assert shown["copy in"] == "COPY 2" and shown["copy out"] == r"b'1,one\n2,two\n'"
    assert shown["error"] == "ERROR 22012: division by zero"
    assert shown["canceled"] == "ERROR 57014: canceling statement due to user request"


def test_a_web_application_speaks_postgresql_too() -> None:
    pytest.importorskip("starlette")
    pytest.importorskip("uvicorn")
    with running("postgres_in_web_application.py", "--http-port", "0") as started:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", started.next_line())
        assert found is not None
        web = found[1]
        for page in ("home", "about", "home"):
            request = urllib.request.Request(f"http://127.0.0.1:{web}/hits/{page}", method="POST")
            urllib.request.urlopen(request, timeout=20).close()
        with psycopg.connect(f"host=127.0.0.1 port={started.port} user=ann", autocommit=True) as connection:
            assert connection.execute("table hits").fetchall() == [("home", 2), ("about", 1)]
            assert connection.execute("select * from hits", prepare=True).fetchall() == [("home", 2), ("about", 1)]
            assert connection.execute("delete from hits", prepare=True).rowcount == 2
            with pytest.raises(psycopg.errors.FeatureNotSupported):
                connection.execute("select now()")
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/hits", timeout=20) as response:
            assert json.load(response) == {}


def test_psql_sees_through_the_proxy_what_it_sees_directly(proxy: Running, oracle: Oracle) -> None:
    psql = BINARIES / "psql"
    if not psql.exists():
        pytest.skip("psql is not installed")
    script = "select 1; table pg_am; \\d pg_am\n\\gdesc\nselect $1 \\bind 5 \\g\nselect 'x' \\gdesc\ncopy pg_am to stdout;\nselec;\n\\conninfo\n"
    shown = []
    for port in (oracle.port, proxy.port):
        command = [psql, "-X", "-a", "-h", "127.0.0.1", "-p", str(port), "-U", "trusted", "postgres"]
        secret = os.environ | {"PGPASSWORD": "any"}
        done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=60, env=secret)
        shown.append(re.sub(r"\d{4,5}", "PORT", done.stdout + done.stderr))
    assert shown[0] == shown[1]


@pytest.fixture(scope="module")
def tap(oracle: Oracle) -> Iterator[Running]:
    with running("postgres_tap.py", "--upstream-port", str(oracle.port)) as started:
        yield started


def test_a_tap_needs_no_password_and_shows_statements_and_errors(tap: Running) -> None:
    with connect(tap, "ann", "pencil") as connection:
        assert connection.execute("select 'simple'").fetchone() == ("simple",)
        assert connection.execute("select %s::text", ["extended"], prepare=True).fetchone() == ("extended",)
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("select 1 / 0")
    expected = ["> select 'simple'", "> select $1::text", "> select 1 / 0", "< ERROR 22012: division by zero"]
    assert [tap.next_line() for _ in expected] == expected
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(tap, "ann", "pen")
    assert tap.next_line() == '< FATAL 28P01: password authentication failed for user "ann"'


def test_a_tap_does_not_care_for_character_sets(tap: Running) -> None:
    where = f"host=127.0.0.1 port={tap.port} dbname=postgres user=trusted client_encoding=latin1"
    with psycopg.connect(where, autocommit=True) as connection:
        assert connection.execute("select 'ünïcödé', %s", ["é"]).fetchone() == ("ünïcödé", "é")
        with connection.cursor().copy("copy (select 'ü' from generate_series(1, 10000)) to stdout") as copy:
            assert b"".join(bytes(piece) for piece in copy) == "ü\n".encode("latin1") * 10_000


def test_a_cancel_request_passes_a_tap(tap: Running) -> None:
    with connect(tap) as connection:
        canceler = threading.Thread(target=connection.cancel)
        connection.add_notice_handler(lambda diagnostic: canceler.start())
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("do $$ begin raise notice 'running'; perform pg_sleep(30); end $$")
        canceler.join()


def test_a_simple_query_within_a_pipeline_is_refused(proxy: Running) -> None:
    startup = framing.startup({"user": "trusted", "database": "postgres"}) + framing.password_message(b"any")
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as connection:
        connection.sendall(startup + framing.parse("", "selec") + framing.query("select 1"))
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"C0A000\0Ma simple query within a pipeline" in data
