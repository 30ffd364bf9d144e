"""Fixtures for the whole suite: servers, started once and only when a test asks for one."""

import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest

from comethooks.workers import shipped
from comethooks.workers.plugins import discovery
from tests import servers
from tests.missing import missing

pytest_plugins = ["tests.scheduling", "tests.leftovers", "tests.redis_server", "tests.application"]

# Tests start hundreds of processes. What one of them has compiled is kept for the next, as it is of
# what is installed, also where an environment is told that nobody writes bytecode.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True)
def only_its_own_plugins(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process a test has the plugins that it writes, and those that ship with us only when
    it is marked `shipped`.
    """
    if request.node.get_closest_marker("shipped") is None:
        for module in (discovery, shipped):
            monkeypatch.setattr(module, "SHIPPED", {})


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own."""
    try:
        with servers.postgres() as url:
            yield url
    except servers.ServerMissingError as error:
        missing(str(error))
