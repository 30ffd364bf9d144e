"""Handlers that were loaded lately are known where they are not loaded, and stand in there."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from redis import Redis

from comethooks.workers.plugins import known as module
from comethooks.workers.plugins.event_filters import filters_of
from comethooks.workers.plugins.known import is_removed, known_handlers, remember, with_absent
from comethooks.workers.plugins.loaded import BoundHandler, DisabledPlugin, LoadedPlugin, Plugins
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.workers.engine import handler, record

DAY = 86_400.0


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client() as made:
        yield made


def plugin(*handlers: BoundHandler, name: str = "plugin") -> LoadedPlugin:
    return LoadedPlugin(
        name=name,
        origin="test",
        version="1.0",
        file="test.py",
        config=handlers[0].config if handlers else None,  # type: ignore[arg-type]
        handlers=handlers,
    )


def greet(name: str = "other.greet", *, ordered: bool = False) -> BoundHandler:
    made = handler(lambda *_: None, name, ordered=ordered)
    return replace(made, handler=replace(made.handler, patterns=("message.sent",), echoes=True))


class TestAbsent:
    def test_what_is_known_and_not_loaded_stands_in_for_itself(self, client: Redis) -> None:
        """It wants the same events, in the same order, and its runs wait."""
        remember(client, [greet(ordered=True)], DAY)
        (absent,) = with_absent(Plugins(), client, DAY).absent
        assert (absent.id, absent.waits, absent.ordered) == ("other.greet", DAY, True)
        assert (absent.handler.patterns, absent.handler.echoes) == (("message.sent",), True)
        plugins = with_absent(Plugins((plugin(handler(lambda *_: None)),)), client, DAY)
        wanting = plugins.handlers_for(record())
        assert [each.id for each in wanting] == ["other.greet", "plugin.handler"]
        assert [each.id for each in plugins.handlers] == ["plugin.handler"]

    def test_it_leaves_out_what_it_would_leave_out_if_it_were_here(self, client: Redis) -> None:
        """Nothing waits that its filters do not let through."""
        made = greet()
        remember(
            client,
            [replace(made, handler=replace(made.handler, filters=filters_of({"type": "image"})))],
            DAY,
        )
        plugins = with_absent(Plugins(), client, DAY)
        [absent] = plugins.absent
        assert absent.handler.filters == filters_of({"type": "image"})
        assert plugins.handlers_for(record()) == ()

    def test_of_a_plugin_that_is_here_or_disabled_nothing_is_missing(self, client: Redis) -> None:
        """What it has lost was taken out on purpose."""
        remember(client, [greet("plugin.gone"), greet("off.greet")], DAY)
        here = Plugins((plugin(handler(lambda *_: None)),), (), (DisabledPlugin("off", "", ""),))
        assert with_absent(here, client, DAY).absent == ()

    def test_it_is_known_only_for_so_long(
        self, client: Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And then forgotten by whoever loads something."""
        remember(client, [greet()], DAY)
        later = module.now_ms() + 25 * 3_600_000
        monkeypatch.setattr(module, "now_ms", lambda: later)
        assert with_absent(Plugins(), client, DAY).absent == ()
        remember(client, [greet("new.greet")], DAY)
        assert [each.id for each in known_handlers(client)] == ["new.greet"]

    def test_what_cannot_be_read_is_passed_over(self, client: Redis) -> None:
        """Another version of us may have written it."""
        client.hset(keys.HANDLERS, mapping={"a.b": "[]", "c.d": "{}", "e.f": "nonsense"})
        assert known_handlers(client) == []


def test_a_handler_is_removed_only_if_its_plugin_is_here_without_it(client: Redis) -> None:
    plugins = Plugins((plugin(handler(lambda *_: None)),))
    assert is_removed("plugin.gone", plugins, client)
    assert not is_removed("other.greet", plugins, client)
