"""The answer to an event that is to be kept. It stands apart from `accept`, which loads Redis'
client: plugins name the error, and tests have no Redis.
"""

from dataclasses import dataclass

TIMELESS_WINDOW_SECONDS = 60
"""How long a duplicate key without a time of occurrence lives, at least, and at most twice as long:
blocking, unblocking and blocking again is three events, while CometChat repeats itself 10 and 30
seconds later."""


class NotKeptError(Exception):
    """A request could not be kept, so it must not be acknowledged. `reason` says why, for the
    log.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to `accept`: the event's id, or that of the event it repeats."""

    id: str
    duplicate: bool
