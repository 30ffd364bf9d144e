"""What happens to groups, to their members, and between users who block each other."""

from dataclasses import replace

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Number, Object, ObjectMap, Party, Text, Texts, Time
from comethooks.schemas.wire.messages import MessageSchema, user_or_group
from comethooks.schemas.wire.people import GroupSchema, MemberSchema, UserSchema


class _GroupDataSchema(WireSchema):
    group = Object(GroupSchema)
    members = ObjectMap(MemberSchema)
    by = Party(UserSchema)


class GroupEventSchema(EnvelopeSchema):
    """The body of an event about a group."""

    data = Object(_GroupDataSchema, required=True)


class _BlockDataSchema(WireSchema):
    users = ObjectMap(UserSchema)
    by = Party(UserSchema)


class BlockSchema(EnvelopeSchema):
    """The body of user_blocked and user_unblocked, which hold no time at all."""

    data = Object(_BlockDataSchema, required=True)


class _PinnedConversationSchema(WireSchema):
    conversationId = Text()
    conversationType = Text()
    conversationWith = Party(user_or_group)
    lastMessage = Object(MessageSchema)
    unreadMessageCount = Number()
    tags = Texts()
    updatedAt = Time()
    pinnedAt = Time()
    pinnedBy = Party(UserSchema)
    unpinnedAt = Time()
    unpinnedBy = Party(UserSchema)


class _PinDataSchema(WireSchema):
    conversationId = Text()
    conversation = Object(_PinnedConversationSchema)
    user = Party(UserSchema)
    by = Party(UserSchema)
    pinnedAt = Time()
    pinnedBy = Party(UserSchema)
    unpinnedAt = Time()
    unpinnedBy = Party(UserSchema)


class PinSchema(EnvelopeSchema):
    """The body of conversation_(un)pinned. Nobody has published one: nothing is required."""

    data = Object(_PinDataSchema, required=True)


GROUP = Shape(
    "group",
    GroupEventSchema,
    lambda data: "group" in data,
    {
        "guid": "data.group.guid",
        "members": "data.members",
        "by": "data.by|data.group.updatedBy",
        "at": "data.group.updatedAt",
    },
)
_OF_CREATED = {"by": "data.by|data.group.owner", "createdAt": "data.group.createdAt"}
CREATED = replace(GROUP, subject={**GROUP.subject, **_OF_CREATED})
BLOCK = Shape("users", BlockSchema, lambda data: "users" in data, {"by": "data.by"})
PIN = Shape(
    "conversation",
    PinSchema,
    lambda data: "conversation" in data or "conversationId" in data,
    {
        "conversationId": "data.conversationId|data.conversation.conversationId",
        "sender": "data.user|data.by|data.pinnedBy|data.unpinnedBy",
        "pinnedAt": "data.pinnedAt|data.conversation.pinnedAt",
        "unpinnedAt": "data.unpinnedAt|data.conversation.unpinnedAt",
    },
)
