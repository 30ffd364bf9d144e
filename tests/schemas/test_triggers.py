"""The table of triggers, and which form of a trigger a body has."""

import pytest

from schemas import TRIGGERS, is_in_flight
from schemas.triggers import UNKNOWN, entry_for
from tests.bodies import body, changed, without

CANONICAL = {
    "before_message": "message.before",
    "after_message": "message.sent",
    "message_sent": "message.sent",
    "message_delivery_receipt": "message.delivered",
    "message_read_receipt": "message.read",
    "after_connection_status_changed": "user.presence",
    "user_connection_status_change": "user.presence",
    "user_connection_status_changed": "user.presence",
}


class TestTable:
    def test_names_both_generations_alike(self):
        assert {name: entry.canonical for name, entry in TRIGGERS.items()} == CANONICAL

    def test_cannot_be_changed(self):
        with pytest.raises(TypeError):
            TRIGGERS["new"] = UNKNOWN  # type: ignore[index]

    @pytest.mark.parametrize("entry", [*TRIGGERS.values(), UNKNOWN], ids=lambda entry: entry.name)
    def test_requires_only_what_its_schemas_declare(self, entry):
        for form in entry.forms:
            assert form.schema

    @pytest.mark.parametrize("form", [form for entry in TRIGGERS.values() for form in entry.forms])
    def test_builds_a_schema_once(self, form):
        assert form.schema is form.schema

    def test_stands_in_for_an_unknown_trigger(self):
        assert entry_for("group_painted") is UNKNOWN
        assert entry_for(None) is UNKNOWN


class TestInFlight:
    def test_only_before_message_waits_for_an_answer(self):
        assert [name for name in TRIGGERS if is_in_flight(name)] == ["before_message"]
        assert not is_in_flight("group_painted")
        assert not is_in_flight(None)


class TestFormOf:
    @staticmethod
    def shape(trigger, sample):
        return entry_for(trigger).form_of(sample).shape.name

    @pytest.mark.parametrize("trigger", ["before_message", "after_message", "message_sent"])
    def test_a_message_may_be_nested_or_flat(self, trigger):
        assert self.shape(trigger, body("message_sent_text")) == "nested"
        assert self.shape(trigger, body("legacy_after_message")) == "flat"

    def test_without_a_message_the_generation_of_the_trigger_decides(self):
        assert self.shape("message_sent", {"data": {}}) == "nested"
        assert self.shape("after_message", {"data": {}}) == "flat"

    def test_a_text_named_message_is_no_nested_message(self):
        """Actions of the SDKs carry a sentence under `message`."""
        sample = changed(body("legacy_after_message"), "data.message", "Ada joined")
        assert self.shape("after_message", sample) == "flat"

    @pytest.mark.parametrize("trigger", ["message_delivery_receipt", "message_read_receipt"])
    def test_a_receipt_is_told_by_what_is_left_of_it(self, trigger):
        assert self.shape(trigger, body("message_read_receipt")) == "current"
        assert self.shape(trigger, without(body("message_read_receipt"), "data.body")) == "current"
        assert self.shape(trigger, body("legacy_message_read_receipt")) == "legacy"
        assert self.shape(trigger, without(body("legacy_message_read_receipt"), "data.messageId")) == "legacy"
        assert (
            self.shape(trigger, changed(body("legacy_message_read_receipt"), "data.body", None)) == "legacy"
        )
        assert self.shape(trigger, {"data": {}}) == "current"

    @pytest.mark.parametrize(
        "trigger, own",
        [
            ("after_connection_status_changed", "legacy"),
            ("user_connection_status_change", "legacy"),
            ("user_connection_status_changed", "current"),
        ],
    )
    def test_a_connection_event_may_have_either_shape_under_each_trigger(self, trigger, own):
        legacy = body("legacy_after_connection_status_changed")
        assert self.shape(trigger, legacy) == "legacy"
        assert self.shape(trigger, without(without(legacy, "data.event"), "data.connections")) == "legacy"
        assert self.shape(trigger, body("user_connection_status_changed")) == "current"
        assert self.shape(trigger, {"data": {"user": {"uid": "ada"}}}) == own
        assert self.shape(trigger, {"data": []}) == own
