"""Deployments for scenarios; a test that is marked so runs on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.scenarios.stack import RECORDER, Stack
from tests.servers import postgres_schema


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The URL of an empty database; None means the default, SQLite in the data directory."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield None
    else:
        with postgres_schema(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def stack(own_redis_server: RedisServer, database_url: str | None, tmp_path: Path) -> Iterator[Stack]:
    """A deployment with the recorder plugin and tables, of which nothing runs yet."""
    made = Stack(tmp_path, own_redis_server.url, database_url)
    made.plugin("recorder", RECORDER)
    made.run("db", "upgrade")
    yield made
    made.close()
