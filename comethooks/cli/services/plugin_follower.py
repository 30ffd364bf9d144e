"""What `comethooks up` does for plugins: it has them loaded again when they change or when it is
asked to, and says which its workers have.

It asks Redis, where workers tell what they have loaded: `up` itself must not run a plugin's code.

The web process loads them after the workers. What does harm when it is imported ends a process of
theirs, which has nothing in progress yet, and is left out by the time when it would do the same to
one that somebody waits for.
"""

import signal
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog
from redis import Redis
from redis.exceptions import RedisError

from comethooks.cli.services.files_of_ours import watches
from comethooks.workers.plugins.at_work import log_plugins
from comethooks.workers.plugins.published import (
    HeldPlugin,
    PluginState,
    WorkerPlugins,
    at_web,
    at_work,
)
from comethooks.workers.plugins.watching import PluginWatch
from comethooks.workers.processes import RELOAD, host_and_boot
from comethooks.workers.settings.settings import Settings
from comethooks.workers.shipped import MODERATOR
from comethooks.workers.streams.connections import connect
from comethooks.workers.supervision.supervisor import Child
from comethooks.workers.texts import few

LOOK_SECONDS = 0.5
AWAY_SECONDS = 5.0
"""How long to wait after a look that failed: such a look may take a second."""
WEB_SECONDS = 60.0
"""After so long the web process does not wait for a worker to be first: one that has to finish a
run and then stands still in an import is replaced by then."""
_NAMED = 3
"""So many changed files are named in the log."""

log = structlog.get_logger()


class PluginFollower:
    """Follows the plugin folder, the rules of moderation, and the signal that asks for a reload.

    Make it before any worker starts: what changes from then on is a change.
    """

    def __init__(self, settings: Settings) -> None:
        self._watch = PluginWatch(settings.plugin_dir)
        self._rules = watches(settings).get(MODERATOR)
        self._news = _News(connect(settings.redis_url, timeout=1.0))
        self._asked = False
        self._web_due: float | None = None
        signal.signal(RELOAD, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked = True

    def follow(self, children: Sequence[Child]) -> None:
        """Have `children` load the plugins again if there is a reason, and say what is new. To be
        called often.
        """
        if changed := self._watch.changed():
            log.info("plugins changed; loading them again", changed=few(changed, _NAMED))
        asked, self._asked = self._asked, False
        if asked:
            log.info("loading the plugins again, also those that are installed", asked=RELOAD.name)
        if changed or asked:
            self._news.expect()
            self._web_due = time.monotonic() + WEB_SECONDS
            _reload(children, "worker")
        elif self._rules is not None and self._rules.changed():
            # The workers see that themselves, as those do that no `up` has started, and are not
            # waited for: rules do no harm when they are loaded.
            self._web_due = time.monotonic()
        is_loaded = self.tell()
        if self._web_due is not None and (is_loaded or time.monotonic() >= self._web_due):
            self._web_due = None
            _reload(children, "web")

    def tell(self) -> bool:
        """Say which plugins the workers have, if that is new; whether it is."""
        return self._news.tell()


def _reload(children: Sequence[Child], name: str) -> None:
    for child in children:
        if child.name == name:
            child.reload()


class _News:
    """What this host's workers have loaded, told in the log once for each change."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._seen: set[str] = set()
        self._told: tuple[HeldPlugin, ...] | None = None
        self._told_of_web: set[HeldPlugin] = set()
        self._next_look = 0.0

    def expect(self) -> None:
        """Tell what is loaded next, though it may be what was there before."""
        self._told = None
        self._told_of_web.clear()

    def tell(self) -> bool:
        """Look twice a second, and tell what workers that are new have, if it is new too; whether
        it is.
        """
        now, before = time.monotonic(), self._told
        if now < self._next_look:
            return False
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
            if self._told is not None:
                self._tell_of_web([each for each in at_web(self._client) if each.host == here])
        return self._told is not before

    def _tell_of_web(self, web: Sequence[WorkerPlugins]) -> None:
        """Tell of what web processes do not have while the workers have it, once for each."""
        found = {plugin for each in web for plugin in each.plugins if plugin.reason is not None}
        for plugin in found.difference(self._told or (), self._told_of_web):
            if plugin.state is not PluginState.DISABLED:
                facts = {"plugin": plugin.name, "where": plugin.where, "reason": plugin.reason}
                log.error("plugin left out of a web process", **facts)
            self._told_of_web.add(plugin)
