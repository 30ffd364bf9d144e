"""Handlers that are known, since a worker of this deployment has loaded them lately.

A plugin may be missing in one process: on a host that does not have it, or while its file cannot be
loaded. What its handlers would take is theirs all the same, so each process writes down in Redis
which handlers it has loaded, and a drainer without them has their runs wait. How long a run waits
is a setting, and so long a handler is known after it was last loaded.

A plugin that is loaded without a handler has lost that on purpose, and one that a setting disables
is not missing: nothing new waits for these.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import orjson
from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.clock import now_ms
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.event_filters import EventFilter, read_filters
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.loaded import BoundHandler, Plugins
from comethooks.workers.plugins.published import at_work
from comethooks.workers.streams import keys


@dataclass(frozen=True, slots=True)
class KnownHandler:
    """A handler as it was last loaded, at `at` (ms)."""

    id: str
    at: int
    patterns: tuple[str, ...]
    echoes: bool
    ordered: bool
    version: str
    filters: tuple[EventFilter, ...] = ()
    own: bool = False

    @property
    def plugin(self) -> str:
        """The name of its plugin."""
        return self.id.partition(".")[0]

    def absent(self, wait: float) -> BoundHandler:
        """What stands for it where it is not loaded; its runs wait for `wait` seconds."""
        handler = Handler(
            id=self.id,
            plugin=self.plugin,
            function=_absent,
            patterns=self.patterns,
            where="",
            echoes=self.echoes,
            ordered=self.ordered,
            filters=self.filters,
            own=self.own,
        )
        return BoundHandler(handler, Config(self.plugin, {}), 0.0, self.version, waits=wait)


def _absent(*_: Any) -> None:
    raise RuntimeError("this handler is not loaded")


def remember(client: Redis, handlers: Iterable[BoundHandler], wait: float) -> None:
    """Write down that `handlers` were loaded just now, and forget what nobody has loaded for `wait`
    seconds. Raises redis-py's errors.
    """
    now = now_ms()
    loaded = {bound.id: _written(bound, now) for bound in handlers}
    old = [each.id for each in known_handlers(client) if each.at < now - 1000 * wait]
    with client.pipeline() as pipeline:
        if gone := [each for each in old if each not in loaded]:
            pipeline.hdel(keys.HANDLERS, *gone)
        if loaded:
            pipeline.hset(keys.HANDLERS, mapping=cast(dict[Any, Any], loaded))
        pipeline.execute()


def forget(client: Redis, plugin: str) -> None:
    """Know no handler of `plugin` any more: drainers that begin from here on have nothing wait for
    it. Raises redis-py's errors.
    """
    if gone := [each.id for each in known_handlers(client) if each.plugin == plugin]:
        client.hdel(keys.HANDLERS, *gone)


def known_handlers(client: Redis) -> list[KnownHandler]:
    """Those that are known, by id. Raises redis-py's errors."""
    found = []
    for name, text in cast(dict[bytes, bytes], client.hgetall(keys.HANDLERS)).items():
        try:
            document = orjson.loads(text)
            patterns = tuple(document.pop("patterns"))
            filters = read_filters(document.pop("filters", ()))
            found.append(
                KnownHandler(id=name.decode(), patterns=patterns, filters=filters, **document)
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # another version of us wrote it
    return sorted(found, key=lambda each: each.id)


def with_absent(plugins: Plugins, client: Redis, wait: float) -> Plugins:
    """`plugins` with the known handlers of plugins that are not among them, and are not disabled.
    Raises redis-py's errors.
    """
    here = {each.name for each in plugins.loaded} | {each.name for each in plugins.disabled}
    since = now_ms() - 1000 * wait
    absent = [
        each.absent(wait)
        for each in known_handlers(client)
        if each.plugin not in here and each.at > since
    ]
    return replace(plugins, absent=tuple(absent), _fitting={})


def is_removed(handler: str, plugins: Plugins, client: Redis) -> bool:
    """Whether the plugin of a handler is loaded here without it, and nobody else has it."""
    if handler.partition(".")[0] not in {each.name for each in plugins.loaded}:
        return False
    try:
        return not any(each.has(handler) for each in at_work(client))
    except (RedisError, OSError):  # nobody knows
        return False


def _written(bound: BoundHandler, now: int) -> bytes:
    handler = bound.handler
    known = KnownHandler(
        bound.id,
        now,
        handler.patterns,
        handler.echoes,
        handler.ordered,
        bound.version,
        handler.filters,
        handler.own,
    )
    return orjson.dumps({name: value for name, value in asdict(known).items() if name != "id"})
