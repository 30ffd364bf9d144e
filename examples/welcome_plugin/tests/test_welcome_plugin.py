"""The handler is called directly: an event, a context, and what is in the file afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from welcome_plugin import greet, plugin

from comethooks import Context, Event


def message_sent(**changes: Any) -> Event:
    message = {
        "id": "9001",
        "sender": "wilma",
        "receiver": "crew",
        "receiverType": "group",
        "category": "message",
        "type": "text",
        "conversationId": "group_crew",
        "sentAt": 1_760_000_000,
        "data": {
            "text": "hello",
            "entities": {
                "sender": {"entityType": "user", "entity": {"uid": "wilma", "name": "Wilma"}}
            },
        },
    }
    body = {"trigger": "message_sent", "appId": "app1", "data": {"message": message | changes}}
    return Event(
        id="event-1",
        source="cometchat",
        trigger="message_sent",
        name="message.sent",
        app_id="app1",
        conversation_id="group_crew",
        occurred_at=1_760_000_000_000,
        received_at=1_760_000_000_100,
        raw=json.dumps(body).encode(),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "greetings.jsonl"


def context(file: Path, **environ: str) -> Context:
    config = plugin.load_config({"COMETHOOKS_WELCOME_FILE": str(file), **environ})
    return Context(config=config, log=structlog.get_logger(), attempt=1, handler="welcome.greet")


def test_a_text_message_is_greeted(file: Path) -> None:
    """The line names the event, the conversation and the sender."""
    greet(message_sent(), context(file))
    assert json.loads(file.read_text()) == {
        "event_id": "event-1",
        "conversation_id": "group_crew",
        "to": "wilma",
        "greeting": "Welcome, Wilma!",
    }


def test_a_sender_without_a_name_is_greeted_by_uid(file: Path) -> None:
    """Webhooks may give no more of the sender than the uid."""
    greet(message_sent(data={"text": "hello"}), context(file))
    assert json.loads(file.read_text())["greeting"] == "Welcome, wilma!"


def test_every_message_gets_a_line_of_its_own(file: Path) -> None:
    """Lines are appended."""
    greet(message_sent(), context(file))
    greet(message_sent(), context(file))
    assert len(file.read_text().splitlines()) == 2


@pytest.mark.parametrize("changes", [{"category": "action", "type": "message"}, {"type": "image"}])
def test_what_is_no_text_message_is_not_greeted(file: Path, changes: dict[str, str]) -> None:
    """Edits that are sent as new messages, and media, leave no line."""
    greet(message_sent(**changes), context(file))
    assert not file.exists()


def test_the_greeting_can_be_chosen(file: Path) -> None:
    """`COMETHOOKS_WELCOME_GREETING` replaces the usual one."""
    greet(message_sent(), context(file, COMETHOOKS_WELCOME_GREETING="Hi"))
    assert json.loads(file.read_text())["greeting"] == "Hi, Wilma!"
