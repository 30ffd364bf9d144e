"""Campaigns, and the notifications, feed items and pushes that they are made of."""

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Free, Id, Number, Object, Text, Texts, Time


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
    topic = Text()
    tags = Texts()
    sendMode = Text()
    priority = Text()
    channels = Texts()
    channelType = Text()
    channelId = Id()
    receiver = Id()
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


def campaign(id_key: str, own_time: str, *other_times: str) -> Shape:
    """How an event is written about what `id_key` names, which happened at `own_time`, or else at
    the first of `other_times` that is there.
    """
    times = (*other_times, "updatedAt", "createdAt")
    return Shape(
        "campaign",
        CampaignEventSchema,
        lambda data: id_key in data,
        {
            "id": f"data.{id_key}",
            "receiver": "data.receiver",
            own_time: f"data.{own_time}",
            "at": "|".join(f"data.{name}" for name in times),
        },
    )
