"""What the list has of a message becomes the bodies that its webhooks would have had."""

import contextlib
from random import Random
from typing import Any

import pytest

from comethooks import schemas
from comethooks.backfill.told_bodies import LeftOutError, UnusableError, told_of
from comethooks.samples.making import sample
from comethooks.schemas.message_ids import message_id_in
from comethooks.workers.texts import dumps

T = 1_760_000_000
WRITTEN: dict[str, Any] = {
    "id": "57",
    "conversationId": "group_crew",
    "sender": "ada",
    "receiver": "crew",
    "receiverType": "group",
    "category": "message",
    "type": "text",
    "data": {"text": "hi"},
    "sentAt": T,
    "updatedAt": T,
}
GROUP = {"entity": {"guid": "crew", "name": "Crew", "updatedAt": 5}, "entityType": "group"}
ADA, BEN = ({"entity": {"uid": uid}, "entityType": "user"} for uid in ("ada", "ben"))


def member(action: str, on: Any = BEN, **data: Any) -> dict[str, Any]:
    entities = {"by": ADA, "on": on, "for": GROUP}
    told = {"action": action, "entities": entities, **data}
    return {**WRITTEN, "category": "action", "type": "groupMember", "data": told}


def call(action: str, **entity: Any) -> dict[str, Any]:
    on = {"entity": {"sessionid": "s1", "status": action, **entity}, "entityType": "call"}
    data = {"action": action, "entities": {"by": ADA, "for": GROUP, "on": on}}
    return {**WRITTEN, "category": "call", "type": "audio", "data": data}


def change(action: str, **entity: Any) -> dict[str, Any]:
    on = {"entity": {**WRITTEN, **entity}, "entityType": "message"}
    data = {"action": action, "entities": {"by": ADA, "on": on}}
    return {**WRITTEN, "id": "58", "category": "action", "type": "message", "data": data}


def parsed(message: dict[str, Any]) -> list[schemas.Parsed]:
    bodies = [told.body("app1", "eu") for told in told_of(message)]
    return [schemas.parse(body, dumps(body)) for body in bodies]


class TestWritten:
    def test_it_was_sent_and_maybe_edited_and_deleted(self) -> None:
        """Each at its own time, and all of them about the state that the list has."""
        found = parsed({**WRITTEN, "editedAt": T + 5, "deletedAt": T + 9})
        assert [(each.trigger, each.name, each.occurred_at) for each in found] == [
            ("message_sent", "message.sent", T * 1000),
            ("message_edited", "message.edited", (T + 5) * 1000),
            ("message_deleted", "message.deleted", (T + 9) * 1000),
        ]
        assert {(each.app_id, each.conversation_id, each.sender) for each in found} == {
            ("app1", "group_crew", "ada")
        }

    @pytest.mark.parametrize("category", ["custom", "interactive", "card", "agentic", "new"])
    def test_every_category_was_sent(self, category: str) -> None:
        """Those that CometChat will think of, too."""
        assert [each.trigger for each in parsed({**WRITTEN, "category": category})] == [
            "message_sent"
        ]

    def test_what_moderation_blocked_was_not_sent(self) -> None:
        """Webhooks tell of it as blocked."""
        blocked = {**WRITTEN, "data": {"text": "hi", "moderation": {"status": "disapproved"}}}
        with pytest.raises(LeftOutError, match=r"^blocked by moderation$"):
            told_of(blocked)

    def test_it_has_the_drift_of_its_webhook_and_no_more(self) -> None:
        """What is made of a message is written as a webhook is."""
        webhook = sample("message_sent", now_ms=T * 1000, random=Random(3))
        assert [each.drift for each in parsed(webhook["data"]["message"])] == [()]


class TestActions:
    @pytest.mark.parametrize(
        ("action", "trigger", "by"),
        [
            ("added", "group_member_added", "ada"),
            ("kicked", "group_member_kicked", "ada"),
            ("banned", "group_member_banned", "ada"),
            ("unbanned", "group_member_unbanned", "ada"),
            ("joined", "group_member_joined", "ben"),
            ("left", "group_member_left", "ben"),
        ],
    )
    def test_of_members_are_told_as_of_the_group(self, action: str, trigger: str, by: str) -> None:
        """At the time of the action, whatever became of the group since."""
        [found] = parsed(member(action))
        assert (found.trigger, found.conversation_id, found.sender) == (trigger, "group_crew", by)
        assert found.occurred_at == T * 1000

    def test_a_change_of_scope_says_both(self) -> None:
        """As its webhook does."""
        told = told_of(member("scopeChanged", extras={"scope": {"old": "admin", "new": "owner"}}))
        [member_data] = told[0].data["members"].values()
        assert (member_data["scope"], member_data["oldScope"]) == ("owner", "admin")

    def test_on_messages_are_told_about_these(self) -> None:
        """If the action has the message, and when it was."""
        [edited] = parsed(change("edited", editedAt=T + 5))
        assert (edited.name, edited.occurred_at) == ("message.edited", (T + 5) * 1000)
        [deleted] = parsed(change("deleted", deletedAt=T + 9))
        assert (deleted.name, deleted.occurred_at) == ("message.deleted", (T + 9) * 1000)

    @pytest.mark.parametrize(
        ("message", "kind"),
        [
            (member("invited"), "action invited"),
            (member("joined", on={}), "action joined"),
            (change("edited"), "action edited"),
            ({**WRITTEN, "category": "action", "data": []}, "action without a name"),
        ],
    )
    def test_that_say_too_little_are_left_out(self, message: Any, kind: str) -> None:
        """By what they are."""
        with pytest.raises(LeftOutError, match=f"^{kind}$"):
            told_of(message)


class TestCalls:
    @pytest.mark.parametrize("action", ["initiated", "unanswered", "cancelled", "rejected", "busy"])
    def test_that_ring_are_told_as_such(self, action: str) -> None:
        """The message is what their webhooks have."""
        [found] = parsed(call(action))
        assert (found.trigger, found.conversation_id) == (f"call_{action}", "group_crew")

    def test_that_were_taken_are_told_by_their_times(self) -> None:
        """When the session began, and when it ended."""
        [started] = parsed(call("ongoing", startedAt=T))
        [ended] = parsed(call("ended", startedAt=T, endedAt=T + 60))
        assert (started.trigger, started.occurred_at) == ("call_started", T * 1000)
        assert (ended.trigger, ended.occurred_at) == ("call_ended", (T + 60) * 1000)

    @pytest.mark.parametrize("message", [call("ongoing"), call("ended", endedAt=T), call("new")])
    def test_without_them_are_left_out(self, message: Any) -> None:
        """A call_ended without a duration would be another event."""
        with pytest.raises(LeftOutError, match=r"^call "):
            told_of(message)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": None}, "a message without an id"),
        ({"id": {}}, "a message without an id"),
        ({"sentAt": 0}, "the message 57, which has no sentAt"),
        ({"sentAt": "yesterday"}, "the message 57, which has no sentAt"),
    ],
)
def test_rows_without_id_or_time_cannot_be_used(changes: Any, said: str) -> None:
    """Nobody could recognise them again."""
    with pytest.raises(UnusableError, match=f"^{said}$"):
        told_of({**WRITTEN, **changes})


@pytest.mark.parametrize("odd", [None, 5, "x", [], {"entities": 5}, {"moderation": 5}])
def test_whatever_data_is_nothing_else_is_raised(odd: Any) -> None:
    """The list comes from outside."""
    for category in ("message", "action", "call", None, {}):
        with contextlib.suppress(LeftOutError):
            told_of({**WRITTEN, "category": category, "data": odd})


def test_each_says_which_message_it_is_about() -> None:
    """The one by which its webhook is found in the journal."""
    for message in (
        {**WRITTEN, "editedAt": T},
        call("busy"),
        member("left"),
        change("edited", editedAt=T),
    ):
        for told in told_of(message):
            body = told.body("app1", "eu")
            assert message_id_in(body, told.trigger, schemas.COMETCHAT) == told.message_id
