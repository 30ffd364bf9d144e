"""How long that is a job's own which it has claimed in the journal."""

import time
from collections.abc import Callable

from comethooks.workers.clock import now_ms

CLAIM_SECONDS = 60.0
"""How long a claim holds unless it is renewed."""
_RENEWAL_SECONDS = 10.0


class Claim:
    """The claim of one job, which `renew` prolongs until a time in milliseconds since the epoch."""

    def __init__(
        self, renew: Callable[[int], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._renew = renew
        self._clock = clock
        self._began(0.0)

    def begin(self, *, more: bool = False) -> tuple[int, int]:
        """What to claim with: the time that it is, and until when, in milliseconds.

        `more` is claimed beside what is claimed already, which ends when it did.
        """
        if not more:
            # Before anything is sent: so the claim never ends in SQL before it does here.
            self._began(self._clock())
        return self._span()

    @property
    def expired(self) -> bool:
        """Whether somebody else may have claimed it since: then nothing more of it may start."""
        return self._clock() > self._expiry

    def keep(self) -> None:
        """Renew it if it is time. Raises what `renew` raises."""
        now = self._clock()
        if now > self._next_renewal:
            self._renew(self._span()[1])
            self._began(now)

    def _span(self) -> tuple[int, int]:
        now = now_ms()
        return now, now + int(CLAIM_SECONDS * 1000)

    def _began(self, now: float) -> None:
        self._expiry, self._next_renewal = now + CLAIM_SECONDS, now + _RENEWAL_SECONDS
