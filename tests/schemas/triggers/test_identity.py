"""Conversations, and hashes."""

import pytest

from comethooks.schemas.triggers.identity import content_hash, conversation_id, digest
from tests.bodies import body, changed, without
from tests.schemas.samples import SAMPLES, accepted


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


class TestContentHash:
    @pytest.mark.parametrize("text", ["\ud83d", 2**70])
    def test_takes_what_the_fast_encoder_cannot_write(self, text):
        """Half an emoji, or a number beyond 64 bits: in any order of keys."""
        one, other = {"a": text, "b": 1}, {"b": 1, "a": text}
        assert content_hash(one, b"one") == content_hash(other, b"two")
        assert content_hash(one, b"") != content_hash({**one, "b": 2}, b"")

    def test_a_body_too_deep_to_be_written_is_told_by_its_bytes(self):
        """More levels than Python writes."""
        deep: list = []
        for _ in range(5000):
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
