"""Conversations, and the keys by which a repeat is recognised."""

import pytest

from comethooks.schemas import TRIGGERS
from comethooks.schemas.triggers.families import WHOLE
from comethooks.schemas.triggers.identity import content_hash, conversation_id, digest
from tests.bodies import NAMES, body, changed, without
from tests.schemas.samples import KNOWN, NOW_MS, SAMPLES, accepted, entry_of, form_of

LATER = NOW_MS // 1000 + 9999


def key(value):
    return accepted(value).duplicate_key


def reordered(value):
    """The same, with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {name: reordered(item) for name, item in reversed(value.items())}
    return [reordered(item) for item in value] if isinstance(value, list) else value


class TestConversation:
    def test_of_a_group(self):
        """Whoever sends."""
        assert conversation_id("group", "crew", "ada") == "group_crew"
        assert conversation_id("group", "crew", None) == "group_crew"

    def test_of_two_is_the_same_in_both_directions(self):
        """The uids are sorted."""
        assert (
            conversation_id("user", "ada", "ben")
            == conversation_id("user", "ben", "ada")
            == "ada_user_ben"
        )

    @pytest.mark.parametrize(
        "receiver_type, receiver, one",
        [("user", "ada", None), ("group", None, "ada"), (None, "a", "b")],
    )
    def test_is_unknown_when_something_is_missing(self, receiver_type, receiver, one):
        """A guess would put events into a conversation that they do not belong to."""
        assert conversation_id(receiver_type, receiver, one) is None

    def test_the_one_that_cometchat_names_wins(self):
        """It knows."""
        sample = changed(body("message_sent_text"), "data.message.conversationId", "group_other")
        assert accepted(sample).conversation_id == "group_other"

    @pytest.mark.parametrize(
        "name, path", [("message_sent_text", "data.message"), ("legacy_after_message", "data")]
    )
    def test_is_derived_when_a_message_does_not_name_it(self, name, path):
        """From who writes to whom."""
        sample = without(body(name), f"{path}.conversationId")
        assert accepted(sample).conversation_id == "harbor-ada_user_harbor-ben"
        sample = changed(
            changed(sample, f"{path}.receiverType", "GROUP"), f"{path}.receiver", "crew"
        )
        assert accepted(sample).conversation_id == "group_crew"

    @pytest.mark.parametrize(
        "name",
        ["message_delivery_receipt", "message_read_receipt", "legacy_message_delivery_receipt"],
    )
    def test_receipts_join_the_conversation_of_their_message(self, name):
        """So that they are handled after it."""
        message = accepted(body("message_sent_text"))
        assert accepted(body(name)).key == message.key
        assert accepted(without(body(name), "data.messageSender")).key == message.key

    def test_a_receipt_that_names_nobody_else_belongs_to_its_reader(self):
        """There is nothing else to order it by."""
        sample = body("message_read_receipt")
        for path in ("data.messageSender", "data.receiver"):
            sample = without(sample, path)
        assert (accepted(sample).conversation_id, accepted(sample).key) == (None, "user:harbor-ben")

    @pytest.mark.parametrize(
        "name", ["message_edited", "message_edited_live", "message_deleted_live"]
    )
    def test_changes_join_the_conversation_of_their_message(self, name):
        """In both shapes."""
        assert accepted(body(name)).key == accepted(body("message_sent_text")).key

    @pytest.mark.parametrize(
        "trigger, key",
        [
            ("call_rejected", "harbor-ada_user_harbor-ben"),
            ("group_member_banned", "group_night-crew"),
            ("user_connection_status_changed", "user:harbor-ben"),
            ("conversation_pinned", "harbor-ada_user_harbor-ben"),
        ],
    )
    def test_without_a_message_something_else_orders(self, trigger, key):
        """The call's conversation, the group, the user."""
        assert accepted(body(trigger)).key == key

    @pytest.mark.parametrize("kind", ["call", "meeting"])
    def test_what_happens_in_a_session_is_ordered_by_it(self, kind):
        """No conversation is told."""
        for happening in ("started", "participant_joined", "participant_left", "ended"):
            sample = changed(SAMPLES[f"{kind}_{happening} usual"], "data.sessionId", "v1.session")
            assert (accepted(sample).conversation_id, accepted(sample).key) == (
                None,
                "call:v1.session",
            )

    def test_what_a_campaign_sends_to_somebody_is_ordered_by_them(self):
        """And the rest by campaign."""
        push = changed(SAMPLES["after_push_notification_sent usual"], "data.receiver", "ada")
        assert accepted(push).key == "user:ada"
        done = changed(SAMPLES["after_campaign_completed usual"], "data.campaignId", "c1")
        assert accepted(done).key == "campaign:c1"


class TestRedelivery:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_of_the_same_bytes_is_recognised(self, name):
        """By sixteen bytes."""
        assert key(SAMPLES[name]) == key(SAMPLES[name])
        assert len(key(SAMPLES[name])) == 16

    @pytest.mark.parametrize("name", SAMPLES)
    def test_with_its_keys_in_another_order_is_recognised(self, name):
        """JSON has no order."""
        assert key(reordered(SAMPLES[name])) == key(SAMPLES[name])

    @pytest.mark.parametrize(
        "name",
        [name for name in KNOWN if form_of(SAMPLES[name]).family.content is not WHOLE],
    )
    def test_with_an_id_written_as_a_number_is_recognised(self, name):
        """Or a time in milliseconds."""
        sample = SAMPLES[name]
        for path in form_of(sample).shape.paths:
            value = sample
            for step in path.split("."):
                value = value.get(step) if isinstance(value, dict) else None
            if isinstance(value, str) and value.isdigit() and len(value) < 16 and value[0] != "0":
                respelled = int(value)
            elif isinstance(value, int) and path.lower().endswith("id"):
                respelled = str(value)
            elif isinstance(value, int):
                respelled = str(value * 1000 if value < 10**11 else value)
            else:
                continue
            assert key(changed(sample, path, respelled)) == key(sample), path


class TestDifference:
    def test_no_two_bodies_share_a_key(self):
        """Of all samples; what a bot is told is an event of its own."""
        keys = {name: key(sample) for name, sample in SAMPLES.items()}
        by_key: dict[bytes, list[str]] = {}
        for name, digested in keys.items():
            by_key.setdefault(digested, []).append(name)
        assert [names for names in by_key.values() if len(names) > 1] == []

    @pytest.mark.parametrize("name", NAMES)
    def test_differs_between_tenants(self, name):
        """Ids are unique within an app."""
        assert key({**SAMPLES[name], "appId": "other"}) != key(SAMPLES[name])

    @pytest.mark.parametrize("name", [name for name in NAMES if "webhook" in body(name)])
    def test_differs_between_webhooks(self, name):
        """Two of an app that send the same are two events."""
        assert key(changed(body(name), "webhook", "other")) != key(body(name))

    @pytest.mark.parametrize("one", [name for name, entry in TRIGGERS.items() if not entry.is_ours])
    def test_differs_between_triggers(self, one):
        """Whatever the body."""
        name = next(name for name, sample in SAMPLES.items() if sample["trigger"] == one)
        others = [
            other
            for other, entry in TRIGGERS.items()
            if other != one and entry.forms == entry_of(SAMPLES[name]).forms
        ]
        for other in others:
            assert key({**SAMPLES[name], "trigger": other}) != key(SAMPLES[name])


ENTITY = "data.message.data.entities.on.entity"
DIFFERENT = {
    "message_sent_text": {
        f"data.message.{name}": LATER
        for name in ("id", "updatedAt", "editedAt", "deletedAt", "pinnedAt", "sentAt")
    },
    "legacy_after_message": {
        f"data.{name}": LATER for name in ("id", "updatedAt", "editedAt", "deletedAt", "sentAt")
    },
    "legacy_after_message_deleted": {"data.id": "9", "data.updatedAt": LATER},
    "user_mentioned usual": {"data.message.id": "9", "data.message.updatedAt": LATER},
    "message_edited": {
        f"{ENTITY}.id": "9",
        f"{ENTITY}.editedAt": LATER,
        f"{ENTITY}.data.text": "other",
        "data.message.updatedAt": LATER,
    },
    "message_edited_live": {
        "data.message.id": "9",
        "data.message.editedAt": LATER,
        "data.message.data.text": "other",
    },
    "message_deleted": {f"{ENTITY}.id": "9", f"{ENTITY}.deletedAt": LATER},
    "message_deleted_live": {"data.message.id": "9", "data.message.deletedAt": LATER},
    "message_pinned usual": {"data.message.id": "9", "data.message.pinnedAt": LATER},
    "message_unpinned usual": {"data.message.id": "9", "data.message.updatedAt": LATER},
    "message_read_receipt": {
        "data.body.user.uid": "harbor-cy",
        "data.body.messageId": "9",
        "data.body.timestamp": LATER,
    },
    "message_delivery_receipt": {"data.body.user.uid": "harbor-cy", "data.body.timestamp": LATER},
    "message_read_by_all usual": {"data.body.messageId": "9", "data.body.timestamp": LATER},
    "message_delivered_to_all usual": {"data.body.messageId": "9", "data.body.timestamp": LATER},
    "legacy_message_read_receipt": {
        "data.receiptSender": "harbor-cy",
        "data.messageId": "9",
        "data.readAt": LATER,
    },
    "legacy_message_delivery_receipt": {
        "data.receiptSender": "harbor-cy",
        "data.deliveredAt": LATER,
    },
    "message_reaction_added usual": {
        "data.reaction.id": "9",
        "data.reaction.reaction": "🦀",
        "data.reaction.uid": "harbor-cy",
        "data.reaction.messageId": "9",
        "data.reaction.reactedAt": LATER,
    },
    "message_reaction_removed usual": {
        "data.reaction.uid": "harbor-cy",
        "data.reaction.reactedAt": LATER,
    },
    "user_connection_status_changed": {
        "data.user.uid": "harbor-cy",
        "data.status": "online",
        "data.timestamp": 1760000420115,
        "data.currentConnection.action": "connected",
        "data.currentConnection.platform": "ios",
        "data.currentConnection.connectedAt": 1760000290983,
        "data.currentConnection.sessionId": "s-2",
    },
    "legacy_after_connection_status_changed": {
        "data.user.uid": "harbor-cy",
        "data.event.type": "disconnected",
        "data.event.at": 1760000420115,
        "data.event.event_for.session_id": "s-2",
        "data.event.event_for.connected_at": 1760000290983,
    },
    "group_created usual": {"data.group.guid": "other", "data.group.createdAt": LATER},
    "group_updated usual": {
        "data.group.updatedAt": LATER,
        "data.group.updatedBy": "harbor-cy",
        "data.group.name": "Other",
        "data.group.metadata": {"berth": 7},
    },
    "group_deleted usual": {"data.group.guid": "other", "data.group.updatedAt": LATER},
    "group_owner_transferred usual": {
        "data.group.owner": "harbor-cy",
        "data.group.updatedAt": LATER,
    },
    **{
        f"group_member_{what} usual": {
            "data.group.guid": "other",
            "data.group.updatedAt": LATER,
            "data.members": {"harbor-cy": {"uid": "harbor-cy"}},
        }
        for what in (
            *(
                "added",
                "joined",
                "left",
                "kicked",
                "removed",
                "banned",
                "unbanned",
                "scope_changed",
            ),
        )
    },
    "group_member_banned": {
        "data.by": "harbor-cy",
        "data.members.harbor-cy.scope": "moderator",
    },
    **{
        f"call_{what} usual": {
            "data.call.id": "9",
            "data.call.data.entities.on.entity.sessionid": "v1.other",
            "data.call.updatedAt": LATER,
            "data.call.data.action": "other",
        }
        for what in ("initiated", "unanswered", "cancelled", "rejected", "busy")
    },
    "call_started usual": {"data.sessionId": "v1.other", "data.created_at": LATER},
    "call_ended usual": {"data.sessionId": "v1.other", "data.destroyed_at": LATER},
    "call_participant_joined usual": {
        "data.occupant.name": "Cy",
        "data.occupant.uid": "harbor-cy",
        "data.occupant.joined_at": LATER,
    },
    "call_participant_left usual": {
        "data.occupant.name": "Cy",
        "data.occupant.joined_at": LATER,
        "data.occupant.left_at": LATER,
    },
    "meeting_participant_joined usual": {"data.occupant.name": "Cy", "data.sessionId": "v1.other"},
    "recording_generated usual": {"data.sessionId": "v1.other", "data.duration": "1.5"},
    "transcription_generated usual": {"data.tid": "other", "data.endTime": LATER},
    "moderation_engine_approved text": {"data.message.id": "9", "data.message.updatedAt": LATER},
    "moderation_engine_blocked text": {"data.message.id": "9", "data.message.updatedAt": LATER},
    "moderation_manual_approved usual": {"data.message.id": "9", "data.message.updatedAt": LATER},
    "moderation_engine_failed approved": {
        "data.resource.id": "9",
        "data.completedAt": LATER,
        "data.outcome": "other",
    },
    "after_campaign_completed usual": {"data.campaignId": "9", "data.completedAt": LATER},
    "after_campaign_failed usual": {"data.campaignId": "9", "data.status": "other"},
    "after_notification_created usual": {"data.notificationId": "9", "data.createdAt": LATER},
    "after_feed_item_interacted usual": {"data.id": "9", "data.interactedAt": LATER},
    "after_push_notification_clicked usual": {
        "data.pushNotificationId": "9",
        "data.clickedAt": LATER,
    },
    "user_blocked usual": {"data.by": "harbor-cy", "data.users": {"harbor-cy": {}}},
    "user_unblocked usual": {"data.by": "harbor-cy", "data.users": {"harbor-cy": {}}},
    "conversation_pinned": {"data.conversationId": "other", "data.pinnedAt": LATER},
    "custom_provider": {"data.to.uid": "harbor-cy"},
    "legacy_before_message": {
        "data.muid": "other",
        "data.sender": "other",
        "data.data.text": "other",
    },
}
"""What makes two events of one."""


class TestTwoEvents:
    @pytest.mark.parametrize(
        "name, path", [(name, path) for name in DIFFERENT for path in DIFFERENT[name]]
    )
    def test_are_two_when_they_differ_in(self, name, path):
        """Two edits, two readers, two devices, two members, two participants."""
        assert key(changed(SAMPLES[name], path, DIFFERENT[name][path])) != key(SAMPLES[name])

    @pytest.mark.parametrize("family", sorted({entry.family.name for entry in TRIGGERS.values()}))
    def test_every_family_is_in_the_table(self, family):
        """Nothing is left out."""
        assert family in {entry_of(SAMPLES[name]).family.name for name in DIFFERENT}

    def test_the_same_time_in_two_fields_is_not_the_same_state(self):
        """Edited then is not deleted then."""
        sample = without(body("message_sent_text"), "data.message.updatedAt")
        edited, deleted = (
            changed(sample, f"data.message.{name}", 1760009999)
            for name in ("editedAt", "deletedAt")
        )
        assert key(edited) != key(deleted)

    @pytest.mark.parametrize(
        "name, path, value",
        [
            ("message_sent_text", "data.message.data.entities.sender.entity.status", "offline"),
            ("message_edited_live", "data.message.data.entities.sender.entity.status", "offline"),
            ("message_edited", "data.message.data.entities.by.entity.status", "offline"),
            ("group_updated usual", "data.group.onlineMembersCount", 99),
        ],
    )
    def test_what_is_not_identifying_does_not_count(self, name, path, value):
        """A user may be offline by the time of a second delivery."""
        assert key(changed(SAMPLES[name], path, value)) == key(SAMPLES[name])

    def test_delivered_and_read_are_two(self):
        """At the same time."""
        read = changed(body("message_read_receipt"), "data.body.timestamp", 1760000306)
        assert key(read) != key(body("message_delivery_receipt"))

    def test_two_changes_of_scope_of_one_member_are_two(self):
        """They may come in the same second."""
        sample = SAMPLES["group_member_scope_changed usual"]
        (uid,) = sample["data"]["members"]
        assert key(changed(sample, f"data.members.{uid}.scope", "moderator")) != key(sample)

    def test_members_in_another_order_are_the_same(self):
        """An object has none."""
        members = {"a": {"scope": "x"}, "b": {"scope": "y"}}
        sample = changed(body("group_member_banned"), "data.members", members)
        turned = changed(sample, "data.members", dict(reversed(members.items())))
        assert key(turned) == key(sample)

    @pytest.mark.parametrize(
        "path", ["data.conversationId", "data.sender", "data.data.text", "data.sentAt"]
    )
    def test_in_flight_without_a_muid_conversation_sender_time_and_content_tell(self, path):
        """There is no id yet."""
        sample = without(body("legacy_before_message"), "data.muid")
        new = 1760009999 if path.endswith("sentAt") else "other"
        assert key(changed(sample, path, new)) != key(sample)
        assert accepted(sample).duplicate_key_has_time

    def test_in_flight_the_same_muid_and_content_is_the_same_message(self):
        """However often a client sends it."""
        sample = body("legacy_before_message")
        assert key(changed(sample, "data.sentAt", 1760009999)) == key(sample)

    def test_in_flight_a_message_shaped_like_an_sdk_object_is_told_by_all_of_it(self):
        """Its text is beside its data."""
        sample = changed(body("message_sent_sdk"), "trigger", "before_message")
        assert key(changed(sample, "data.message.text", "other")) != key(sample)


TIMELESS = (
    *("user_blocked", "user_unblocked", "comethooks_doctor", "ui_message_interacted"),
    *("email-notification-payload-generated", "sms-notification-payload-generated"),
    "push-notification-payload-generated",
)


class TestTime:
    @pytest.mark.parametrize("name", SAMPLES)
    def test_a_key_says_whether_a_time_is_in_it(self, name):
        """One without may only be remembered for minutes: the same may well happen again."""
        sample = SAMPLES[name]
        with_muid = sample["trigger"] == "before_message"
        untold = sample["trigger"] in TIMELESS or name == "conversation_unpinned usual"
        expected = not untold and not with_muid
        assert accepted(sample).duplicate_key_has_time is expected

    @pytest.mark.parametrize(
        "name, paths",
        [
            ("message_sent_text", ("data.message.sentAt", "data.message.updatedAt")),
            ("message_edited_live", ("data.message.editedAt", "data.message.updatedAt")),
            ("message_unpinned usual", ("data.message.updatedAt",)),
            ("legacy_before_message", ("data.muid", "data.sentAt")),
            ("message_reaction_added usual", ("data.reaction.reactedAt",)),
            ("group_member_banned", ("data.group.updatedAt",)),
            ("call_initiated", ("data.call.sentAt", "data.call.updatedAt")),
            ("call_started usual", ("data.created_at",)),
            ("call_participant_left usual", ("data.occupant.left_at",)),
            ("recording_generated usual", ("data.startTime",)),
            ("moderation_engine_failed approved", ("data.completedAt",)),
            ("conversation_pinned", ("data.pinnedAt",)),
        ],
    )
    def test_without_any_time_it_says_so(self, name, paths):
        """Whatever it is about."""
        sample = SAMPLES[name]
        for path in paths:
            sample = without(sample, path)
        assert not accepted(sample).duplicate_key_has_time


class TestContentHash:
    @pytest.mark.parametrize("text", ["\ud83d", 2**70])
    def test_what_cannot_be_written_is_told_by_its_bytes(self, text):
        """Half an emoji, or a number beyond 64 bits."""
        value = {"a": text}
        assert (
            content_hash(value, b"one")
            == content_hash(value, b"one")
            != content_hash(value, b"two")
        )

    def test_a_body_too_deep_to_be_written_is_told_by_its_bytes(self):
        """More levels than orjson writes."""
        deep: list = []
        for _ in range(500):
            deep = [deep]
        assert (
            content_hash(deep, b"one") == content_hash(deep, b"one") != content_hash(deep, b"two")
        )

    def test_any_difference_counts(self):
        """And the order of keys does not."""
        assert content_hash({"a": 1, "b": 2}, b"") == content_hash({"b": 2, "a": 1}, b"")
        assert content_hash({"a": 1}, b"") != content_hash({"a": "1"}, b"")


class TestDigest:
    @pytest.mark.parametrize(
        "one, other",
        [
            (("ab", "c"), ("a", "bc")),
            (("a", None), ("a", "")),
            (("a", ""), ("a",)),
            ((None, "a"), ("a", None)),
            (("1:a",), ("a",)),
        ],
    )
    def test_no_part_runs_into_the_next(self, one, other):
        """Each is written with its length."""
        assert digest(one) != digest(other)

    def test_takes_any_text(self):
        """Half an emoji and NUL as well."""
        assert len(digest(["\ud83d", "\x00", 2**70, "🚢"])) == 16
