"""dramatiq on Redis."""

import os
from collections.abc import Iterable

import dramatiq
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=f"unix://{os.environ['PEER_SOCKET']}"))


@dramatiq.actor
def handle(body: dict) -> None:
    """Read the text."""
    len(body["data"]["message"]["data"]["text"])


def fill(bodies: Iterable[dict]) -> None:
    """Enqueue everything."""
    for each in bodies:
        handle.send(each)
