"""The plugins of a process that runs handlers: loaded, and told to the log and to everybody."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import invalidate_caches

import structlog
from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.plugins.known import remember
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.plugins.published import (
    HeldPlugin,
    PluginState,
    WorkerPlugins,
    held,
    publish,
    withdraw,
)
from comethooks.workers.plugins.trials import Trials
from comethooks.workers.processes import member_name
from comethooks.workers.settings.env_file import SETTLED
from comethooks.workers.settings.settings import Settings

log = structlog.get_logger()


@contextmanager
def plugins_at_work(settings: Settings, client: Redis) -> Iterator[Plugins]:
    """Load the plugins and tell what was loaded, for as long as the block lasts.

    Where Redis does not take that, nobody is told, and the plugins run all the same.
    """
    # What was installed since the parent began is not in what it knows of the folders.
    invalidate_caches()
    member = member_name(os.getpid())
    trials = Trials.of(settings)
    plugins = load_plugins(settings, LastGood.of(settings), trials)
    trials.forget_abandoned()
    ours = held(plugins)
    others: Sequence[WorkerPlugins] = ()
    try:
        others = publish(client, member, ours)
        remember(client, plugins.handlers, settings.missing_plugin_wait)
    except (RedisError, OSError) as error:
        log.warning("nobody can be told which plugins are loaded", reason=type(error).__name__)
    # A host's workers load the same at the same time, and again every few minutes. What those of
    # `comethooks up` have, it says itself.
    if SETTLED not in settings.environ and not any(same(ours, each, member) for each in others):
        log_plugins(ours)
    yield plugins
    # Not when the block raises: a process that has lost its leases must not wait for Redis.
    with suppress(RedisError, OSError):
        remember(client, plugins.handlers, settings.missing_plugin_wait)
        withdraw(client, member)


def same(ours: Sequence[HeldPlugin], other: WorkerPlugins, member: str) -> bool:
    """Whether a process of the same host as `member` has the same as `ours`."""
    return other.host == member.split("|")[0] and other.plugins == tuple(ours)


def log_plugins(plugins: Sequence[HeldPlugin]) -> None:
    """Log which plugins are in, and of each that is not, or is in an older version, why."""
    running = [f"{each.name} {each.version}" for each in plugins if each.state.runs]
    log.info("plugins loaded", plugins=", ".join(running) or "none")
    for plugin in plugins:
        facts = {"plugin": plugin.name, "where": plugin.where, "reason": plugin.reason}
        if plugin.state is PluginState.QUARANTINED:
            log.error("plugin left out", **facts, hint="comethooks plugins check")
        elif plugin.state is PluginState.LAST_GOOD:
            log.error("plugin goes on with its last good version", **facts, version=plugin.version)
        for warning in plugin.warnings:
            log.warning("a plugin may not do what is meant", plugin=plugin.name, reason=warning)
