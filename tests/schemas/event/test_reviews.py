"""Questions of moderation: the message under review, what was said before, and the rule."""

from typing import Any

import pytest

from comethooks.schemas import InvalidBodyError, ModerationEvent, decode
from comethooks.schemas.wire.moderation import enveloped
from tests.bodies import body, changed, without
from tests.schemas.samples import accepted, event_of

ASKED = body("moderation_requested")


def asked(*messages: Any) -> dict[str, Any]:
    return changed(ASKED, "data.contextMessages", list(messages))


class TestEvent:
    def test_is_about_the_message_under_review(self):
        """Whose sender is the one that the message names, not the one that its key does."""
        event = event_of(ASKED)
        assert isinstance(event, ModerationEvent)
        assert (event.name, event.rule, event.app_id) == (
            "moderation.requested",
            "scam",
            ASKED["appId"],
        )
        assert (event.message.id, event.message.text) == ("40771", "Then I take it.")
        assert event.sender.uid == event.message.sender.uid == "harbor-ada"
        assert event.sender.name == "Ada Lind"
        assert event.moderation.status == "pending"
        assert event.conversation_id == "harbor-ada_user_harbor-ben"
        assert accepted(ASKED).sender == "harbor-ada"

    def test_knows_what_was_said_before(self):
        """By whom, the oldest first."""
        assert event_of(ASKED).context == (
            ("harbor-ada", "Is berth seven free?"),
            ("harbor-ben", "Until Friday."),
        )

    def test_may_have_no_context(self):
        """A conversation begins somewhere."""
        last = ASKED["data"]["contextMessages"][-1]
        assert event_of(asked(last)).context == ()

    def test_takes_a_context_as_it_comes(self):
        """Whole messages in it as well, and what is no message at all."""
        last = ASKED["data"]["contextMessages"][-1]
        image = {"ben": {"id": "1", "data": {"url": "https://img.harbor.example/1.png"}}}
        event = event_of(asked(image, {"ada": 5, "ben": ""}, "?", None, {"ben": "look"}, last))
        assert event.context == (("ben", ""), ("ben", "look"))

    def test_need_not_name_a_rule(self):
        """The URL of a list may have none."""
        assert event_of(without(ASKED, "rule")).rule is None
        assert event_of(body("message_sent_text")).rule is None
        assert event_of(body("message_sent_text")).context == ()


class TestRefused:
    @pytest.mark.parametrize(
        "messages, path, text",
        [
            ([], "data.contextMessages", "An empty list"),
            ([{"ada": "hi"}] * 51, "data.contextMessages", "More than 50 messages"),
            ([{"ada": "hi"}, {"ada": "hi"}], "data.contextMessages[1]", "Not {uid: message}"),
            ([{"ada": {}}], "data.contextMessages[0]", "Not {uid: message}"),
            (["ada"], "data.contextMessages[0]", "Not {uid: message}"),
            ({"ada": "hi"}, "data.contextMessages", "Not a list of messages, each as {uid: text}"),
            ("hi", "data.contextMessages", "Not a list"),
            (None, "data.contextMessages", "Field may not be null"),
        ],
    )
    def test_is_what_has_no_message_under_review(self, messages, path, text):
        """With the place, and what is wrong there."""
        with pytest.raises(InvalidBodyError) as caught:
            accepted(changed(ASKED, "data.contextMessages", messages))
        [(found, [said])] = caught.value.errors.items()
        assert found == path
        assert said.startswith(text)

    def test_is_nothing_else(self):
        """Neither fifty messages, nor a category that nobody knows."""
        last = {"ada": {"category": "hologram"}}
        assert event_of(asked(*[{"ada": "hi"}] * 49, last)).message.category == "hologram"


class TestEnveloped:
    @pytest.mark.parametrize("app, rule", [("app-1", "scam"), ("app-1", None), (None, None)])
    def test_is_an_envelope_around_what_came(self, app, rule):
        """Byte for byte."""
        question = b'  {"contextMessages" : [{"ada":{"id":"1", "sender":"ada"}}]} '
        raw = enveloped(question, app, rule)
        event = event_of(decode(raw), raw=raw)
        assert question in event.raw
        assert (event.app_id, event.rule, event.sender.uid) == (app, rule, "ada")
