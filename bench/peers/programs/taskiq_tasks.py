"""taskiq on Redis streams."""

import asyncio
import os
from collections.abc import Iterable

from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(f"unix://{os.environ['PEER_SOCKET']}")


@broker.task
async def handle(body: dict) -> None:
    """Read the text."""
    len(body["data"]["message"]["data"]["text"])


async def _fill(bodies: Iterable[dict]) -> None:
    await broker.startup()
    for each in bodies:
        await handle.kiq(each)
    await broker.shutdown()


def fill(bodies: Iterable[dict]) -> None:
    """Enqueue everything."""
    asyncio.run(_fill(bodies))
