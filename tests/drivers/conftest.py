"""One server on each host for the driver tests; each test gets an empty schema of its own."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.support.hosts import HOSTS
from tests.support.server import Server, running


@pytest.fixture(scope="session", params=HOSTS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(host=request.param) as found:
        yield found


@pytest.fixture
def url(server: Server) -> str:
    """Return the URL of a database whose schema public is empty."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("drop schema if exists public cascade")
        connection.execute("create schema public")
    return server.url
