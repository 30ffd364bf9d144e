"""What rules look at of an event."""

from datetime import UTC, datetime
from random import Random

import orjson

from comethooks.samples import sample
from comethooks.schemas import Event, parse
from comethooks.workers.ids import id_at
from comethooks.workers.moderation.look import SENT, look_of
from comethooks.workers.record import event_of, event_record
from comethooks.workers.streams.windows import SlidingWindows
from tests.redis_server import RedisServer

NOW = 1_795_971_931_000


def event(trigger: str, change=lambda body: None, **kind: object) -> Event:
    body = sample(trigger, now_ms=NOW, random=Random(1), **kind)
    change(body)
    raw = orjson.dumps(body)
    return event_of(event_record(parse(body, raw), id=id_at(NOW), received_at=NOW, body=raw))


def message_of(body):
    return body["data"].get("message", body["data"])


def test_a_message_is_told_by_nothing_that_its_sender_makes_up() -> None:
    """Not by its muid: all of a flood might have the same."""

    def with_muid(body) -> None:
        message_of(body).update(muid="m1", sender="ann")

    in_flight = event("before_message", with_muid, legacy=True)
    sent = event("message_sent", with_muid)
    assert (look_of(in_flight).identity, look_of(in_flight).stage) == (
        in_flight.id,
        "before_message",
    )
    assert (look_of(sent).identity, look_of(sent).stage) == (sent.message.id, SENT)


def test_every_text_of_a_message_is_looked_at() -> None:
    """Its caption, names of files, strings of custom data, each once."""

    def change(body) -> None:
        message_of(body)["data"] = {
            "text": "a caption",
            "attachments": [{"url": "https://x", "name": "a name.png"}],
            "customData": {"deep": [{"er": "deeper"}, "a caption", 7], "key": " "},
        }

    assert look_of(event("message_sent", change)).texts == ("a caption", "a name.png", "deeper")


def test_cards_and_agents_are_looked_at() -> None:
    """All that a reader sees."""
    card = event("message_sent", variant="card-builder")
    assert card.card is not None
    assert set(look_of(card).texts) == set(filter(None, map(str.strip, card.card.texts())))
    agent = event("message_sent", variant="agentic")
    written = {each.text for each in agent.message.elements if each.text}
    assert written
    assert written <= set(look_of(agent).texts)


def test_forms_are_looked_at() -> None:
    """What stands on them, and none of the ids and addresses behind that."""
    form = event("message_sent", variant="form")
    assert form.interactive is not None
    labels = {each.label for each in form.interactive.elements.values() if each.label}
    assert labels | {form.interactive.title} <= set(look_of(form).texts)


def test_answers_of_a_press_are_looked_at() -> None:
    """They are texts, too, and whoever pressed is who wrote them."""

    def change(body) -> None:
        body["data"]["formData"] = {"name": "free crypto", "several": ["one", "two"]}

    look = look_of(event("ui_message_interacted", change))
    assert {"free crypto", "one", "two"} <= set(look.texts)
    assert look.sender == event("ui_message_interacted", change).interaction.user
    assert not look.sender_is_sure
    assert look_of(event("message_sent")).sender_is_sure


def test_of_what_moderation_asks_the_message_under_review_is_looked_at() -> None:
    """And nothing of what was written before."""
    asked = event("moderation_requested")
    assert asked.message is not None
    look = look_of(asked)
    assert look.texts == (asked.message.text,)
    assert (look.sender, look.stage) == (asked.message.sender.uid, "moderation_requested")
    assert look.identity == asked.message.id


def test_only_new_messages_are_counted(redis_server: RedisServer) -> None:
    """Whoever edits what they wrote last week, or presses a button, floods nothing."""
    windows = SlidingWindows(redis_server.client())
    counted = {
        trigger: look_of(event(trigger), windows=windows).windows is not None
        for trigger in ("message_sent", "message_edited", "ui_message_interacted")
    }
    assert counted == {
        "message_sent": True,
        "message_edited": False,
        "ui_message_interacted": False,
    }


def test_it_says_who_and_where() -> None:
    """Role, group, and when the account was made, where the body says it."""

    def change(body) -> None:
        message_of(body).update(
            sender={"uid": "ann", "role": "Admin", "createdAt": 1_700_000_000},
            receiver={"guid": "den"},
            receiverType="group",
        )

    look = look_of(event("message_sent", change))
    assert (look.sender, look.roles, look.group) == ("ann", frozenset({"admin"}), "den")
    assert look.created_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert look.values["receiver_type"] == ("group",)
