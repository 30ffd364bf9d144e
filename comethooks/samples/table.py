"""The table of samples: for each trigger, what makes its bodies. Adding a trigger is one entry."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from comethooks.samples import (
    actions,
    calls,
    campaigns,
    changes,
    envelopes,
    groups,
    interactive,
    messages,
    moderation,
    notifications,
    sessions,
    users,
)
from comethooks.samples.messages import Make


@dataclass(frozen=True, slots=True)
class Sample:
    """What makes the `data` of a trigger's bodies, in each of its variants, and their envelope.

    The first variant is the usual one.
    """

    variants: Mapping[str, Make]
    envelope: envelopes.Envelope = field(default_factory=lambda: envelopes.CURRENT)

    @property
    def usual(self) -> str:
        """The variant that is meant when none is named."""
        return next(iter(self.variants))


_WRITTEN: Mapping[str, Make] = {
    "text": messages.text,
    **{kind: messages.media(kind) for kind in ("image", "video", "audio", "file")},
    "custom": messages.custom,
    "form": messages.form,
    "card": messages.card,
    "scheduler": messages.scheduler,
    "reply": messages.reply,
    "mention": messages.mention,
}
"""The messages that people write, by our name for the kind."""

_TOLD: Mapping[str, Make] = {
    **{action: actions.member_action(action) for action in actions.MEMBER_ACTIONS},
    "edited": actions.edit,
    "deleted": actions.deletion,
    **{f"call-{status}": calls.call(status) for status in calls.STATUSES},
}
"""The messages that nobody writes."""

MESSAGES: Mapping[str, Make] = MappingProxyType({**_WRITTEN, **_TOLD})
"""Every kind of message there is a sample of, by our name for the kind."""


def _each(makes: Mapping[str, Make], written: Callable[[Make], Make]) -> dict[str, Make]:
    return {name: written(make) for name, make in makes.items()}


def _one(make: Make) -> Sample:
    return Sample({"usual": make})


def _legacy(make: Make) -> Sample:
    return Sample({"usual": make}, envelopes.LEGACY)


def _changed(change: str) -> Sample:
    documented = actions.edit if change == "edited" else actions.deletion
    return Sample(
        {"documented": changes.sent(documented), "live": changes.changed_as_seen_live(change)}
    )


def _judged(written: Callable[[Make], Make]) -> Sample:
    return Sample(_each({kind: _WRITTEN[kind] for kind in ("text", "image")}, written))


def _sessions(kind: str, session: str) -> dict[str, Sample]:
    """The triggers of sessions, whose bodies have a `type` at the top."""
    envelope = envelopes.session(kind)
    makes = {
        "started": sessions.started,
        "participant_joined": sessions.joined,
        "participant_left": sessions.left,
        "ended": sessions.ended,
    }
    return {
        f"{session}_{name}": Sample({"usual": sessions.of_new_session(make)}, envelope)
        for name, make in makes.items()
    }


def _of_groups() -> Iterable[tuple[str, Sample]]:
    makes = {
        "group_created": groups.created,
        "group_updated": groups.updated,
        "group_deleted": groups.updated,
        "group_owner_transferred": groups.owner_transferred,
        "group_member_added": groups.by_owner,
        "group_member_joined": groups.by_themselves,
        "group_member_left": groups.by_themselves,
        "group_member_kicked": groups.by_owner,
        "group_member_removed": groups.by_owner,
        "group_member_banned": groups.by_owner,
        "group_member_unbanned": groups.by_owner,
        "group_member_scope_changed": groups.scope_changed,
    }
    return ((trigger, _one(groups.in_new_group(make))) for trigger, make in makes.items())


_BEFORE = Sample(_each(_WRITTEN, changes.before), envelopes.LEGACY)
_AFTER = Sample(_each(MESSAGES, changes.after), envelopes.LEGACY)

CURRENT: Mapping[str, Sample] = MappingProxyType(
    {
        "before_message": _BEFORE,
        "after_message": _AFTER,
        "message_sent": Sample(_each(MESSAGES, changes.sent)),
        "message_edited": _changed("edited"),
        "message_deleted": _changed("deleted"),
        "message_delivery_receipt": _one(changes.receipt("delivered")),
        "message_read_receipt": _one(changes.receipt("read")),
        "message_delivered_to_all": _one(changes.receipt_of_all("delivered")),
        "message_read_by_all": _one(changes.receipt_of_all("read")),
        "message_reaction_added": _one(changes.reaction),
        "message_reaction_removed": _one(changes.reaction),
        "user_mentioned": _one(changes.sent(messages.mention)),
        "message_pinned": _one(changes.pinned),
        "message_unpinned": _one(changes.unpinned),
        "conversation_pinned": _one(changes.conversation(is_pinned=True)),
        "conversation_unpinned": _one(changes.conversation(is_pinned=False)),
        "user_blocked": _one(users.blocked),
        "user_unblocked": _one(users.blocked),
        "user_connection_status_changed": _one(users.presence),
        "after_connection_status_changed": _legacy(users.legacy_presence),
        "user_connection_status_change": _legacy(users.legacy_presence),
        **dict(_of_groups()),
        "call_initiated": _one(calls.data("initiated")),
        **{
            f"call_{status}": _one(calls.data(status))
            for status in ("unanswered", "rejected", "busy", "cancelled")
        },
        **_sessions("call", "call"),
        **_sessions("meet", "meeting"),
        "recording_generated": _one(sessions.of_new_session(sessions.recording)),
        "transcription_generated": _one(sessions.of_new_session(sessions.transcription)),
        "moderation_engine_approved": _judged(moderation.approved),
        "moderation_engine_blocked": _judged(moderation.blocked),
        "moderation_manual_approved": _one(moderation.manual_approved),
        "moderation_engine_failed": Sample(
            {"approved": moderation.failed, "dropped": moderation.failed_and_dropped}
        ),
        "after_campaign_completed": _one(campaigns.finished("completed")),
        "after_campaign_failed": _one(campaigns.finished("failed")),
        "after_notification_created": _one(campaigns.notification_created),
        **{
            f"after_feed_item_{status}": _one(campaigns.feed_item(status))
            for status in ("sent", "delivered", "read", "interacted")
        },
        **{
            f"after_push_notification_{status}": _one(campaigns.push(status))
            for status in ("sent", "delivered", "clicked")
        },
        "email-notification-payload-generated": Sample(
            {"usual": notifications.email}, envelopes.PROVIDER
        ),
        "sms-notification-payload-generated": Sample(
            {"usual": notifications.sms}, envelopes.PROVIDER
        ),
        "push-notification-payload-generated": Sample(
            {"usual": notifications.push}, envelopes.PROVIDER
        ),
        "ui_message_interacted": Sample(interactive.PRESSED, envelopes.CLIENT),
    }
)
"""What there are samples of, each trigger in its newest form."""

LEGACY: Mapping[str, Sample] = MappingProxyType(
    {
        "before_message": _BEFORE,
        "after_message": _AFTER,
        "message_delivery_receipt": _legacy(changes.legacy_receipt("delivered", "deliveredAt")),
        "message_read_receipt": _legacy(changes.legacy_receipt("read", "readAt")),
        "after_connection_status_changed": CURRENT["after_connection_status_changed"],
        "user_connection_status_change": CURRENT["user_connection_status_change"],
    }
)
"""The triggers that the legacy webhooks have, in their form."""

BOTS: Mapping[str, Sample] = MappingProxyType(
    {"after_message": Sample(_each(_WRITTEN, changes.after), envelopes.BOT)}
)
"""The triggers that bots are called with, in the form of such a callback."""
