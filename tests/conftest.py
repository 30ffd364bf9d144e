"""Fixtures for the whole suite: servers, started once and only when a test asks for one."""

import os
from collections.abc import Iterator

import pytest

from tests import servers

pytest_plugins = ["tests.redis_server"]

REQUIRE_ALL = os.environ.get("COMETHOOKS_TEST_REQUIRE_ALL") == "1"
"""Whether a test that lacks a server fails instead of being skipped."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own."""
    try:
        with servers.postgres() as url:
            yield url
    except servers.ServerMissingError as error:
        if REQUIRE_ALL:
            pytest.fail(str(error))
        pytest.skip(str(error))
