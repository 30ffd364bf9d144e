"""Campaigns: what was sent to many at once, what came of it, and what one of them did with it.

A time that has not come is null here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from comethooks.samples.messages import Make
from comethooks.samples.scene import Json, Scene

_TARGETS = 240
_STEPS = ("sentAt", "deliveredAt", "readAt", "interactedAt")
_PUSH_STEPS = ("sentAt", "deliveredAt", "clickedAt")
_APART = 20
_SPOKEN = "The winter timetable is here."
_CONTENT: Mapping[str, object] = MappingProxyType(
    {
        "version": "1.0",
        "body": [
            {"id": "title", "type": "text", "content": "Winter timetable", "variant": "heading2"},
            {"id": "line", "type": "divider"},
            {"id": "text", "type": "text", "content": _SPOKEN, "variant": "body"},
        ],
        "style": {
            "background": {"light": "#F4F1EA", "dark": "#23211D"},
            "borderRadius": 8,
            "padding": 16,
        },
    }
)


def finished(status: str) -> Make:
    """A campaign is through: `completed`, or `failed` altogether."""

    def make(scene: Scene) -> Json:
        began = scene.moments_ago()
        reached = _TARGETS if status == "completed" else 0
        return {
            "campaignId": scene.token(),
            "appId": scene.app_id,
            "name": "Winter timetable",
            "status": status,
            "templateId": scene.token(),
            "templateVersion": 2,
            "totalTargets": _TARGETS,
            "sentCount": reached,
            "failedCount": _TARGETS - reached,
            "tag": "timetable",
            "scheduledAt": began - _APART,
            "sentAt": began,
            "completedAt": scene.seconds,
            "createdAt": began - 3600,
            "updatedAt": scene.seconds,
        }

    return make


def notification_created(scene: Scene) -> Json:
    """A notification is about to go out."""
    return {
        "notificationId": scene.token(),
        "appId": scene.app_id,
        "templateId": scene.token(),
        "templateVersion": 2,
        "category": "news",
        "label": "timetable",
        "tags": ["ferries", "winter"],
        "sendMode": "realtime",
        "campaignId": scene.token(),
        "priority": "normal",
        "channels": ["in_app", "push"],
        "dataType": "ui_template",
        "status": "dispatching",
        "totalTargets": _TARGETS,
        "sentCount": 0,
        "failedCount": 0,
        "createdAt": scene.seconds,
    }


def feed_item(status: str) -> Make:
    """What came of a notification in somebody's feed: `sent`, `delivered`, `read`, `interacted`."""
    reached = ("sent", "delivered", "read", "interacted").index(status) + 1

    def make(scene: Scene) -> Json:
        shown = (
            {"content": dict(_CONTENT)} if status == "sent" else {"variables": {}, "metadata": {}}
        )
        return {
            "id": scene.token(),
            **_notification(scene, "in_app"),
            "templateCategory": "news",
            "categoryId": "news",
            "status": "read" if status == "interacted" else status,
            **_times(scene, _STEPS[: max(reached, 3)], reached),
            **({} if status == "interacted" else {"engagedAt": None}),
            "realtimeFanout": ["websocket"],
            **shown,
        }

    return make


def push(status: str) -> Make:
    """What came of a notification on somebody's device: `sent`, `delivered`, `clicked`."""
    reached = ("sent", "delivered", "clicked").index(status) + 1

    def make(scene: Scene) -> Json:
        return {
            "pushNotificationId": scene.token(),
            **_notification(scene, "push"),
            "category": "news",
            "variables": {},
            "status": status,
            **_times(scene, _PUSH_STEPS, reached),
            "engagedAt": None,
            "failedAt": None,
            "errorMessage": None,
            "tag": "timetable",
            "metadata": {},
        }

    return make


def _notification(scene: Scene, channel: str) -> Json:
    return {
        "appId": scene.app_id,
        "notificationId": scene.token(),
        "campaignId": scene.token(),
        "receiver": scene.sender.uid,
        "templateId": scene.token(),
        "templateVersion": 2,
        "channelType": channel,
        "channelId": f"{channel}-default",
        "label": "timetable",
        "tags": ["ferries", "winter"],
        "alternativeText": _SPOKEN,
        "dataType": "ui_template",
    }


def _times(scene: Scene, steps: tuple[str, ...], reached: int) -> Json:
    """When it got to each of `steps`: to the last of those that it `reached` just now."""
    return {
        step: scene.seconds - (reached - number) * _APART if number <= reached else None
        for number, step in enumerate(steps, 1)
    }
