"""The application, with a real server behind it."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from comethooks.workers import logs
from comethooks.workers.record import Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.backlog import waiting
from tests.redis_server import RedisServer
from tests.webhooks.samples import PASSWORD, USER

MakeSettings = Callable[..., Settings]
Kept = Callable[[], list[Record]]


@pytest.fixture
def make_settings(tmp_path: Path, redis_server: RedisServer) -> MakeSettings:
    """Settings with a data directory and a server of the test's, and what else is named."""

    def make(**variables: str) -> Settings:
        environ = {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(tmp_path),
            "REDIS_URL": redis_server.url,
            # Most tests ask what is in Redis; those of the spool say how large it may be.
            "COMETHOOKS_SPOOL_MAX_BYTES": "0",
            **variables,
        }
        return Settings.load({name: value for name, value in environ.items() if value})

    return make


@pytest.fixture
def client(make_settings: MakeSettings) -> FlaskClient:
    """A client of the application with ordinary settings."""
    return create_app(make_settings()).test_client()


@pytest.fixture
def kept(redis_server: RedisServer) -> Iterator[Kept]:
    """What is in the streams, oldest first; of one millisecond, in no order."""
    with redis_server.client() as client:
        yield lambda: sorted(
            (record for _, record in waiting(client, range(16))), key=lambda record: record.id
        )


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines."""
    stream = io.StringIO()
    logs.configure("json", stream)
    yield stream
    logs.configure()
