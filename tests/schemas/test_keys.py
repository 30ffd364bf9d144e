"""Conversations, and the keys by which a repeat is recognised."""

import pytest

from schemas import parse
from schemas.keys import content_hash, conversation_id, digest
from tests.bodies import NAMES, body, changed, dump, without


def parsed(value, raw=None):
    return parse(value, dump(value) if raw is None else raw)


def key(value, raw=None):
    return parsed(value, raw).duplicate_key


class TestConversation:
    def test_of_a_group(self):
        assert conversation_id("group", "crew", "ada") == "group_crew"
        assert conversation_id("group", "crew", None) == "group_crew"

    def test_of_two_is_the_same_in_both_directions(self):
        assert (
            conversation_id("user", "ada", "ben") == conversation_id("user", "ben", "ada") == "ada_user_ben"
        )

    @pytest.mark.parametrize(
        "receiver_type, receiver, one", [("user", "ada", None), ("group", None, "ada"), (None, "a", "b")]
    )
    def test_is_unknown_when_something_is_missing(self, receiver_type, receiver, one):
        assert conversation_id(receiver_type, receiver, one) is None

    def test_the_one_that_cometchat_names_wins(self):
        sample = changed(body("message_sent_text"), "data.message.conversationId", "group_other")
        assert parsed(sample).conversation_id == "group_other"

    @pytest.mark.parametrize(
        "name, path", [("message_sent_text", "data.message"), ("legacy_after_message", "data")]
    )
    def test_is_derived_when_a_message_does_not_name_it(self, name, path):
        sample = without(body(name), f"{path}.conversationId")
        assert parsed(sample).conversation_id == "harbor-ada_user_harbor-ben"
        sample = changed(changed(sample, f"{path}.receiverType", "GROUP"), f"{path}.receiver", "crew")
        assert parsed(sample).conversation_id == "group_crew"

    @pytest.mark.parametrize(
        "name", ["message_delivery_receipt", "message_read_receipt", "legacy_message_delivery_receipt"]
    )
    def test_receipts_join_the_conversation_of_their_message(self, name):
        message = parsed(body("message_sent_text"))
        assert parsed(body(name)).key == message.key
        assert parsed(without(body(name), "data.messageSender")).key == message.key

    def test_a_receipt_that_names_nobody_else_belongs_to_its_reader(self):
        sample = body("message_read_receipt")
        for path in ("data.messageSender", "data.receiver"):
            sample = without(sample, path)
        assert (parsed(sample).conversation_id, parsed(sample).key) == (None, "user:harbor-ben")


class TestDuplicateKey:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_the_same_for_the_same_body_and_sixteen_bytes(self, name):
        assert key(body(name)) == key(body(name))
        assert len(key(body(name))) == 16

    def test_no_two_bodies_share_one(self):
        assert len({key(body(name)) for name in NAMES}) == len(NAMES)

    @pytest.mark.parametrize("name", NAMES)
    def test_differs_between_tenants(self, name):
        assert key(changed(body(name), "appId", "other")) != key(body(name))

    @pytest.mark.parametrize("name", [name for name in NAMES if "webhook" in body(name)])
    def test_differs_between_webhooks(self, name):
        assert key(changed(body(name), "webhook", "other")) != key(body(name))

    @pytest.mark.parametrize("name", NAMES)
    def test_says_whether_a_time_is_in_it(self, name):
        timeless = ("message_edited", "custom_provider", "legacy_before_message")
        assert parsed(body(name)).duplicate_key_has_time is (name not in timeless)


class TestMessages:
    @pytest.mark.parametrize(
        "name, path", [("message_sent_text", "data.message"), ("legacy_after_message", "data")]
    )
    @pytest.mark.parametrize("field", ["id", "updatedAt", "editedAt", "deletedAt", "pinnedAt", "sentAt"])
    def test_two_states_of_a_message_are_two_events(self, name, path, field):
        assert key(changed(body(name), f"{path}.{field}", 1760009999)) != key(body(name))

    def test_the_same_time_in_two_fields_is_not_the_same_state(self):
        sample = without(body("message_sent_text"), "data.message.updatedAt")
        edited, deleted = (
            changed(sample, f"data.message.{name}", 1760009999) for name in ("editedAt", "deletedAt")
        )
        assert key(edited) != key(deleted)

    def test_what_is_not_identifying_does_not_count(self):
        sample = changed(
            body("message_sent_text"), "data.message.data.entities.sender.entity.status", "offline"
        )
        assert key(sample) == key(body("message_sent_text"))

    def test_without_any_time_it_says_so(self):
        sample = body("message_sent_text")
        for name in ("sentAt", "updatedAt"):
            sample = without(sample, f"data.message.{name}")
        assert not parsed(sample).duplicate_key_has_time


class TestInFlight:
    def test_the_same_muid_and_content_is_the_same_message(self):
        sample = body("legacy_before_message")
        assert key(changed(sample, "data.sentAt", 1760009999)) == key(sample)

    @pytest.mark.parametrize("path", ["data.muid", "data.sender", "data.data.text"])
    def test_another_muid_sender_or_content_is_another(self, path):
        assert key(changed(body("legacy_before_message"), path, "other")) != key(
            body("legacy_before_message")
        )

    @pytest.mark.parametrize("path", ["data.conversationId", "data.sender", "data.data.text", "data.sentAt"])
    def test_without_a_muid_conversation_sender_time_and_content_tell(self, path):
        sample = without(body("legacy_before_message"), "data.muid")
        new = 1760009999 if path.endswith("sentAt") else "other"
        assert key(changed(sample, path, new)) != key(sample)
        assert parsed(sample).duplicate_key_has_time

    def test_without_muid_and_time_it_says_so(self):
        sample = without(without(body("legacy_before_message"), "data.muid"), "data.sentAt")
        assert not parsed(sample).duplicate_key_has_time

    def test_a_message_shaped_like_an_sdk_object_is_told_by_all_of_it(self):
        sample = changed(body("message_sent_sdk"), "trigger", "before_message")
        assert key(changed(sample, "data.message.text", "other")) != key(sample)


class TestReceipts:
    @pytest.mark.parametrize(
        "name, who, at",
        [
            ("message_read_receipt", "data.body.user.uid", "data.body.timestamp"),
            ("legacy_message_read_receipt", "data.receiptSender", "data.readAt"),
        ],
    )
    def test_two_users_or_times_are_two_receipts(self, name, who, at):
        sample = body(name)
        assert key(changed(sample, who, "harbor-cy")) != key(sample)
        assert key(changed(sample, at, 1760009999)) != key(sample)

    def test_delivered_and_read_are_two(self):
        read = changed(body("message_read_receipt"), "data.body.timestamp", 1760000306)
        assert key(read) != key(body("message_delivery_receipt"))


class TestConnections:
    @pytest.mark.parametrize("path", ["data.event.event_for.session_id", "data.event.type", "data.user.uid"])
    def test_two_sessions_actions_or_users_are_two(self, path):
        sample = body("legacy_after_connection_status_changed")
        assert key(changed(sample, path, "other")) != key(sample)

    @pytest.mark.parametrize(
        "path, value",
        [
            ("data.currentConnection.connectedAt", 1760000290983),
            ("data.currentConnection.sessionId", "s-2"),
            ("data.currentConnection.platform", "ios"),
            ("data.currentConnection.action", "connected"),
            ("data.status", "online"),
            ("data.timestamp", 1760000420115),
        ],
    )
    def test_a_current_one_is_told_by_all_it_says_of_the_connection(self, path, value):
        sample = body("user_connection_status_changed")
        assert key(changed(sample, path, value)) != key(sample)


class TestOthers:
    def test_the_order_of_keys_does_not_count(self):
        sample = body("custom_provider")
        assert key(dict(reversed(sample.items()))) == key(sample)

    def test_any_difference_does(self):
        sample = body("custom_provider")
        assert key(changed(sample, "data.to.uid", "harbor-cy")) != key(sample)

    @pytest.mark.parametrize("text", ["\ud83d", 2**70])
    def test_what_cannot_be_written_is_told_by_its_bytes(self, text):
        sample = changed(body("custom_provider"), "data.to.uid", text)
        assert key(sample, b"one") == key(sample, b"one") != key(sample, b"two")

    def test_a_body_too_deep_to_be_written_is_told_by_its_bytes(self):
        deep: list = []
        for _ in range(500):
            deep = [deep]
        assert content_hash(deep, b"one") == content_hash(deep, b"one") != content_hash(deep, b"two")


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
        assert digest(one) != digest(other)

    def test_takes_any_text(self):
        assert len(digest(["\ud83d", "\x00", 2**70, "🚢"])) == 16
