"""What is counted for the metrics, over all hosts."""

import contextlib
from collections import Counter
from collections.abc import Iterable

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.streams import keys

TIMEOUTS = "handler_timeouts"
"""Handlers that were interrupted since they took too long, by handler."""
WORK_HORSES_KILLED = "work_horses_killed"
"""Work-horses that were killed or failed, by how they ended."""
DELETED = "retention_deleted"
"""Rows that retention has deleted or emptied, by what they are."""


def field(name: str, label: str) -> str:
    """The field of a hash that counts `name` for `label`."""
    return f"{name}|{label}"


def count(client: Redis, name: str, label: str, number: int = 1) -> None:
    """Count something; while Redis is away it is not counted."""
    with contextlib.suppress(RedisError, OSError):
        client.hincrby(keys.COUNTERS, field(name, label), number)


def count_runs(client: Redis, ended: Iterable[tuple[str, str]]) -> None:
    """Count attempts that ended outside of a stream, each as handler and state; not while Redis is
    away.
    """
    pipeline = client.pipeline(transaction=False)
    for (handler, state), number in Counter(ended).items():
        pipeline.hincrby(keys.RUNS, field(handler, state), number)
    with contextlib.suppress(RedisError, OSError):
        pipeline.execute()
