"""Campaigns, and the notifications, feed items and pushes that they send. Times are UTC."""

from collections.abc import Mapping
from typing import Any, ClassVar

from comethooks.schemas.event.views import (
    View,
    identifier,
    lazy,
    mapping_in,
    number,
    strings,
    text,
    time,
)
from comethooks.schemas.wire.rules import to_id


class Campaign(View):
    """A campaign, or a notification, feed item or push that it sent."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "status")

    campaign_id = identifier("campaignId")
    notification_id = identifier("notificationId")
    template_id = identifier("templateId")
    name = text("name")
    status = text("status")
    receiver = identifier("receiver")
    """A uid; None for what goes to many."""
    label = text("label")
    tag = text("tag")
    topic = text("topic")
    tags = strings("tags")
    category = text("category", "templateCategory")
    channel = text("channelType")
    total_targets = number("totalTargets")
    sent_count = number("sentCount")
    failed_count = number("failedCount")
    created_at = time("createdAt")
    sent_at = time("sentAt")
    delivered_at = time("deliveredAt")
    read_at = time("readAt")
    clicked_at = time("clickedAt")
    engaged_at = time("engagedAt")
    interacted_at = time("interactedAt")
    completed_at = time("completedAt")

    @lazy
    def id(self: "Campaign") -> str:
        """The id of the push, feed item, notification or campaign that the event is about."""
        keys = ("pushNotificationId", "id", "notificationId", "campaignId")
        return next((found for key in keys if (found := to_id(self._wire.get(key)))), "")

    @lazy
    def metadata(self: "Campaign") -> Mapping[str, Any]:
        """What its author added to it, read-only."""
        return mapping_in(self._wire.get("metadata"))
