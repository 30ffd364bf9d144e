"""`comethooks plugins forget`: nothing waits for a plugin that will never come back."""

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.plugins.known import known_handlers, remember
from comethooks.workers.plugins.published import HeldPlugin, PluginState, publish
from comethooks.workers.states import RunState
from tests.comethooks.cli.store import run
from tests.workers.engine import handler

WAIT = 86_400.0
LATER = now_ms() + 3_600_000


@pytest.fixture
def client(redis_server):
    with redis_server.client() as made:
        yield made


@pytest.fixture
def gone(store, client):
    """A plugin `gone` that was loaded lately, with a run that waits for it and a dead letter."""
    bound = [handler(lambda *_: None, name) for name in ("gone.greet", "gone.wave", "here.count")]
    remember(client, bound, WAIT)
    for name in ("gone.greet", "here.count"):
        store.journalled(run(name, RunState.RETRYING, next_at=LATER, left_out_at=now_ms()))
    store.journalled(run("gone.greet", RunState.DEAD))


def states(command):
    return {(each["handler"], each["state"]) for each in command.json("runs", "list")}


def test_its_runs_that_wait_are_dismissed_and_no_new_ones_will(command, gone, client):
    """Dead letters stay, as does whatever waits for another plugin."""
    done = command("plugins", "forget", "gone", "--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout == "gone is forgotten, and 1 run dismissed.\n"
    assert "1 run waits for gone.greet, gone.wave." in done.stderr
    assert states(command) == {
        ("gone.greet", "dismissed"),
        ("gone.greet", "dead"),
        ("here.count", "retrying"),
    }
    assert [each.id for each in known_handlers(client)] == ["here.count"]
    again = command("plugins", "forget", "gone", "--yes")
    assert again.exit_code == 1
    assert "nothing waits for a plugin gone; known are here" in again.stderr


def test_json_has_its_handlers_and_how_many_runs_were_dismissed(command, gone):
    assert command.json("plugins", "forget", "gone", "--yes") == [
        {"plugin": "gone", "handlers": ["gone.greet", "gone.wave"], "dismissed": 1}
    ]


def test_one_that_a_worker_has_is_not_forgotten(command, gone, client):
    """It is not missing."""
    publish(client, "host|boot|1", [HeldPlugin("gone", PluginState.LOADED, "gone.py")])
    done = command("plugins", "forget", "gone", "--yes")
    assert done.exit_code == 1
    assert "a worker on host has the plugin gone" in done.stderr
    assert ("gone.greet", "retrying") in states(command)
    publish(client, "host|boot|1", [HeldPlugin("gone", PluginState.QUARANTINED, "gone.py")])
    assert command("plugins", "forget", "gone", "--yes").exit_code == 0


def test_nobody_is_asked_where_there_is_no_terminal(command, gone, client):
    assert command("plugins", "forget", "gone").exit_code == 2
    assert len(known_handlers(client)) == 3
