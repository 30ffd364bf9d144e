"""What the processes at work have loaded is told in Redis, and forgotten when they are gone."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis import Redis
from structlog.testing import capture_logs

from comethooks.workers.plugins.at_work import plugins_at_work
from comethooks.workers.plugins.event_filters import filters_of
from comethooks.workers.plugins.published import (
    FRESH_SECONDS,
    HeldDecider,
    HeldHandler,
    HeldPlugin,
    PluginState,
    at_work,
    publish,
    withdraw,
)
from comethooks.workers.processes import host_and_boot, member_name
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from tests.redis_server import RedisServer

GREET = HeldHandler("welcome.greet", ("message_sent", "*"), filters_of({"type": ("text", "form")}))
JUDGE = HeldDecider("welcome.judge", ("before_message",), filters_of({"sender": "ada"}), True)
WELCOME = HeldPlugin(
    "welcome",
    PluginState.LOADED,
    "/srv/welcome.py",
    "3f2a",
    None,
    (GREET,),
    ("a slip",),
    deciders=(JUDGE,),
)
ELSEWHERE = "other|boot|17"

GOOD = """
from comethooks import Plugin

plugin = Plugin("welcome")

@plugin.on("mesage_sent")
def greet(event, ctx):
    pass
"""


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client() as made:
        yield made


def join(client: Redis, member: str, *, ago: float = 0.0) -> None:
    client.zadd(keys.MEMBERS, {member: (time.time() - ago) * 1000})


def age(client: Redis, member: str, seconds: float) -> None:
    """Make an entry so much older."""
    document = json.loads(client.hget(keys.PLUGINS, member) or b"")
    document["at"] -= int(seconds * 1000)
    client.hset(keys.PLUGINS, member, json.dumps(document))


def _after_the_first_read(client: Redis, act: Callable[[], None]) -> None:
    """Have `act` done as soon as the next pipeline of `client` has its answers."""
    make = client.pipeline

    def pipeline(*args: Any, **options: Any) -> Any:
        client.pipeline = make
        made = make(*args, **options)
        execute = made.execute

        def execute_and_act() -> Any:
            answers = execute()
            act()
            return answers

        made.execute = execute_and_act
        return made

    client.pipeline = pipeline


class TestPublished:
    def test_what_one_tells_all_can_read(self, client: Redis) -> None:
        """With the host, and with the time by Redis' clock."""
        before = time.time() * 1000 - 1000
        publish(client, ELSEWHERE, [WELCOME])
        [found] = at_work(client)
        assert (found.member, found.host, found.plugins) == (ELSEWHERE, "other", (WELCOME,))
        assert before < found.at < before + 60_000
        assert found.get("welcome") == WELCOME
        assert found.get("other") is None
        assert 0 < client.ttl(keys.PLUGINS) <= 3600

    def test_it_is_told_what_the_others_have(self, client: Redis) -> None:
        """Without itself."""
        assert publish(client, ELSEWHERE, [WELCOME]) == []
        assert publish(client, ELSEWHERE, [WELCOME]) == []
        [other] = publish(client, "third|boot|1", [])
        assert other.member == ELSEWHERE

    def test_an_old_entry_counts_while_its_process_is_a_member(self, client: Redis) -> None:
        """A drainer tells once and lives for minutes."""
        publish(client, ELSEWHERE, [WELCOME])
        age(client, ELSEWHERE, FRESH_SECONDS + 1)
        assert at_work(client) == []
        join(client, ELSEWHERE)
        assert len(at_work(client)) == 1
        join(client, ELSEWHERE, ago=20)
        assert at_work(client) == []

    def test_a_dead_process_of_this_host_has_nothing(self, client: Redis) -> None:
        """That one can know at once."""
        gone = f"{host_and_boot()}|{2**22 - 1}"
        publish(client, gone, [WELCOME])
        join(client, gone)
        assert at_work(client) == []

    def test_who_tells_removes_what_the_dead_have_left(self, client: Redis) -> None:
        """The hash does not grow."""
        publish(client, ELSEWHERE, [WELCOME])
        age(client, ELSEWHERE, FRESH_SECONDS + 1)
        publish(client, "third|boot|1", [])
        assert client.hkeys(keys.PLUGINS) == [b"third|boot|1"]

    def test_what_another_tells_at_the_same_time_is_kept(
        self, client: Redis, redis_server: RedisServer
    ) -> None:
        """Workers that are started together all tell; nobody takes a new entry for a dead one."""

        def another_tells() -> None:
            with redis_server.client() as other:
                publish(other, ELSEWHERE, [WELCOME])

        _after_the_first_read(client, another_tells)
        publish(client, "third|boot|1", [])
        assert set(client.hkeys(keys.PLUGINS)) == {ELSEWHERE.encode(), b"third|boot|1"}

    @pytest.mark.parametrize(
        "text", [b"{", b"[]", b'{"at": 1}', b'{"at": 1, "plugins": [{"name": "welcome", "x": 1}]}']
    )
    def test_what_another_version_wrote_is_left_out(self, text: bytes, client: Redis) -> None:
        """A worker starts all the same, and replaces it."""
        client.hset(keys.PLUGINS, ELSEWHERE, text)
        join(client, ELSEWHERE)
        assert publish(client, "third|boot|1", [WELCOME]) == []
        assert [each.member for each in at_work(client)] == ["third|boot|1"]

    def test_what_is_withdrawn_is_gone(self, client: Redis) -> None:
        """At once."""
        publish(client, ELSEWHERE, [WELCOME])
        withdraw(client, ELSEWHERE)
        assert at_work(client) == []


class TestAtWork:
    @pytest.fixture(autouse=True)
    def _prepare(self, tmp_path: Path, redis_server: RedisServer) -> None:
        self.settings = Settings.load(
            {"COMETHOOKS_DATA_DIR": str(tmp_path), "REDIS_URL": redis_server.url}
        )
        self.file = tmp_path / "plugins" / "welcome.py"
        self.file.parent.mkdir()
        self.file.write_text(GOOD)
        structlog.reset_defaults()

    def logged(self, client: Redis) -> list[str]:
        with capture_logs() as lines, plugins_at_work(self.settings, client):
            pass
        return [f"{line['log_level']} {line['event']}" for line in lines]

    def test_what_is_loaded_is_told_as_long_as_it_is_at_work(self, client: Redis) -> None:
        """And withdrawn when the work ends well."""
        with plugins_at_work(self.settings, client) as plugins:
            [found] = at_work(client)
            [loaded] = plugins.loaded
            assert found.member == member_name(os.getpid())
            [plugin] = found.plugins
            assert (plugin.name, plugin.state) == ("welcome", PluginState.LOADED)
            assert (plugin.version, plugin.where) == (loaded.version, str(self.file))
            assert plugin.handlers == (HeldHandler("welcome.greet", ("mesage_sent",)),)
            assert "mesage_sent" in plugin.warnings[0]
        assert at_work(client) == []

    def test_what_is_wrong_is_logged_with_file_line_and_reason(self, client: Redis) -> None:
        """A pattern that fits nothing, a last good version, a plugin that is left out."""
        assert self.logged(client) == [
            "info plugins loaded",
            "warning a plugin may not do what is meant",
        ]
        self.file.write_text("def f(:")
        (self.file.parent / "other.py").write_text("1 / 0")
        with capture_logs() as lines, plugins_at_work(self.settings, client):
            [found] = at_work(client)
        states = {plugin.name: plugin.state for plugin in found.plugins}
        assert states == {"other": PluginState.QUARANTINED, "welcome": PluginState.LAST_GOOD}
        loaded, left_out, kept = lines[:3]
        assert loaded["plugins"].startswith("welcome ")
        assert left_out["event"] == "plugin left out"
        assert left_out["where"] == f"{self.file.parent / 'other.py'}:1"
        assert left_out["reason"] == "ZeroDivisionError: division by zero"
        assert kept["event"] == "plugin goes on with its last good version"
        assert kept["where"] == f"{self.file}:1"
        assert kept["reason"].startswith("SyntaxError: ")

    def test_what_another_worker_of_this_host_has_said_is_not_said_again(
        self, client: Redis
    ) -> None:
        """Every worker loads the same, every few minutes."""
        with plugins_at_work(self.settings, client):
            entry = client.hgetall(keys.PLUGINS)
        [text] = entry.values()
        client.hset(keys.PLUGINS, f"{host_and_boot()}|1", text)
        assert self.logged(client) == []

    def test_below_up_nothing_is_said(self, client: Redis) -> None:
        """It says itself what its workers have."""
        environ = {**self.settings.environ, "_COMETHOOKS_SETTLED": "1"}
        self.settings = Settings.load(environ)
        assert self.logged(client) == []

    def test_without_redis_plugins_run_all_the_same(self, tmp_path: Path) -> None:
        """Nobody is told."""
        away = connect(f"unix://{tmp_path / 'nobody.sock'}")
        with capture_logs() as lines, plugins_at_work(self.settings, away) as plugins:
            assert [plugin.name for plugin in plugins.loaded] == ["welcome"]
        assert lines[0]["event"] == "nobody can be told which plugins are loaded"
