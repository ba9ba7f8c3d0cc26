"""Options: URL, keywords, environment, and errors that name the option."""

from __future__ import annotations

import pytest
from rustydb.options import OptionError, connect_options, is_local


def test_the_url_of_the_specification() -> None:
    options = connect_options("rustydb://admin:secret@localhost:5432/mydb?timeout=30&pool_size=10")
    assert options.addresses() == [("localhost", 5432)]
    assert (options.user, options.password, options.database) == ("admin", "secret", "mydb")
    assert (options.timeout, options.pool_size) == (30.0, 10)


def test_the_keyword_form() -> None:
    options = connect_options(
        keywords={"host": "localhost", "port": 5432, "user": "admin", "password": "password", "database": "rustydb"}
    )
    assert options.addresses() == [("localhost", 5432)] and options.password == "password"
    assert connect_options(keywords={"username": "ann", "dbname": "d"}).user == "ann"


def test_keywords_win_over_the_url_and_the_url_over_the_environment() -> None:
    environment = {"RUSTYDB_URL": "rustydb://env@envhost/envdb", "RUSTYDB_TIMEOUT": "5", "RUSTYDB_PORT": "1"}
    options = connect_options(environment=environment)
    assert (options.user, options.host, options.port, options.timeout) == ("env", "envhost", "1", 5.0)
    options = connect_options("rustydb://url@urlhost:2", {"user": "keyword"}, environment)
    assert (options.user, options.host, options.port, options.database) == ("keyword", "urlhost", "2", "rustydb")


def test_quoting_hosts_and_sockets() -> None:
    options = connect_options("rustydb://a%40b:p%3A%2F%40@[::1]:7/x%2Fy")
    assert (options.user, options.password, options.database) == ("a@b", "p:/@", "x/y")
    assert options.addresses() == [("::1", 7)]
    assert connect_options("rustydb://u@one:1,two:2/d").addresses() == [("one", 1), ("two", 2)]
    assert connect_options("rustydb://u@one,two/d").addresses() == [("one", 5432), ("two", 5432)]
    assert connect_options("rustydb://u@%2Frun%2Fdb/d").addresses() == [("/run/db", 5432)]
    assert connect_options("rustydb:///d").database == "d"
    assert connect_options("rustydbs://db/d").sslmode == "verify-full"


def test_the_password_is_never_shown() -> None:
    options = connect_options("rustydb://ann:hush@[::1]:7,two:8/d")
    assert "hush" not in repr(options) and options.url() == "rustydb://ann@[::1]:7,two:8/d"


def test_tls_is_safe_by_default() -> None:
    options = connect_options()
    assert options.ssl_mode_for("127.0.0.1") == "disable" and options.ssl_mode_for("db.example") == "verify-full"
    assert connect_options(keywords={"sslmode": "disable"}).ssl_mode_for("db.example") == "disable"
    assert is_local("::1") and is_local("/run") and is_local("localhost") and not is_local("10.0.0.1")


@pytest.mark.parametrize(
    ("url", "keywords", "environment", "message"),
    [
        ("http://x", {}, {}, 'begins with "http"'),
        ("localhost:5432", {}, {}, "rustydb://user:password@host"),
        ("rustydb://h/d?colour=red", {}, {}, 'unknown option "colour"'),
        ("rustydb://h/d?timeout=soon", {}, {}, "the URL: timeout: 'soon' is not a number of seconds from 0 to 86400"),
        ("rustydb://h:99999/d", {}, {}, "the URL: '99999' is not a port"),
        ("rustydb://h/d/e", {}, {}, "several parts"),
        ("rustydb://u:p#q@h/d", {}, {}, "%23"),
        ("rustydb://::1/d", {}, {}, "brackets"),
        (None, {"colour": 1}, {}, 'unknown option "colour"; known are host'),
        (None, {"port": 0}, {}, "port: 0 is not a port"),
        (None, {"port": True}, {}, "port: True is not a port"),
        (None, {"pool_size": 1.5}, {}, "pool_size: 1.5 is not a whole number from 1 to 10000"),
        (None, {"encoding": "xml"}, {}, "encoding: 'xml' is none of messagepack, bincode"),
        (None, {"user": "a", "username": "b"}, {}, "one option"),
        (None, {"user": ""}, {}, "user is empty"),
        (None, {"password": 5}, {}, "password: the value is not a text"),
        (None, {"password": "a\0b"}, {}, "zero byte"),
        (None, {"password": "a", "token": "b"}, {}, "not both"),
        (None, {"sslkey": "k"}, {}, "sslcert"),
        ("rustydb://a,b,c/d", {"port": "1,2"}, {}, "2 ports for 3 hosts"),
        (None, {}, {"RUSTYDB_TIMEOUT": "-1"}, "RUSTYDB_TIMEOUT: '-1' is not"),
        (None, {}, {"RUSTYDB_URL": "x://y"}, "RUSTYDB_URL begins with"),
    ],
)
def test_an_error_names_the_option(
    url: str | None, keywords: dict[str, object], environment: dict[str, str], message: str
) -> None:
    with pytest.raises(OptionError) as caught:
        connect_options(url, keywords, environment)
    assert message in str(caught.value)


def test_none_is_not_given() -> None:
    assert connect_options("rustydb://h/d", {"user": None, "timeout": None}).user == "admin"


def test_options_can_be_replaced_and_are_checked_then_too() -> None:
    assert connect_options().replaced(timeout=0).request_timeout is None
    with pytest.raises(OptionError):
        connect_options().replaced(timeout=-1)
