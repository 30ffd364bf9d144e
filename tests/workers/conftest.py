"""What several tests of the engine begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.workers.desk import Desk
from tests.workers.dispatching import Bench


@pytest.fixture
def desk(redis_server: RedisServer, tmp_path: Path) -> Iterator[Desk]:
    """A journal for runs that failed."""
    made = Desk(redis_server, tmp_path)
    yield made
    made.journal.close()


@pytest.fixture
def bench(redis_server: RedisServer) -> Iterator[Bench]:
    """A dispatcher with four runners."""
    made = Bench(redis_server)
    yield made
    made.close()
