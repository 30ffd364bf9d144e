"""What `comethooks up` does for plugins: it has them loaded again when they change or when it is
asked to, and says which its workers have.

It asks Redis, where workers tell what they have loaded: `up` itself must not run a plugin's code.
"""

import signal
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog
from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.plugins.at_work import log_plugins
from comethooks.workers.plugins.published import HeldPlugin, at_work
from comethooks.workers.plugins.watching import PluginWatch
from comethooks.workers.processes import RELOAD, host_and_boot
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from comethooks.workers.supervision.supervisor import Child

LOOK_SECONDS = 0.5
AWAY_SECONDS = 5.0
"""How long to wait after a look that failed: such a look may take a second."""
_NAMED = 3
"""So many changed files are named in the log."""

log = structlog.get_logger()


class PluginFollower:
    """Follows the plugin folder and the signal that asks for a reload.

    Make it before any worker starts: what changes from then on is a change.
    """

    def __init__(self, settings: Settings) -> None:
        self._watch = PluginWatch(settings.plugin_dir)
        self._news = _News(connect(settings.redis_url, timeout=1.0))
        self._asked = False
        signal.signal(RELOAD, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked = True

    def follow(self, children: Sequence[Child]) -> None:
        """Have the workers among `children` load the plugins again if there is a reason, and say
        what is new. To be called often.
        """
        if changed := self._watch.changed():
            more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
            files = ", ".join(changed[:_NAMED]) + more
            log.info("plugins changed; loading them again", changed=files)
        asked, self._asked = self._asked, False
        if asked:
            log.info("loading the plugins again, also those that are installed", asked=RELOAD.name)
        if changed or asked:
            self._news.expect()
            for child in children:
                if child.name == "worker":
                    child.reload()
        self.tell()

    def tell(self) -> None:
        """Say which plugins the workers have, if that is new."""
        self._news.tell()


class _News:
    """What this host's workers have loaded, told in the log once for each change."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._seen: set[str] = set()
        self._told: tuple[HeldPlugin, ...] | None = None
        self._next_look = 0.0

    def expect(self) -> None:
        """Tell what is loaded next, though it may be what was there before."""
        self._told = None

    def tell(self) -> None:
        """Look twice a second, and tell what workers that are new have, if it is new too."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + AWAY_SECONDS
        with suppress(RedisError, OSError):
            here = host_and_boot().split("|")[0]
            workers = [each for each in at_work(self._client) if each.host == here]
            self._next_look = now + LOOK_SECONDS
            # After a reload those that are left of before still have what was there before.
            new = [each for each in workers if each.member not in self._seen]
            self._seen = {each.member for each in workers}
            for each in sorted(new, key=lambda each: each.at):
                if each.plugins != self._told:
                    self._told = each.plugins
                    log_plugins(each.plugins)
