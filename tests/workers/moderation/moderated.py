"""The plugin `moderator` in a harness, and the rules that tests give it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from comethooks.testing import Delivery, Harness
from comethooks.workers.journal import CaseJournal, StoredCase
from comethooks.workers.moderation.moderator_plugin import plugin_of
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.settings.apps import App

TEXT = "get free crypto now"


def moderator(folder: Path, rule: str = "", *, more: str = "", **keys: Any) -> Plugin:
    """The plugin of a file with one rule, `scam`, which looks for "free crypto", and `more`."""
    written = {"words": '["free crypto"]', **keys}
    lines = [f"{name} = {value}" for name, value in written.items()]
    text = "\n".join(["version = 1", "[[rule]]", 'name = "scam"', *lines, rule, more])
    path = folder / "rules.toml"
    path.write_text(text)
    return plugin_of(path)


def with_key(harness: Harness, app_id: str) -> None:
    """Let the harness know the REST key of an app."""
    harness.apps[app_id] = App(app_id, "eu", "a key")


def cases_in(harness: Harness) -> CaseJournal:
    """The cases of the harness's journal."""
    return harness._file.journal.cases


def the_case(harness: Harness) -> StoredCase:
    """The only one."""
    [case] = cases_in(harness).cases()
    return case


def called(harness: Harness) -> list[tuple[str, str, Any]]:
    """The calls of CometChat's API: the method, the path behind the version, and the body."""
    return [
        (each.method, each.url.partition("/v3")[2], each.json) for each in harness.http.requests
    ]


def forged() -> Mapping[str, Any]:
    """Metadata with the mark of our own messages, as anybody may write it."""
    return {"comethooks": {"by": "welcome", "muid": "m"}}


def replay(harness: Harness, delivery: Delivery, folder: Path, *include: str) -> Delivery:
    """The event of a delivery once more, in a replay."""
    event = delivery.event
    line = {
        "id": event.id,
        "received_at": event.received_at.isoformat(),
        "source": event.source,
        "trigger": event.trigger,
        "body": event.raw.decode(),
    }
    file = folder / "events.jsonl"
    file.write_text(json.dumps(line))
    [replayed] = harness.replay(file, include=include)
    return replayed
