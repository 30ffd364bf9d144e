"""How much may wait in Redis: what the settings allow, and no more than the server can take."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.streams.servers.shared_clock import follow_clock
from comethooks.workers.texts import number_of

REFRESH_SECONDS = 30.0
"""How old the known limit of the server's memory may be, in seconds: it may have been restarted
with another one.
"""


@dataclass(frozen=True, slots=True)
class BacklogLimit:
    """How many bytes may wait. `setting` is what the settings allow; `maxmemory` is the server's
    limit, or 0 when it has none or hides it.

    Half of the server's memory is left to duplicate keys, marks and RQ. A server that is full
    refuses even those who would empty it.
    """

    setting: int
    maxmemory: int = 0

    @property
    def bytes(self) -> int:
        """What may wait."""
        return self.setting if self.fits else self.maxmemory // 2

    @property
    def fits(self) -> bool:
        """Whether the server can take what the setting allows."""
        return not self.maxmemory or self.setting <= self.maxmemory // 2

    @property
    def sentence(self) -> str:
        """What the limit is, and what to do when it is reached."""
        if self.fits:
            return (
                f"at most {number_of(self.setting, 'byte')} may wait; start workers, or raise"
                " COMETHOOKS_MAX_BACKLOG_BYTES if Redis has the memory"
            )
        return (
            f"at most {number_of(self.bytes, 'byte')} may wait, half of Redis' maxmemory; start"
            f" workers, or raise maxmemory (COMETHOOKS_MAX_BACKLOG_BYTES allows {self.setting})"
        )

    @property
    def misfit(self) -> str:
        """What to do about a setting that is more than the server can take."""
        return (
            f"COMETHOOKS_MAX_BACKLOG_BYTES is {self.setting}, but only half of Redis' maxmemory of"
            f" {self.maxmemory} may wait: {number_of(self.bytes, 'byte')}; raise maxmemory to"
            f" {2 * self.setting}, or lower the setting"
        )


def maxmemory_in(memory: Any) -> int:
    """The server's limit in its answer to INFO memory; 0 when it has none or does not say."""
    try:
        return int(memory["maxmemory"])
    except (KeyError, TypeError, ValueError):
        return 0


class KnownLimit:
    """The limit as it was when the server was last asked. Threads may share it.

    Asking is a round trip of its own, so ask when the server has just answered something else.
    """

    def __init__(
        self, client: Redis, setting: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.current = BacklogLimit(setting)
        self._client = client
        self._clock = clock
        self._due = clock()
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Ask the server again, and for its time, if the last time is long ago and it is willing to
        say.
        """
        if self._clock() < self._due or not self._lock.acquire(blocking=False):
            return
        try:
            self._due = self._clock() + REFRESH_SECONDS
            follow_clock(self._client)
            # Where INFO is not permitted, the setting alone counts.
            memory = self._client.info("memory")
            self.current = BacklogLimit(self.current.setting, maxmemory_in(memory))
        except (RedisError, OSError):
            pass
        finally:
            self._lock.release()
