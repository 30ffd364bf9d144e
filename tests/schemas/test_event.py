"""The event that plugins get."""

import threading
from datetime import UTC, datetime

import pytest

from schemas import Event, NotJsonError, parse
from tests.bodies import NAMES, body, changed, dump, raw


def event(sample, **options):
    value = body(sample) if isinstance(sample, str) else sample
    parsed = parse(value, dump(value))
    return Event(
        **{
            "id": "0199c0de",
            "source": "cometchat",
            "trigger": parsed.trigger,
            "name": parsed.name,
            "app_id": parsed.app_id,
            "conversation_id": parsed.conversation_id,
            "occurred_at": parsed.occurred_at,
            "received_at": 1760000500250,
            "raw": dump(value),
        }
        | options
    )


class TestAttributes:
    def test_are_what_it_was_made_with(self):
        found = event("message_sent_text")
        assert (found.id, found.source, found.trigger, found.name) == (
            "0199c0de",
            "cometchat",
            "message_sent",
            "message.sent",
        )
        assert (found.app_id, found.conversation_id) == ("27341c0ffee1", "harbor-ada_user_harbor-ben")
        assert found.occurred_at == datetime(2025, 10, 9, 8, 58, 21, tzinfo=UTC)
        assert found.received_at == datetime(2025, 10, 9, 9, 1, 40, 250000, tzinfo=UTC)
        assert found.replay is None
        assert event("message_sent_text", replay="again").replay == "again"

    @pytest.mark.parametrize("occurred_at", [None, 10**18])
    def test_it_may_not_say_when_it_happened(self, occurred_at):
        assert event("message_sent_text", occurred_at=occurred_at).occurred_at is None

    @pytest.mark.parametrize(
        "name, webhook",
        [
            ("message_sent_text", "harborhook"),
            ("legacy_message_read_receipt", "harborlegacy"),
            ("bot_callback", None),
        ],
    )
    def test_region_and_webhook_are_read_from_any_envelope(self, name, webhook):
        assert (event(name).region, event(name).webhook) == ("eu", webhook)


class TestPayload:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_the_whole_body(self, name):
        assert event(name, raw=raw(name)).payload == body(name)

    def test_cannot_be_changed(self):
        with pytest.raises(TypeError):
            event("message_sent_text").payload["data"]["message"]["id"] = "5"

    def test_takes_what_strict_decoders_refuse(self):
        assert event("message_sent_text", raw=b'{"data": "\\ud83d"}').payload["data"] == "\ud83d"


class TestNormalised:
    @pytest.mark.parametrize(
        "name", ["legacy_before_message", "legacy_after_message", "message_sent_text", "bot_callback"]
    )
    def test_a_message_is_found_wherever_it_is(self, name):
        found = event(name)
        assert found.message is not None
        assert found.sender is found.message.sender
        assert (found.sender.uid, found.sender.name) == ("harbor-ada", "Ada Lind")
        assert found.message.text
        assert (found.receipt, found.presence) == (None, None)

    @pytest.mark.parametrize("name", NAMES)
    def test_agrees_with_what_was_parsed(self, name):
        """The typed objects and the keys never tell two stories about one body."""
        found, parsed = event(name), parse(body(name), raw(name))
        assert (found.sender.uid if found.sender else None) == parsed.sender
        about = found.message or found.receipt or found.presence
        at = None if about is None else about.sent_at if found.message else about.at
        assert at == found.occurred_at
        if found.message:
            assert found.message.conversation_id == parsed.conversation_id

    @pytest.mark.parametrize("value", [None, True, "0", [], "soon"])
    def test_a_useless_time_does_not_hide_a_good_one(self, value):
        found = event(changed(body("legacy_after_connection_status_changed"), "data.event.at", value))
        assert found.presence.at == found.occurred_at == datetime(2025, 10, 9, 8, 58, 10, 125000, tzinfo=UTC)

    @pytest.mark.parametrize("value", [57, "57", 57.0])
    def test_ids_are_strings(self, value):
        assert event(changed(body("message_sent_text"), "data.message.id", value)).message.id == "57"
        assert (
            event(changed(body("message_read_receipt"), "data.body.messageId", value)).receipt.message_id
            == "57"
        )
        sample = changed(body("legacy_message_read_receipt"), "data.messageId", value)
        assert event(sample).receipt.message_id == "57"

    @pytest.mark.parametrize("value", [None, 5, [], {}, "", float(2**70)])
    def test_a_text_is_a_string(self, value):
        assert event(changed(body("message_sent_text"), "data.message.data.text", value)).message.text == ""

    @pytest.mark.parametrize(
        "name, action, message_id",
        [
            ("legacy_message_delivery_receipt", "delivered", "4101"),
            ("message_delivery_receipt", "delivered", "4102"),
            ("legacy_message_read_receipt", "read", "4101"),
            ("message_read_receipt", "read", "4102"),
        ],
    )
    def test_a_receipt_is_the_same_in_both_generations(self, name, action, message_id):
        found = event(name)
        assert (found.receipt.action, found.receipt.message_id) == (action, message_id)
        assert found.sender is found.receipt.user
        assert found.sender.uid == "harbor-ben"
        assert (found.message, found.presence) == (None, None)

    @pytest.mark.parametrize(
        "name, status",
        [("legacy_after_connection_status_changed", "online"), ("user_connection_status_changed", "offline")],
    )
    def test_presence_is_the_same_in_both_generations(self, name, status):
        found = event(name)
        assert (found.presence.status, found.presence.uid) == (status, "harbor-ben")
        assert found.sender is found.presence.user
        assert (found.message, found.receipt) == (None, None)

    def test_an_unknown_trigger_may_carry_a_message(self):
        assert event("message_edited").message.id == "4107"
        assert event("custom_provider").message is None
        assert event("custom_provider").sender is None
        assert event({"trigger": "later", "data": {"message": {"id": 5}}}).message is None


class TestLazy:
    def test_asking_for_the_trigger_decodes_nothing(self):
        found = event("message_sent_text", raw=b"not JSON")
        assert found.trigger == "message_sent"
        assert found.occurred_at is not None
        with pytest.raises(NotJsonError):
            found.message  # noqa: B018

    def test_builds_each_thing_once(self):
        found = event("message_sent_text")
        assert found.message is found.message
        assert found.payload is found.payload

    def test_all_threads_get_the_same_object(self):
        found, seen, start = event("message_sent_text"), [], threading.Barrier(8)

        def look():
            start.wait()
            seen.append(found.message)

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id(message) for message in seen}) == 1

    def test_the_class_documents_what_is_lazy(self):
        assert "message" in Event.message.__doc__


class TestImmutable:
    @pytest.mark.parametrize("name", ["trigger", "message", "payload", "id", "anything", "_raw"])
    def test_no_attribute_can_be_set_or_deleted(self, name):
        found = event("message_sent_text")
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(found, name, None)
        with pytest.raises(AttributeError, match="cannot be changed"):
            delattr(found, name)

    def test_shows_nothing_of_its_body(self):
        assert repr(event("message_sent_text")) == "<Event 'message_sent' 0199c0de>"
