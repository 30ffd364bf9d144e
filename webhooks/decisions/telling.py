"""What a web process has of the plugins, told in Redis for as long as it lives."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.deciding.panel import Panel
from comethooks.workers.plugins.at_work import log_plugins, same
from comethooks.workers.plugins.published import (
    FRESH_SECONDS,
    HeldPlugin,
    WorkerPlugins,
    publish_web,
)
from comethooks.workers.processes import member_name

AGAIN_SECONDS = FRESH_SECONDS / 3
"""How often it is told again that nothing has changed."""
LOOK_SECONDS = 1.0
"""How often to look which deciders rest, where there are any."""


class Telling:
    """Tells which plugins this process has, and which of the deciders in its panel rest."""

    def __init__(self, client: Redis, plugins: Sequence[HeldPlugin], panel: Panel | None) -> None:
        self._client = client
        self._plugins = plugins
        self._panel = panel
        self._member = member_name(os.getpid())
        self._resting: tuple[str, ...] = ()

    def run(self, *, quietly: bool = False) -> None:
        """Tell it, and go on telling until the process ends; the log as well, but for `quietly`:
        then somebody else tells that.
        """
        others = self._tell()
        if not (quietly or any(same(self._plugins, each, self._member) for each in others)):
            self.log()
        seconds = AGAIN_SECONDS if self._panel is None else LOOK_SECONDS
        due = time.monotonic() + AGAIN_SECONDS
        while True:
            time.sleep(seconds)
            if time.monotonic() >= due or self._resting != self._now_resting():
                self._tell()
                due = time.monotonic() + AGAIN_SECONDS

    def log(self) -> None:
        """Log which plugins are in and which are not, if there are any."""
        if self._plugins:
            log_plugins(self._plugins)

    def _tell(self) -> Sequence[WorkerPlugins]:
        """Tell it now; what other web processes have. Nobody is told while Redis is away."""
        self._resting = self._now_resting()
        with suppress(RedisError, OSError):
            return publish_web(self._client, self._member, self._plugins, self._resting)
        return ()

    def _now_resting(self) -> tuple[str, ...]:
        standings = () if self._panel is None else self._panel.standings()
        return tuple(each.id for each in standings if each.rests)
