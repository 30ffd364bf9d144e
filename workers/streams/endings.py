"""What a work-horse that was killed leaves: the word for how it ended, and leases that nobody needs
to wait for.
"""

from collections.abc import Collection
from typing import cast

from redis import Redis
from redis.exceptions import OutOfMemoryError

from comethooks.workers.processes import ending, member_name
from comethooks.workers.streams import counters, keys
from comethooks.workers.streams.layout import read_layouts
from comethooks.workers.streams.leases import Leases

ENDING_TTL_SECONDS = 3600
"""How long an ending is known, counted from the last one."""


def bury(client: Redis, pid: int, wait_status: int | None) -> int:
    """Record how a process ended, if that was seen, then drop its leases. How many leases those
    were.

    In this order: whoever takes the partitions over asks at once what its predecessor died of.
    """
    member = member_name(pid)
    if wait_status is not None:
        try:
            with client.pipeline() as pipeline:
                pipeline.hset(keys.ENDINGS, member, ending(wait_status))
                pipeline.expire(keys.ENDINGS, ENDING_TTL_SECONDS)
                pipeline.hincrby(
                    keys.COUNTERS,
                    counters.field(counters.WORK_HORSES_KILLED, ending(wait_status)),
                    1,
                )
                pipeline.execute()
        except OutOfMemoryError:
            pass  # nobody knows then; but a full server needs drainers all the more
    return Leases(client, member, read_layouts(client).numbers).drop(member)


def endings_of(client: Redis, members: Collection[str]) -> dict[str, str]:
    """How these work-horses ended, as far as that was seen and is not long ago."""
    if not members:
        return {}
    asked = list(members)
    words = cast(list[bytes | None], client.hmget(keys.ENDINGS, asked))
    return {
        member: word.decode() for member, word in zip(asked, words, strict=True) if word is not None
    }
