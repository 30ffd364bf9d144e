"""Fixtures for the whole suite: servers, started once and only when a test asks for one."""

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import servers
from tests.missing import missing

pytest_plugins = ["tests.redis_server", "tests.application"]


_SCENARIOS = "tests/scenarios/"


class Scheduling(LoadScopeScheduling):
    """Gives the modules to test processes, and to one of them all scenarios: these look at the
    clock.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _SCENARIOS if nodeid.startswith(_SCENARIOS) else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """How tests are divided when there are several test processes."""
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own."""
    try:
        with servers.postgres() as url:
            yield url
    except servers.ServerMissingError as error:
        missing(str(error))
