"""Every message is counted once, however often its event comes."""

import json
from datetime import date
from pathlib import Path

import pytest
from analytics_plugin import messages_per_day, plugin

from comethooks.testing import Harness


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    return {"database": f"sqlite:///{tmp_path / 'counts.db'}"}


def totals(config: dict[str, str]) -> dict[str, int]:
    """The counts of all days, by kind."""
    found: dict[str, int] = {}
    for (_, kind), number in messages_per_day(config["database"]).items():
        found[kind] = found.get(kind, 0) + number
    return found


def test_messages_are_counted_by_kind_of_conversation(
    harness: Harness, config: dict[str, str]
) -> None:
    """Texts, media and whatever else people send."""
    for variant in ("text", "image", "custom"):
        harness.deliver(plugin, "message_sent", config=config, variant=variant)
    harness.deliver(plugin, "message_sent", config=config, group="crew")
    harness.deliver(plugin, "after_message", config=config, legacy=True)
    assert totals(config) == {"user": 4, "group": 1}


def test_the_day_is_that_of_the_message(harness: Harness, config: dict[str, str]) -> None:
    """Not that on which it is handled, in a replay a week later."""
    sent_at = 1_767_225_599  # the last second of 2025, UTC
    harness.deliver(plugin, "message_sent", config=config, set={"data.message.sentAt": sent_at})
    harness.deliver(plugin, "message_sent", config=config, set={"data.message.sentAt": sent_at + 1})
    assert messages_per_day(config["database"]) == {
        (date(2025, 12, 31), "user"): 1,
        (date(2026, 1, 1), "user"): 1,
    }


def test_an_event_that_comes_again_is_counted_once(
    harness: Harness, config: dict[str, str]
) -> None:
    """After a crash between the row and its record, say."""
    result = harness.deliver(plugin, "message_sent", config=config)
    assert harness.repeat(result).run.state == "done"
    assert totals(config) == {"user": 1}


def test_a_replay_counts_what_was_missed_and_nothing_twice(
    harness: Harness, config: dict[str, str], tmp_path: Path
) -> None:
    """An export of two events, of which one was counted when it was live."""
    delivered = harness.deliver(plugin, "message_sent", config=config).event
    missed = harness.deliver(plugin, "message_sent", config=config, dry_run=True).event
    assert totals(config) == {"user": 1}
    lines = [
        {"id": event.id, "received_at": event.received_at.isoformat(), "body": event.raw.decode()}
        for event in (delivered, missed)
    ]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    assert [run.state for each in harness.replay(file) for run in each.runs] == ["done", "done"]
    assert totals(config) == {"user": 2}


def test_a_database_that_is_away_is_tried_again(harness: Harness, tmp_path: Path) -> None:
    """Once it is back the message is counted."""
    folder = tmp_path / "later"
    config = {"database": f"sqlite:///{folder / 'counts.db'}"}
    run = harness.deliver(plugin, "message_sent", config=config, retries=False).run
    assert run.state == "retrying"
    folder.mkdir()
    harness.clock.advance(1)
    assert (run.state, run.attempts) == ("done", 2)
    assert totals(config) == {"user": 1}


@pytest.mark.parametrize("variant", ["joined", "call-ended"])
def test_what_nobody_wrote_is_not_counted(
    harness: Harness, config: dict[str, str], variant: str
) -> None:
    """Actions and calls come as messages too."""
    harness.deliver(plugin, "message_sent", config=config, variant=variant)
    harness.deliver(plugin, "message_sent", config=config, variant="edited", allow_unhandled=True)
    assert totals(config) == {}
