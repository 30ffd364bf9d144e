"""When a decider is left alone for a while: it failed too often, or too much of it is overdue."""

from dataclasses import dataclass, replace

MOST_IN_A_ROW = 5
"""Failures after which a decider rests."""
MOST_OVERDUE = 16
"""Calls of a decider that may be overdue in a process: each has a thread that nobody can end."""
REST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DeciderHealth:
    """How a decider does in a process. Times are monotonic seconds.

    After a rest one call is its trial: while nobody knows how that ends, all others find it
    resting. Otherwise everything that comes within a time-out would wait for one that still hangs.
    """

    failures: int = 0
    """How many there were in a row."""
    overdue: int = 0
    """Calls that go on though nobody waits for them."""
    rests_until: float = 0.0
    on_trial: bool = False

    def rests(self, now: float) -> bool:
        """Whether it is not to be asked now."""
        return now < self.rests_until or self.overdue >= MOST_OVERDUE

    def when_asked(self, now: float) -> "DeciderHealth":
        """It does not rest, and is asked."""
        if self.failures < MOST_IN_A_ROW:
            return self
        return replace(self, rests_until=now + REST_SECONDS, on_trial=True)

    def after_success(self) -> "DeciderHealth":
        """It said something in time."""
        if self.on_trial:
            return DeciderHealth(overdue=self.overdue)
        return replace(self, failures=0)

    def after_failure(self, now: float, *, goes_on: bool = False) -> "DeciderHealth":
        """It failed; `goes_on` when it was late and is still at it."""
        failures, overdue = self.failures + 1, self.overdue + goes_on
        is_too_much = failures >= MOST_IN_A_ROW or overdue >= MOST_OVERDUE
        rests_until = now + REST_SECONDS if is_too_much else self.rests_until
        return DeciderHealth(failures, overdue, rests_until)

    def after_nothing(self, now: float) -> "DeciderHealth":
        """It was not asked after all: its filters left the message out."""
        return replace(self, rests_until=now, on_trial=False) if self.on_trial else self

    def after_coming_back(self) -> "DeciderHealth":
        """A call that was overdue has ended."""
        return replace(self, overdue=self.overdue - 1)
