"""What is in Redis right now, in numbers: for health, metrics and the command line."""

from collections.abc import Mapping
from dataclasses import dataclass

from redis import Redis

from workers import keys
from workers.leases import LEASE_TTL_SECONDS


@dataclass(frozen=True, slots=True)
class PartitionState:
    """One partition: how many entries wait or are in progress, how old the oldest is, whether a drainer has it."""

    number: int
    depth: int
    oldest_age_s: float | None
    leased: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All partitions, the live drainers, the backlog, and how many runs ever ended in which state."""

    partitions: tuple[PartitionState, ...]
    drainers: int
    backlog_bytes: int
    runs: Mapping[tuple[str, str], int]


def overview(client: Redis, partitions: int) -> Overview:
    """Read all of it in one round trip. Raises redis-py's errors."""
    numbers = range(partitions)
    pipeline = client.pipeline(transaction=False)
    pipeline.time()
    pipeline.zrange(keys.MEMBERS, 0, -1, withscores=True)
    pipeline.get(keys.BACKLOG)
    pipeline.hgetall(keys.RUNS)
    for number in numbers:
        pipeline.xlen(keys.stream(number))
        pipeline.xrange(keys.stream(number), count=1)
        pipeline.exists(keys.lease(number))
    (seconds, micros), members, backlog, runs, *rest = pipeline.execute()
    now = seconds + micros / 1e6
    return Overview(
        partitions=tuple(
            PartitionState(
                number,
                depth=rest[3 * number],
                oldest_age_s=_age(rest[3 * number + 1], now),
                leased=bool(rest[3 * number + 2]),
            )
            for number in numbers
        ),
        drainers=sum(1 for _, heartbeat in members if heartbeat / 1000 > now - LEASE_TTL_SECONDS),
        backlog_bytes=int(backlog or 0),
        runs={_handler_and_state(name): int(count) for name, count in runs.items()},
    )


def _age(oldest: list[tuple[bytes, object]], now: float) -> float | None:
    if not oldest:
        return None
    return max(0.0, now - int(oldest[0][0].split(b"-")[0]) / 1000)


def _handler_and_state(name: bytes) -> tuple[str, str]:
    handler, _, state = name.decode().rpartition("|")
    return handler, state
