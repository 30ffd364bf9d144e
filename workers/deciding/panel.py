"""The deciders of a process, and asking them about a message."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from comethooks.workers.deciding.bench import Bench
from comethooks.workers.deciding.combining import OnFailure, combined
from comethooks.workers.deciding.decider_context import DeciderServices
from comethooks.workers.deciding.sitting import Sitting
from comethooks.workers.deciding.timekeeper import Timekeeper
from comethooks.workers.plugins.event_filters import Facts
from comethooks.workers.plugins.loaded import BoundDecider
from comethooks.workers.record import Record, event_of

_CAN_DEFER = "moderation_requested"
"""The trigger of which CometChat may be told that nobody decided."""


@dataclass(frozen=True, slots=True)
class DeciderStanding:
    """How a decider of this process stands, for who looks after it."""

    id: str
    shadow: bool
    rests: bool
    """Whether it is not asked now, since it failed too often or too much of it is overdue."""
    rests_for: float
    """Seconds for which it rests; 0 where nobody knows."""
    failures: int
    """How many there were in a row."""
    overdue: int
    """Calls that go on though nobody waits for them."""


class Panel:
    """The deciders of a process. It has threads, so it is made after a fork, and ends with `close`.

    `budget_ms` is how long all of them together may take, `on_failure` what becomes of a message
    that one could not judge.
    """

    def __init__(
        self,
        deciders: Iterable[BoundDecider],
        *,
        services: DeciderServices,
        budget_ms: int,
        on_failure: OnFailure = "allow",
    ) -> None:
        self._services = services
        self._budget = budget_ms / 1000
        self._on_failure = on_failure
        ordered = sorted(deciders, key=lambda bound: (bound.decider.plugin, bound.id))
        for bound in ordered:
            if bound.decider.prepare is not None:
                bound.decider.prepare()
        self._benches = [Bench(bound) for bound in ordered]
        self._timekeeper = Timekeeper()

    def wants(self, record: Record) -> bool:
        """Whether a decider is to be asked, as far as can be told without decoding the body."""
        facts = Facts(record)
        return any(_may_want(bench.bound, record, facts) for bench in self._benches)

    def begin(self, record: Record) -> Sitting:
        """Ask the deciders about the message of this event; waits for nothing."""
        now = time.monotonic()
        event = event_of(record)
        facts = Facts(record, event)
        on_failure, can_defer = self._on_failure, record.trigger == _CAN_DEFER
        combine = partial(combined, on_failure=on_failure, can_defer=can_defer)
        sitting = Sitting(event, facts, self._services, combine)
        asked = [
            (bench, now + min(self._budget, bench.bound.decider.timeout or self._budget))
            for bench in self._benches
            if _may_want(bench.bound, record, facts)
        ]
        sitting.begin(asked)
        if not sitting.is_done:
            self._timekeeper.watch(sitting, min(ends_at for _, ends_at in asked))
        return sitting

    def standings(self) -> tuple[DeciderStanding, ...]:
        """How each decider stands, by plugin and function."""
        now = time.monotonic()
        return tuple(
            DeciderStanding(
                bench.bound.id,
                bench.bound.decider.shadow,
                bench.health.rests(now),
                max(0.0, bench.health.rests_until - now),
                bench.health.failures,
                bench.health.overdue,
            )
            for bench in self._benches
        )

    def close(self) -> None:
        """Let its threads end. What deciders are still at goes on, and changes nothing."""
        for bench in self._benches:
            bench.close()
        self._timekeeper.close()


def _may_want(bound: BoundDecider, record: Record, facts: Facts) -> bool:
    """Whether the decider may have to be asked: what its filters say of the body as a whole is left
    to its thread, since to decode it here would hold up all other requests.
    """
    decider = bound.decider
    return record.trigger in decider.patterns and all(map(facts.may_have, decider.filters))
