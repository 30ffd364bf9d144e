"""The table of triggers: everything that one is.

A new trigger is one entry here, and a body in `comethooks/samples/bodies`. A trigger that is not
here is accepted with nothing but its envelope.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from comethooks.schemas.triggers import families
from comethooks.schemas.triggers.trigger import Form, Keep, Sender, Trigger
from comethooks.schemas.wire import calls, groups, moderation, presence, receipts, shapes
from comethooks.schemas.wire.campaigns import campaign
from comethooks.schemas.wire.envelope import CallbackSchema, EnvelopeSchema, Shape
from comethooks.schemas.wire.reactions import REACTION

ECHO = "message.echo"
"""The canonical name of a message_sent that only repeats an edit; up to three follow one (seen
live)."""
COMETCHAT = "cometchat"
"""The source that this table is of."""

OURS = "comethooks"
"""The source of events that are made here."""

DOCTOR = "comethooks_doctor"
"""What `comethooks doctor` sends to find out whether events arrive."""


def _below(prefix: str, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{key}" for key in keys)


_IN_FLIGHT = ("sender", "receiver", "receiverType", "category", "type")
_MESSAGE = ("id", *_IN_FLIGHT)

_NESTED = Form(shapes.NESTED, families.MESSAGE, _below("data.message", _MESSAGE))
_FLAT = Form(shapes.FLAT, families.MESSAGE, _below("data", _MESSAGE))
_CHANGED = (
    Form(shapes.CHANGE, families.CHANGE, ("data.message.data.entities.on.entity.id",)),
    Form(shapes.NESTED, families.CHANGE, ("data.message.id",)),
    Form(shapes.FLAT, families.CHANGE, ("data.id",)),
)
# Pins are known from live traffic only, where the message itself comes; so that is tried first.
_LIVE_CHANGED = (
    Form(shapes.ITSELF, families.CHANGE, ("data.message.id",)),
    _CHANGED[0],
    _CHANGED[2],
)

_RECEIPT = Form(
    receipts.CURRENT,
    families.RECEIPT,
    ("data.body.messageId", "data.body.user.uid", "data.body.timestamp"),
)
_RECEIPT_OF_ALL = Form(receipts.CURRENT, families.RECEIPT, ("data.body.messageId",))
_PRESENCE = Form(
    presence.CURRENT,
    families.PRESENCE,
    ("data.user.uid", "data.status|data.currentConnection.action", "data.timestamp"),
)
_LEGACY_PRESENCE = Form(
    presence.LEGACY,
    families.PRESENCE,
    (
        "data.user.uid",
        "data.user.status|data.event.type",
        "data.event.at|data.user.status_updated_at",
    ),
)
_ENVELOPE = Form(
    Shape("envelope", EnvelopeSchema, lambda data: not shapes.is_nested(data), {}), families.OTHER
)

_LEGACY = frozenset((Sender.LEGACY,))
_BOTH = frozenset((Sender.LEGACY, Sender.CURRENT))


def _receipt(name: str, canonical: str, legacy: Shape, time_key: str) -> Trigger:
    old = Form(legacy, families.RECEIPT, _below("data", ("messageId", "receiptSender", time_key)))
    return Trigger(name, canonical, (_RECEIPT, old), _BOTH)


def _legacy_presence(name: str) -> Trigger:
    return Trigger(name, "user.presence", (_LEGACY_PRESENCE, _PRESENCE), _LEGACY)


def _reaction(name: str, canonical: str) -> Trigger:
    who = "data.reaction.uid|data.reaction.reactedBy.uid"
    required = ("data.reaction.messageId", "data.reaction.reaction", who)
    return Trigger(name, canonical, (Form(REACTION, families.REACTION, required),))


def _group(name: str, canonical: str, *required: str, shape: Shape = groups.GROUP) -> Trigger:
    form = Form(shape, families.GROUP, _below("data", ("group.guid", *required)))
    return Trigger(name, canonical, (form,))


def _ringing(name: str) -> Trigger:
    which = f"data.call.id|{calls.SESSION_IN_CALL}"
    form = Form(calls.RINGING, families.CALL, (which,))
    return Trigger(name, name.replace("_", ".", 1), (form,))


def _session(name: str, shape: Shape, *required: str) -> Trigger:
    form = Form(shape, families.SESSION, _below("data", ("sessionId", *required)))
    return Trigger(name, name.replace("_", ".", 1), (form,))


def _recording(name: str) -> Trigger:
    form = Form(calls.RECORDING, families.RECORDING, ("data.sessionId",))
    return Trigger(name, name.replace("_", "."), (form,))


def _judged(name: str, canonical: str) -> Trigger:
    return Trigger(
        name, canonical, (Form(moderation.JUDGED, families.JUDGED, ("data.message.id",)),)
    )


def _campaign(name: str, canonical: str, id_key: str, time_key: str) -> Trigger:
    return Trigger(
        name, canonical, (Form(campaign(id_key, time_key), families.CAMPAIGN, (f"data.{id_key}",)),)
    )


def _envelope(name: str, canonical: str | None, sender: Sender) -> Trigger:
    return Trigger(name, canonical, (_ENVELOPE,), frozenset((sender,)))


_CALLBACK = Form(Shape("callback", CallbackSchema, lambda data: True, {}), families.OTHER)
_BLOCK = Form(groups.BLOCK, families.BLOCK, ("data.users", "data.by"))
_PIN = Form(groups.PIN, families.PIN)

_TABLE = (
    Trigger(
        "before_message",
        "message.before",
        (
            Form(shapes.FLAT, families.IN_FLIGHT, _below("data", _IN_FLIGHT)),
            Form(shapes.NESTED, families.IN_FLIGHT, _below("data.message", _IN_FLIGHT)),
        ),
        _LEGACY,
        in_flight=True,
    ),
    Trigger(
        "after_message",
        "message.sent",
        (_FLAT, _NESTED),
        _LEGACY,
        renamed=MappingProxyType({"edited": "message.edited", "deleted": "message.deleted"}),
    ),
    Trigger(
        "message_sent",
        "message.sent",
        (_NESTED, _FLAT),
        renamed=MappingProxyType({"edited": ECHO, "deleted": ECHO}),
    ),
    Trigger("message_edited", "message.edited", _CHANGED),
    Trigger("message_deleted", "message.deleted", _CHANGED),
    _receipt(
        "message_delivery_receipt", "receipt.delivered", receipts.LEGACY_DELIVERED, "deliveredAt"
    ),
    _receipt("message_read_receipt", "receipt.read", receipts.LEGACY_READ, "readAt"),
    Trigger("message_delivered_to_all", "receipt.delivered_to_all", (_RECEIPT_OF_ALL,)),
    Trigger("message_read_by_all", "receipt.read_by_all", (_RECEIPT_OF_ALL,)),
    _reaction("message_reaction_added", "reaction.added"),
    _reaction("message_reaction_removed", "reaction.removed"),
    Trigger("user_mentioned", "user.mentioned", (_NESTED, _FLAT)),
    Trigger("message_pinned", "message.pinned", _LIVE_CHANGED),
    Trigger("message_unpinned", "message.unpinned", _LIVE_CHANGED),
    Trigger("conversation_pinned", "conversation.pinned", (_PIN,), seen=False),
    Trigger("conversation_unpinned", "conversation.unpinned", (_PIN,), seen=False),
    Trigger("user_blocked", "user.blocked", (_BLOCK,)),
    Trigger("user_unblocked", "user.unblocked", (_BLOCK,)),
    _legacy_presence("after_connection_status_changed"),
    _legacy_presence("user_connection_status_change"),
    Trigger("user_connection_status_changed", "user.presence", (_PRESENCE, _LEGACY_PRESENCE)),
    _group("group_created", "group.created", shape=groups.CREATED),
    _group("group_updated", "group.updated"),
    _group("group_deleted", "group.deleted"),
    _group("group_owner_transferred", "group.owner_transferred", "group.owner"),
    _group("group_member_added", "group.member_added", "members"),
    _group("group_member_joined", "group.member_joined", "members"),
    _group("group_member_left", "group.member_left", "members"),
    _group("group_member_kicked", "group.member_kicked", "members"),
    _group("group_member_removed", "group.member_kicked", "members"),
    _group("group_member_banned", "group.member_banned", "members"),
    _group("group_member_unbanned", "group.member_unbanned", "members"),
    _group("group_member_scope_changed", "group.member_scope_changed", "members"),
    _ringing("call_initiated"),
    _ringing("call_unanswered"),
    _ringing("call_cancelled"),
    _ringing("call_rejected"),
    _ringing("call_busy"),
    _session("call_started", calls.STARTED),
    _session("call_ended", calls.ENDED),
    _session("call_participant_joined", calls.JOINED, "occupant"),
    _session("call_participant_left", calls.LEFT, "occupant"),
    _session("meeting_started", calls.STARTED),
    _session("meeting_ended", calls.ENDED),
    _session("meeting_participant_joined", calls.JOINED, "occupant"),
    _session("meeting_participant_left", calls.LEFT, "occupant"),
    _recording("recording_generated"),
    _recording("transcription_generated"),
    _judged("moderation_engine_approved", "moderation.approved"),
    _judged("moderation_engine_blocked", "moderation.blocked"),
    _judged("moderation_manual_approved", "moderation.manually_approved"),
    Trigger(
        "moderation_engine_failed",
        "moderation.failed",
        (Form(moderation.FAILED, families.FAILED, ("data.resource.id",)),),
    ),
    _campaign("after_campaign_completed", "campaign.completed", "campaignId", "completedAt"),
    _campaign("after_campaign_failed", "campaign.failed", "campaignId", "completedAt"),
    _campaign("after_notification_created", "notification.created", "notificationId", "createdAt"),
    _campaign("after_feed_item_sent", "feed_item.sent", "id", "sentAt"),
    _campaign("after_feed_item_delivered", "feed_item.delivered", "id", "deliveredAt"),
    _campaign("after_feed_item_read", "feed_item.read", "id", "readAt"),
    _campaign("after_feed_item_interacted", "feed_item.interacted", "id", "interactedAt"),
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
    _envelope(
        "email-notification-payload-generated", "notification.email_generated", Sender.PROVIDER
    ),
    _envelope("sms-notification-payload-generated", "notification.sms_generated", Sender.PROVIDER),
    _envelope(
        "push-notification-payload-generated", "notification.push_generated", Sender.PROVIDER
    ),
    Trigger(
        "ui_message_interacted",
        "interaction.received",
        (_CALLBACK,),
        frozenset((Sender.CLIENT,)),
    ),
    Trigger(DOCTOR, None, (_ENVELOPE,), frozenset((Sender.OPERATOR,)), keep=Keep.COUNT),
    _envelope("plugin.*", None, Sender.OURS),
)

TRIGGERS: Mapping[str, Trigger] = MappingProxyType({entry.name: entry for entry in _TABLE})
"""Every trigger that is known, by name; `plugin.*` stands for whatever plugins emit."""

UNKNOWN = Trigger("", None, (_ENVELOPE, Form(shapes.NESTED, families.NESTED_OTHER)), frozenset())
"""What stands in for a trigger without an entry: nothing beyond the envelope is required, and a
message, when there is one, still says which conversation the event belongs to."""


def entry_for(trigger: str | None) -> Trigger:
    """The table's entry for the trigger of a body that came in, or `UNKNOWN`."""
    entry = TRIGGERS.get(trigger, UNKNOWN) if trigger else UNKNOWN
    return UNKNOWN if entry.is_ours else entry


def is_in_flight(trigger: str | None) -> bool:
    """Whether CometChat holds a message back until such an event has been answered."""
    return entry_for(trigger).in_flight
