"""One count of the calls of an app for all processes, in Redis; where Redis is away, each process
counts its own.
"""

import time
from collections.abc import Callable, Sequence

import structlog
from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.cometchat.calls import Pacing
from comethooks.workers.cometchat.limiter import WINDOW_MS, LocalLimiter
from comethooks.workers.cometchat.rate_limits import CallLimit, CallPlan
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.scripts.limit_scripts import CALL_LIMIT, PAUSE_LIMIT

ANSWER_SECONDS = 1.0
"""How long Redis is waited for: a run waits for it, too."""
AWAY_SECONDS = 5.0
"""After a call that Redis did not answer, it is left alone for so long: nobody waits for it."""


def shared_pacing(settings: Settings) -> Pacing:
    """How this process calls CometChat, together with all others of the deployment. Connects when
    it is first needed, so after a fork.
    """
    client = connect(settings.redis_url, connect_timeout=ANSWER_SECONDS, timeout=ANSWER_SECONDS)
    return Pacing(SharedLimiter(client), CallPlan(settings.api_plan))


class SharedLimiter:
    """Counts in Redis, one round trip a call. Threads may share it.

    What is let through is counted in this process as well: so it does not begin at 0 when Redis
    goes away.
    """

    def __init__(self, client: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._take = client.register_script(CALL_LIMIT)
        self._pause = client.register_script(PAUSE_LIMIT)
        self._local = LocalLimiter()
        self._clock = clock
        self._away_until = 0.0

    def take(self, limits: Sequence[CallLimit]) -> float:
        """Count a call for everybody, or say how long to wait."""
        names = [keys.limit(limit.key) for limit in limits]
        wait = self._asked(self._take, names, [WINDOW_MS, *(limit.most for limit in limits)])
        if wait is None:
            return self._local.take(limits)
        if not wait:
            self._local.count(limits)
        return wait / 1000

    def pause(self, limit: CallLimit, seconds: float) -> None:
        """Let nobody take of it for so long, in whatever process."""
        self._local.pause(limit, seconds)
        self._asked(self._pause, [keys.limit(limit.key)], [round(seconds * 1000), WINDOW_MS])

    def _asked(
        self, script: Callable[..., object], names: Sequence[str], arguments: Sequence[int]
    ) -> int | None:
        """What Redis says; None while it is away."""
        if self._clock() < self._away_until:
            return None
        try:
            return int(str(script(keys=names, args=arguments)))
        except (RedisError, OSError) as error:
            self._away_until = self._clock() + AWAY_SECONDS
            structlog.get_logger().warning(
                "calls of CometChat are counted by each process itself", error=type(error).__name__
            )
            return None
