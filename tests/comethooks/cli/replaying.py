"""What tests of `comethooks replay` have: a plugin with a handler of each kind, and who does the
work.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comethooks.workers.jobs.chunks import Replaying
from comethooks.workers.jobs.equipment import Equipment
from comethooks.workers.journal.replaying.replay_rows import Replays, StoredReplay
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.processes import StopFlag
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import ReplayState
from comethooks.workers.streams.connections import connect
from comethooks.workers.vital_signs import VitalSigns
from tests.comethooks.cli.store import Store

if TYPE_CHECKING:
    from tests.comethooks.cli.conftest import Command

PLUGIN = """
from comethooks import Plugin

plugin = Plugin("welcome")

@plugin.on("message.sent", replay="safe")
def count(event, ctx):
    pass

@plugin.on("message.sent")
def greet(event, ctx):
    if "fail" in event.message.text:
        raise ValueError("as the text says")

@plugin.on("message.sent", replay="never")
def bill(event, ctx):
    raise AssertionError("never")
"""


@pytest.fixture
def welcome(tmp_path: Path) -> Path:
    """The plugin folder, with a plugin that has a handler of each kind."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "welcome.py").write_text(PLUGIN)
    return folder


@pytest.fixture
def replays(store: Store) -> Replays:
    """The replays of the journal that `command` uses."""
    return Replays(store.journal.engine)


@pytest.fixture
def work(command: "Command", store: Store, replays: Replays) -> Callable[[str], StoredReplay]:
    """Does the jobs of a replay until it has ended."""
    settings = Settings.load(command.environ)

    def work(name: str) -> StoredReplay:
        client = connect(settings.redis_url)
        while (found := replays.get(name)) is None or found.state in (
            ReplayState.RUNNING,
            ReplayState.STAGING,
        ):
            plugins = load_plugins(settings)
            equipment = Equipment(
                settings, plugins, store.journal, client, StopFlag(), VitalSigns(settings.threads)
            )
            Replaying(name, equipment).run()
        return found

    return work
