"""Campaigns, and the notifications, feed items and pushes that they are made of."""

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Free, Id, Number, Object, Text, Texts, Time

CAMPAIGN_TIMES = (
    "scheduledAt",
    "createdAt",
    "sentAt",
    "deliveredAt",
    "readAt",
    "clickedAt",
    "engagedAt",
    "interactedAt",
    "failedAt",
    "completedAt",
    "updatedAt",
)
"""Everything that can happen to a campaign or to what it sends; without these, two states of it
would be one."""


class CampaignSchema(WireSchema):
    """What is told of a campaign and of what it sends; null is what has not happened."""

    id = Id()
    campaignId = Id()
    notificationId = Id()
    pushNotificationId = Id()
    appId = Id()
    name = Text()
    status = Text()
    templateId = Id()
    templateVersion = Number()
    templateCategory = Text()
    category = Text()
    categoryId = Id()
    label = Text()
    tag = Text()
    tags = Texts()
    sendMode = Text()
    priority = Text()
    channels = Texts()
    channelType = Text()
    channelId = Id()
    receiver = Text()
    alternativeText = Text(personal=True)
    dataType = Text()
    variables = Free()
    metadata = Free()
    content = Free()
    realtimeFanout = Texts()
    totalTargets = Number()
    sentCount = Number()
    failedCount = Number()
    errorMessage = Text()
    scheduledAt = Time()
    createdAt = Time()
    sentAt = Time()
    deliveredAt = Time()
    readAt = Time()
    clickedAt = Time()
    engagedAt = Time()
    interactedAt = Time()
    failedAt = Time()
    completedAt = Time()
    updatedAt = Time()


class CampaignEventSchema(EnvelopeSchema):
    """The body of an event of a campaign."""

    data = Object(CampaignSchema, required=True)


def campaign(id_key: str, time_key: str) -> Shape:
    """How an event is written about what `id_key` names, which happened at `time_key`."""
    return Shape(
        "campaign",
        CampaignEventSchema,
        lambda data: id_key in data,
        {
            "id": f"data.{id_key}",
            "campaign": "data.campaignId",
            "receiver": "data.receiver",
            "status": "data.status",
            "at": f"data.{time_key}|data.updatedAt|data.createdAt",
            **{name: f"data.{name}" for name in CAMPAIGN_TIMES},
        },
    )
