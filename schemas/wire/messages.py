"""Messages of every category: message, custom, action, call, interactive, card and agentic.

Webhooks put what was written into the message's `data`; objects of the SDKs put `text`, `url`,
`metadata` and whole users at the top beside it.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema

from comethooks.schemas.wire.cards import AgenticSchema
from comethooks.schemas.wire.envelope import WireSchema
from comethooks.schemas.wire.fields import (
    Entity,
    Flag,
    Free,
    Id,
    Number,
    Object,
    ObjectMap,
    Objects,
    Party,
    ReceiverType,
    Text,
    Texts,
    Time,
    Url,
)
from comethooks.schemas.wire.people import (
    ChannelSchema,
    GroupSchema,
    MemberSchema,
    ModerationSchema,
    UserSchema,
)


class AttachmentSchema(WireSchema):
    """A file of a media message; `size` is in bytes."""

    url = Url(personal=True)
    name = Text(personal=True)
    mimeType = Text()
    extension = Text()
    size = Number()


class GoalSchema(WireSchema):
    """When an interaction with a message is complete."""

    type = Text()
    elementIds = Texts()


class InteractionSchema(WireSchema):
    """One press, one choice."""

    elementId = Text()
    interactedAt = Time()


class ReactionCountSchema(WireSchema):
    """How many reacted so to a message."""

    reaction = Text()
    count = Number()
    reactedByMe = Flag()


def user_or_group(entity: Mapping[str, Any]) -> type[Schema]:
    """The schema of a user or of a group, which its keys tell."""
    return GroupSchema if "guid" in entity and "uid" not in entity else MemberSchema


def _anything(entity: Mapping[str, Any]) -> type[Schema]:
    """What an action can be about; a call has a session, a message an id."""
    if "sessionid" in entity or "sessionId" in entity:
        return CallEntitySchema
    return MessageSchema if "id" in entity else user_or_group(entity)


class WrappedSchema(WireSchema):
    """Somebody or something, and what it is."""

    entity = Entity(_anything)
    entityType = Text()


class EntitiesSchema(WireSchema):
    """Who and what a message involves, each as `{"entity": …, "entityType": …}`."""

    sender = Object(WrappedSchema)
    receiver = Object(WrappedSchema)
    by = Object(WrappedSchema)
    on = Object(WrappedSchema)
    for_ = Object(WrappedSchema, data_key="for")


class _InteractiveSchema(WireSchema):
    """What an interactive message has in `data`, and objects of the SDKs have at the top."""

    interactiveData = Free()
    interactionGoal = Object(GoalSchema)
    interactions = Objects(InteractionSchema)
    allowSenderInteraction = Flag()


class MessageDataSchema(_InteractiveSchema, AgenticSchema):
    """What a message carries, whatever its category."""

    text = Text(personal=True)
    caption = Text(personal=True)
    url = Url(personal=True)
    name = Text(personal=True)
    type = Text()
    category = Text()
    attachments = Objects(AttachmentSchema)
    customData = Free()
    subType = Text()
    metadata = Free()
    tags = Texts()
    resource = Text()
    entities = Object(EntitiesSchema)
    mentions = ObjectMap(UserSchema)
    moderation = Object(ModerationSchema)
    reactions = Objects(ReactionCountSchema)
    action = Text()
    extras = Free(personal=False)
    by = Object(WrappedSchema)
    on = Object(WrappedSchema)
    for_ = Object(WrappedSchema, data_key="for")


class MessageSchema(_InteractiveSchema, AgenticSchema):
    """A message. Webhooks name sender and receiver by id, SDK objects hold the user or group.

    Those of category action and call have fields of their own at the top when they come from an
    SDK.
    """

    id = Id()
    muid = Id()
    conversationId = Text()
    sender = Party(UserSchema)
    receiver = Party(user_or_group)
    receiverType = ReceiverType()
    receiverId = Id()
    receiverUid = Id()
    category = Text()
    type = Text()
    subType = Text()
    data = Object(MessageDataSchema)
    text = Text(personal=True)
    url = Url(personal=True)
    file = Url(personal=True)
    caption = Text(personal=True)
    attachments = Objects(AttachmentSchema)
    customData = Free()
    metadata = Free()
    tags = Texts()
    resource = Text()
    status = Text()
    mentions = ObjectMap(UserSchema)
    moderation = Object(ModerationSchema)
    reactions = Objects(ReactionCountSchema)
    parentId = Id()
    parentMessageId = Id()
    quotedMessageId = Id()
    quotedMessage = Object(lambda: MessageSchema)
    replyCount = Number()
    unreadRepliesCount = Number()
    sentAt = Time()
    updatedAt = Time()
    deliveredAt = Time()
    deliveredToMeAt = Time()
    readAt = Time()
    readByMeAt = Time()
    editedAt = Time()
    editedBy = Party(UserSchema)
    deletedAt = Time()
    deletedBy = Party(UserSchema)
    pinnedAt = Time()
    pinnedBy = Party(UserSchema)
    unpinnedAt = Time()
    unpinnedBy = Party(UserSchema)
    action = Text()
    actionBy = Entity(_anything)
    actionOn = Entity(_anything)
    actionFor = Entity(_anything)
    message = Text(personal=True)
    oldScope = Text()
    newScope = Text()
    sessionId = Id()
    callStatus = Text()
    callInitiator = Entity(user_or_group)
    callReceiver = Entity(user_or_group)
    initiatedAt = Time()
    joinedAt = Time()


class CallEntitySchema(WireSchema):
    """A call, as the message about it describes it: `sessionid` has a lower-case i here."""

    sessionid = Id()
    sessionId = Id()
    conversationId = Text()
    sender = Party(UserSchema)
    receiver = Party(user_or_group)
    receiverType = ReceiverType()
    status = Text()
    type = Text()
    mode = Text()
    data = Object(MessageDataSchema)
    initiatedAt = Time()
    startedAt = Time()
    joinedAt = Time()
    leftAt = Time()
    endedAt = Time()
    duration = Number()
    wsChannel = Object(ChannelSchema)
