"""The snippet of the handler that is missing: a plugin as it stands."""

import random
import sys

import pytest

from comethooks import schemas
from comethooks.cli.explain.snippets import snippet
from comethooks.samples import sample, table
from comethooks.schemas import COMETCHAT, ECHO, OURS, TRIGGERS, Event
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.settings.settings import Settings
from tests.webhooks.samples import raw
from tests.workers.engine import record

NOW = 1_790_000_000_000
LOGGED = []


class Log:
    def info(self, event, **fields):
        LOGGED.append((event, fields))


class Ctx:
    log = Log()


@pytest.fixture
def loaded(tmp_path):
    """Saves a text as a plugin, and loads it as a worker does."""

    def load(text):
        folder = tmp_path / "plugins"
        folder.mkdir(exist_ok=True)
        (folder / "pasted.py").write_text(text)
        found = load_plugins(Settings.load({"COMETHOOKS_DATA_DIR": str(tmp_path)}))
        assert (found.broken, len(found.loaded)) == ((), 1)
        return found

    before = set(sys.modules)
    yield load
    for name in set(sys.modules) - before:
        if name.startswith("comethooks_plugin_"):
            del sys.modules[name]


@pytest.mark.parametrize(
    "trigger, legacy",
    [
        *((name, False) for name in table()),
    ],
)
def test_it_handles_a_sample_of_its_trigger(trigger, legacy, loaded):
    """Pasted, it is loaded, matches, and runs without an error."""
    body = sample(trigger, now_ms=NOW, random=random.Random(3), legacy=legacy)
    parsed = schemas.parse(body, raw(body))
    found = loaded(snippet(trigger, parsed.name))
    assert found.loaded[0].warnings == ()
    [handler] = found.handlers_for(record(trigger=trigger, name=parsed.name))
    event = Event(
        id="event-1",
        source=COMETCHAT,
        trigger=trigger,
        name=parsed.name,
        app_id=parsed.app_id,
        conversation_id=parsed.conversation_id,
        occurred_at=parsed.occurred_at,
        received_at=NOW,
        raw=raw(body),
    )
    handler.function(event, Ctx())
    logged, fields = LOGGED.pop()
    assert logged == handler.id.partition(".")[2]
    assert fields


def test_of_a_completed_goal_it_logs_who_completed_what(loaded):
    """It is made here, so there is no sample of it."""
    text = snippet("interaction_goal_completed", "interaction.completed", OURS)
    assert "message=event.completion.message_id, user=event.completion.user" in text
    found = loaded(text)
    event = record(trigger="interaction_goal_completed", name="interaction.completed", source=OURS)
    assert len(found.handlers_for(event)) == 1


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_everything_that_it_names_is_there(trigger):
    """The attributes in its comment are attributes of events."""
    [comment] = [
        line
        for source in [OURS if TRIGGERS[trigger].is_ours else COMETCHAT]
        for line in snippet(trigger, None, source).splitlines()
        if line.startswith("    # More")
    ]
    for name in comment.partition(": ")[2].split(", "):
        assert hasattr(Event, name.split(".")[1]), name


@pytest.mark.parametrize(
    "trigger, name, source",
    [
        ("message_sent", ECHO, COMETCHAT),
        ("brand_new", None, COMETCHAT),
        ('a "strange" one', None, COMETCHAT),
        ("a:b", None, COMETCHAT),
        ("\n@evil", None, COMETCHAT),
        ("", None, COMETCHAT),
        ("x" * 300, None, COMETCHAT),
        ("日本", None, COMETCHAT),
        ("sold", None, "toys"),
    ],
)
def test_it_matches_whatever_a_stranger_calls_a_trigger(trigger, name, source, loaded):
    """And holds nothing of it but as a quoted text."""
    found = loaded(snippet(trigger, name, source))
    assert len(found.handlers_for(record(trigger=trigger, name=name, source=source))) == 1
