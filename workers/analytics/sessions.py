"""How many connections were open at once, from connections that have ended.

It is looked at every five minutes, at the full ones: a connection is open then if it had begun, and
had not ended. In a bucket stands by how much their number changes at each of these times, and what
it was at the first one. Such changes add up: of several connections, apps and platforms, in
whatever order they come. The peak is the largest sum of those until one of these times, so a bucket
says by itself what its peak was, of all that is told apart in it and of all together.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from comethooks.workers.analytics.body_readings import ToldSession
from comethooks.workers.analytics.sizes import DAY_MS, SAMPLED, Size, end_of, start_of

EVERY_MS = 300_000
"""How far apart the times are at which is looked, in milliseconds."""
LONGEST_MS = 7 * DAY_MS
"""Of a connection that lasted longer, only the end counts: it changes many buckets."""


class OpenTimes(NamedTuple):
    """The first time at which a connection was open, of those at which is looked, and the first one
    after that at which it was not (ms).
    """

    first: int
    end: int


class Change(NamedTuple):
    """By how much the number of open connections changes, in a bucket, at a time after its start
    that is counted in steps of `EVERY_MS`.
    """

    size: Size
    bucket: int
    step: int
    value: int


def open_times(session: ToldSession) -> OpenTimes | None:
    """When a connection was open; None if at no time at which is looked."""
    since = max(session.since, session.until - LONGEST_MS)
    first, end = (-(-at // EVERY_MS) * EVERY_MS for at in (since, session.until))
    return OpenTimes(first, end) if first < end else None


def changes(times: OpenTimes) -> Iterator[Change]:
    """What a connection changes, in all buckets of all sizes in which it was open."""
    for size in SAMPLED:
        bucket = start_of(size, times.first)
        while bucket < times.end:
            after = end_of(size, bucket)
            yield Change(size, bucket, max(0, times.first - bucket) // EVERY_MS, 1)
            if times.end < after:
                yield Change(size, bucket, (times.end - bucket) // EVERY_MS, -1)
            bucket = after


def peak(steps: Mapping[int, int]) -> int:
    """The most that were open at once in a bucket, from all changes at each step."""
    return max(accumulate(steps[step] for step in sorted(steps)), default=0)
