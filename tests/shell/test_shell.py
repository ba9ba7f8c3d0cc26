"""The rustydb command against a real server: shell, ready, check-config, serve."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rustydb_shell.__main__ import run
from rustydb_shell.address import Address, AddressError, parse_address
from rustydb_shell.link import Link, LinkError
from rustydb_shell.prompt import Words, interact
from rustydb_shell.shell import Shell

from tests.support import server

ROOT = Path(__file__).parents[2]
SCHEMA = """
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, email text UNIQUE, age int CHECK (age > 0));
CREATE TABLE orders (id int PRIMARY KEY, owner int REFERENCES users(id));
CREATE VIEW adults AS SELECT * FROM users WHERE age >= 18;
INSERT INTO users (name, age) VALUES ('Ann', 30), ('Bob', 7);
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server.running(":memory:") as running:
        link = Link(parse_address(running.url, {}, {}))
        link.open()
        for outcome in link.query(SCHEMA):
            assert outcome.error is None
        link.close()
        yield running.url


@pytest.fixture
def shell(url: str) -> Iterator[Shell]:
    heard: list[str] = []
    link = Link(parse_address(url, {}, {}), heard.append)
    link.open()
    made = Shell(link, io.StringIO(), io.StringIO())
    yield made
    made.link.close()


def written(shell: Shell, *lines: str) -> str:
    """Feed lines; return what was written, to both outputs."""
    for line in lines:
        shell.feed(line + "\n")
    assert isinstance(shell.out, io.StringIO) and isinstance(shell.err, io.StringIO)
    text = shell.out.getvalue() + shell.err.getvalue()
    for stream in (shell.out, shell.err):
        stream.seek(0)
        stream.truncate()
    return text


def command(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rustydb_shell", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        input=text,
        cwd=ROOT,
        check=False,
    )


def test_statements_over_several_lines(shell: Shell) -> None:
    assert written(shell, "SELECT 1 AS one") == "" and shell.prompt == "rustydb-> "
    assert written(shell, "  , 'x", "y' AS two;") == " one | two \n-----+-----\n   1 | x  +\n     | y\n(1 row)\n\n"
    assert shell.prompt == "rustydb=> "
    assert written(shell, "SELECT 1; SELECT 2 AS b \\gx").endswith("-[ RECORD 1 ]\nb | 2\n\n")


def test_the_prompt_shows_what_is_open(shell: Shell) -> None:
    for line, prompt in (
        ("SELECT (", "rustydb(> "),
        ("'", "rustydb'> "),
        ("' /*", "rustydb*> "),
        ("*/ 1);", "rustydb=> "),
    ):
        written(shell, line)
        assert shell.prompt == prompt
    written(shell, "BEGIN;")
    assert shell.prompt == "rustydb=*> "
    assert 'relation "nope" does not exist' in written(shell, "SELECT * FROM nope;")
    assert shell.prompt == "rustydb=!> "
    assert "aborted" in written(shell, "SELECT 1;")
    written(shell, "ROLLBACK;")
    assert shell.failed


def test_describing_a_table(shell: Shell) -> None:
    text = written(shell, "\\d users")
    assert text.startswith(
        '                            Table "public.users"\n Column |  Type   | Collation | Nullable |              Default              \n'
    )
    assert " id     | integer |           | not null | nextval('users_id_seq'::regclass)\n" in text
    assert (
        '\nIndexes:\n    "users_pkey" PRIMARY KEY, btree (id)\n    "users_email_key" UNIQUE CONSTRAINT, btree (email)\n'
        in text
    )
    assert '\nCheck constraints:\n    "users_age_check" CHECK (age > 0)\n' in text
    assert (
        '\nReferenced by:\n    TABLE "orders" CONSTRAINT "orders_owner_fkey" FOREIGN KEY (owner) REFERENCES users(id)\n'
        in text
    )
    assert '\nForeign-key constraints:\n    "orders_owner_fkey" FOREIGN KEY (owner) REFERENCES users(id)\n' in written(
        shell, "\\d orders"
    )
    assert written(shell, "\\d nope") == 'Did not find any relation named "nope".\n'


def test_lists(shell: Shell) -> None:
    assert written(shell, "\\dt") == (
        "        List of relations\n Schema |  Name  | Type  | Owner \n--------+--------+-------+-------\n"
        " public | orders | table | admin\n public | users  | table | admin\n(2 rows)\n\n"
    )
    assert (
        "adults" in written(shell, "\\dv")
        and "users_id_seq" in written(shell, "\\ds")
        and "users_pkey" in written(shell, "\\di")
    )
    assert "users" in written(shell, "\\dt u*") and "users" not in written(shell, "\\dt o*")
    assert "pg_class" in written(shell, "\\dt pg_catalog.pg_cl*")
    assert (
        "public" in written(shell, "\\dn")
        and "Superuser" in written(shell, "\\du")
        and "rustydb" in written(shell, "\\l")
    )
    assert "adults" in written(shell, "\\d") and "Did not find any relation" in written(shell, "\\dm")
    assert "lower" in written(shell, "\\df lower")


def test_how_results_look(shell: Shell) -> None:
    assert written(shell, "\\x", "SELECT 1 AS a;", "\\x off") == (
        "Expanded display is on.\n-[ RECORD 1 ]\na | 1\n\nExpanded display is off.\n"
    )
    assert written(shell, "\\pset format csv", "SELECT 1 AS a, NULL AS b;") == "Output format is csv.\na,b\n1,\n"
    assert written(shell, "\\pset format json", "SELECT 1 AS a;") == 'Output format is json.\n[{"a": 1}]\n'
    assert written(shell, "\\pset format aligned", "\\pset null nil", "\\t", "SELECT NULL;") == (
        'Output format is aligned.\nNull display is "nil".\nTuples only is on.\n nil\n\n'
    )
    assert "format: 'xml' is none of" in written(shell, "\\pset format xml")
    assert "Time: " in written(shell, "\\timing on", "SELECT 1;")


def test_files(shell: Shell, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text(
        "CREATE TEMP TABLE f (a int, b text);\nCOPY f FROM STDIN;\n1\tone\n2\ttwo\n\\.\nSELECT count(*) FROM f;\n"
    )
    assert written(shell, f"\\i {script}") == "CREATE TABLE\nCOPY 2\n count \n-------\n     2\n(1 row)\n\n"
    target = tmp_path / "out.csv"
    assert written(shell, f"\\copy (SELECT * FROM f ORDER BY a) TO '{target}' CSV HEADER") == "COPY 2\n"
    assert target.read_text() == "a,b\n1,one\n2,two\n"
    assert written(shell, f"\\copy f(a, b) FROM {target} CSV HEADER", "SELECT count(*) FROM f;").endswith(
        "     4\n(1 row)\n\n"
    )
    assert written(shell, "COPY f TO STDOUT;").startswith("1\tone\n")
    output = tmp_path / "output.txt"
    shell.feed(f"\\o {output}\n")
    shell.feed("SELECT 5 AS five;\n")
    shell.feed("\\o\n")
    assert "five" in output.read_text()
    assert "No such file" in written(shell, "\\i /nowhere.sql") and "write: \\copy" in written(shell, "\\copy")


def test_the_rest_of_the_commands(shell: Shell) -> None:
    assert 'You are connected to database "rustydb" as user "admin" on host "127.0.0.1"' in written(shell, "\\conninfo")
    assert (
        "\\timing" in written(shell, "\\?")
        and "SELECT" in written(shell, "\\h")
        and "RETURNING" in written(shell, "\\h insert")
    )
    assert "No help" in written(shell, "\\h nonsense") and "invalid command \\nonsense" in written(shell, "\\nonsense")
    assert written(shell, "\\echo 'a  b' c") == "a  b c\n"
    assert written(shell, "SELECT 1 AS", "\\p") == "SELECT 1 AS\n"
    assert written(shell, "\\r") == "Query buffer reset (cleared).\n" and shell.prompt == "rustydb=> "
    assert "You are now connected" in written(shell, "\\c rustydb")
    assert "Previous connection kept" in written(shell, "\\c nowhere")
    assert not shell.feed("\\q\n")


def test_the_prompt_reads_until_the_end(shell: Shell) -> None:
    lines = iter(["SELECT 1 AS", "!", "SELECT 2 AS two;", "CREATE TEMP TABLE fresh (wonder int);"])
    prompts: list[str] = []
    words = Words(shell)
    assert words.matches("won", "SELECT won") == []

    def read(prompt: str) -> str:
        prompts.append(prompt)
        line = next(lines, None)
        if line is None:
            raise EOFError
        if line == "!":
            raise KeyboardInterrupt  # forgets what was typed
        return line

    interact(shell, read, words)
    assert prompts == ["rustydb=> ", "rustydb-> ", "rustydb=> ", "rustydb=> ", "rustydb=> "]
    assert " two \n" in written(shell)
    assert words.matches("won", "SELECT won") == ["wonder"]  # the names were asked for again


def test_completion(shell: Shell) -> None:
    words = Words(shell)
    assert "users" in words.matches("us", "SELECT * FROM us") and "email" in words.matches("em", "SELECT em")
    assert words.matches("SEL", "SEL") == ["SELECT"] and words.matches("sel", "sel") == ["select"]
    assert "\\timing" in words.matches("\\ti", "\\ti") and words.matches("", "SELECT ") == []


def test_what_is_interrupted_is_cancelled(url: str) -> None:
    link = Link(parse_address(url, {}, {}))
    link.open()
    outcomes = link.query("SELECT pg_sleep(600)")
    canceller = threading.Timer(0.2, link.cancel)
    canceller.start()
    (outcome,) = outcomes
    canceller.join()
    assert outcome.error is not None and outcome.error["C"] == "57014"
    many = link.query("SELECT 1; SELECT 2")
    next(many)
    many.close()  # as Ctrl-C leaves it
    assert link.rows("SELECT 3") == [("3",)]
    link.close()
    with pytest.raises(LinkError, match="no connection"):
        link.rows("SELECT 1")


def test_control_c_in_a_terminal_cancels_the_statement(url: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rustydb_shell", "shell", url, "-c", "SELECT 1 AS started", "-c", "SELECT pg_sleep(600)", "-c", "SELECT 2 AS after"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert "started" in process.stdout.readline()
    other = Link(parse_address(url, {}, {}))
    other.open()
    while not other.rows("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(6%' AND state = 'active'"):
        pass
    other.close()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "after" in out and "Cancel request sent" in err and process.returncode == 1


def test_the_command_line(url: str, tmp_path: Path) -> None:
    done = command("shell", url, "-c", "SELECT name FROM users ORDER BY id", "-c", "\\x", "-c", "SELECT 1 AS a")
    assert (
        done.stdout == " name \n------\n Ann\n Bob\n(2 rows)\n\nExpanded display is on.\n-[ RECORD 1 ]\na | 1\n\n"
        and done.returncode == 0
    )
    done = command("shell", url, "--csv", "-q", "-c", "SELECT id, name FROM users ORDER BY id")
    assert done.stdout == "id,name\n1,Ann\n2,Bob\n"
    assert command("shell", url, "-At", "-c", "SELECT 1").stdout == "1\n"
    done = command("shell", url, "-c", "SELECT nope FROM users")
    assert done.returncode == 1 and done.stderr.startswith(
        'ERROR:  column "nope" does not exist\nLINE 1: SELECT nope FROM users\n               ^\n'
    )
    script = tmp_path / "bad.sql"
    script.write_text("SELECT 1;\nSELECT nope;\nSELECT 2 AS two;\n")
    assert "two" in command("shell", url, "-f", str(script)).stdout
    stopped = command("shell", url, "--stop-on-error", "-f", str(script))
    assert stopped.returncode == 3 and "two" not in stopped.stdout
    assert command("shell", url, text="SELECT 6 * 7 AS answer\n;\n\\q\n").stdout.startswith(" answer \n")
    assert command("shell", "postgresql://admin:wrong@" + url.partition("@")[2], "-c", "SELECT 1").returncode == 2


def test_ready(url: str) -> None:
    done = command("ready", url, "--timeout", "30")
    assert done.returncode == 0 and done.stdout.endswith("is ready\n") and "admin:admin" not in done.stdout
    wrong = command("ready", "postgresql://admin:wrong@" + url.partition("@")[2], "--timeout", "30")
    assert wrong.returncode == 2 and "password authentication failed" in wrong.stderr
    assert command("ready", "postgresql://127.0.0.1:1/x").returncode == 1
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = command("ready", f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x", "--timeout", "0.1")
        assert done.returncode == 1 and "timed out" in done.stderr


def test_check_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text("[network]\nport = 5433\n")
    bad.write_text("[network]\nport = 'x'\n")
    assert run(["check-config", str(good)]) == 0 and "is well" in capsys.readouterr().out
    assert run(["check-config", str(bad)]) == 1 and "network.port: 'x' is not a whole number" in capsys.readouterr().err
    assert run(["check-config"]) == 2 and run(["nonsense"]) == 2 and run([]) == 0 and run(["version"]) == 0


@pytest.mark.parametrize("loop", ["asyncio", "trio", "gevent", "curio"])
def test_serve_on_each_loop(loop: str) -> None:
    pytest.importorskip(loop)
    process = subprocess.Popen(
        [sys.executable, "-m", "rustydb_shell", "serve", "--loop", loop, "--port", "0", "--data-dir", ":memory:"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready postgresql=127.0.0.1:")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_an_unknown_loop_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--loop", "select"]) == 2 and "--loop: 'select' is none of asyncio" in capsys.readouterr().err


def test_addresses() -> None:
    address = parse_address("postgresql://a%40b:p%3A@[::1]:7/shop?sslmode=require&application_name=x", {}, {})
    assert address == Address("::1", 7, "a@b", "p:", "shop", "require", application_name="x")
    assert parse_address(None, {}, {"PGHOST": "/run", "RUSTYDB_USER": "u", "PGUSER": "v"}).user == "u"
    assert (
        parse_address("db", {"port": "8"}, {}).sslmode == "prefer" and parse_address(None, {}, {}).sslmode == "disable"
    )
    assert "p:" not in address.url()
    for target, given, message in (
        ("http://x", {}, 'begins with "http"'), ("postgresql://h/d?x=1", {}, 'unknown option "x"'), (None, {"port": "0"}, "port: '0'"),
        ("postgresql://h:99999/d", {}, "cannot be read"), ("postgresql://h/d?sslmode=maybe", {}, "sslmode: 'maybe'"),
    ):  # fmt: skip
        with pytest.raises(AddressError, match=message):
            parse_address(target, given, {})
