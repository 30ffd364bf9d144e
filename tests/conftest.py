"""Fixtures for the whole suite: servers, started once and only when a test asks for one."""

from collections.abc import Iterator

import pytest

from tests import servers
from tests.missing import missing

pytest_plugins = ["tests.redis_server"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own."""
    try:
        with servers.postgres() as url:
            yield url
    except servers.ServerMissingError as error:
        missing(str(error))
