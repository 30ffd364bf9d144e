"""Runners, and what they and others tell the thread that looks after them."""

from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from redis import Redis

from comethooks.workers.handlers.outside import Services
from comethooks.workers.handlers.runners import Runners
from comethooks.workers.streams.counters import TIMEOUTS, count
from comethooks.workers.vital_signs import VitalSigns

News = TypeVar("News")


class Crew(Runners, Generic[News]):
    """Runners of as many `threads`, with a way for every thread to tell one of them something.

    That one calls `told` a few times a second. Runs that took too long are counted in Redis, with
    `client`.
    """

    def __init__(
        self, threads: int, services: Services, client: Redis, signs: VitalSigns | None = None
    ) -> None:
        self._messages: SimpleQueue[News | Exception] = SimpleQueue()
        super().__init__(
            threads,
            services,
            on_failure=self.tell,
            on_timeout=partial(count, client, TIMEOUTS),
            signs=signs,
        )

    def tell(self, message: News | Exception) -> None:
        """Say what happened, from any thread. An exception is what ended the thread."""
        self._messages.put(message)

    def told(self, timeout: float) -> list[News]:
        """Hold all runs to their limits, then give what was told; wait up to `timeout` seconds for
        the first.

        Raises an exception that was told: the work of this process cannot go on without the thread.
        """
        self.enforce_limits()
        messages: list[News] = []
        try:
            message = (
                self._messages.get(timeout=timeout) if timeout else self._messages.get_nowait()
            )
            while True:
                if isinstance(message, Exception):
                    raise message
                messages.append(message)
                message = self._messages.get_nowait()
        except Empty:
            return messages
