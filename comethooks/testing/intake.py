"""What a service has in Redis, in memory: which events came recently, and which are yet to run."""

import os
from collections import deque
from collections.abc import Callable, Hashable
from itertools import count

from comethooks.workers.ids import id_at
from comethooks.workers.record import Record
from comethooks.workers.streams.accepted import TIMELESS_WINDOW_SECONDS, Accepted

_NUMBERS = 4096
"""What there is room for in an id before chance."""


class MemoryIntake:
    """Accepts events as the streams do.

    Repeats are recognised for `window` seconds, or for a minute when their key holds no time.
    """

    def __init__(self, clock: Callable[[], int], window: int) -> None:
        self._clock = clock
        self._window = window
        self._known: dict[Hashable, tuple[int, str]] = {}
        self._waiting: deque[Record] = deque()
        self._numbers = count()

    def new_id(self) -> str:
        """The id of a request. Ids of one millisecond are in the order in which they are made."""
        number = (next(self._numbers) % _NUMBERS).to_bytes(2)
        return id_at(self._clock(), number + os.urandom(8))

    def accept(self, record: Record, *, duplicate_key: bytes, has_time: bool) -> Accepted:
        """Have an event run, unless it repeats one."""
        if first := self.first(duplicate_key):
            return Accepted(first, duplicate=True)
        self.remember(record.id, duplicate_key, has_time=has_time)
        self._waiting.append(record)
        return Accepted(record.id, duplicate=False)

    def remember(self, identifier: str, duplicate_key: Hashable, *, has_time: bool) -> None:
        """What has this key repeats the event of that id from now on."""
        window = self._window if has_time else TIMELESS_WINDOW_SECONDS
        self._known[duplicate_key] = self._clock() + window * 1000, identifier

    def first(self, duplicate_key: Hashable) -> str | None:
        """The id of the event that this key would repeat; None when it is new."""
        until, identifier = self._known.get(duplicate_key, (0, None))
        return identifier if self._clock() < until else None

    def knows(self, duplicate_key: bytes) -> bool:
        """Whether an event with this key was accepted recently."""
        return self.first(duplicate_key) is not None

    def take(self) -> Record | None:
        """The next event that is yet to be run; None when there is none."""
        return self._waiting.popleft() if self._waiting else None
