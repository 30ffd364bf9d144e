"""What is one event when it comes again, and what is another: for every sample, leaf by leaf."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from comethooks.samples import put as put_at
from comethooks.schemas import TRIGGERS
from comethooks.schemas.triggers.repeats import MEANINGLESS, duplicate_key
from tests.bodies import NAMES, body, changed, without
from tests.looped import looped
from tests.schemas.samples import SAMPLES, Steps, accepted, entry_of, put


def key(value: dict[str, Any]) -> bytes:
    return accepted(value).duplicate_key


def leaves(value: Any, steps: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Everything in a body that holds nothing else, and how to get there."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in inside:
        if isinstance(item, dict | list) and item:
            yield from leaves(item, (*steps, name))
        else:
            yield (*steps, name), item


def another(steps: Steps, value: Any) -> Any:
    """What might stand there just as well."""
    if steps[-1] == "receiverType":
        return "group" if value == "user" else "user"
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return str(int(value) + 1) if value.isdigit() else f"{value}-2"
    return value + 1 if isinstance(value, int | float) else "something"


def is_meaningless(steps: Steps) -> bool:
    """Whether the list says so of a place."""
    dotted = ".".join(map(str, steps))
    return any(
        re.fullmatch(re.escape(path).replace(r"\*", "[^.]+"), dotted) for path in MEANINGLESS
    )


def reordered(value: Any) -> Any:
    """The same, with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {name: reordered(item) for name, item in reversed(value.items())}
    return [reordered(item) for item in value] if isinstance(value, list) else value


BY_BODY = [name for name in SAMPLES if not entry_of(SAMPLES[name]).told_by]
"""The samples whose repeats the whole body tells."""


ASKED = body("moderation_requested")
REVIEWED = "data.contextMessages.2.harbor-ben"


class TestEverySample:
    @looped("name", SAMPLES)
    def test_is_recognised_when_it_comes_again(self, name):
        """In whatever order of keys; by sixteen bytes."""
        sample = SAMPLES[name]
        assert key(sample) == key(reordered(sample)) == key(dict(sample))
        assert len(key(sample)) == 16

    @looped("name", BY_BODY)
    def test_is_another_event_whatever_leaf_differs(self, name):
        """But for what is listed as meaningless, where a time is the event's own."""
        sample = SAMPLES[name]
        has_time = accepted(sample).duplicate_key_has_time
        for steps, value in leaves(sample):
            if steps == ("trigger",):
                continue
            other = put(sample, steps, another(steps, value))
            is_same = has_time and is_meaningless(steps)
            assert (key(other) == key(sample)) is is_same, steps

    @looped("name", BY_BODY)
    def test_is_another_event_whatever_is_left_out(self, name):
        """Or is there beside."""
        sample = SAMPLES[name]
        for place in ("data", "data.more", "more"):
            if isinstance(sample.get("data"), dict):
                assert key(changed(sample, place, {**sample["data"], "new": 1})) != key(sample)

    @looped("one", [name for name, entry in TRIGGERS.items() if not entry.is_ours])
    def test_differs_between_triggers(self, one):
        """Whatever the body."""
        name = next(name for name, sample in SAMPLES.items() if sample["trigger"] == one)
        for other, entry in TRIGGERS.items():
            if other != one and entry.forms == entry_of(SAMPLES[name]).forms:
                assert key({**SAMPLES[name], "trigger": other}) != key(SAMPLES[name])

    def test_shares_its_key_with_no_other(self):
        """What a bot is told is an event of its own, too."""
        assert len({key(sample) for sample in SAMPLES.values()}) == len(SAMPLES)

    @looped("name", [name for name in NAMES if "webhook" in body(name)])
    def test_differs_between_webhooks(self, name):
        """Two of an app that send the same are two events."""
        assert key(changed(body(name), "webhook", "other")) != key(body(name))


class TestToldByItsSubject:
    """A question of moderation."""

    @staticmethod
    def asked(path: str, new: Any) -> dict[str, Any]:
        other = copy.deepcopy(ASKED)
        put_at(other, path, new)
        return other

    @pytest.mark.parametrize(
        "path, new",
        [
            ("appId", "another"),
            ("rule", "flood"),
            *((f"{REVIEWED}.{path}", "another") for path in ("id", "type", "data.text")),
            *((f"{REVIEWED}.data.{key}", "another") for key in ("caption", "url")),
        ],
    )
    def test_is_another_one_of_another_app_rule_message_or_text(self, path, new):
        """An image and its caption come as two."""
        assert key(self.asked(path, new)) != key(ASKED)

    @pytest.mark.parametrize(
        "path, new",
        [
            ("data.contextMessages.0.harbor-ada", "Is berth eight free?"),
            (f"{REVIEWED}.updatedAt", 1760000999),
            (f"{REVIEWED}.data.entities.sender.entity.status", "offline"),
            (f"{REVIEWED}.data.moderation.status", "approved"),
        ],
    )
    def test_is_the_same_whatever_else_has_changed(self, path, new):
        """Others may have written meanwhile."""
        assert key(self.asked(path, new)) == key(ASKED)
        assert accepted(ASKED).duplicate_key_has_time

    def test_without_an_id_the_body_tells_it(self):
        """Two people may write the same."""
        bare = without(ASKED, "rule")
        del bare["data"]["contextMessages"][2]["harbor-ben"]["id"]
        other = copy.deepcopy(bare)
        other["data"]["contextMessages"][0]["harbor-ada"] = "Is berth eight free?"
        assert key(bare) != key(other)
        assert not accepted(bare).duplicate_key_has_time


class TestMeaningless:
    def test_does_not_count_where_a_time_is_the_events_own(self):
        """Every place that is listed, with its reason; elsewhere it may be all that differs."""
        for path, reason in MEANINGLESS.items():
            assert reason
            one: dict[str, Any] = {"trigger": "message_sent"}
            other: dict[str, Any] = {"trigger": "message_sent"}
            put_at(one, path.replace("*", "ada"), 1)
            put_at(other, path.replace("*", "ada"), 2)
            for has_time in (True, False):
                keys = {duplicate_key(each, b"", has_time=has_time) for each in (one, other)}
                assert len(keys) == (1 if has_time else 2), path

    def test_is_never_the_status_of_the_call_or_the_message_itself(self):
        """They are entities, too."""
        assert not [path for path in MEANINGLESS if ".on.entity.status" in path]

    def test_changes_no_body(self):
        """It is kept as it came."""
        sample = body("message_sent_text")
        duplicate_key(sample, b"", has_time=True)
        assert sample == body("message_sent_text")

    def test_takes_junk_on_the_way(self):
        """Nothing is sure of what stands there."""
        for junk in (None, [], "text", {"entity": None}, {"entity": [1]}):
            sample = changed(body("message_sent_text"), "data.message.data.entities.sender", junk)
            assert key(sample) != key(body("message_sent_text"))


OWN = {
    "message_sent_text": "data.message.sentAt",
    "message_sent_echo": "data.message.sentAt",
    "legacy_after_message": "data.sentAt",
    "legacy_after_message_deleted": "data.sentAt",
    "legacy_before_message": "data.sentAt",
    "message_edited": "data.message.data.entities.on.entity.editedAt",
    "message_edited_live": "data.message.editedAt",
    "message_deleted": "data.message.data.entities.on.entity.deletedAt",
    "message_deleted_live": "data.message.deletedAt",
    "message_pinned usual": "data.message.pinnedAt",
    "message_unpinned usual": "data.message.unpinnedAt",
    "conversation_pinned": "data.pinnedAt",
    "message_read_receipt": "data.body.timestamp",
    "message_delivery_receipt": "data.body.timestamp",
    "message_read_by_all usual": "data.body.timestamp",
    "legacy_message_read_receipt": "data.readAt",
    "legacy_message_delivery_receipt": "data.deliveredAt",
    "message_reaction_added usual": "data.reaction.reactedAt",
    "message_reaction_removed usual": "data.reaction.reactedAt",
    "user_connection_status_changed": "data.timestamp",
    "legacy_after_connection_status_changed": "data.event.at",
    "group_created usual": "data.group.createdAt",
    "call_initiated": "data.call.sentAt",
    "call_started usual": "data.created_at",
    "call_ended usual": "data.destroyed_at",
    "meeting_participant_joined usual": "data.occupant.joined_at",
    "meeting_participant_left usual": "data.occupant.left_at",
    "moderation_engine_failed approved": "data.completedAt",
    "after_campaign_completed usual": "data.completedAt",
    "after_notification_created usual": "data.createdAt",
    "after_feed_item_read usual": "data.readAt",
    "after_push_notification_clicked usual": "data.clickedAt",
}
"""Where a body has the time that is the event's own."""
TIMELESS = (
    *("user_mentioned", "user_blocked", "user_unblocked", "conversation_unpinned"),
    *("group_updated", "group_deleted", "group_owner_transferred"),
    *(f"group_member_{what}" for what in ("added", "joined", "left", "kicked", "removed")),
    *(f"group_member_{what}" for what in ("banned", "unbanned", "scope_changed")),
    *(f"call_{what}" for what in ("unanswered", "cancelled", "rejected", "busy")),
    *("recording_generated", "transcription_generated"),
    *("moderation_engine_approved", "moderation_engine_blocked", "moderation_manual_approved"),
    *("comethooks_doctor", "ui_message_interacted"),
    *(f"{how}-notification-payload-generated" for how in ("email", "sms", "push")),
)
"""What has no time of its own, or none that anybody knows: what it has is that of the message, the
group or the call that it is about.
"""


class TestOwnTime:
    @looped("name", SAMPLES)
    def test_every_other_event_has_one(self, name):
        """It is recognised for long."""
        sample = SAMPLES[name]
        # It says when the item was first engaged with, which may be long before.
        is_timeless = sample["trigger"] in TIMELESS or name == "after_feed_item_interacted live"
        assert accepted(sample).duplicate_key_has_time is not is_timeless

    @looped("name", OWN)
    def test_is_the_only_one_that_counts(self, name):
        """Whatever other times the body has: they may be the same in another event."""
        sample = without(SAMPLES[name], OWN[name])
        if name.startswith(("message_edited", "message_deleted", "message_pinned")):
            sample = changed(sample, "data.message.updatedAt", 1760000999)
        assert not accepted(sample).duplicate_key_has_time

    @looped("name", OWN)
    def test_is_when_it_happened(self, name):
        """Before any other time in the body."""
        sample = changed(SAMPLES[name], OWN[name], 1760005555)
        assert accepted(sample).occurred_at == 1760005555000

    @pytest.mark.parametrize("trigger", ["message_pinned", "message_unpinned"])
    def test_of_a_pin_is_not_that_of_an_edit_or_of_the_opposite(self, trigger):
        """A message that was edited is pinned and unpinned as often as people like."""
        opposite = {"message_pinned": "unpinnedAt", "message_unpinned": "pinnedAt"}[trigger]
        sample = {**body("message_edited_live"), "trigger": trigger}
        sample = changed(sample, f"data.message.{opposite}", 1760005555)
        assert not accepted(sample).duplicate_key_has_time


def test_the_members_of_a_group_change_as_often_as_people_like():
    """Nothing but the rights, and when somebody was last seen, tells one change from another."""
    sample = SAMPLES["group_member_scope_changed usual"]
    (uid,) = sample["data"]["members"]
    keys = set()
    for seen, (new, old) in enumerate(2 * [("admin", "participant"), ("participant", "admin")]):
        member = {"uid": uid, "scope": new, "oldScope": old, "lastActiveAt": 1760000000 + seen}
        keys.add(key(changed(sample, "data.members", {uid: member})))
    assert len(keys) == 4


def test_a_number_and_its_text_are_two():
    """What CometChat repeats, it repeats as it was."""
    sample = body("message_sent_text")
    ids = (57, 57.0, "57")
    assert len({key(changed(sample, "data.message.id", each)) for each in ids}) == 3
