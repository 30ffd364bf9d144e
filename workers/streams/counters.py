"""What is counted for the metrics, over all hosts."""

import contextlib
from collections import Counter
from collections.abc import Iterable
from functools import cache

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.states import RunMode, RunState
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


def run_field(handler: str, state: RunState, mode: RunMode) -> str:
    """The field of `keys.RUNS` that counts attempts of a handler which ended so."""
    return field(handler, outcome_of(state, mode))


@cache  # asked for every run of every batch
def outcome_of(state: RunState, mode: RunMode) -> str:
    """What follows the handler in that field."""
    return f"{state.value}|{mode.value}"


def count_runs(client: Redis, ended: Iterable[tuple[str, RunState, RunMode]]) -> None:
    """Count attempts that ended outside of a stream, each as handler, state and mode. While Redis
    is away they are not counted.
    """
    pipeline = client.pipeline(transaction=False)
    for (handler, state, mode), number in Counter(ended).items():
        pipeline.hincrby(keys.RUNS, run_field(handler, state, mode), number)
    with contextlib.suppress(RedisError, OSError):
        pipeline.execute()
