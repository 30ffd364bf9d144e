"""The table of triggers, and which form of a trigger a body has."""

import pytest

from comethooks.schemas import ECHO, TRIGGERS, Keep, Sender, is_in_flight
from comethooks.schemas.triggers.table import UNKNOWN, entry_for
from tests.bodies import body, changed, without
from tests.looped import looped
from tests.schemas.samples import KNOWN, SAMPLES, accepted, entry_of, event_of

ENTITY = "data.message.data.entities.on.entity"
SESSION = "|".join(
    f"data.call.{path}"
    for path in (
        *("id", "data.entities.on.entity.sessionid", "data.entities.on.entity.sessionId"),
        *("data.on.entity.sessionid", "sessionId"),
    )
)


WRITTEN = [{"data.message.id"}, {"data.id"}]
CHANGED = [{f"{ENTITY}.id"}, {"data.message.id"}, {"data.id"}]
TO_ALL = [{"data.body.messageId"}]
RECEIPT = [{"data.body.messageId"}, {"data.messageId"}]
REACTION = [{"data.reaction.messageId"}]
BLOCK = [{"data.users|data.by"}]
PRESENCE = {"data.user.uid", "data.status|data.currentConnection.action"}
OLD_PRESENCE = {"data.user.uid", "data.user.status|data.event.type"}
GROUP = [{"data.group.guid"}]
RINGING = [{SESSION}, {"data.sessionId|data.initiator"}]
IN_SESSION = [{"data.sessionId"}]
RECORDING = [{"data.sessionId|data.recording_url|data.transcript_url"}]
NOTHING = [set()]

TABLE = {
    "before_message": (
        "message.before",
        [{"data.sender"}, {"data.message.sender"}],
    ),
    "after_message": ("message.sent", WRITTEN[::-1]),
    "message_sent": ("message.sent", WRITTEN),
    "message_edited": ("message.edited", CHANGED),
    "message_deleted": ("message.deleted", CHANGED),
    "message_delivery_receipt": ("receipt.delivered", RECEIPT),
    "message_read_receipt": ("receipt.read", RECEIPT),
    "message_delivered_to_all": ("receipt.delivered_to_all", TO_ALL),
    "message_read_by_all": ("receipt.read_by_all", TO_ALL),
    "message_reaction_added": ("reaction.added", REACTION),
    "message_reaction_removed": ("reaction.removed", REACTION),
    "user_mentioned": ("user.mentioned", WRITTEN),
    "message_pinned": ("message.pinned", [CHANGED[1], CHANGED[0], CHANGED[2]]),
    "message_unpinned": ("message.unpinned", [CHANGED[1], CHANGED[0], CHANGED[2]]),
    "conversation_pinned": ("conversation.pinned", NOTHING),
    "conversation_unpinned": ("conversation.unpinned", NOTHING),
    "user_blocked": ("user.blocked", BLOCK),
    "user_unblocked": ("user.unblocked", BLOCK),
    "after_connection_status_changed": ("user.presence", [OLD_PRESENCE, PRESENCE]),
    "user_connection_status_change": ("user.presence", [OLD_PRESENCE, PRESENCE]),
    "user_connection_status_changed": ("user.presence", [PRESENCE, OLD_PRESENCE]),
    "group_created": ("group.created", GROUP),
    "group_updated": ("group.updated", GROUP),
    "group_deleted": ("group.deleted", GROUP),
    "group_owner_transferred": ("group.owner_transferred", GROUP),
    "group_member_added": ("group.member_added", GROUP),
    "group_member_joined": ("group.member_joined", GROUP),
    "group_member_left": ("group.member_left", GROUP),
    "group_member_kicked": ("group.member_kicked", GROUP),
    "group_member_removed": ("group.member_kicked", GROUP),
    "group_member_banned": ("group.member_banned", GROUP),
    "group_member_unbanned": ("group.member_unbanned", GROUP),
    "group_member_scope_changed": ("group.member_scope_changed", GROUP),
    "call_initiated": ("call.initiated", RINGING),
    "call_unanswered": ("call.unanswered", RINGING),
    "call_cancelled": ("call.cancelled", RINGING),
    "call_rejected": ("call.rejected", RINGING),
    "call_busy": ("call.busy", RINGING),
    "call_started": ("call.started", IN_SESSION),
    "call_ended": ("call.ended", IN_SESSION),
    "call_participant_joined": ("call.participant_joined", IN_SESSION),
    "call_participant_left": ("call.participant_left", IN_SESSION),
    "meeting_started": ("meeting.started", IN_SESSION),
    "meeting_ended": ("meeting.ended", IN_SESSION),
    "meeting_participant_joined": ("meeting.participant_joined", IN_SESSION),
    "meeting_participant_left": ("meeting.participant_left", IN_SESSION),
    "recording_generated": ("recording.generated", RECORDING),
    "transcription_generated": ("transcription.generated", RECORDING),
    "moderation_requested": ("moderation.requested", [{"data.contextMessages"}]),
    "moderation_engine_approved": ("moderation.approved", [{"data.message.id"}]),
    "moderation_engine_blocked": ("moderation.blocked", [{"data.message.id"}]),
    "moderation_manual_approved": ("moderation.manually_approved", [{"data.message.id"}]),
    "moderation_engine_failed": ("moderation.failed", [{"data.resource.id"}]),
    "after_campaign_completed": ("campaign.completed", [{"data.campaignId"}]),
    "after_campaign_failed": ("campaign.failed", [{"data.campaignId"}]),
    "after_notification_created": ("notification.created", [{"data.notificationId"}]),
    "after_feed_item_sent": ("feed_item.sent", [{"data.id"}]),
    "after_feed_item_delivered": ("feed_item.delivered", [{"data.id"}]),
    "after_feed_item_read": ("feed_item.read", [{"data.id"}]),
    "after_feed_item_interacted": ("feed_item.interacted", [{"data.id"}]),
    "after_push_notification_sent": ("push_notification.sent", [{"data.pushNotificationId"}]),
    "after_push_notification_delivered": (
        "push_notification.delivered",
        [{"data.pushNotificationId"}],
    ),
    "after_push_notification_clicked": ("push_notification.clicked", [{"data.pushNotificationId"}]),
    "email-notification-payload-generated": ("notification.email_generated", NOTHING),
    "sms-notification-payload-generated": ("notification.sms_generated", NOTHING),
    "push-notification-payload-generated": ("notification.push_generated", NOTHING),
    "ui_message_interacted": ("interaction.received", NOTHING),
    "interaction_goal_completed": ("interaction.completed", NOTHING),
    "app_silent": ("app.silent", NOTHING),
    "app_resumed": ("app.resumed", NOTHING),
    "plugin.*": (None, NOTHING),
    "comethooks_doctor": (None, NOTHING),
}
"""The table once more, by hand: canonical name, and what each form cannot be without."""

LEGACY = {
    "before_message",
    "after_message",
    "message_delivery_receipt",
    "message_read_receipt",
    "after_connection_status_changed",
    "user_connection_status_change",
}


class TestTable:
    def test_has_every_trigger_under_its_name_for_both_generations(self):
        """Receipts, presence and messages are called the same in both."""
        assert {name: entry.canonical for name, entry in TRIGGERS.items()} == {
            name: canonical for name, (canonical, _) in TABLE.items()
        }

    @looped("name", TRIGGERS)
    def test_requires_exactly_this(self, name):
        """Of each form."""
        assert [set(form.required) for form in TRIGGERS[name].forms] == TABLE[name][1]

    def test_says_who_sends_a_trigger(self):
        """An app has webhooks of one generation."""
        assert {
            name for name, entry in TRIGGERS.items() if Sender.LEGACY in entry.senders
        } == LEGACY
        both = {"message_delivery_receipt", "message_read_receipt"}
        current = {name for name, entry in TRIGGERS.items() if Sender.CURRENT in entry.senders}
        assert current & LEGACY == both
        assert len(current) == 58

    def test_knows_what_does_not_come_from_cometchat(self):
        """Presses, trials of an operator, and what is made here say nothing of its webhooks."""
        others = {name for name, entry in TRIGGERS.items() if not entry.is_of_cometchat}
        ours = {"interaction_goal_completed", "app_silent", "app_resumed", "plugin.*"}
        assert others == {"ui_message_interacted", "comethooks_doctor", *ours}
        assert UNKNOWN.is_of_cometchat

    def test_has_what_is_made_here(self):
        """No body that comes in is one of these."""
        ours = {name for name, entry in TRIGGERS.items() if entry.is_ours}
        assert ours == {
            "interaction_goal_completed",
            "app_silent",
            "app_resumed",
            "plugin.*",
        }

    def test_keeps_all_but_what_the_doctor_sends(self):
        """Which is counted."""
        counted = [name for name, entry in TRIGGERS.items() if entry.keep is Keep.COUNT]
        assert counted == ["comethooks_doctor"]

    @looped("entry", [*TRIGGERS.values(), UNKNOWN], ids=lambda entry: entry.name)
    def test_names_in_a_family_only_what_its_shapes_give(self, entry):
        """A name that no shape has would be a field that never counts."""
        for form in entry.forms:
            family = form.family
            assert {name for _, name in family.neighbours} <= set(form.shape.subject)
            for choice in (family.sender, (*entry.own_times, *family.occurred)):
                assert not choice or set(choice) & set(form.shape.subject)

    @looped("entry", TRIGGERS.values(), ids=lambda entry: entry.name)
    def test_tells_a_repeat_by_what_its_shapes_give(self, entry):
        """A name that no shape has would tell nothing."""
        for form in entry.forms:
            assert set(entry.told_by) <= set(form.shape.subject)

    @looped("entry", TRIGGERS.values(), ids=lambda entry: entry.name)
    def test_knows_the_own_time_of_an_event_in_each_of_its_forms(self, entry):
        """Otherwise the same event would be recognised for long in one of them only."""
        for form in entry.forms:
            assert set(entry.own_times) <= set(form.shape.subject)

    def test_cannot_be_changed(self):
        """Not by accident."""
        with pytest.raises(TypeError):
            TRIGGERS["new"] = UNKNOWN  # type: ignore[index]

    @looped("entry", [*TRIGGERS.values(), UNKNOWN], ids=lambda entry: entry.name)
    def test_requires_only_what_its_schemas_declare(self, entry):
        """A path without a field is a mistake that building the schema tells."""
        for form in entry.forms:
            assert form.schema

    @looped("entry", [*TRIGGERS.values(), UNKNOWN], ids=lambda entry: entry.name)
    def test_builds_a_schema_once(self, entry):
        """Building one for each request would cost more than all else."""
        for form in entry.forms:
            assert form.schema is form.schema

    def test_stands_in_for_an_unknown_trigger(self):
        """And for ours, in a body that comes in."""
        assert entry_for("group_painted") is UNKNOWN
        assert entry_for("plugin.*") is UNKNOWN
        assert entry_for(None) is UNKNOWN


class TestNameOf:
    @pytest.mark.parametrize(
        "trigger, action, name",
        [
            ("message_sent", "edited", ECHO),
            ("message_sent", "deleted", ECHO),
            ("message_sent", "joined", "message.sent"),
            ("after_message", "edited", "message.edited"),
            ("after_message", "deleted", "message.deleted"),
            ("user_mentioned", "edited", "user.mentioned"),
        ],
    )
    def test_a_message_that_tells_of_an_action_on_one_has_another(self, trigger, action, name):
        """Handlers of new messages must not take it for one."""
        sample = changed(body("message_sent_echo"), "trigger", trigger)
        assert event_of(changed(sample, "data.message.data.action", action)).name == name
        of_an_sdk = changed(
            without(sample, "data.message.data.action"), "data.message.action", action
        )
        assert event_of(of_an_sdk).name == name

    @pytest.mark.parametrize("trigger", ["message_sent", "after_message"])
    @pytest.mark.parametrize(
        "kind, name",
        [
            ("tool-arguments", "agent.tool_call"),
            ("toolArguments", "agent.tool_call"),
            ("tool-result", "agent.tool_result"),
            ("toolResults", "agent.tool_result"),
            ("assistant", "message.sent"),
            ("later", "message.sent"),
            (None, "message.sent"),
        ],
    )
    def test_what_an_agent_does_with_its_tools_has_another(self, trigger, kind, name):
        """Nobody wrote it; what the agent says is a message."""
        sample = {**SAMPLES["message_sent tool-call"], "trigger": trigger}
        assert event_of(changed(sample, "data.message.type", kind)).name == name

    def test_a_tool_is_an_agents(self):
        """A custom message may have a type of the same name."""
        sample = changed(SAMPLES["message_sent tool-call"], "data.message.category", "custom")
        assert event_of(sample).name == "message.sent"

    def test_an_action_on_a_member_is_a_message(self):
        """Even if it is called the same."""
        sample = changed(body("message_sent_echo"), "data.message.type", "groupMember")
        assert event_of(sample).name == "message.sent"

    @looped("name", [name for name in KNOWN if "edited" not in name])
    def test_all_others_have_the_one_of_the_table(self, name):
        """Whatever the shape."""
        if not any(told in name for told in ("echo", "deleted", "tool-")):
            assert event_of(SAMPLES[name]).name == entry_of(SAMPLES[name]).canonical


class TestInFlight:
    def test_only_two_wait_for_an_answer(self):
        """CometChat holds nothing else back."""
        found = [name for name in TRIGGERS if is_in_flight(name)]
        assert found == ["before_message", "moderation_requested"]
        assert not is_in_flight("group_painted")
        assert not is_in_flight(None)


class TestFormOf:
    @staticmethod
    def shape(trigger, sample):
        return entry_for(trigger).form_of(sample).shape.name

    @pytest.mark.parametrize(
        "trigger", ["before_message", "after_message", "message_sent", "user_mentioned"]
    )
    def test_a_message_may_be_nested_or_flat(self, trigger):
        """Test suites in the wild nest legacy ones, too."""
        assert self.shape(trigger, body("message_sent_text")) == "nested"
        assert self.shape(trigger, body("legacy_after_message")) == "flat"

    @pytest.mark.parametrize("trigger", ["message_sent", "message_edited", "user_mentioned"])
    def test_a_message_with_an_id_and_no_sender_is_flat(self, trigger):
        """What it means stands there, so it is not refused."""
        sample = {"trigger": trigger, "data": {"id": "5", "conversationId": "group_dock"}}
        assert self.shape(trigger, sample) == "flat"
        assert accepted(sample).conversation_id == "group_dock"

    @pytest.mark.parametrize("who", ["initiator", "receiver"])
    def test_a_call_told_flat_is_known_by_whom_it_names(self, who):
        """The session may not be there: who calls whom is what it means."""
        sample = {"trigger": "call_unanswered", "data": {who: {"uid": "ada"}}}
        assert self.shape("call_unanswered", sample) == "flat"

    def test_without_a_message_the_generation_of_the_trigger_decides(self):
        """So that the errors name the paths that it has."""
        assert self.shape("message_sent", {"data": {}}) == "nested"
        assert self.shape("after_message", {"data": {}}) == "flat"

    def test_a_text_named_message_is_no_nested_message(self):
        """Actions of the SDKs carry a sentence under `message`."""
        sample = changed(body("legacy_after_message"), "data.message", "Ada joined")
        assert self.shape("after_message", sample) == "flat"

    @pytest.mark.parametrize("trigger", ["message_edited", "message_deleted", "message_pinned"])
    def test_a_change_is_an_action_or_the_message_itself(self, trigger):
        """Documented so, and seen live so."""
        assert self.shape(trigger, body("message_edited")) == "action"
        assert self.shape(trigger, body("message_deleted")) == "action"
        assert self.shape(trigger, body("message_edited_live")) == "nested"
        assert self.shape(trigger, body("message_deleted_live")) == "nested"
        assert self.shape(trigger, body("legacy_after_message")) == "flat"

    @pytest.mark.parametrize("trigger", ["message_delivery_receipt", "message_read_receipt"])
    def test_a_receipt_is_told_by_what_is_left_of_it(self, trigger):
        """Both generations use the same names."""
        assert self.shape(trigger, body("message_read_receipt")) == "current"
        assert self.shape(trigger, without(body("message_read_receipt"), "data.body")) == "current"
        assert self.shape(trigger, body("legacy_message_read_receipt")) == "legacy"
        assert (
            self.shape(trigger, without(body("legacy_message_read_receipt"), "data.messageId"))
            == "legacy"
        )
        assert (
            self.shape(trigger, changed(body("legacy_message_read_receipt"), "data.body", None))
            == "legacy"
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
        """The documentation's heading and its body do not agree on the name."""
        legacy = body("legacy_after_connection_status_changed")
        assert self.shape(trigger, legacy) == "legacy"
        assert (
            self.shape(trigger, without(without(legacy, "data.event"), "data.connections"))
            == "legacy"
        )
        assert self.shape(trigger, body("user_connection_status_changed")) == "current"
        assert self.shape(trigger, {"data": {"user": {"uid": "ada"}}}) == own
        assert self.shape(trigger, {"data": []}) == own
