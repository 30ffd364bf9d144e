"""Fixtures for the whole suite: servers, started once and only when a test asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.missing import missing

pytest_plugins = ["tests.redis_server"]


SCENARIOS = Path(__file__).parent / "scenarios"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several test processes, one has all scenarios: they start many processes and look at the clock."""
    for item in items:
        if item.path.is_relative_to(SCENARIOS):
            item.add_marker(pytest.mark.xdist_group("scenarios"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own."""
    try:
        with servers.postgres() as url:
            yield url
    except servers.ServerMissingError as error:
        missing(str(error))
