"""What deciders that ship with us reach beyond what a context gives to authors."""

from typing import TYPE_CHECKING

from comethooks.workers.deciding.decider_context import DeciderContext

if TYPE_CHECKING:
    from redis import Redis


class InsideDecider:
    """The inside of a decider's context."""

    def __init__(self, ctx: DeciderContext) -> None:
        self._ctx = ctx

    @property
    def redis(self) -> "Redis | None":
        """The client of Redis; None where there is none, as in a test. What it raises is the
        decider's to catch: decisions go on without Redis.
        """
        services = self._ctx._services
        return None if services is None else services.redis

    @property
    def seconds_left(self) -> float:
        """How long somebody still waits for the decision; below 0 when nobody does."""
        return self._ctx._seconds_left()
