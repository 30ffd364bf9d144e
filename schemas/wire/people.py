"""Users, groups and members, as webhooks and the SDKs write them."""

from comethooks.schemas.wire.envelope import WireSchema
from comethooks.schemas.wire.fields import (
    Flag,
    Free,
    Id,
    Number,
    Object,
    Party,
    Text,
    Texts,
    Time,
    Url,
)


class UserSchema(WireSchema):
    """A user. `status` mixes "available", "online" and "offline"."""

    uid = Id()
    name = Text(personal=True)
    avatar = Url(personal=True)
    link = Url(personal=True)
    email = Text(personal=True)
    role = Text()
    status = Text()
    statusMessage = Text(personal=True)
    credits = Number()
    tags = Texts(personal=True)
    metadata = Free()
    authToken = Text(secret=True)
    conversationId = Text()
    lastActiveAt = Time()
    createdAt = Time()
    updatedAt = Time()
    deactivatedAt = Time()
    hasBlockedMe = Flag()
    hasBlockedMeAt = Time()
    blockedByMe = Flag()
    blockedByMeAt = Time()
    blockedAt = Time()


class MemberSchema(UserSchema):
    """A user as a member of a group, or as one whose membership just changed."""

    guid = Id()
    scope = Text()
    oldScope = Text()
    joinedAt = Time()
    isBanned = Flag()
    bannedAt = Time()


class GroupSchema(WireSchema):
    """A group. `type` is public, private or password; `scope` and `hasJoined` are the asker's."""

    guid = Id()
    name = Text(personal=True)
    type = Text()
    description = Text(personal=True)
    icon = Url(personal=True)
    owner = Party(UserSchema)
    oldOwner = Party(UserSchema)
    password = Text(secret=True)
    tags = Texts()
    metadata = Free()
    scope = Text()
    membersCount = Number()
    onlineMembersCount = Number()
    conversationId = Text()
    hasJoined = Flag()
    joinedAt = Time()
    createdAt = Time()
    updatedAt = Time()
    updatedBy = Party(UserSchema)
    isBanned = Flag()


class ChannelSchema(WireSchema):
    """How a client reaches a call."""

    identity = Text()
    secret = Text(secret=True)
    service = Text()


class RuleSchema(WireSchema):
    """A rule of moderation that a message met."""

    id = Id()
    name = Text()
    revisionId = Text()
    action = Texts()
    blockedAt = Time()


class ModerationSchema(WireSchema):
    """What moderation says of a message: `status` is pending, approved or disapproved."""

    status = Text()
    rule = Object(RuleSchema)
    condition = Free(personal=False)
