"""The thread that renews a drainer's leases, and ends the process when it cannot.

A drainer that has lost a lease must not finish what it has in progress: its successor may be at the
same events. The same holds when it could not renew in time, since it cannot know. Only `os._exit`
makes sure of that, whatever the other threads are doing.
"""

import os
import threading
from collections.abc import Callable

import structlog
from redis.exceptions import RedisError

from comethooks.workers.processes import EXIT_LEASE_LOST
from comethooks.workers.streams.leases import Leases

RENEWAL_SECONDS = 1.0
"""The time-out of each step of a renewal, in seconds. The keeper's client must not wait longer."""
MARGIN_SECONDS = 3 * RENEWAL_SECONDS
"""How long a renewal may take before it fails: to connect, to be greeted, and to be answered, each
up to its time-out.
"""
_RETRY_SECONDS = 0.2


def exit_at_once(reason: str) -> None:
    """End this process without finishing anything: what it has in progress is no longer its own."""
    structlog.get_logger().error("drainer ended", reason=reason)
    os._exit(EXIT_LEASE_LOST)


class Keeper(threading.Thread):
    """Renews the leases every fifth of their time to live, on a connection of its own."""

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
        """The time, by the leases' clock, until which every lease in it is surely ours."""

    def hold(self, number: int, value: str, asked: float) -> None:
        """Renew this lease from now on; `asked` is when it was asked for, by the leases' clock."""
        with self._lock:
            self._held[number] = value
            # It counts from when it was asked for, which may be earlier than the last renewal.
            self.deadline = min(self.deadline, asked + self._leases.ttl)

    def let_go(self, number: int) -> None:
        """Stop renewing this lease, which is about to be given back. Waits for a renewal that is
        under way: it would take the returned lease for a lost one.
        """
        with self._lock:
            self._held.pop(number, None)

    def expired(self) -> bool:
        """Whether a lease may be somebody else's by now. Asked before every run."""
        return self._leases.clock() >= self.deadline

    def leave(self) -> None:
        """Stop being a member: from now on, keep the leases only until they are given back."""
        self._joined = False
        self._changed.set()

    def stop(self) -> None:
        """Stop renewing."""
        self._ended = True
        self._changed.set()

    def run(self) -> None:
        """Renew until stopped, or call `on_lost` with the reason."""
        pause = self._leases.ttl / 5
        # While the keeper waits for an answer it cannot end the process. So it begins no renewal
        # that may last beyond the deadline.
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
                    # Several of these fit before the deadline, so one lost packet ends nobody.
                    pause = _RETRY_SECONDS
                    continue
                if deadline is None:
                    return self._on_lost("a lease was lost to another drainer")
                self.deadline = deadline
