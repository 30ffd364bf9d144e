"""Reactions to messages. The documented bodies name the message, and not its conversation."""

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Id, Object, Party, ReceiverType, Text, Time
from comethooks.schemas.wire.messages import MessageSchema, user_or_group
from comethooks.schemas.wire.people import UserSchema


class ReactionSchema(WireSchema):
    """Who reacted how to which message."""

    id = Id()
    messageId = Id()
    conversationId = Text()
    reaction = Text()
    uid = Id()
    reactedAt = Time()
    reactedBy = Object(UserSchema)
    receiver = Party(user_or_group)
    receiverType = ReceiverType()
    parentMessageId = Id()


class _ReactionDataSchema(WireSchema):
    reaction = Object(ReactionSchema)
    message = Object(MessageSchema)
    conversationId = Text()


class ReactionEventSchema(EnvelopeSchema):
    """The body of message_reaction_added and message_reaction_removed."""

    data = Object(_ReactionDataSchema, required=True)


REACTION = Shape(
    "reaction",
    ReactionEventSchema,
    lambda data: "reaction" in data,
    {
        "who": "data.reaction.uid|data.reaction.reactedBy.uid",
        "at": "data.reaction.reactedAt",
        "conversationId": (
            "data.reaction.conversationId|data.conversationId|data.message.conversationId"
        ),
    },
)
