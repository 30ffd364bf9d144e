"""Whose the events in Redis are: the id of the journal that they end up in.

Two deployments on one Redis would each take half of the other's events in silence. So the first
journal that drains is remembered here, and no other one is drained into.
"""

from collections.abc import Iterable
from typing import cast

from redis import Redis
from redis.exceptions import OutOfMemoryError

from comethooks.workers.streams import keys

OTHERS = "Redis holds the events of another journal, and this one would take a part of them"
ADVICE = (
    "give this deployment a Redis or a COMETHOOKS_KEY_PREFIX of its own; if the other journal is"
    " gone for good, and this one is to take over what is in Redis, run: comethooks db adopt --yes"
)


def owner_of(client: Redis) -> str | None:
    """The id of the journal that Redis remembers; None for a Redis that is new or lost its data.
    Raises redis-py's errors.
    """
    found = cast(bytes | None, client.get(keys.JOURNAL))
    return None if found is None else found.decode("utf-8", "replace")


def own(client: Redis, journal_id: str) -> str:
    """Have Redis remember a journal unless it remembers one; which one it remembers then. Raises
    redis-py's errors.
    """
    found = owner_of(client)
    if found is None:
        try:
            client.set(keys.JOURNAL, journal_id, nx=True)
        except OutOfMemoryError:  # it is remembered next time: a full server has to be drained
            return journal_id
        found = owner_of(client)
    return found or journal_id


def hand_over(client: Redis, journal_id: str) -> None:
    """Have Redis remember this journal and no other: what was for the one before is for this one,
    also what has yet to come to Redis. Raises redis-py's errors.
    """
    before = owner_of(client)
    with client.pipeline() as pipeline:
        pipeline.set(keys.JOURNAL, journal_id)
        if before not in (None, journal_id):
            pipeline.sadd(keys.TAKEN_OVER, before)
        pipeline.execute()


def take_over(client: Redis, journal_ids: Iterable[str]) -> None:
    """Have events that were for these journals, which are gone, end up in the one that Redis
    remembers. Raises redis-py's errors.
    """
    if ids := list(journal_ids):
        client.sadd(keys.TAKEN_OVER, *ids)


def taken_over(client: Redis) -> frozenset[str]:
    """The ids of journals that are gone, whose events end up in the one that Redis remembers.
    Raises redis-py's errors.
    """
    found = cast(set[bytes], client.smembers(keys.TAKEN_OVER))
    return frozenset(each.decode("utf-8", "replace") for each in found)
