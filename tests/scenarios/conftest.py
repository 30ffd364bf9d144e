"""Deployments for scenarios; a test that is marked so runs on both databases."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.missing import missing
from tests.redis_server import RedisServer
from tests.scenarios.stack import RECORDER, Stack
from tests.servers import PostgresServer, ServerMissingError, postgres_schema, running_postgres

SEED = "COMETHOOKS_TEST_SEED"


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The URL of an empty database; None means the default, SQLite in the data directory."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
    else:
        with postgres_schema(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def stack(
    own_redis_server: RedisServer, database_url: str | None, tmp_path: Path
) -> Iterator[Stack]:
    """A deployment with the recorder plugin and tables, of which nothing runs yet."""
    made = Stack(tmp_path, own_redis_server.url, database_url)
    made.plugin("recorder", RECORDER)
    made.make_tables()
    yield made
    made.close()


@pytest.fixture
def own_postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of the test's own, which it may kill or stop."""
    try:
        with running_postgres() as server:
            yield server
    except ServerMissingError as error:
        missing(str(error))


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """The umask of somebody careless, for what is started and run meanwhile."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be repeated: COMETHOOKS_TEST_SEED sets the seed, which is printed."""
    seed = int(os.environ.get(SEED) or random.randrange(10**6))
    print(f"{SEED}={seed}")
    return random.Random(seed)
