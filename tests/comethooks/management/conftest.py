"""The management API, with a server of the tests' own."""

from collections.abc import Iterator

import pytest

from comethooks.management import Management
from tests.cometchat import APP, KEY, CometChat, cometchat


@pytest.fixture
def server() -> Iterator[CometChat]:
    """The server."""
    with cometchat() as state:
        yield state


@pytest.fixture
def waits() -> list[float]:
    """How long `api` would have slept."""
    return []


@pytest.fixture
def api(server: CometChat, waits: list[float]) -> Iterator[Management]:
    """A client of it."""
    with Management(APP, KEY, base_url=server.url, sleep=waits.append) as api:
        yield api
