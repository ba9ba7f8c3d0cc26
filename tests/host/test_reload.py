"""SIGHUP: what changes at once, what waits for a restart, and what a bad file does (nothing)."""

from __future__ import annotations

import io as text_io
from pathlib import Path

import pytest
from rustydb_host.logs import Logger
from rustydb_host.options import load
from rustydb_host.reload import Reloader, limits_of

from rustydb_engine.config import Config
from rustydb_proto.core import io
from rustydb_proto.tls import ServerContext
from rustydb_proto.tls_binding import end_point_hash
from tests.support.certificates import Authority


class Server:
    """What a launcher makes of a configuration file, without the server."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.write("")
        self.output = text_io.StringIO()
        self.logger = Logger(self.output, "info", "text")
        options = self.read()
        self.reload = Reloader(options, self.read, self.logger)

    def read(self):  # type: ignore[no-untyped-def]  # what load gives
        return load("x", ["--config", str(self.file)], {})

    def write(self, text: str) -> None:
        self.file.write_text(text)

    @property
    def said(self) -> str:
        text = self.output.getvalue()
        self.output.truncate(0)
        self.output.seek(0)
        return text


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path / "rustydb.toml")


def test_limits_go_to_the_core_in_its_units(server: Server) -> None:
    server.write("[network]\nmax_connections = 7\n[storage]\ncheckpoint_interval = 60\n")
    assert server.reload() == io.Reloaded({"connections_max": 7, "checkpoint_ns": 60_000_000_000})
    said = server.said
    assert "max_connections=7" in said and "checkpoint_interval=60" in said and "needs_restart=nothing" in said


def test_every_limit_is_a_field_of_the_engines_configuration(server: Server) -> None:
    assert set(limits_of(server.read())) <= set(Config.__dataclass_fields__)  # type: ignore[attr-defined]  # a record


def test_nothing_new_is_no_news(server: Server) -> None:
    assert server.reload() is None
    assert "applied=nothing needs_restart=nothing" in server.said


def test_the_log_level_changes_at_once(server: Server) -> None:
    server.logger.write("debug", "before")
    server.write("[monitoring]\nlog_level = 'debug'\n")
    assert server.reload() is None
    server.logger.write("debug", "after")
    said = server.said
    assert "before" not in said and "after" in said


def test_what_needs_a_restart_is_said_each_time(server: Server) -> None:
    server.write("[network]\nport = 1\nmax_connections = 7\n")
    assert server.reload() == io.Reloaded({"connections_max": 7})
    assert 'warning configuration reloaded applied="max_connections=7" needs_restart=port' in server.said
    assert server.reload() is None
    assert "applied=nothing needs_restart=port" in server.said


def test_a_password_is_not_shown(server: Server) -> None:
    server.write("[security]\nadmin_password = 'hunter2'\n")
    assert server.reload() is None
    said = server.said
    assert "admin_password" in said and "hunter2" not in said


@pytest.mark.parametrize(
    "text", ["[network]\nmax_connections = 'many'\n", "not toml at all", "[network]\nnonsense = 1\n"]
)
def test_a_file_that_cannot_be_used_changes_nothing(server: Server, text: str) -> None:
    server.write("[network]\nmax_connections = 7\n")
    server.reload()
    server.write(text)
    assert server.reload() is None
    assert "error configuration not reloaded" in server.said
    server.write("[network]\nmax_connections = 7\n")
    assert server.reload() is None


def test_certificates_are_read_again_although_no_option_changed(server: Server, tmp_path: Path) -> None:
    authority = Authority()
    files = authority.issue("localhost").write(tmp_path)
    text = f"[security.tls]\ncert_path = '{files.certificate}'\nkey_path = '{files.key}'\n"
    server.write(text)
    for renewed in (authority.issue("localhost"), authority.issue("localhost")):
        renewed.write(tmp_path)
        news = server.reload()
        assert isinstance(news, io.Reloaded) and isinstance(news.tls, ServerContext) and news.limits == {}
        assert news.tls.channel_binding == end_point_hash(renewed.der)
        assert "certificates read again" in server.said
    Path(files.key).write_text("damaged")
    assert server.reload() is None
    assert "configuration not reloaded" in server.said
    server.write("")
    assert server.reload() is None
    assert 'needs_restart="tls_cert, tls_key"' in server.said


def test_rules_of_tls_change_at_once(server: Server, tmp_path: Path) -> None:
    files = Authority().issue("localhost").write(tmp_path)
    server.write(
        f"[security]\ntls_cert_path = '{files.certificate}'\ntls_key_path = '{files.key}'\ntls_required = true\n"
    )
    news = server.reload()
    assert isinstance(news, io.Reloaded) and news.limits == {"tls_required": 1} and news.tls is not None
