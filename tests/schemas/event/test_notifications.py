"""What custom providers get: a push, an e-mail or an SMS that is to be sent."""

import pytest

from comethooks.schemas import Group, NotificationEvent, User
from tests.bodies import changed, without
from tests.schemas.samples import accepted, event_of

ADA = {"uid": "ada", "name": "Ada Lind", "avatar": "https://media.example/ada.png"}
SENT_MS = 1760000302125
DETAILS = {
    "title": "Ada Lind",
    "body": "Is the crane running?",
    "sender": "ada",
    "senderName": "Ada Lind",
    "senderAvatar": "https://media.example/ada.png",
    "receiver": "ben",
    "receiverName": "Ben Okafor",
    "receiverType": "user",
    "tag": "60",
    "conversationId": "ada_user_ben",
    "type": "chat",
    "sentAt": str(SENT_MS),
    "unreadMessageCount": 5,
    "custom": {"screen": "chat"},
}
MESSAGE = {
    "id": "60",
    "conversationId": "ada_user_ben",
    "sender": "ada",
    "receiverType": "user",
    "receiver": "ben",
    "category": "message",
    "type": "text",
    "data": {"text": "Is the crane running?"},
    "sentAt": SENT_MS // 1000,
}
CALL = {"type": "call", "callAction": "initiated", "callType": "audio", "sessionId": "s-1"}


def provided(channel, data):
    """A body for the provider of a channel."""
    return {
        "trigger": f"{channel}-notification-payload-generated",
        "data": {"to": {"uid": "ben", "name": "Ben Okafor"}, **data},
        "appId": "27341c0ffee1",
        "region": "eu",
        "webhook": "custom",
    }


PUSH = provided("push", {"notificationDetails": {**DETAILS, "message": MESSAGE}})
UNREAD = [
    {"sender": ADA, "message": "Hello?"},
    {"sender": ADA, "message": "Is the crane running?", "messageObject": MESSAGE},
]
EMAIL = provided("email", {"messages": UNREAD, "senderDetails": ADA, "subject": "News"})
SMS = provided("sms", {"messages": UNREAD, "senderDetails": ADA, "smsContent": "News of Ada"})
GROUP = {"guid": "crew", "name": "Crew"}
TO_MEMBER = provided(
    "email", {"messages": [{"sender": ADA, "message": "Hello?"}], "groupDetails": GROUP}
)


@pytest.mark.parametrize("sample", [PUSH, EMAIL, SMS, TO_MEMBER])
def test_everything_in_it_is_known(sample):
    """No drift, and a kind of its own."""
    assert accepted(sample, strict={"*"}).drift == ()
    assert isinstance(event_of(sample), NotificationEvent)


@pytest.mark.parametrize("sample", [PUSH, EMAIL, SMS])
def test_belongs_to_the_conversation_that_it_is_about(sample):
    """With who wrote, and when."""
    parsed, event = accepted(sample), event_of(sample)
    assert (parsed.sender, parsed.conversation_id) == ("ada", "ada_user_ben")
    assert parsed.occurred_at in (SENT_MS, SENT_MS // 1000 * 1000)
    assert (event.sender.uid, event.sender.name) == ("ada", "Ada Lind")
    assert event.notification.conversation_id == "ada_user_ben"
    assert event.occurred_at == event.notification.sent_at
    assert event.message.text == event.notification.message.text == "Is the crane running?"
    assert (event.notification.recipient.uid, event.notification.receiver.uid) == ("ben", "ben")
    assert event.group is None


@pytest.mark.parametrize("sample", [EMAIL, SMS])
def test_without_a_message_object_the_parties_tell_the_conversation(sample):
    """It is in the body only when the Dashboard says so; nothing else has a time."""
    sample = changed(sample, "data.messages", UNREAD[:1])
    parsed, event = accepted(sample), event_of(sample)
    assert (parsed.sender, parsed.conversation_id) == ("ada", "ada_user_ben")
    assert (parsed.occurred_at, event.notification.sent_at, event.message) == (None, None, None)
    assert event.notification.conversation_id == "ada_user_ben"


class TestPush:
    def test_has_what_is_shown(self):
        """And what the app added."""
        push = event_of(PUSH).notification
        assert (push.channel, push.type, push.title) == ("push", "chat", "Ada Lind")
        assert (push.body, push.texts) == ("Is the crane running?", ())
        assert (push.tag, push.unread_count, push.custom) == ("60", 5, {"screen": "chat"})
        assert (push.receiver_type, push.receiver.name) == ("user", "Ben Okafor")
        assert (push.call_action, push.call_type, push.session_id) == (None, None, None)

    def test_of_a_call_has_its_session(self):
        """And no message."""
        sample = provided("push", {"notificationDetails": {**DETAILS, **CALL}})
        event = event_of(sample)
        push = event.notification
        assert (push.type, push.call_action, push.call_type) == ("call", "initiated", "audio")
        assert (push.session_id, event.message, event.sender.uid) == ("s-1", None, "ada")
        assert accepted(sample, strict={"*"}).occurred_at == SENT_MS

    def test_of_a_call_without_a_conversation_stays_with_its_session(self):
        """In the order of the call's other events."""
        sample = provided("push", {"notificationDetails": CALL})
        assert accepted(without(sample, "data.to")).key == "call:s-1"

    def test_to_a_group_has_the_group(self):
        """One comes for each member."""
        details = {**DETAILS, "receiverType": "group", "receiver": "crew", "receiverName": "Crew"}
        sample = provided("push", {"notificationDetails": {**details, "conversationId": None}})
        event = event_of(sample)
        assert isinstance(event.notification.receiver, Group)
        assert (event.group.guid, event.group.name) == ("crew", "Crew")
        assert event.conversation_id == event.notification.conversation_id == "group_crew"


class TestMail:
    def test_of_a_group_has_the_group(self):
        """And of several senders the newest one."""
        event = event_of(TO_MEMBER)
        mail = event.notification
        assert (event.group.guid, event.conversation_id) == ("crew", "group_crew")
        assert (mail.receiver_type, mail.conversation_id) == ("group", "group_crew")
        assert (event.sender.uid, mail.recipient.uid) == ("ada", "ben")

    def test_an_email_lists_what_was_not_read(self):
        """With a subject."""
        mail = event_of(EMAIL).notification
        assert (mail.channel, mail.title) == ("email", "News")
        assert mail.texts == ("Hello?", "Is the crane running?")
        assert mail.body == "Hello?\nIs the crane running?"

    def test_an_sms_has_a_text(self):
        """And the number, if CometChat knows it."""
        text = event_of(changed(SMS, "data.to.phno", "+46701740605")).notification
        assert (text.channel, text.title, text.body) == ("sms", "", "News of Ada")
        assert (text.phone, event_of(SMS).notification.phone) == ("+46701740605", None)


@pytest.mark.parametrize("channel", ["push", "email", "sms"])
@pytest.mark.parametrize(
    "data", [{}, {"to": 5}, {"messages": [5]}, {"messages": {}}, {"notificationDetails": []}]
)
def test_whatever_is_missing(channel, data):
    """Nothing is required, and nothing raises."""
    event = event_of({**provided(channel, {}), "data": data})
    notification = event.notification
    assert (event.sender, event.message, event.conversation_id) == (None, None, None)
    assert isinstance(notification.receiver, User)
    assert (notification.body, notification.sent_at, notification.custom) == ("", None, {})
