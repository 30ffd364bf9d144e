"""Forms that CometChat's reference does not print, and how an event reads that comes in one."""

from typing import Any, ClassVar

import pytest

from comethooks.schemas import CallEvent, Group, InvalidBodyError
from tests.bodies import changed, without
from tests.schemas.samples import SAMPLES, accepted, event_of


class TestFlatCall:
    """A call that rings, told flat as in examples of CometChat's."""

    BODY: ClassVar[dict[str, Any]] = {
        "trigger": "call_initiated",
        "data": {
            "sessionId": "v1.eu.1",
            "initiator": {"uid": "nora", "name": "Nora"},
            "receiver": {"uid": "jun", "name": "Jun"},
        },
        "appId": "app",
    }

    def test_says_what_the_usual_form_says(self):
        """Its session, who calls whom, and the conversation; nothing of it is drift."""
        assert accepted(self.BODY, strict={"*"}).key == "jun_user_nora"
        event = event_of(self.BODY)
        assert isinstance(event, CallEvent)
        assert (event.conversation_id, event.sender.uid) == ("jun_user_nora", "nora")
        call = event.call
        assert (call.session_id, call.status) == ("v1.eu.1", "initiated")
        assert (call.initiator.name, call.receiver.name) == ("Nora", "Jun")
        assert (event.message, event.action, call.action) == (None, None, None)

    def test_to_a_group(self):
        """Its keys tell that it is one."""
        group = {"guid": "crew", "name": "Crew"}
        event = event_of(changed(self.BODY, "data.receiver", group))
        assert isinstance(event.call.receiver, Group)
        assert event.conversation_id == "group_crew"

    def test_that_ended_before_it_began(self):
        """The trigger tells how, and the sender is who called."""
        event = event_of({**self.BODY, "trigger": "call_rejected"})
        assert (event.name, event.call.status) == ("call.rejected", "rejected")
        assert event.call.initiator.uid == event.sender.uid == "nora"

    def test_without_a_session_it_still_says_who_calls_whom(self):
        """Without a caller either, nothing is left to know it by."""
        without_session = without(self.BODY, "data.sessionId")
        assert event_of(without_session).call.initiator.uid == "nora"
        with pytest.raises(InvalidBodyError, match=r"data\.sessionId"):
            accepted(without(without_session, "data.initiator"))


def test_an_item_that_was_engaged_with():
    """Live bodies say when, and about what."""
    event = event_of(SAMPLES["after_feed_item_interacted live"])
    assert event.campaign.topic == "ferries"
    assert event.campaign.engaged_at == event.occurred_at
    assert event.campaign.interacted_at is None


def test_what_a_provider_of_moderation_said():
    """Its code and its id of the request, and what was wrong with an answer; nothing is drift."""
    sample = SAMPLES["moderation_engine_failed openai"]
    assert accepted(sample, strict={"*"}).drift == ()
    provider, endpoint = event_of(sample).moderation.failures
    assert provider["context"]["providerErrorCode"] == "insufficient_quota"
    assert provider["context"]["openaiRequestId"].startswith("req_")
    assert endpoint["validationErrors"] == ["confidence: must be a number from 0 to 1"]
