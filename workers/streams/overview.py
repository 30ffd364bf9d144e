"""What is in Redis right now, in numbers: for health, metrics and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from redis import Redis

from comethooks.workers.streams import keys
from comethooks.workers.streams.heard import heard_in
from comethooks.workers.streams.layout import Layout, read_layouts
from comethooks.workers.streams.leases import LEASE_TTL_SECONDS
from comethooks.workers.streams.scripts import entry_scripts

MOST_HEARD = 100
"""Apps of which it is told when they were heard last: whoever may send can make up ids."""
_TIMES = (keys.TOLD_AT, keys.OLDEST_DUE_AT)


class ToldFigure(NamedTuple):
    """A figure of one app, of what belongs to `none`, or of all `other` ones together. `quantile`
    is empty for what is added up.
    """

    metric: str
    app: str
    quantile: str
    value: float


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
    figures: tuple[ToldFigure, ...]
    """Of the last whole minute; none when no scheduler told it within a minute."""
    scheduler_leads: bool
    unfinished: Mapping[tuple[str, str], int] | None
    """How many runs in the journal are in which state, by mode; None when no scheduler told it
    within the last minute."""

    oldest_due_s: float | None
    """For how long the first of the runs that wait for an attempt has been due; 0 when none is."""
    heard_s: Mapping[str, float]
    """How long ago an event of each app was last accepted; of those heard lately, so many as
    `MOST_HEARD`."""

    @property
    def undrained(self) -> list[int]:
        """The partitions that should have a drainer and have none. New ones do not count until the
        old ones are empty.
        """
        due = self.emptying.numbers if self.emptying else [each.number for each in self.partitions]
        return [each.number for each in self.partitions if each.number in due and not each.leased]

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many runs wait for the plugin of each handler, which no worker has."""
        told = self.unfinished or {}
        return {name: count for (name, mode), count in told.items() if mode == keys.LEFT_OUT}

    @property
    def open_cases(self) -> Mapping[str, int] | None:
        """How many cases of moderation are open, by severity; None when nobody knows."""
        if self.unfinished is None:
            return None
        told = self.unfinished.items()
        return {name: count for (name, mode), count in told if mode == keys.OPEN_CASES}

    @property
    def left(self) -> int:
        """How many entries the old partitions still hold."""
        old = self.emptying.numbers if self.emptying else ()
        return sum(each.depth for each in self.partitions if each.number in old)

    @property
    def scheduler_works(self) -> bool:
        """Whether a scheduler leads, and can do what it is there for."""
        return self.scheduler_leads and self.unfinished is not None


def overview(client: Redis, wanted: int | None) -> Overview:
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
        keys.FIGURES,
        keys.HEARD,
    ]
    for number in partitions:
        script_keys += [keys.stream(number), keys.lease(number)]
    script = client.register_script(entry_scripts.OVERVIEW)
    answer = script(keys=script_keys, args=[int(LEASE_TTL_SECONDS * 1000)])
    now, drainers, backlog, runs, told, leads, counters, figures, maxmemory, states, heard = answer
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
        figures=tuple(ToldFigure(*each) for each in orjson.loads(figures)) if figures else (),
        scheduler_leads=bool(leads),
        unfinished=(
            {_parts(name): count for name, count in known.items() if name not in _TIMES}
            if told
            else None
        ),
        oldest_due_s=max(0.0, int(now) - known.get(keys.OLDEST_DUE_AT, int(now))) if told else None,
        heard_s={app: max(0.0, int(now) - at / 1000) for app, at in _latest(heard)},
    )


def _latest(flat: Sequence[bytes]) -> list[tuple[str, int]]:
    heard = heard_in(dict(zip(flat[::2], flat[1::2], strict=True)))
    return sorted(heard.items(), key=lambda each: -each[1])[:MOST_HEARD]


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
