"""What `accept` answers. It is a module of its own because `accept` loads Redis' client, which
plugins that catch the error, and tests, need not load.
"""

from dataclasses import dataclass

TIMELESS_WINDOW_SECONDS = 60
"""How long a duplicate key without a time of occurrence lives, in seconds: at least so long, and at
most twice. To block, unblock and block again is three events, while CometChat repeats itself after
10 and 30 seconds.
"""


class NotKeptError(Exception):
    """A request could not be kept, so it must not be acknowledged. `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """The id of the event that was kept, or of the one that it repeats."""

    id: str
    duplicate: bool
