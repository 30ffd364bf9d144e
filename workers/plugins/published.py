"""What the processes at work have loaded of the plugins, told in Redis.

Commands and the web process load no plugin that runs: what they would find in their own folder and
environment may be something else. So each process at work writes down what it has, as a field of
one hash; anybody can read all of them. An entry counts while its process is a member (a drainer
renews that), and for a minute after it was written; then it is somebody's who died.

Web processes have a hash of their own, since no handler runs there: what is in it are the plugins
whose deciders they ask. They are no members, and write their entries again and again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import orjson
from redis import Redis

from comethooks.workers.plugins.event_filters import EventFilter, read_filters
from comethooks.workers.plugins.loaded import BrokenPlugin, Plugins
from comethooks.workers.processes import is_dead_here
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.streams import keys
from comethooks.workers.streams.leases import LEASE_TTL_SECONDS

FRESH_SECONDS = 60
"""For so long an entry counts without a membership: a job that is no drainer takes no longer, and
a drainer is not a member yet when it writes its own."""
_TTL_SECONDS = 3600
"""After so long without any process at work the hash is gone; a drainer lives for minutes."""


class PluginState(StrEnum):
    """What became of a plugin in a process."""

    LOADED = "loaded"
    LAST_GOOD = "last good"
    """It runs, in the last version that could be loaded: what is in its file now cannot be."""
    QUARANTINED = "quarantined"
    DISABLED = "disabled"

    @property
    def runs(self) -> bool:
        """Whether its handlers get events."""
        return self in (PluginState.LOADED, PluginState.LAST_GOOD)


@dataclass(frozen=True, slots=True)
class HeldHandler:
    """A handler as a process has it: its id, what it is registered for, and which of those events
    it wants.
    """

    id: str
    patterns: tuple[str, ...]
    filters: tuple[EventFilter, ...] = ()

    @property
    def wants(self) -> str:
        """Its filters, as they are shown."""
        return ", ".join(map(str, self.filters))


@dataclass(frozen=True, slots=True)
class HeldDecider:
    """A decider as a process has it: its id, what it decides on, and which of those messages it is
    asked about.
    """

    id: str
    patterns: tuple[str, ...]
    filters: tuple[EventFilter, ...] = ()
    shadow: bool = False

    @property
    def sentence(self) -> str:
        """What it does, as it is shown."""
        wants = f" with {', '.join(map(str, self.filters))}" if self.filters else ""
        in_shadow = ", in shadow" if self.shadow else ""
        return f"{self.id} decides on {' and '.join(self.patterns)}{wants}{in_shadow}"


@dataclass(frozen=True, slots=True)
class HeldPlugin:
    """A plugin as a process has it.

    `where` is the file that it runs from, or `file:line` of what is wrong, and `reason` says why it
    does not run, or not in the version that is in its file; with `name_is_taken` it is that another
    plugin has its name.
    """

    name: str
    state: PluginState
    where: str
    version: str | None = None
    reason: str | None = None
    handlers: tuple[HeldHandler, ...] = ()
    warnings: tuple[str, ...] = ()
    name_is_taken: bool = False
    deciders: tuple[HeldDecider, ...] = ()

    @property
    def why(self) -> str:
        """The reason, with the place unless it names that itself."""
        reason = self.reason or ""
        return reason if self.where in reason else f"{reason} ({self.where})"


@dataclass(frozen=True, slots=True)
class WorkerPlugins:
    """What the process `member` (`host|boot|pid`) loaded at `at` (ms, by Redis' clock)."""

    member: str
    at: int
    plugins: tuple[HeldPlugin, ...]
    resting: tuple[str, ...] = ()
    """Of a web process: the deciders that it does not ask for a while, since they failed."""

    @property
    def host(self) -> str:
        """The host that it runs on."""
        return self.member.split("|")[0]

    def has(self, handler: str) -> bool:
        """Whether it runs the handler with this id."""
        return any(each.id == handler for plugin in self.plugins for each in plugin.handlers)

    def get(self, name: str) -> HeldPlugin | None:
        """The plugin called `name`; None if this process knows of none."""
        return next((plugin for plugin in self.plugins if plugin.name == name), None)


def held(plugins: Plugins) -> tuple[HeldPlugin, ...]:
    """What a process that loaded `plugins` has, by name. A name may be there twice."""
    # Of two with the same name first the one that runs, or whose it is: what the name stands for.
    return tuple(
        sorted(
            _held(plugins),
            key=lambda each: (each.name, not each.state.runs, each.name_is_taken, each.where),
        )
    )


def _held(plugins: Plugins) -> Iterator[HeldPlugin]:
    for loaded in plugins.loaded:
        newer = loaded.newer
        yield HeldPlugin(
            loaded.name,
            PluginState.LAST_GOOD if newer else PluginState.LOADED,
            newer.where if newer else loaded.file,
            loaded.version,
            newer.error if newer else None,
            tuple(
                HeldHandler(bound.id, bound.handler.patterns, bound.handler.filters)
                for bound in loaded.handlers
            ),
            loaded.warnings,
            deciders=tuple(
                HeldDecider(each.id, each.patterns, each.filters, each.shadow)
                for each in (bound.decider for bound in loaded.deciders)
            ),
        )
    for broken in plugins.broken:
        yield _quarantined(broken)
    for disabled in plugins.disabled:
        reason = f"named in {NAMES['disabled_plugins']}"
        yield HeldPlugin(disabled.name, PluginState.DISABLED, disabled.where, reason=reason)


def _quarantined(broken: BrokenPlugin) -> HeldPlugin:
    return HeldPlugin(
        broken.name,
        PluginState.QUARANTINED,
        broken.where,
        reason=broken.error,
        name_is_taken=broken.name_is_taken,
    )


def publish(client: Redis, member: str, plugins: Sequence[HeldPlugin]) -> list[WorkerPlugins]:
    """Tell what the process `member` has; returns what the others at work have.

    Raises redis-py's errors.
    """
    return _publish(client, keys.PLUGINS, member, plugins)


def publish_web(
    client: Redis, member: str, plugins: Sequence[HeldPlugin], resting: Sequence[str]
) -> list[WorkerPlugins]:
    """The same for a web process, of which the deciders `resting` are not asked. To be called again
    before `FRESH_SECONDS` are over.
    """
    return _publish(client, keys.WEB_PLUGINS, member, plugins, resting)


def _publish(
    client: Redis,
    key: str,
    member: str,
    plugins: Sequence[HeldPlugin],
    resting: Sequence[str] = (),
) -> list[WorkerPlugins]:
    living, dead, now = _entries(client, key)
    document = {"at": now, "plugins": [asdict(plugin) for plugin in plugins], "resting": resting}
    with client.pipeline() as pipeline:
        if dead:
            pipeline.hdel(key, *dead)
        pipeline.hset(key, member, orjson.dumps(document))
        pipeline.expire(key, _TTL_SECONDS)
        pipeline.execute()
    return [each for each in living if each.member != member]


def withdraw(client: Redis, member: str) -> None:
    """The process `member` is not at work any more. Raises redis-py's errors."""
    client.hdel(keys.PLUGINS, member)


def at_work(client: Redis) -> list[WorkerPlugins]:
    """What the processes at work have, by host, the latest first. Raises redis-py's errors."""
    living, _, _ = _entries(client, keys.PLUGINS)
    return living


def at_web(client: Redis) -> list[WorkerPlugins]:
    """What the web processes have, by host, the latest first. Raises redis-py's errors."""
    living, _, _ = _entries(client, keys.WEB_PLUGINS)
    return living


def _entries(client: Redis, key: str) -> tuple[list[WorkerPlugins], list[bytes], int]:
    """The entries of living processes in the hash `key`, the names of the others' entries, and
    Redis' clock.
    """
    # One reading of the hash for both: an entry that was written since is in neither.
    with client.pipeline(transaction=False) as pipeline:
        pipeline.time()
        pipeline.zrange(keys.MEMBERS, 0, -1, withscores=True)
        pipeline.hgetall(key)
        (seconds, microseconds), members, entries = pipeline.execute()
    now = seconds * 1000 + microseconds // 1000
    beating = {member.decode() for member, beat in members if beat > now - LEASE_TTL_SECONDS * 1000}
    living, dead = [], []
    for name, text in entries.items():
        member, known = name.decode(), _read(name.decode(), text)
        # One that another version of us wrote cannot be read: that is no reason to fail.
        if known is None or is_dead_here(member):
            dead.append(name)
        elif member in beating or known.at > now - FRESH_SECONDS * 1000:
            living.append(known)
        else:
            dead.append(name)
    return sorted(living, key=lambda each: (each.host, -each.at, each.member)), dead, now


def _read(member: str, text: bytes) -> WorkerPlugins | None:
    """An entry of the hash; None if it is no such thing."""
    try:
        document = orjson.loads(text)
        at, plugins = int(document["at"]), _plugins(document)
        return WorkerPlugins(member, at, plugins, tuple(document.get("resting", ())))
    except (ValueError, TypeError, KeyError):
        return None


def _plugins(document: dict[str, Any]) -> tuple[HeldPlugin, ...]:
    return tuple(
        HeldPlugin(
            **{
                **plugin,
                "state": PluginState(plugin["state"]),
                "handlers": tuple(
                    HeldHandler(
                        each["id"], tuple(each["patterns"]), read_filters(each.get("filters", ()))
                    )
                    for each in plugin["handlers"]
                ),
                "warnings": tuple(plugin["warnings"]),
                "deciders": tuple(map(_decider, plugin.get("deciders", ()))),
            }
        )
        for plugin in document["plugins"]
    )


def _decider(document: dict[str, Any]) -> HeldDecider:
    return HeldDecider(
        document["id"],
        tuple(document["patterns"]),
        read_filters(document["filters"]),
        bool(document["shadow"]),
    )
