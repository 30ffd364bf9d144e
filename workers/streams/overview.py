"""What is in Redis right now, in numbers: for health, metrics and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from comethooks.workers.streams import keys, scripts
from comethooks.workers.streams.layout import Layout, read_layouts
from comethooks.workers.streams.leases import LEASE_TTL_SECONDS

_TIMES = (keys.TOLD_AT, keys.OLDEST_DUE_AT)


@dataclass(frozen=True, slots=True)
class PartitionState:
    """One partition: how many entries wait or are in progress, the age of the oldest, and whether a
    drainer has it.
    """

    number: int
    depth: int
    oldest_age_s: float | None
    leased: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """All partitions, live drainers, the backlog, the runs, and what is known of a scheduler."""

    partitions: tuple[PartitionState, ...]
    emptying: Layout | None
    """The layout before the present one, when it is not empty yet."""
    drainers: int
    backlog_bytes: int
    maxmemory: int
    """Bytes; 0 when the server has no limit, or hides it."""
    runs: Mapping[tuple[str, str, str], int]
    """How many attempts ever ended, by handler, by the state that the run was then in, and by its
    mode."""
    counters: Mapping[tuple[str, str], int]
    """What else is counted: name and label."""
    scheduler_leads: bool
    unfinished: Mapping[tuple[str, str], int] | None
    """How many runs in the journal are in which state, by mode; None when no scheduler told it
    within the last minute."""

    oldest_due_s: float | None
    """For how long the first of the runs that wait for an attempt has been due; 0 when none is."""

    @property
    def undrained(self) -> list[int]:
        """The partitions that should have a drainer and have none. New ones do not count until the
        old ones are empty.
        """
        due = self.emptying.numbers if self.emptying else [each.number for each in self.partitions]
        return [each.number for each in self.partitions if each.number in due and not each.leased]

    @property
    def left(self) -> int:
        """How many entries the old partitions still hold."""
        old = self.emptying.numbers if self.emptying else ()
        return sum(each.depth for each in self.partitions if each.number in old)

    @property
    def scheduler_works(self) -> bool:
        """Whether a scheduler leads, and can do what it is there for."""
        return self.scheduler_leads and self.unfinished is not None


def overview(client: Redis, wanted: int | None = None) -> Overview:
    """Read all of it. `wanted` is how many partitions there are if Redis has none yet. Raises
    redis-py's errors.
    """
    layouts = read_layouts(client, wanted)
    partitions = layouts.numbers
    script_keys = [
        keys.MEMBERS,
        keys.BACKLOG,
        keys.RUNS,
        keys.UNFINISHED,
        keys.LEADER,
        keys.COUNTERS,
    ]
    for number in partitions:
        script_keys += [keys.stream(number), keys.lease(number)]
    script = client.register_script(scripts.OVERVIEW)
    answer = script(keys=script_keys, args=[int(LEASE_TTL_SECONDS * 1000)])
    now, drainers, backlog, runs, told, leads, counters, maxmemory, states = answer
    known = _counts(told)
    return Overview(
        partitions=tuple(
            PartitionState(
                number, depth=depth, oldest_age_s=_age(oldest, int(now)), leased=bool(leased)
            )
            for number, (depth, oldest, leased) in zip(partitions, states, strict=True)
        ),
        emptying=layouts.emptying,
        drainers=drainers,
        backlog_bytes=int(backlog),
        maxmemory=int(maxmemory),
        runs={(*_parts(handler), mode): count for (handler, mode), count in _pairs(runs).items()},
        counters=_pairs(counters),
        scheduler_leads=bool(leads),
        unfinished=(
            {_parts(name): count for name, count in known.items() if name not in _TIMES}
            if told
            else None
        ),
        oldest_due_s=max(0.0, int(now) - known.get(keys.OLDEST_DUE_AT, int(now))) if told else None,
    )


def _counts(flat: Sequence[bytes]) -> dict[str, int]:
    return {name.decode(): int(count) for name, count in zip(flat[::2], flat[1::2], strict=True)}


def _pairs(flat: Sequence[bytes]) -> dict[tuple[str, str], int]:
    return {_parts(name): count for name, count in _counts(flat).items()}


def _age(oldest: bytes, now_s: int) -> float | None:
    if not oldest:
        return None
    return max(0.0, now_s - int(oldest.split(b"-")[0]) / 1000)


def _parts(name: str) -> tuple[str, str]:
    first, _, last = name.rpartition("|")
    return first, last
