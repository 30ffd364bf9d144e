"""The event that plugins get: the same in both generations of webhooks, and in both shapes of
each.
"""

import json
import threading
from datetime import UTC, datetime

import pytest

from comethooks.schemas import (
    DecisionAction,
    Event,
    Group,
    Member,
    Message,
    NotJsonError,
    User,
    Vote,
)
from tests.bodies import NAMES, body, changed, raw, without
from tests.looped import looped
from tests.schemas.samples import KNOWN, SAMPLES, accepted, event_of

NEW, OLD = "Läuft der Kran wieder?", "Läuft der Kran? 🚢"
BESIDE = (
    "action",
    "call",
    "receipt",
    "reaction",
    "presence",
    "group",
    "moderation",
    "recording",
    "campaign",
)


def event(sample, **options):
    return event_of(body(sample) if isinstance(sample, str) else sample, **options)


def utc(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def of(trigger, variant="usual"):
    return event_of(SAMPLES[f"{trigger} {variant}"])


class TestAttributes:
    def test_are_what_it_was_made_with(self):
        """Nothing of this is in the body, or it is there in a form that differs."""
        found = event("message_sent_text")
        assert (found.id, found.source, found.trigger, found.name) == (
            "0199c0de",
            "cometchat",
            "message_sent",
            "message.sent",
        )
        assert (found.app_id, found.conversation_id) == (
            "27341c0ffee1",
            "harbor-ada_user_harbor-ben",
        )
        assert found.occurred_at == datetime(2025, 10, 9, 8, 58, 21, tzinfo=UTC)
        assert found.received_at == datetime(2025, 10, 9, 9, 1, 40, 250000, tzinfo=UTC)
        assert found.replay is None
        assert event("message_sent_text", replay="again").replay == "again"

    @pytest.mark.parametrize("occurred_at", [None, 10**18])
    def test_it_may_not_say_when_it_happened(self, occurred_at):
        """Or say a time that no calendar has."""
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
        """Bots are called without a webhook."""
        assert (event(name).region, event(name).webhook) == ("eu", webhook)


class TestDecision:
    def test_is_what_was_kept_of_a_message_in_flight(self):
        """With what each decider said."""
        votes = (Vote("p.f", DecisionAction.DROP, 0.5), Vote("q.g", None, 300.0, error="late"))
        found = event("message_sent_text", decision=DecisionAction.DROP, votes=votes)
        assert (found.decision, found.votes) == ("drop", votes)

    def test_is_none_where_nobody_decided(self):
        """Nearly everywhere."""
        found = event("message_sent_text")
        assert (found.decision, found.votes) == (None, ())

    @pytest.mark.parametrize("verdict", [*DecisionAction, None])
    def test_a_vote_is_the_same_once_it_was_written_as_json(self, verdict):
        """So it is kept and read again."""
        vote = Vote("p.f", verdict, 1.5, shadow=True, error="e", reason="r", confidence=0.5)
        assert Vote.from_json(json.loads(json.dumps(vote.as_json()))) == vote

    def test_what_a_newer_version_says_of_a_vote_is_passed_over(self):
        """So an event is no damaged one to the workers that are still of this version."""
        vote = Vote("p.f", DecisionAction.DROP, 1.5)
        assert Vote.from_json({**vote.as_json(), "mood": "grim"}) == vote


class TestPayload:
    @looped("name", NAMES)
    def test_is_the_whole_body(self, name):
        """As it came."""
        assert event(name, raw=raw(name)).payload == body(name)

    def test_cannot_be_changed(self):
        """Other handlers read it too."""
        with pytest.raises(TypeError):
            event("message_sent_text").payload["data"]["message"]["id"] = "5"

    def test_takes_what_strict_decoders_refuse(self):
        """It was accepted."""
        found = Event(
            id="1",
            source="cometchat",
            trigger="message_sent",
            name="message.sent",
            app_id=None,
            conversation_id=None,
            occurred_at=None,
            received_at=0,
            raw=b'{"data": "\\ud83d"}',
        )
        assert found.payload["data"] == "\ud83d"


class TestAgrees:
    @looped("name", SAMPLES)
    def test_with_what_was_parsed(self, name):
        """The typed objects and the keys never tell two stories about one body."""
        found, parsed = event_of(SAMPLES[name]), accepted(SAMPLES[name])
        assert (found.sender.uid if found.sender else None) == parsed.sender
        if found.message is not None:
            assert found.message.conversation_id == parsed.conversation_id
        if found.group is not None and parsed.conversation_id is not None:
            assert f"group_{found.group.guid}" == parsed.conversation_id

    @looped("name", KNOWN)
    def test_on_the_time(self, name):
        """Whatever it is about happened when the event did."""
        found = event_of(SAMPLES[name])
        changed_at = found.message and (found.message.edited_at or found.message.deleted_at)
        if found.receipt or found.reaction or found.presence:
            assert (found.receipt or found.reaction or found.presence).at == found.occurred_at
        elif found.name == "message.sent":
            assert found.message.sent_at == found.occurred_at
        elif (found.edited or found.deleted) and changed_at:
            assert changed_at == found.occurred_at


class TestMessage:
    @pytest.mark.parametrize(
        "name",
        [
            *("legacy_before_message", "legacy_after_message", "legacy_after_message_nested"),
            *("message_sent_text", "bot_callback"),
        ],
    )
    def test_is_found_wherever_it_is(self, name):
        """Flat or nested."""
        found = event(name)
        assert found.sender is found.message.sender
        assert (found.sender.uid, found.sender.name) == ("harbor-ada", "Ada Lind")
        assert found.message.text
        assert [name for name in BESIDE if getattr(found, name) is not None] == []
        assert (found.edited, found.deleted, found.is_echo) == (False, False, False)
        assert (found.members, found.users, found.mentions) == ((), (), ())

    @pytest.mark.parametrize("name", ["message_edited", "message_edited_live", "message_sent_echo"])
    def test_that_was_edited_is_the_one_with_its_new_text(self, name):
        """Whether the body is an action on it, as documented, or itself, as seen live."""
        found = event(name)
        assert (found.message.id, found.message.text) == ("4102", NEW)
        assert found.message.edited_at == utc(1760000330)
        assert (found.edited, found.deleted) == (True, False)
        assert found.is_echo is (name == "message_sent_echo")
        assert found.message.sender.uid == "harbor-ada"
        assert found.message.receiver.uid == "harbor-ben"
        assert found.message.conversation_id == "harbor-ada_user_harbor-ben"

    @pytest.mark.parametrize(
        "name, message_id",
        [
            ("message_deleted", "4102"),
            ("message_deleted_live", "4102"),
            ("legacy_after_message_deleted", "4101"),
        ],
    )
    def test_that_was_deleted_is_what_remains_of_it(self, name, message_id):
        """In legacy webhooks after_message tells of it."""
        found = event(name)
        assert (found.message.id, found.message.text) == (message_id, "")
        assert (found.message.deleted_at, found.message.deleted_by) == (
            utc(1760000350),
            "harbor-ada",
        )
        assert (found.edited, found.deleted, found.is_echo) == (False, True, False)
        assert found.name == "message.deleted"
        assert found.message.conversation_id == "harbor-ada_user_harbor-ben"

    @pytest.mark.parametrize("trigger", ["message_sent", "after_message"])
    @pytest.mark.parametrize("action", ["edited", "deleted"])
    def test_of_a_generated_change_is_the_changed_one(self, trigger, action):
        """The action's own id is another."""
        sample = SAMPLES[f"{trigger} {action}"]
        message = sample["data"].get("message", sample["data"])
        found = event_of(sample)
        assert (
            found.message.id == message["data"]["entities"]["on"]["entity"]["id"] != message["id"]
        )
        assert getattr(found, action)
        assert found.is_echo is (trigger == "message_sent")

    @pytest.mark.parametrize("value", [57, "57", 57.0])
    def test_ids_are_strings(self, value):
        """However they were sent."""
        assert (
            event(changed(body("message_sent_text"), "data.message.id", value)).message.id == "57"
        )
        sample = changed(body("message_read_receipt"), "data.body.messageId", value)
        assert event(sample).receipt.message_id == "57"
        sample = changed(body("legacy_message_read_receipt"), "data.messageId", value)
        assert event(sample).receipt.message_id == "57"

    @pytest.mark.parametrize("value", [None, 5, [], {}, "", float(2**70)])
    def test_a_text_is_a_string(self, value):
        """Always."""
        assert (
            event(changed(body("message_sent_text"), "data.message.data.text", value)).message.text
            == ""
        )

    def test_without_a_sender_was_sent_by_nobody(self):
        """A deletion need not say whose message it was."""
        found = event(without(body("message_deleted_live"), "data.message.sender")).sender
        assert found is not None
        assert found.uid == ""

    @pytest.mark.parametrize("value", [None, ""])
    def test_that_was_deleted_takes_from_the_action_what_it_does_not_say(self, value):
        """Null says as little as nothing."""
        sender = "data.data.entities.on.entity.sender"
        found = event(changed(body("legacy_after_message_deleted"), sender, value))
        assert found.message.sender.uid == "harbor-ada"
        assert found.message.conversation_id == found.conversation_id

    def test_that_was_deleted_by_somebody_else_is_still_its_authors(self):
        """The event was caused by whoever deleted it."""
        sender = "data.data.entities.on.entity.sender"
        found = event(changed(body("legacy_after_message_deleted"), sender, "harbor-cy"))
        assert (found.message.sender.uid, found.sender.uid) == ("harbor-cy", "harbor-ada")

    def test_of_moderation_need_not_say_who_wrote_it(self):
        """Its id is enough."""
        found = event_of(without(SAMPLES["moderation_engine_approved text"], "data.message.sender"))
        assert found.message.id

    def test_of_moderation_is_the_one_that_was_judged(self):
        """In full, or, of a failure, its ids."""
        for trigger, variant in (
            ("moderation_engine_approved", "text"),
            ("moderation_engine_blocked", "image"),
            ("moderation_manual_approved", "usual"),
            ("moderation_engine_failed", "approved"),
        ):
            found = of(trigger, variant)
            assert found.message.id
            assert found.message.conversation_id == found.conversation_id

    def test_may_be_in_an_event_with_an_unknown_trigger(self):
        """Then it is read like any other; otherwise there is none."""
        found = event(changed(body("message_sent_text"), "trigger", "message_sung"))
        assert (found.name, found.message.id, found.sender.uid) == (None, "4102", "harbor-ada")
        assert event("custom_provider").message is None
        assert event("custom_provider").sender is None
        assert event({"trigger": "later", "data": {"message": {"id": 5}}}).message is None

    def test_mentions_somebody(self):
        """user_mentioned comes on top of message_sent."""
        for trigger, variant in (("user_mentioned", "usual"), ("message_sent", "mention")):
            (user,) = of(trigger, variant).mentions
            assert isinstance(user, User)
            assert f"<@uid:{user.uid}>" in of(trigger, variant).message.text


class TestAction:
    def test_of_an_edit_says_who_did_it_to_which_message(self):
        """Of the shape that is documented; the live one has no action."""
        action = event("message_edited").action
        assert (action.name, action.by.uid, action.for_) == ("edited", "harbor-ada", None)
        assert isinstance(action.on, Message)
        assert action.on.id == "4102"
        assert action.text == "Ada Lind edited a message"
        assert event("message_edited_live").action is None

    def test_of_an_sdk_says_it_in_its_own_words(self):
        """Its entities are beside the action."""
        found = event("message_sent_action_sdk")
        assert (found.action.name, found.action.by.uid, found.action.on) == (
            "joined",
            "harbor-ben",
            None,
        )
        assert isinstance(found.action.for_, Group)
        assert (found.action.for_.guid, found.action.text) == (
            "night-crew",
            "Ben Okafor joined Night crew",
        )
        assert found.group.guid == "night-crew"

    @pytest.mark.parametrize("trigger", ["message_sent", "after_message"])
    @pytest.mark.parametrize(
        "action, sentence",
        [
            ("joined", "{by} joined"),
            ("left", "{by} left"),
            ("kicked", "{by} kicked {on}"),
            ("banned", "{by} banned {on}"),
            ("unbanned", "{by} unbanned {on}"),
            ("added", "{by} added {on}"),
            ("invited", "{by} invited {on}"),
            ("scopeChanged", "{by} made {on} admin"),
        ],
    )
    def test_of_a_member_has_a_sentence_when_the_body_has_none(self, trigger, action, sentence):
        """The default one of the SDKs."""
        found = of(trigger, action).action
        assert found.name == action
        assert isinstance(found.for_, Group)
        assert found.text == sentence.format(by=found.by.name, on=found.on.name)

    def test_without_names_uses_ids(self):
        """And without anybody it says nothing."""
        sample = SAMPLES["message_sent kicked"]
        entities = "data.message.data.entities"
        nameless = changed(sample, f"{entities}.by.entity", {"uid": "ada"})
        nameless = changed(nameless, f"{entities}.on.entity", {"uid": "ben"})
        assert event_of(nameless).action.text == "ada kicked ben"
        assert event_of(without(sample, f"{entities}.on")).action.text == ""
        assert event_of(without(sample, f"{entities}.by")).action.text == ""

    def test_of_an_unknown_name_has_no_sentence(self):
        """There will be others."""
        sample = changed(SAMPLES["message_sent kicked"], "data.message.data.action", "hugged")
        assert (event_of(sample).action.name, event_of(sample).action.text) == ("hugged", "")


class TestCall:
    def test_that_rings_says_who_calls_whom(self):
        """The documented body has no more than a message has."""
        call = event("call_initiated").call
        assert (call.status, call.type, call.session_id) == ("initiated", "audio", None)
        assert (call.initiator.uid, call.receiver.uid) == ("harbor-ada", "harbor-ben")
        assert call.initiated_at == utc(1760000370)
        assert call.participants == ()

    def test_that_was_rejected_still_says_who_called(self):
        """Live, the sender at the top is who rejected it."""
        found = event("call_rejected")
        assert (found.sender.uid, found.call.status) == ("harbor-ben", "rejected")
        assert (found.call.initiator.uid, found.call.initiator.name) == ("harbor-ada", "Ada Lind")
        assert (found.call.receiver.uid, found.call.receiver.name) == ("harbor-ben", "Ben Okafor")
        assert found.call.session_id == "v1.eu.27341c0ffee1.176000037001"
        assert found.call.initiated_at == utc(1760000370)
        assert (found.action.name, found.action.by.uid, found.action.for_.uid) == (
            "rejected",
            "harbor-ben",
            "harbor-ada",
        )
        assert found.action.on is None

    def test_of_an_sdk_is_the_same(self):
        """It comes as a message of the category call."""
        found = event("message_sent_call_sdk").call
        assert (found.session_id, found.status, found.type) == (
            "v1.eu.27341c0ffee1.176000037001",
            "initiated",
            "video",
        )
        assert (found.initiator.uid, found.receiver.uid) == ("harbor-ada", "harbor-ben")
        assert found.initiated_at == utc(1760000370)

    @pytest.mark.parametrize("status", ["initiated", "unanswered", "cancelled", "rejected", "busy"])
    def test_has_the_status_of_its_trigger(self, status):
        """And, in a message, that of its action."""
        assert of(f"call_{status}").call.status == status
        bare = without(SAMPLES[f"call_{status} usual"], "data.call.data")
        assert event_of(bare).call.status == status
        assert of("message_sent", f"call-{status}").call.status == status

    @pytest.mark.parametrize("status", ["ongoing", "ended"])
    def test_that_was_taken_is_told_in_a_message(self, status):
        """There is no trigger for it but that of its session."""
        assert of("message_sent", f"call-{status}").call.status == status

    def test_to_a_group_has_a_group_as_receiver(self):
        """`isinstance` tells which it is."""
        sample = changed(body("call_initiated"), "data.call.receiverType", "group")
        assert isinstance(event_of(sample).call.receiver, Group)
        assert isinstance(event("call_initiated").call.receiver, User)

    @pytest.mark.parametrize("kind, session", [("call", "call"), ("meet", "meeting")])
    def test_in_session_is_flat(self, kind, session):
        """And names nobody but those who are in it."""
        started, joined, left, ended = (
            of(f"{session}_{happening}")
            for happening in ("started", "participant_joined", "participant_left", "ended")
        )
        assert {item.call.type for item in (started, joined, left, ended)} == {kind}
        assert [item.call.status for item in (started, joined, left, ended)] == [
            "ongoing",
            "ongoing",
            "ongoing",
            "ended",
        ]
        assert started.call.participants == ()
        assert started.call.initiated_at == started.occurred_at
        assert joined.call.participants[0].joined_at == joined.occurred_at
        assert left.call.participants[0].left_at == left.occurred_at
        assert ended.call.ended_at == ended.occurred_at
        assert ended.call.participants[0].name
        assert ended.call.participants[0].audio_only is False
        assert {item.sender for item in (started, joined, left, ended)} == {None}
        assert {item.call.initiator for item in (started, joined, left, ended)} == {None}
        assert {item.call.receiver for item in (started, joined, left, ended)} == {None}
        assert {item.call.action for item in (started, joined, left, ended)} == {None}


class TestReceipt:
    @pytest.mark.parametrize(
        "name, action, message_id, at",
        [
            ("legacy_message_delivery_receipt", "delivered", "4101", 1760000305),
            ("message_delivery_receipt", "delivered", "4102", 1760000306),
            ("legacy_message_read_receipt", "read", "4101", 1760000311),
            ("message_read_receipt", "read", "4102", 1760000312),
        ],
    )
    def test_is_the_same_in_both_generations(self, name, action, message_id, at):
        """Who received or read which message, when."""
        found = event(name)
        assert (found.receipt.action, found.receipt.message_id) == (action, message_id)
        assert (found.receipt.at, found.receipt.message_sender) == (utc(at), "harbor-ada")
        assert found.sender is found.receipt.user
        assert found.sender.uid == "harbor-ben"
        assert (found.message, found.presence) == (None, None)
        assert (found.receipt.receiver, found.receipt.receiver_type) == (
            ("night-crew", "group") if "legacy_message_read" in name else ("harbor-ada", "user")
        )

    @pytest.mark.parametrize(
        "trigger, action",
        [("message_delivered_to_all", "delivered"), ("message_read_by_all", "read")],
    )
    def test_of_all_names_nobody(self, trigger, action):
        """It is about the message."""
        found = of(trigger)
        assert (found.receipt.action, found.receipt.user.uid, found.sender) == (action, "", None)
        assert found.receipt.message_id


class TestReaction:
    @pytest.mark.parametrize("change", ["added", "removed"])
    def test_says_who_reacted_how_to_which_message(self, change):
        """The conversation it does not say."""
        wire = SAMPLES[f"message_reaction_{change} usual"]["data"]["reaction"]
        found = of(f"message_reaction_{change}")
        assert found.name == f"reaction.{change}"
        assert (found.reaction.id, found.reaction.message_id, found.reaction.emoji) == (
            wire["id"],
            wire["messageId"],
            wire["reaction"],
        )
        assert found.reaction.at == utc(wire["reactedAt"])
        assert found.sender is found.reaction.user
        assert (found.sender.uid, found.sender.name) == (wire["uid"], wire["reactedBy"]["name"])
        assert (found.message, found.conversation_id) == (None, None)


class TestPresence:
    def test_of_a_legacy_webhook_names_session_and_device(self):
        """And the connections that there are."""
        found = event("legacy_after_connection_status_changed")
        presence = found.presence
        assert (presence.status, presence.action, presence.uid) == (
            "online",
            "connected",
            "harbor-ben",
        )
        assert (presence.changed, presence.session, presence.device) == (True, "s-91", "dev-s-91")
        assert (presence.platform, presence.connected_at) == ("android", utc(1760000290.1))
        assert [item.platform for item in presence.connections] == ["android", "web"]
        assert [item.session for item in presence.connections] == ["s-91", "s-88"]
        assert [item.device for item in presence.connections] == ["dev-s-91", "dev-s-88"]
        assert presence.connections[1].connected_at == utc(1760000100)
        assert found.sender is presence.user

    def test_of_a_current_webhook_names_the_platform(self):
        """It does not list what remains."""
        presence = event("user_connection_status_changed").presence
        assert (presence.status, presence.action, presence.uid) == (
            "offline",
            "disconnected",
            "harbor-ben",
        )
        assert (presence.changed, presence.session, presence.device) == (True, None, None)
        assert (presence.platform, presence.connected_at) == ("javascript", utc(1760000290.982))
        assert (presence.connections, presence.user.name) == ((), "Ben Okafor")

    @pytest.mark.parametrize("value", [None, True, "0", [], "soon"])
    def test_a_useless_time_does_not_hide_a_good_one(self, value):
        """Legacy bodies say it twice."""
        found = event(
            changed(body("legacy_after_connection_status_changed"), "data.event.at", value)
        )
        assert (
            found.presence.at
            == found.occurred_at
            == datetime(2025, 10, 9, 8, 58, 10, 125000, tzinfo=UTC)
        )


class TestGroup:
    def test_says_whose_membership_changed_and_by_whom(self):
        """Members come as an object by uid."""
        found = event("group_member_banned")
        assert (found.group.guid, found.group.name, found.sender.uid) == (
            "night-crew",
            "Night crew",
            "harbor-ada",
        )
        (member,) = found.members
        assert isinstance(member, Member)
        assert (member.uid, member.name, member.scope) == ("harbor-cy", "Cy Moreau", "participant")
        assert found.message is None

    def test_of_a_changed_scope_says_both(self):
        """The new one and the one before."""
        (member,) = of("group_member_scope_changed").members
        assert (member.scope, member.old_scope) == ("admin", "participant")

    @pytest.mark.parametrize("change", ["joined", "left"])
    def test_who_joins_or_leaves_does_so_himself(self, change):
        """No `by` is sent."""
        found = of(f"group_member_{change}")
        assert found.sender.uid == found.members[0].uid

    def test_with_a_new_owner_names_the_old_one(self):
        """Who handed it over."""
        found = of("group_owner_transferred")
        assert (
            found.group.old_owner == found.group.updated_by == found.sender.uid != found.group.owner
        )

    def test_that_was_created_was_so_by_its_owner(self):
        """There is no `by` either."""
        found = of("group_created")
        assert found.sender.uid == found.group.owner
        assert found.group.created_at == found.occurred_at

    def test_is_there_for_a_message_to_one(self):
        """As its receiver."""
        assert event("message_sent_media").group.guid == "night-crew"
        assert event("message_sent_text").group is None


class TestOthers:
    @pytest.mark.parametrize("change", ["blocked", "unblocked"])
    def test_who_blocks_whom(self, change):
        """No time is told."""
        found = of(f"user_{change}")
        (user,) = found.users
        assert user.uid.startswith("guest-")
        assert found.sender.uid == SAMPLES[f"user_{change} usual"]["data"]["by"]["uid"]
        assert found.occurred_at is None

    @pytest.mark.parametrize(
        "trigger, variant, status",
        [
            ("moderation_engine_approved", "text", "approved"),
            ("moderation_engine_blocked", "text", "disapproved"),
            ("moderation_manual_approved", "usual", "approved"),
            ("moderation_engine_failed", "approved", "failed"),
        ],
    )
    def test_what_moderation_says(self, trigger, variant, status):
        """The message says it, or else the trigger does."""
        sample = SAMPLES[f"{trigger} {variant}"]
        assert event_of(sample).moderation.status == status
        if "message" in sample["data"]:
            bare = without(sample, "data.message.data.moderation")
            assert event_of(bare).moderation.status == status

    def test_why_moderation_says_so(self):
        """A person looked at what a rule had found, or a check did not work."""
        manual, failed = of("moderation_manual_approved"), of("moderation_engine_failed", "dropped")
        assert manual.moderation.reviewed is True
        assert manual.moderation.rules[0]["id"]
        assert failed.moderation.outcome == "disapproved"
        assert failed.moderation.completed_at == failed.occurred_at
        assert failed.moderation.failures[0]["category"]
        assert of("moderation_engine_approved", "text").moderation.rules == ()

    def test_what_was_recorded(self):
        """Its times are strings of seconds."""
        recording, transcript = (
            of("recording_generated").recording,
            of("transcription_generated").recording,
        )
        assert (recording.kind, transcript.kind) == ("recording", "transcription")
        assert recording.url.startswith("https://recordings-eu.cometchat.io/")
        assert isinstance(recording.duration, float)
        assert recording.started_at is not None
        assert transcript.id
        assert transcript.ended_at == of("transcription_generated").occurred_at
        assert recording.session_id
        assert recording.date.count("-") == 2

    @pytest.mark.parametrize(
        "trigger, attribute",
        [
            ("after_campaign_completed", "completed_at"),
            ("after_notification_created", "created_at"),
            ("after_feed_item_sent", "sent_at"),
            ("after_feed_item_delivered", "delivered_at"),
            ("after_feed_item_read", "read_at"),
            ("after_feed_item_interacted", "interacted_at"),
            ("after_push_notification_clicked", "clicked_at"),
        ],
    )
    def test_what_became_of_a_campaign(self, trigger, attribute):
        """Or of something that it sent."""
        found = of(trigger)
        assert found.campaign.id
        assert getattr(found.campaign, attribute) == found.occurred_at
        assert found.sender is None

    @looped("name", SAMPLES)
    def test_an_event_is_about_one_thing(self, name):
        """A handler asks for what it needs, and gets None when it is something else."""
        found = event_of(SAMPLES[name])
        things = ("receipt", "reaction", "presence", "moderation", "recording", "campaign")
        assert sum(getattr(found, thing) is not None for thing in things) <= 1


class TestLazy:
    def test_asking_for_the_trigger_decodes_nothing(self):
        """Most events match no handler."""
        found = event("message_sent_text", raw=None)
        unreadable = Event(
            **{
                name: getattr(found, name) for name in ("id", "source", "trigger", "name", "app_id")
            },
            conversation_id=None,
            occurred_at=1760000301000,
            received_at=0,
            raw=b"not JSON",
        )
        assert unreadable.trigger == "message_sent"
        assert unreadable.occurred_at is not None
        with pytest.raises(NotJsonError):
            unreadable.message  # noqa: B018

    def test_builds_each_thing_once(self):
        """However many handlers ask."""
        found = event("message_sent_text")
        assert found.message is found.message
        assert found.payload is found.payload

    def test_all_threads_get_the_same_object(self):
        """Handlers of one event run in several."""
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
        """`help(Event)` is of use."""
        assert "message" in Event.message.__doc__


class TestImmutable:
    @pytest.mark.parametrize("name", ["trigger", "message", "payload", "id", "anything", "_raw"])
    def test_no_attribute_can_be_set_or_deleted(self, name):
        """A handler cannot spoil an event for the next one."""
        found = event("message_sent_text")
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(found, name, None)
        with pytest.raises(AttributeError, match="cannot be changed"):
            delattr(found, name)

    def test_shows_nothing_of_its_body(self):
        """It gets into logs."""
        assert repr(event("message_sent_text")) == "<Event 'message_sent' 0199c0de>"
