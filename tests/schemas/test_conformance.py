"""The bodies that CometChat documents, where a folder of them is at hand."""

from pathlib import Path

import orjson
import pytest

from schemas import TRIGGERS, Event, parse
from tests.bodies import dump

FOLDER = Path(__file__).parents[3] / "shared" / "payloads"
PLACEHOLDERS = {
    "user|group": "user",
    "uid|guid": "someone",
    "online|offline": "online",
    "connected|disconnected": "connected",
    "us|eu|other": "eu",
    "unixtimestamp in millisec": "1673017183000",
}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no documented bodies in {FOLDER}")


def filled(value):
    """The body with every placeholder that stands for another type or value replaced."""
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return PLACEHOLDERS.get(value, value) if isinstance(value, str) else value


def documented(pattern):
    found = {path.stem: orjson.loads(path.read_bytes()) for path in sorted(FOLDER.glob(pattern))}
    return {name: filled(value) for name, value in found.items() if "trigger" in value}


def event_of(value):
    parsed = parse(value, dump(value))
    return parsed, Event(
        id="1",
        source="cometchat",
        trigger=parsed.trigger,
        name=parsed.name,
        app_id=parsed.app_id,
        conversation_id=parsed.conversation_id,
        occurred_at=parsed.occurred_at,
        received_at=0,
        raw=dump(value),
    )


@pytest.mark.parametrize("name, value", documented("legacy-*.json").items())
def test_every_documented_legacy_body_is_accepted_and_typed(name, value):
    parsed, event = event_of(value)
    assert parsed.trigger in TRIGGERS
    assert parsed.name is not None
    assert parsed.app_id == "167*****1529"
    assert parsed.occurred_at is not None
    assert event.sender.uid == parsed.sender
    assert event.region == (None if "message" in parsed.name and "origin" not in value else "eu")


@pytest.mark.parametrize("name, value", documented("*.json").items())
def test_every_documented_body_is_accepted(name, value):
    parsed, event = event_of(value)
    assert event.payload == value
    assert (event.sender.uid if event.sender else None) == parsed.sender
