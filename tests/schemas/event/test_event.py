"""The event that plugins get: the same in both generations of webhooks, and in both shapes of
each.
"""

import json
import threading
from datetime import UTC, datetime

import pytest

from comethooks.schemas import DecisionAction, Event, NotJsonError, Vote
from tests.bodies import NAMES, body, raw
from tests.looped import looped
from tests.schemas.event.making import event
from tests.schemas.samples import KNOWN, SAMPLES, accepted, event_of


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
