"""Counting what happened in the last seconds, over all processes and hosts."""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from redis import ConnectionPool, Redis
from redis.exceptions import RedisError

from comethooks.workers.streams import keys
from comethooks.workers.streams.scripts import window_scripts

PATIENCE_SECONDS = 0.05
"""How long each step may take: who asks has other things to do in time."""
PAUSE_SECONDS = 1.0
"""How long nobody asks a server that did not answer."""
_DIGEST_BYTES = 12

Asked = tuple[str, str, float, int]
"""What is counted: a window, a member of it, its length in seconds, and the most that matters."""


class SlidingWindows:
    """Windows in Redis. Threads may share it. While Redis is away it counts nothing."""

    def __init__(self, client: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        """`client` waits no longer than whoever asks may be kept waiting."""
        self._client = client
        self._count = client.register_script(window_scripts.COUNT)
        self._clock = clock
        self._silent_until = 0.0

    @classmethod
    def beside(cls, client: Redis) -> "SlidingWindows":
        """Windows in the server that `client` is of, over connections that do not wait long."""
        pool = client.connection_pool
        brief = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), PATIENCE_SECONDS)
        kwargs: dict[str, Any] = {**pool.connection_kwargs, **brief}
        return cls(Redis(connection_pool=ConnectionPool(pool.connection_class, **kwargs)))

    def count(self, asked: Sequence[Asked]) -> tuple[int, ...] | None:
        """Count a member in each window, in one round trip; how many each has then, itself among
        them. None when Redis did not answer.
        """
        if not asked:
            return ()
        if self._clock() < self._silent_until:
            return None
        names = [f"{keys.WINDOWS}:{_digest(window)}" for window, *_ in asked]
        arguments: list[Any] = []
        for _, member, seconds, most in asked:
            arguments += [_digest(member), int(seconds * 1000), most]
        try:
            return tuple(cast(list[int], self._count(keys=names, args=arguments)))
        except (RedisError, OSError):
            self._silent_until = self._clock() + PAUSE_SECONDS
            return None


def _digest(text: str) -> str:
    """As long as any other, and nothing of the text."""
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()
