"""What `parse` tells of an accepted body."""

import time

import pytest

from comethooks.schemas import decode, parse
from tests.bodies import body, changed, dump, raw, without
from tests.looped import looped

CONVERSATION = "harbor-ada_user_harbor-ben"


def parsed(value):
    return parse(value, dump(value))


class TestParsed:
    @looped(
        "name, canonical, conversation, sender, occurred_at",
        [
            ("legacy_before_message", "message.before", CONVERSATION, "harbor-ada", 1760000301000),
            ("legacy_after_message", "message.sent", CONVERSATION, "harbor-ada", 1760000301000),
            ("message_sent_text", "message.sent", CONVERSATION, "harbor-ada", 1760000301000),
            ("message_sent_media", "message.sent", "group_night-crew", "harbor-ada", 1760000301000),
            ("message_sent_sdk", "message.sent", CONVERSATION, "harbor-ada", 1760000340000),
            (
                "bot_callback",
                "message.sent",
                "dock-bot_user_harbor-ada",
                "harbor-ada",
                1760000301000,
            ),
            (
                "legacy_message_delivery_receipt",
                "receipt.delivered",
                CONVERSATION,
                "harbor-ben",
                1760000305000,
            ),
            (
                "legacy_message_read_receipt",
                "receipt.read",
                "group_night-crew",
                "harbor-ben",
                1760000311000,
            ),
            (
                "message_delivery_receipt",
                "receipt.delivered",
                CONVERSATION,
                "harbor-ben",
                1760000306000,
            ),
            ("message_read_receipt", "receipt.read", CONVERSATION, "harbor-ben", 1760000312000),
            (
                "message_read_receipt_group",
                "receipt.read",
                "group_night-crew",
                "harbor-ben",
                1760000313000,
            ),
            ("user_connection_status_changed", "user.presence", None, "harbor-ben", 1760000420114),
            (
                "legacy_after_connection_status_changed",
                "user.presence",
                None,
                "harbor-ben",
                1760000290120,
            ),
            (
                "legacy_after_message_nested",
                "message.sent",
                CONVERSATION,
                "harbor-ada",
                1760000301000,
            ),
            ("message_edited", "message.edited", CONVERSATION, "harbor-ada", 1760000330000),
            ("message_edited_live", "message.edited", CONVERSATION, "harbor-ada", 1760000330000),
            ("message_sent_echo", "message.echo", CONVERSATION, "harbor-ada", 1760000330000),
            ("message_deleted", "message.deleted", CONVERSATION, "harbor-ada", 1760000350000),
            ("message_deleted_live", "message.deleted", CONVERSATION, "harbor-ada", 1760000350000),
            (
                "legacy_after_message_deleted",
                "message.deleted",
                CONVERSATION,
                "harbor-ada",
                1760000350000,
            ),
            ("message_sent_media_sdk", "message.sent", CONVERSATION, "harbor-ada", 1760000345000),
            (
                "message_sent_interactive_sdk",
                "message.sent",
                CONVERSATION,
                "harbor-ada",
                1760000360000,
            ),
            (
                "message_sent_action_sdk",
                "message.sent",
                "group_night-crew",
                "harbor-ben",
                1760000365000,
            ),
            ("message_sent_call_sdk", "message.sent", CONVERSATION, "harbor-ada", 1760000370000),
            ("call_initiated", "call.initiated", CONVERSATION, "harbor-ada", 1760000370000),
            ("call_rejected", "call.rejected", CONVERSATION, "harbor-ben", 1760000375000),
            (
                "group_member_banned",
                "group.member_banned",
                "group_night-crew",
                "harbor-ada",
                1760000380000,
            ),
            (
                "conversation_pinned",
                "conversation.pinned",
                CONVERSATION,
                "harbor-ada",
                1760000385000,
            ),
            ("custom_provider", "notification.push_generated", None, None, 1760000302000),
        ],
    )
    def test_is_the_same_for_both_generations(
        self, name, canonical, conversation, sender, occurred_at
    ):
        """Name, conversation, sender and time, whatever the shape."""
        found = parse(decode(raw(name)), raw(name))
        assert (found.name, found.conversation_id, found.sender, found.occurred_at) == (
            canonical,
            conversation,
            sender,
            occurred_at,
        )
        assert found.app_id == "27341c0ffee1"

    def test_orders_by_conversation_or_else_by_user_or_else_not_at_all(self):
        """Events of one key are handled in order."""
        assert parsed(body("message_sent_text")).key == CONVERSATION
        assert parsed(body("user_connection_status_changed")).key == "user:harbor-ben"
        assert parsed(body("custom_provider")).key == "user:harbor-ben"
        assert parsed({"trigger": "group_painted", "data": {}}).key == ""

    @pytest.mark.parametrize("value", [None, "", 5, {}])
    def test_an_app_id_may_be_missing(self, value):
        """Nobody is refused for it here; whether it is allowed is another question."""
        expected = "5" if value == 5 else None
        assert parsed(changed(body("message_sent_text"), "appId", value)).app_id == expected
        assert parsed(without(body("message_sent_text"), "appId")).app_id is None

    def test_a_message_without_the_time_of_sending_happened_when_it_was_updated(self):
        """That is the best there is."""
        sample = changed(body("message_sent_text"), "data.message.sentAt", 0)
        assert (
            parsed(changed(sample, "data.message.updatedAt", 1760000400)).occurred_at
            == 1760000400000
        )

    def test_a_receipt_of_delivery_happened_when_it_was_delivered(self):
        """Although it may have been read by now."""
        sample = changed(body("legacy_message_delivery_receipt"), "data.readAt", 1760000999)
        assert parsed(sample).occurred_at == 1760000305000

    def test_a_connection_event_falls_back_on_when_the_status_was_updated(self):
        """Legacy bodies have both."""
        sample = without(body("legacy_after_connection_status_changed"), "data.event.at")
        assert parsed(sample).occurred_at == 1760000290125


class TestSpeed:
    """No body within the size limit keeps a request waiting."""

    @staticmethod
    def answered(value):
        raw_body = value if isinstance(value, bytes) else dump(value)
        start = time.process_time()
        found = parse(decode(raw_body), raw_body)
        assert time.process_time() - start < 1
        return found

    @pytest.mark.parametrize("trigger", ["message_sent", "before_message", "group_painted"])
    def test_ten_thousand_keys(self, trigger):
        """Every key is looked at once."""
        sample = changed(
            body("message_sent_text"),
            "data.message.data.metadata",
            {f"k{i}": i for i in range(10_000)},
        )
        sample |= {f"k{i}": i for i in range(10_000)}
        self.answered(changed(sample, "trigger", trigger))

    @pytest.mark.parametrize("trigger", [b"message_sent", b"before_message", b"group_painted"])
    def test_a_thousand_levels(self, trigger):
        """Nothing is followed without a limit."""
        deep = b'{"a":' * 1000 + b"1" + b"}" * 1000
        sample = dump(body("message_sent_text")).replace(b'"draft":false', b'"draft":' + deep)
        assert deep in sample
        self.answered(sample.replace(b'"message_sent"', b'"%b"' % trigger))

    @pytest.mark.parametrize("trigger", ["message_sent", "before_message", "group_painted"])
    def test_a_mebibyte(self, trigger):
        """The largest body that is let in."""
        sample = changed(body("message_sent_text"), "data.message.data.text", "?" * 2**20)
        self.answered(changed(sample, "trigger", trigger))
