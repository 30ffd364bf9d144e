"""The table of triggers: everything that one is.

A new trigger is one entry here, and a body in `comethooks/samples/bodies`. A trigger that is not
here is accepted with nothing but its envelope.
"""

from collections.abc import Mapping
from types import MappingProxyType

from comethooks.schemas.triggers import families
from comethooks.schemas.triggers.forms import (
    BLOCK,
    CALLBACK,
    CHANGED,
    COMPLETED,
    ENVELOPE,
    FLAT,
    LEGACY_PRESENCE,
    LIVE_CHANGED,
    NESTED,
    PIN,
    PRESENCE,
    RECEIPT,
    SILENCE,
)
from comethooks.schemas.triggers.trigger import Form, Keep, Sender, Trigger
from comethooks.schemas.wire import (
    calls,
    groups,
    moderation,
    notifications,
    receipts,
    shapes,
)
from comethooks.schemas.wire.campaigns import campaign
from comethooks.schemas.wire.cards import TOOL_CALL, TOOL_RESULT
from comethooks.schemas.wire.envelope import Shape
from comethooks.schemas.wire.interactions import INTERACTED
from comethooks.schemas.wire.reactions import REACTION

ECHO = "message.echo"
"""The canonical name of a message_sent that only repeats an edit; up to three follow one (seen
live)."""
_TOOLS = {TOOL_CALL: "agent.tool_call", TOOL_RESULT: "agent.tool_result"}
COMETCHAT = "cometchat"
"""The source that this table is of."""

OURS = "comethooks"
"""The source of events that are made here."""

DOCTOR = "comethooks_doctor"
"""What `comethooks doctor` sends to find out whether events arrive."""

_LEGACY = frozenset((Sender.LEGACY,))
_BOTH = frozenset((Sender.LEGACY, Sender.CURRENT))
_MADE_HERE = frozenset((Sender.OURS,))


def _receipt(name: str, canonical: str, legacy: Shape) -> Trigger:
    old = Form(legacy, families.RECEIPT, ("data.messageId",))
    return Trigger(name, canonical, (RECEIPT, old), _BOTH, own_times=("at",))


def _legacy_presence(name: str) -> Trigger:
    forms = (LEGACY_PRESENCE, PRESENCE)
    return Trigger(name, "user.presence", forms, _LEGACY, own_times=("at",))


def _reaction(name: str, canonical: str) -> Trigger:
    form = Form(REACTION, families.REACTION, ("data.reaction.messageId",))
    return Trigger(name, canonical, (form,), own_times=("at",))


def _group(
    name: str,
    canonical: str,
    shape: Shape = groups.GROUP,
    own_times: tuple[str, ...] = (),
) -> Trigger:
    form = Form(shape, families.GROUP, ("data.group.guid",))
    return Trigger(name, canonical, (form,), own_times=own_times)


def _ringing(name: str, own_times: tuple[str, ...] = ()) -> Trigger:
    which = f"data.call.id|{calls.SESSION_IN_CALL}"
    forms = (
        Form(calls.RINGING, families.CALL, (which,)),
        Form(calls.FLAT_RINGING, families.CALL, ("data.sessionId|data.initiator",)),
    )
    return Trigger(name, name.replace("_", ".", 1), forms, own_times=own_times)


def _session(name: str, shape: Shape) -> Trigger:
    form = Form(shape, families.SESSION, ("data.sessionId",))
    return Trigger(name, name.replace("_", ".", 1), (form,), own_times=("at",))


def _recording(name: str) -> Trigger:
    which = "data.sessionId|data.recording_url|data.transcript_url"
    form = Form(calls.RECORDING, families.RECORDING, (which,))
    return Trigger(name, name.replace("_", "."), (form,))


def _judged(name: str, canonical: str) -> Trigger:
    return Trigger(
        name, canonical, (Form(moderation.JUDGED, families.JUDGED, ("data.message.id",)),)
    )


def _campaign(name: str, canonical: str, id_key: str, own: str, *others: str) -> Trigger:
    form = Form(campaign(id_key, own, *others), families.CAMPAIGN, (f"data.{id_key}",))
    return Trigger(name, canonical, (form,), own_times=(own,))


def _notification(channel: str, shape: Shape) -> Trigger:
    return Trigger(
        f"{channel}-notification-payload-generated",
        f"notification.{channel}_generated",
        (Form(shape, families.NOTIFICATION),),
        frozenset((Sender.PROVIDER,)),
    )


def _envelope(name: str, canonical: str | None, sender: Sender) -> Trigger:
    return Trigger(name, canonical, (ENVELOPE,), frozenset((sender,)))


_TABLE = (
    Trigger(
        "before_message",
        "message.before",
        (
            Form(shapes.FLAT, families.IN_FLIGHT, ("data.sender",)),
            Form(shapes.NESTED, families.IN_FLIGHT, ("data.message.sender",)),
        ),
        _LEGACY,
        own_times=("sentAt",),
        in_flight=True,
    ),
    Trigger(
        "after_message",
        "message.sent",
        (FLAT, NESTED),
        _LEGACY,
        own_times=("sentAt",),
        renamed=MappingProxyType(
            {"edited": "message.edited", "deleted": "message.deleted", **_TOOLS}
        ),
    ),
    Trigger(
        "message_sent",
        "message.sent",
        (NESTED, FLAT),
        own_times=("sentAt",),
        renamed=MappingProxyType({"edited": ECHO, "deleted": ECHO, **_TOOLS}),
    ),
    Trigger("message_edited", "message.edited", CHANGED, own_times=("editedAt",)),
    Trigger("message_deleted", "message.deleted", CHANGED, own_times=("deletedAt",)),
    _receipt("message_delivery_receipt", "receipt.delivered", receipts.LEGACY_DELIVERED),
    _receipt("message_read_receipt", "receipt.read", receipts.LEGACY_READ),
    Trigger("message_delivered_to_all", "receipt.delivered_to_all", (RECEIPT,), own_times=("at",)),
    Trigger("message_read_by_all", "receipt.read_by_all", (RECEIPT,), own_times=("at",)),
    _reaction("message_reaction_added", "reaction.added"),
    _reaction("message_reaction_removed", "reaction.removed"),
    Trigger("user_mentioned", "user.mentioned", (NESTED, FLAT)),
    Trigger("message_pinned", "message.pinned", LIVE_CHANGED, own_times=("pinnedAt",)),
    Trigger("message_unpinned", "message.unpinned", LIVE_CHANGED, own_times=("unpinnedAt",)),
    Trigger(
        "conversation_pinned", "conversation.pinned", (PIN,), own_times=("pinnedAt",), seen=False
    ),
    Trigger(
        "conversation_unpinned",
        "conversation.unpinned",
        (PIN,),
        own_times=("unpinnedAt",),
        seen=False,
    ),
    Trigger("user_blocked", "user.blocked", (BLOCK,)),
    Trigger("user_unblocked", "user.unblocked", (BLOCK,)),
    _legacy_presence("after_connection_status_changed"),
    _legacy_presence("user_connection_status_change"),
    Trigger(
        "user_connection_status_changed",
        "user.presence",
        (PRESENCE, LEGACY_PRESENCE),
        own_times=("at",),
    ),
    _group("group_created", "group.created", groups.CREATED, own_times=("createdAt",)),
    _group("group_updated", "group.updated"),
    _group("group_deleted", "group.deleted"),
    _group("group_owner_transferred", "group.owner_transferred"),
    _group("group_member_added", "group.member_added"),
    _group("group_member_joined", "group.member_joined"),
    _group("group_member_left", "group.member_left"),
    _group("group_member_kicked", "group.member_kicked"),
    _group("group_member_removed", "group.member_kicked"),
    _group("group_member_banned", "group.member_banned"),
    _group("group_member_unbanned", "group.member_unbanned"),
    _group("group_member_scope_changed", "group.member_scope_changed"),
    _ringing("call_initiated", own_times=("sentAt",)),
    _ringing("call_unanswered"),
    _ringing("call_cancelled"),
    _ringing("call_rejected"),
    _ringing("call_busy"),
    _session("call_started", calls.STARTED),
    _session("call_ended", calls.ENDED),
    _session("call_participant_joined", calls.JOINED),
    _session("call_participant_left", calls.LEFT),
    _session("meeting_started", calls.STARTED),
    _session("meeting_ended", calls.ENDED),
    _session("meeting_participant_joined", calls.JOINED),
    _session("meeting_participant_left", calls.LEFT),
    _recording("recording_generated"),
    _recording("transcription_generated"),
    Trigger(
        moderation.REQUESTED_TRIGGER,
        "moderation.requested",
        (Form(moderation.REQUESTED, families.REVIEW, ("data.contextMessages",)),),
        frozenset((Sender.MODERATION,)),
        # An image and its caption are two questions about one message. The context may have grown.
        told_by=("id", "rule", "type", "text", "caption", "url", "sentAt", "editedAt"),
        in_flight=True,
    ),
    _judged("moderation_engine_approved", "moderation.approved"),
    _judged("moderation_engine_blocked", "moderation.blocked"),
    _judged("moderation_manual_approved", "moderation.manually_approved"),
    Trigger(
        "moderation_engine_failed",
        "moderation.failed",
        (Form(moderation.FAILED, families.FAILED, ("data.resource.id",)),),
        own_times=("at",),
    ),
    _campaign("after_campaign_completed", "campaign.completed", "campaignId", "completedAt"),
    _campaign("after_campaign_failed", "campaign.failed", "campaignId", "completedAt"),
    _campaign("after_notification_created", "notification.created", "notificationId", "createdAt"),
    _campaign("after_feed_item_sent", "feed_item.sent", "id", "sentAt"),
    _campaign("after_feed_item_delivered", "feed_item.delivered", "id", "deliveredAt"),
    _campaign("after_feed_item_read", "feed_item.read", "id", "readAt"),
    _campaign(
        "after_feed_item_interacted", "feed_item.interacted", "id", "interactedAt", "engagedAt"
    ),
    _campaign(
        "after_push_notification_sent", "push_notification.sent", "pushNotificationId", "sentAt"
    ),
    _campaign(
        "after_push_notification_delivered",
        "push_notification.delivered",
        "pushNotificationId",
        "deliveredAt",
    ),
    _campaign(
        "after_push_notification_clicked",
        "push_notification.clicked",
        "pushNotificationId",
        "clickedAt",
    ),
    _notification("email", notifications.MAIL),
    _notification("sms", notifications.MAIL),
    _notification("push", notifications.PUSH),
    Trigger(
        INTERACTED,
        "interaction.received",
        (CALLBACK,),
        frozenset((Sender.CLIENT,)),
    ),
    Trigger(DOCTOR, None, (ENVELOPE,), frozenset((Sender.OPERATOR,)), keep=Keep.COUNT),
    Trigger("interaction_goal_completed", "interaction.completed", (COMPLETED,), _MADE_HERE),
    Trigger("app_silent", "app.silent", (SILENCE,), _MADE_HERE),
    Trigger("app_resumed", "app.resumed", (SILENCE,), _MADE_HERE),
    _envelope("plugin.*", None, Sender.OURS),
)

TRIGGERS: Mapping[str, Trigger] = MappingProxyType({entry.name: entry for entry in _TABLE})
"""Every trigger that is known, by name; `plugin.*` stands for whatever plugins emit."""

UNKNOWN = Trigger("", None, (ENVELOPE, Form(shapes.NESTED, families.NESTED_OTHER)), frozenset())
"""What stands in for a trigger without an entry: nothing beyond the trigger is required, and a
message, when there is one, still says which conversation the event belongs to."""


def entry_for(trigger: str | None) -> Trigger:
    """The table's entry for the trigger of a body that came in, or `UNKNOWN`."""
    entry = TRIGGERS.get(trigger, UNKNOWN) if trigger else UNKNOWN
    return UNKNOWN if entry.is_ours else entry


def entry_of(trigger: str, source: str) -> Trigger:
    """The table's entry for events of a trigger that were kept, those that are made here as well;
    `UNKNOWN` for those of another source.
    """
    if source == COMETCHAT:
        return entry_for(trigger)
    entry = TRIGGERS.get(trigger, UNKNOWN) if source == OURS else UNKNOWN
    return entry if entry.is_ours else UNKNOWN


def is_in_flight(trigger: str | None) -> bool:
    """Whether CometChat holds a message back until such an event has been answered."""
    return entry_for(trigger).in_flight
