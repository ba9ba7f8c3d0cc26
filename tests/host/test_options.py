"""Options: precedence of flag, environment, file and default; errors that name the source; safety by default."""

from __future__ import annotations

from pathlib import Path

import pytest
from rustydb_host.options import OptionError, load


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[network]\nport = 1\nmax_connections = 11\n[monitoring]\nlog_level = 'debug'\n")
    options = load(
        "x",
        ["--port", "3", "--config", str(file)],
        {"RUSTYDB_PORT": "2", "RUSTYDB_MAX_CONNECTIONS": "12"},
    )
    assert (options.port, options.max_connections, options.log_level) == (3, 12, "debug")
    assert options.data_dir == "./rustydb-data"


def test_the_config_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[storage]\ndata_dir = 'here'\n")
    assert load("x", [], {"RUSTYDB_CONFIG": str(file)}).data_dir == "here"


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--port", "70000"], {}, ["--port", "70000", "65535"]),
        ([], {"RUSTYDB_PORT": "abc"}, ["RUSTYDB_PORT", "abc"]),
        (["--log-level", "loud"], {}, ["--log-level", "loud", "debug, info, warning, error"]),
        (["--config", "/nonexistent/file"], {}, ["/nonexistent/file", "No such file"]),
        (["--listen", "0.0.0.0"], {}, ["0.0.0.0", "default", "--admin-password", "--insecure"]),
        (["--listen", "0.0.0.0", "--admin-password", "x"], {}, ["0.0.0.0", "TLS", "--insecure"]),
    ],
)
def test_an_error_names_the_source_the_value_and_the_fix(
    arguments: list[str], environment: dict[str, str], words: list[str]
) -> None:
    with pytest.raises(OptionError) as caught:
        load("x", arguments, environment)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_unknown_keys_of_the_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[network]\nprot = 1\n")
    with pytest.raises(OptionError, match="unknown key prot"):
        load("x", ["--config", str(file)], {})


def test_insecure_allows_an_outside_address() -> None:
    options = load("x", ["--listen", "0.0.0.0", "--insecure"], {})
    assert options.listen == ("0.0.0.0",)


def test_several_addresses() -> None:
    assert load("x", ["--listen", "127.0.0.1", "--listen", "::1"], {}).listen == ("127.0.0.1", "::1")
    assert load("x", [], {"RUSTYDB_LISTEN_ADDR": "127.0.0.1,::1"}).listen == ("127.0.0.1", "::1")


def test_the_version_and_help_texts_come_from_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load("rustydb-asyncio", ["--help"], {})
    text = capsys.readouterr().out
    assert "RUSTYDB_PORT" in text
    assert "network.port" in text
