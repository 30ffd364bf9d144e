"""Waiting until replicas have what was written: a fail-over loses what none of them has."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import RedisError

from comethooks.workers.texts import number_of

PATIENCE_MS = 50
"""How long replicas may take to say that they have something. They say so as soon as they have it.
"""


class TooFewReplicasError(RedisError):
    """Something was written, and too few replicas have said that they have it: it may get lost."""

    def __init__(self, count: int, wanted: int) -> None:
        having = f"{number_of(count, 'replica')} that {'has' if count == 1 else 'have'} it"
        super().__init__(f"has {having} after {PATIENCE_MS} ms, and not {wanted}")


class Confirming:
    """Asks, behind commands that write, whether so many replicas have what they wrote."""

    def __init__(self, replicas: int, counter: str) -> None:
        """`counter` is a key that holds a number, or nothing."""
        self._replicas = replicas
        # A server may let WAIT wait for what this very connection has written, and for nothing
        # else. But the script writes nothing when it repeats itself over a new connection, after
        # its answer was lost. So something is written: nothing is added, and replicas are told.
        self.commands = (("INCRBY", counter, 0), ("WAIT", replicas, PATIENCE_MS))
        """To be sent behind the others, over the same connection and in one go."""

    def lacking(self, answers: Sequence[Any]) -> Exception | None:
        """Why what was written before may get lost, by the answers to `commands`; None when it is
        safe.
        """
        written, count = answers
        for error in (written, count):
            if isinstance(error, Exception):
                return error
        return TooFewReplicasError(count, self._replicas) if count < self._replicas else None
