"""What `accept` answers. It is a module of its own because `accept` loads Redis' client, which
plugins that catch the error, and tests, need not load.
"""

from dataclasses import dataclass

from comethooks.workers.states import DecisionAction

TIMELESS_WINDOW_SECONDS = 60
"""How long the duplicate key of an event without a time of its own lives, in seconds: at least so
long, and at most twice. To block, unblock and block again is three events, while CometChat repeats
itself after 10 and 30 seconds.
"""

DETAILS_SECONDS = 120
"""How long the details of a decision are kept for its repeats. A decision without them is known for
the whole window: CometChat repeats itself after 10 and 30 seconds, and for everything later the
verdict is enough.
"""


class NotKeptError(Exception):
    """A request could not be kept, so it must not be acknowledged. `reason` is for the log.

    One that `may_be_kept` was perhaps appended all the same: its answer is lost, or too few
    replicas have it. Whoever tries again has to do so under the same id.
    """

    def __init__(self, reason: str, *, may_be_kept: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.may_be_kept = may_be_kept


class BacklogFullError(NotKeptError):
    """As much waits in Redis as may. It takes more when workers have done some of it."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The id of the event that was kept, or of the one that it repeats; and what was decided on
    that one, which is what a repeat is answered too.

    Without a `decision` nobody decided on it. The `details` are what its answer says beside the
    decision, as they were given; empty if there were none, or after `DETAILS_SECONDS`.
    """

    id: str
    duplicate: bool
    decision: DecisionAction | None = None
    details: bytes = b""
