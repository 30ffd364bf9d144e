"""What custom providers of notifications get: a push, an e-mail or an SMS that is to be sent.

CometChat posts one for each recipient. A push has everything in `notificationDetails`, with the
time as a string of milliseconds; the other two list the unread messages, the newest one last.
"""

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import (
    Free,
    Id,
    Newest,
    Number,
    Object,
    Objects,
    ReceiverType,
    Text,
    Time,
    Url,
)
from comethooks.schemas.wire.messages import MessageSchema
from comethooks.schemas.wire.people import GroupSchema, UserSchema


class _PushTokenSchema(WireSchema):
    provider = Text()
    platform = Text()
    token = Text(secret=True)


class RecipientSchema(UserSchema):
    """Who is to be notified, and where."""

    phno = Text(personal=True)
    pushTokens = Objects(_PushTokenSchema)


class DetailsSchema(WireSchema):
    """What a push is about; those of calls have the session, and what happens to the call."""

    title = Text(personal=True)
    body = Text(personal=True)
    sender = Id()
    senderName = Text(personal=True)
    senderAvatar = Url(personal=True)
    receiver = Id()
    receiverName = Text(personal=True)
    receiverAvatar = Url(personal=True)
    receiverType = ReceiverType()
    conversationId = Text()
    tag = Id()
    type = Text()
    sentAt = Time()
    callAction = Text()
    callType = Text()
    sessionId = Id()
    unreadMessageCount = Number()
    custom = Free()
    message = Object(MessageSchema)


class _PushDataSchema(WireSchema):
    to = Object(RecipientSchema)
    notificationDetails = Object(DetailsSchema)


class PushSchema(EnvelopeSchema):
    """The body of push-notification-payload-generated."""

    data = Object(_PushDataSchema, required=True)


class UnreadSchema(WireSchema):
    """One of the messages that an e-mail or SMS tells of."""

    sender = Object(UserSchema)
    message = Text(personal=True)
    messageObject = Object(MessageSchema)


class _MailDataSchema(WireSchema):
    to = Object(RecipientSchema)
    messages = Newest(UnreadSchema)
    senderDetails = Object(UserSchema)
    groupDetails = Object(GroupSchema)
    subject = Text(personal=True)
    smsContent = Text(personal=True)


class MailSchema(EnvelopeSchema):
    """The body of email-notification-payload-generated and of the same of an SMS."""

    data = Object(_MailDataSchema, required=True)


_DETAILS, _NEWEST = "data.notificationDetails", "data.messages"

PUSH = Shape(
    "push",
    PushSchema,
    lambda data: "notificationDetails" in data,
    {
        "to": "data.to.uid",
        "sentAt": f"{_DETAILS}.sentAt|{_DETAILS}.message.sentAt",
        **{
            name: f"{_DETAILS}.{name}|{_DETAILS}.message.{name}"
            for name in ("sender", "receiver", "receiverType", "conversationId")
        },
        **{name: f"{_DETAILS}.message.{name}" for name in ("category", "type")},
        "session": f"{_DETAILS}.sessionId",
    },
)
MAIL = Shape(
    "mail",
    MailSchema,
    lambda data: "messages" in data,
    {
        "to": "data.to.uid",
        "sender": f"data.senderDetails.uid|{_NEWEST}.sender.uid",
        "guid": "data.groupDetails.guid",
        **{
            name: f"{_NEWEST}.messageObject.{name}"
            for name in ("conversationId", "category", "type")
        },
        "session": f"{_NEWEST}.messageObject.sessionId",
        "sentAt": f"{_NEWEST}.messageObject.sentAt",
    },
)
