"""What is in Redis right now, in numbers: for health, metrics and the command line."""

from collections.abc import Mapping
from dataclasses import dataclass

from redis import Redis

from workers import keys, scripts
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
    script_keys = [keys.MEMBERS, keys.BACKLOG, keys.RUNS]
    for number in range(partitions):
        script_keys += [keys.stream(number), keys.lease(number)]
    script = client.register_script(scripts.OVERVIEW)
    now, drainers, backlog, runs, states = script(keys=script_keys, args=[int(LEASE_TTL_SECONDS * 1000)])
    return Overview(
        partitions=tuple(
            PartitionState(number, depth=depth, oldest_age_s=_age(oldest, int(now)), leased=bool(leased))
            for number, (depth, oldest, leased) in enumerate(states)
        ),
        drainers=drainers,
        backlog_bytes=int(backlog),
        runs={
            _handler_and_state(name): int(count) for name, count in zip(runs[::2], runs[1::2], strict=True)
        },
    )


def _age(oldest: bytes, now_s: int) -> float | None:
    if not oldest:
        return None
    return max(0.0, now_s - int(oldest.split(b"-")[0]) / 1000)


def _handler_and_state(name: bytes) -> tuple[str, str]:
    handler, _, state = name.decode().rpartition("|")
    return handler, state
