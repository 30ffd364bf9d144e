"""Servers of both programs, and streams as a web process has them."""

from collections.abc import Iterator

import pytest

from comethooks.workers.streams.accept import Streams
from tests.redis_server import RedisServer
from tests.workers.streams.accepting import PROGRAMS, opened, running

server = pytest.fixture(params=PROGRAMS)(running)


@pytest.fixture
def streams(own_redis_server: RedisServer) -> Iterator[Streams]:
    """As a web process has them."""
    streams = opened(own_redis_server.url)
    yield streams
    streams.close()
