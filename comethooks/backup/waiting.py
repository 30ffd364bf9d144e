"""What was accepted and is not in the journal yet: how much that is, and waiting for it."""

import time
from collections.abc import Callable, Mapping, Sequence

from redis import Redis

from comethooks.backup.packing import BackupError
from comethooks.workers.clock import now_ms
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.glance import SpoolGlance
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import read_backwards, read_range
from comethooks.workers.streams.layout import read_layouts
from comethooks.workers.texts import number_of

LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 3.0
"""For so long nobody need be there who journals anything: workers may be about to start."""


def in_redis(client: Redis, partitions: int | None) -> int:
    """How many requests are in the streams. Raises redis-py's errors."""
    numbers = read_layouts(client, partitions).numbers
    with client.pipeline(transaction=False) as pipeline:
        for number in numbers:
            pipeline.xlen(keys.stream(number))
        return sum(pipeline.execute())


def in_spool(settings: Settings) -> int | None:
    """How many requests the spool of this host holds; None where that cannot be seen."""
    found = SpoolGlance.of(settings)
    if found.status is not None:
        return found.status.records
    return None if found.failed and found.why_off is None else 0


def drain_spool(settings: Settings, *, seconds: float, tell: Callable[[int], object]) -> float:
    """Return once Redis has everything that was in the spool of this host at the call; how many of
    the `seconds` are left.

    `tell` is told now and then how many requests are in it. Raises `BackupError` after so many
    seconds.
    """
    began, limit = now_ms(), time.monotonic() + seconds
    while True:
        status = SpoolGlance.of(settings).status
        if status is None or status.oldest_at is None or status.oldest_at > began:
            return limit - time.monotonic()
        if time.monotonic() > limit:
            why = f", since {status.reason}" if status.reason else ""
            wait = _wait(status.records, "the spool")
            raise BackupError(
                f"{wait} still{why}; nothing was backed up. The web process empties it; comethooks"
                " spool status says more, and without --drain they are left out"
            )
        tell(status.records)
        time.sleep(LOOK_SECONDS)


def drain(
    client: Redis,
    partitions: int | None,
    *,
    seconds: float,
    tell: Callable[[int], object],
    is_worked_on: Callable[[], bool],
) -> None:
    """Return once everything is journalled that was in the streams at the call; what comes
    meanwhile is not waited for.

    `tell` is told now and then how many requests are in the streams; `is_worked_on` says whether
    anybody is there who journals them. Raises `BackupError` when nobody is, or after so many
    `seconds`; and redis-py's errors.
    """
    until = _newest(client, read_layouts(client, partitions).numbers)
    limit = time.monotonic() + seconds
    patient = time.monotonic() + min(seconds, PATIENCE_SECONDS)
    while until := {number: last for number, last in until.items() if _holds(client, number, last)}:
        left = in_redis(client, partitions)
        if is_worked_on():
            patient = time.monotonic() + min(seconds, PATIENCE_SECONDS)
        elif time.monotonic() >= patient:
            raise BackupError(
                f"{_wait(left, 'Redis')} for a worker: start `comethooks worker`; nothing was"
                " backed up"
            )
        if time.monotonic() > limit:
            raise BackupError(
                f"{_wait(left, 'Redis')} still, after {number_of(round(seconds), 'second')};"
                " nothing was backed up. comethooks doctor says why they are not done,"
                " --drain-limit waits longer, and without --drain they are left out"
            )
        tell(left)
        time.sleep(LOOK_SECONDS)


def _wait(count: int, where: str) -> str:
    return number_of(count, f"request in {where} waits", f"requests in {where} wait")


def _newest(client: Redis, numbers: Sequence[int]) -> Mapping[int, str]:
    """The id of the last entry of each stream that has one."""
    found = {
        number: read_backwards(client, keys.stream(number), "+", "-", count=1) for number in numbers
    }
    return {number: entries[0][0].decode() for number, entries in found.items() if entries}


def _holds(client: Redis, number: int, last: str) -> bool:
    """Whether a stream has entries up to that id."""
    return bool(read_range(client, keys.stream(number), "-", last, count=1))
