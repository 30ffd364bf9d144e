"""What is done when a work-horse has died: how it ended is recorded, and its leases are dropped,
so that nobody has to wait until they expire.
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


def record_death(client: Redis, pid: int, wait_status: int | None) -> int:
    """Record how a process of this host ended, if somebody saw it, and drop its leases; returns how
    many those were.
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
            pass  # then nobody knows how; but a full server needs drainers all the more
    # Only now: whoever takes the partitions over asks at once how its predecessor ended.
    return Leases(client, member, read_layouts(client).numbers).drop(member)


def endings_of(client: Redis, members: Collection[str]) -> dict[str, str]:
    """How these work-horses ended, of each that somebody saw ending within the last hour."""
    if not members:
        return {}
    asked = list(members)
    words = cast(list[bytes | None], client.hmget(keys.ENDINGS, asked))
    return {
        member: word.decode() for member, word in zip(asked, words, strict=True) if word is not None
    }
