"""The thread that keeps a drainer's leases, and ends the process when it cannot.

This is the fence: a drainer that lost a lease, or could not renew until its end, must not finish
what it has in progress beside its successor. `os._exit` is the only way to be sure of that.
"""

import os
import threading
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from comethooks.workers.processes import EXIT_LEASE_LOST
from comethooks.workers.streams.leases import Leases

RENEWAL_SECONDS = 1.0
"""The time-out of every step of a renewal: give the keeper a client that waits no longer."""
MARGIN_SECONDS = 3 * RENEWAL_SECONDS
"""What a renewal may take before it fails: connecting, being greeted, and the answer, each up to
its time-out."""
_RETRY_SECONDS = 0.2


def exit_at_once(reason: str) -> None:
    """End this process without finishing anything: what it has in progress is no longer its own."""
    structlog.get_logger().error("drainer ended", reason=reason)
    os._exit(EXIT_LEASE_LOST)


class Keeper(threading.Thread):
    """Renews every fifth of the leases' time to live, on a connection of its own."""

    def __init__(self, leases: Leases, *, on_lost: Callable[[str], None] = exit_at_once) -> None:
        super().__init__(name="keeper", daemon=True)
        self._leases = leases
        self._on_lost = on_lost
        self._held: dict[int, str] = {}
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._ended = False
        self._joined = True
        self.deadline = leases.clock() + leases.ttl
        """Until when, by the leases' clock, every held lease is surely ours."""

    def hold(self, number: int, value: str, asked: float) -> None:
        """Renew this lease from now on; `asked` is the time, by the leases' clock, before it was
        taken.
        """
        with self._lock:
            self._held[number] = value
            self.deadline = min(self.deadline, asked + self._leases.ttl)

    def let_go(self, number: int) -> None:
        """Renew this lease no more: it is about to be given back. Waits for a renewal that is under
        way.
        """
        with self._lock:
            self._held.pop(number, None)

    def expired(self) -> bool:
        """Whether a lease may already be somebody else's. Asked before every run."""
        return self._leases.clock() >= self.deadline

    def leave(self) -> None:
        """Be no member any more, from now on: keep the leases only until they are given back."""
        self._joined = False
        self._changed.set()

    def stop(self) -> None:
        """Stop renewing."""
        self._ended = True
        self._changed.set()

    def run(self) -> None:
        """Renew until stopped, or call `on_lost` with the reason."""
        pause = self._leases.ttl / 5
        # What could end after the deadline is not begun.
        margin = min(MARGIN_SECONDS, self._leases.ttl / 5)
        while True:
            self._changed.wait(pause)
            self._changed.clear()
            if self._ended:
                return None
            pause = self._leases.ttl / 5
            with self._lock:
                if self._leases.clock() + margin >= self.deadline:
                    return self._on_lost("the leases could not be renewed in time")
                try:
                    deadline = self._leases.renew(self._held, joined=self._joined)
                except (RedisError, OSError):
                    pause = _RETRY_SECONDS
                    continue
                if deadline is None:
                    return self._on_lost("a lease was lost to another drainer")
                self.deadline = deadline
