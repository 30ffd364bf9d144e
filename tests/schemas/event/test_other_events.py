"""Events that tell of a call, of a user, of a group, and of what the other products do."""

from datetime import UTC, datetime

import pytest

from comethooks.schemas import Group, Member, User
from tests.bodies import body, changed, without
from tests.looped import looped
from tests.schemas.event.making import event, of, utc
from tests.schemas.samples import SAMPLES, event_of


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
