"""What `comethooks up` does for plugins while it supervises."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from comethooks.cli.services import plugin_follower
from comethooks.cli.services.plugin_follower import PluginFollower
from comethooks.workers.plugins.published import (
    HeldPlugin,
    PluginState,
    publish,
    publish_web,
    withdraw,
)
from comethooks.workers.processes import RELOAD, host_and_boot
from comethooks.workers.settings.settings import Settings
from comethooks.workers.supervision.supervisor import Child
from tests.redis_server import RedisServer
from tests.waiting import wait_for

ONE = HeldPlugin("welcome", PluginState.LOADED, "/srv/welcome.py", "1111")
TWO = HeldPlugin("welcome", PluginState.LOADED, "/srv/welcome.py", "2222")


class Reloaded(Child):
    """A child that remembers how often it was asked to reload."""

    reloads = 0

    def reload(self) -> None:
        self.reloads += 1


class Following:
    """A follower in a loop that the test turns."""

    def __init__(self, directory: Path, redis_server: RedisServer) -> None:
        self.client = redis_server.client()
        settings = {"COMETHOOKS_DATA_DIR": str(directory), "REDIS_URL": redis_server.url}
        self.follower = PluginFollower(Settings.load(settings))
        self.web, self.worker = Reloaded("web"), Reloaded("worker")
        self.members: list[str] = []

    def load(self, *plugins: HeldPlugin, host: str | None = None) -> None:
        """Have another process at work, which has these plugins."""
        # The process of the test itself: another number would be that of a process that is dead.
        name = f"{host}|boot|1" if host else f"{host_and_boot()}|{os.getpid()}"
        withdraw(self.client, name)
        self.turn()
        publish(self.client, name, plugins)

    def turn(self) -> list[str]:
        """One look; what the log has of it."""
        self.follower._news._next_look = 0.0
        with capture_logs() as lines:
            self.follower.follow([self.web, self.worker])
        return [line.get("plugins") or line["event"] for line in lines]


@pytest.fixture
def following_(tmp_path: Path, redis_server: RedisServer) -> Iterator[Following]:
    before = signal.getsignal(RELOAD)
    yield Following(tmp_path, redis_server)
    signal.signal(RELOAD, before)


def test_what_workers_have_is_told_once_for_each_change(following_: Following) -> None:
    """Another worker that has the same is nothing new."""
    assert following_.turn() == []
    following_.load(ONE)
    assert following_.turn() == ["welcome 1111"]
    assert following_.turn() == []
    following_.load(ONE)
    assert following_.turn() == []
    following_.load(TWO)
    assert following_.turn() == ["welcome 2222"]


def test_what_another_host_has_is_not_told(following_: Following) -> None:
    """Its own `up` tells that."""
    following_.load(ONE, host="far")
    assert following_.turn() == []


def test_the_signal_reloads_the_workers_and_has_the_same_told_again(
    following_: Following,
) -> None:
    """Who is left of before tells nothing new. The web process loads them when a worker has."""
    following_.load(ONE)
    following_.turn()
    os.kill(os.getpid(), RELOAD)
    assert following_.turn() == ["loading the plugins again, also those that are installed"]
    assert (following_.web.reloads, following_.worker.reloads) == (0, 1)
    assert following_.turn() == []
    following_.load(ONE)
    assert following_.turn() == ["welcome 1111"]
    assert (following_.web.reloads, following_.worker.reloads) == (1, 1)
    following_.turn()
    assert following_.web.reloads == 1


def test_the_web_process_does_not_wait_for_workers_for_ever(
    following_: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be away, or have no end of what they are at."""
    monkeypatch.setattr(plugin_follower, "WEB_SECONDS", 0.0)
    os.kill(os.getpid(), RELOAD)
    following_.turn()
    assert (following_.web.reloads, following_.worker.reloads) == (1, 1)


def test_a_changed_file_reloads_the_workers(following_: Following, tmp_path: Path) -> None:
    """And is named."""
    (tmp_path / "plugins").mkdir(exist_ok=True)
    (tmp_path / "plugins" / "hello.py").write_text("1")
    said: list[str] = []
    wait_for(lambda: said.extend(following_.turn()) or said, "the change is noticed")
    assert said == ["plugins changed; loading them again"]
    assert following_.worker.reloads == 1


def test_a_redis_that_is_away_is_asked_less_often(tmp_path: Path) -> None:
    """Each look may take a second, in which nothing that died is brought back."""
    settings = {"COMETHOOKS_DATA_DIR": str(tmp_path), "REDIS_URL": f"unix://{tmp_path}/nobody"}
    before = signal.getsignal(RELOAD)
    news = PluginFollower(Settings.load(settings))._news
    signal.signal(RELOAD, before)
    news.tell()
    assert news._next_look > time.monotonic() + plugin_follower.AWAY_SECONDS - 1


def test_what_web_processes_alone_do_without_is_told_once(following_: Following) -> None:
    """What workers lack as well has been told."""
    both = HeldPlugin("both", PluginState.QUARANTINED, "/srv/both.py:1", reason="NameError: x")
    alone = HeldPlugin("welcome", PluginState.QUARANTINED, "/srv/welcome.py:1", reason="KeyError")
    member = f"{host_and_boot()}|{os.getpid()}"
    publish_web(following_.client, member, [both, alone], [])
    assert following_.turn() == []
    following_.load(ONE, both)
    assert following_.turn() == [
        "welcome 1111",
        "plugin left out",
        "plugin left out of a web process",
    ]
    assert following_.turn() == []
