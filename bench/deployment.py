"""A deployment to be measured."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.redis_server import RedisServer, running_server
from tests.scenarios.stack import Stack


@contextlib.contextmanager
def stack(plugin: str, name: str, **settings: str) -> Iterator[tuple[Stack, RedisServer]]:
    """A deployment with one plugin, and the server below it."""
    with tempfile.TemporaryDirectory() as directory, running_server(on_disk=True) as server:
        made = Stack(Path(directory), server.url, settings=settings)
        made.plugin(name, plugin)
        made.make_tables()
        try:
            yield made, server
        finally:
            made.close()
