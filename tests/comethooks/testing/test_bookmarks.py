"""Bookmarks are delivered by their name or their file, as if they happened now."""

import json
from pathlib import Path
from typing import Any

import pytest

from comethooks import Context, Event, Plugin
from comethooks.testing import Harness, HarnessError

BODY = {
    "trigger": "message_sent",
    "appId": "app",
    "data": {
        "message": {
            "id": "57",
            "sender": "ada",
            "receiver": "ben",
            "receiverType": "user",
            "category": "message",
            "type": "text",
            "sentAt": 1_700_000_000,
            "updatedAt": 1_700_000_000,
            "data": {"text": "***"},
        }
    },
}


@pytest.fixture
def plugin() -> Plugin:
    """Takes messages."""
    plugin = Plugin("reader")

    @plugin.on("message.sent")
    def read(event: Event, ctx: Context) -> None:
        """Take it."""

    return plugin


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bookmark `long-text`, where `comethooks send` looks for it."""
    monkeypatch.setenv("COMETHOOKS_DATA_DIR", str(tmp_path))
    file = tmp_path / "bookmarks" / "long-text.json"
    file.parent.mkdir()
    file.write_text(json.dumps(BODY))
    return file


def test_it_is_found_by_its_name(harness: Harness, plugin: Plugin, file: Path) -> None:
    """And happens when the harness' clock says."""
    event = harness.deliver(plugin, bookmark="long-text").event
    assert (event.message.id, event.message.text) == ("57", "***")
    assert event.occurred_at == event.message.sent_at
    assert 0 <= (harness.clock.now - event.occurred_at).total_seconds() < 1


def test_a_file_stands_wherever_it_is(
    harness: Harness, plugin: Plugin, file: Path, tmp_path: Path
) -> None:
    """Beside the tests, say, with what the test changes of it."""
    beside = file.rename(tmp_path / "moved.json")
    harness.clock.advance(3600)
    event = harness.deliver(plugin, bookmark=beside, set={"data.message.data.text": "ahoy"}).event
    assert event.message.text == "ahoy"
    assert 0 <= (harness.clock.now - event.occurred_at).total_seconds() < 1


def test_each_time_it_is_another_event(harness: Harness, plugin: Plugin, file: Path) -> None:
    """As when it is sent."""
    assert [harness.deliver(plugin, bookmark="long-text").duplicate for _ in range(3)] == [
        False
    ] * 3


def test_one_that_is_not_there_is_told(harness: Harness, plugin: Plugin, file: Path) -> None:
    """With what may be meant, or why it cannot be read."""
    with pytest.raises(
        HarnessError, match=r"no bookmark 'longtext' in .*bookmarks; did you mean 'long-text'\?"
    ):
        harness.deliver(plugin, bookmark="longtext")
    with pytest.raises(HarnessError, match=r"none\.json cannot be read: No such file"):
        harness.deliver(plugin, bookmark=file.with_name("none.json"))
    with pytest.raises(HarnessError, match='write bookmark="…" for a bookmark'):
        harness.deliver(plugin, "long-text")


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "say what to deliver"),
        ({"trigger": "message_sent", "bookmark": "long-text"}, "a trigger and bookmark=… both say"),
        ({"bookmark": "long-text", "body": BODY}, "bookmark=… and body=… both say"),
        ({"bookmark": "long-text", "text": "ahoy"}, "bookmark=… says all of it: leave text out"),
        ({"bookmark": "long-text", "variant": "image"}, "leave variant out"),
        (
            {"body": BODY, "variant": "image", "legacy": True},
            "body=… says all of it: leave variant, legacy out",
        ),
        ({"body": BODY, "sender": "ada"}, "leave sender out"),
        ({"body": Path("long-text.json")}, r"write bookmark=Path\("),
        ({"body": json.dumps(BODY)}, "an object or bytes, and this is of type str"),
    ],
)
def test_what_would_be_ignored_is_an_error(
    harness: Harness, plugin: Plugin, file: Path, said: dict[str, Any], problem: str
) -> None:
    """Nothing is said in vain."""
    with pytest.raises(HarnessError, match=problem):
        harness.deliver(plugin, **said)
