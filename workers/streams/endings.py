"""What is done when a work-horse has died: how it ended is recorded, and what it was at, and its
leases are dropped, so that nobody has to wait until they expire.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

import orjson
from redis import Redis
from redis.exceptions import OutOfMemoryError

from comethooks.workers.processes import member_name
from comethooks.workers.streams import counters, keys
from comethooks.workers.streams.layout import read_layouts
from comethooks.workers.streams.leases import Leases
from comethooks.workers.vital_signs import is_whole, run_name

ENDING_TTL_SECONDS = 3600
"""How long an ending is known, counted from the last one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a work-horse ended ("SIGKILL", "exit status 1"), and the runs that it was at.

    Those are known by their names in `workers.vital_signs`; None when nobody knows them.
    """

    how: str
    in_progress: frozenset[str] | None = None

    @property
    def runs(self) -> list[tuple[str, str]] | None:
        """Event and handler of each; None when they are not known."""
        if self.in_progress is None or not all(is_whole(name) for name in self.in_progress):
            return None
        pairs = (name.partition("/") for name in sorted(self.in_progress))
        return [(event_id, handler) for event_id, _, handler in pairs]

    def was_at(self, event_id: str, handler: str) -> bool:
        """Whether this run may have been in progress then."""
        return self.in_progress is None or run_name(event_id, handler) in self.in_progress


def record_death(
    client: Redis, pid: int, how: str | None, in_progress: Collection[str] | None = None
) -> int:
    """Record how a process of this host ended, if somebody saw it, and drop its leases; returns how
    many those were. `in_progress` are the runs that it was at, if that is known.
    """
    member = member_name(pid)
    if how is not None:
        told: dict[str | bytes, str | bytes] = {member: how}
        if in_progress is not None:
            told[_runs_field(member)] = orjson.dumps(list(in_progress))
        try:
            with client.pipeline() as pipeline:
                pipeline.hset(keys.ENDINGS, mapping=told)  # type: ignore[arg-type]
                pipeline.expire(keys.ENDINGS, ENDING_TTL_SECONDS)
                pipeline.hincrby(keys.COUNTERS, counters.field(counters.WORK_HORSES_KILLED, how), 1)
                pipeline.execute()
        except OutOfMemoryError:
            pass  # then nobody knows how; but a full server needs drainers all the more
    # Only now: whoever takes the partitions over asks at once how its predecessor ended.
    return Leases(client, member, read_layouts(client).numbers).drop(member)


def endings_of(client: Redis, members: Collection[str]) -> dict[str, Ending]:
    """How these work-horses ended, of each that somebody saw ending within the last hour."""
    if not members:
        return {}
    asked = list(members)
    fields = [*asked, *(_runs_field(member) for member in asked)]
    words = cast(list[bytes | None], client.hmget(keys.ENDINGS, fields))
    return {
        member: Ending(how.decode(), None if runs is None else frozenset(orjson.loads(runs)))
        for member, how, runs in zip(asked, words, words[len(asked) :], strict=False)
        if how is not None
    }


def _runs_field(member: str) -> str:
    return f"{member}|runs"
