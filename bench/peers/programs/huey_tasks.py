"""huey: the lightest of the known task queues."""

import os
from collections.abc import Iterable

from huey import RedisHuey
from redis import ConnectionPool, UnixDomainSocketConnection

huey = RedisHuey(
    "bench",
    results=False,
    connection_pool=ConnectionPool(
        connection_class=UnixDomainSocketConnection, path=os.environ["PEER_SOCKET"]
    ),
)


@huey.task()
def handle(body: dict) -> None:
    """Read the text."""
    len(body["data"]["message"]["data"]["text"])


def fill(bodies: Iterable[dict]) -> None:
    """Enqueue everything."""
    for each in bodies:
        handle(each)
