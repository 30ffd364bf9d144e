"""Kinds of events: what is never None in them.

An `Event` is of one of these when its trigger says so; the kind of a trigger is the same for every
form in which its bodies are written. A handler that is annotated with a kind needs no test for
None, and may be registered for triggers of that kind only.
"""

from comethooks.schemas.event.calls import Call, Recording
from comethooks.schemas.event.campaigns import Campaign
from comethooks.schemas.event.event import Event
from comethooks.schemas.event.interactions import (
    ONLY_USER,
    SEEN_MESSAGE,
    ReceivedInteraction,
)
from comethooks.schemas.event.messages import Message
from comethooks.schemas.event.moderation import Moderation
from comethooks.schemas.event.notifications import Notification
from comethooks.schemas.event.ours import AppSilence, Completion
from comethooks.schemas.event.people import Group, User
from comethooks.schemas.event.presence import Presence
from comethooks.schemas.event.reactions import Reaction
from comethooks.schemas.event.receipts import Receipt
from comethooks.schemas.event.views import lazy
from comethooks.schemas.triggers import families


class MessageEvent(Event, families=(families.MESSAGE, families.IN_FLIGHT, families.CHANGE)):
    """An event about a message: `message.*`, `agent.*` and `user.mentioned`."""

    message: lazy[Message]

    @lazy
    def sender(self: "MessageEvent") -> User:
        """Who caused it; without a uid when the body does not say."""
        return self._causer or self.message.sender


class ModerationEvent(MessageEvent, families=(families.REVIEW, families.JUDGED, families.FAILED)):
    """An event about what moderation asks or says of a message: `moderation.*`."""

    moderation: lazy[Moderation]


class ReceiptEvent(Event, families=(families.RECEIPT,)):
    """An event about who received or read a message: `receipt.*`."""

    receipt: lazy[Receipt]


class ReactionEvent(Event, families=(families.REACTION,)):
    """An event about a reaction to a message: `reaction.*`."""

    reaction: lazy[Reaction]


class PresenceEvent(Event, families=(families.PRESENCE,)):
    """An event about a connection of a user: `user.presence`."""

    presence: lazy[Presence]


class GroupEvent(Event, families=(families.GROUP,)):
    """An event about a group or its members: `group.*`."""

    group: lazy[Group]


class CallEvent(Event, families=(families.CALL, families.SESSION)):
    """An event about a call or a meeting: `call.*` and `meeting.*`."""

    call: lazy[Call]


class RecordingEvent(Event, families=(families.RECORDING,)):
    """An event about what a call leaves behind: `recording.*` and `transcription.*`."""

    recording: lazy[Recording]


class CampaignEvent(Event, families=(families.CAMPAIGN,)):
    """An event about a campaign or what it sends.

    These are `campaign.*`, `feed_item.*`, `push_notification.*` and `notification.created`.
    """

    campaign: lazy[Campaign]


class NotificationEvent(Event, families=(families.NOTIFICATION,)):
    """An event that a custom provider gets: `notification.push_generated` and the like."""

    notification: lazy[Notification]


class InteractionEvent(Event, families=(families.INTERACTION,)):
    """An event about a press on an interactive message: `interaction.received`."""

    interaction: lazy[ReceivedInteraction]


class CompletionEvent(Event, families=(families.COMPLETION,)):
    """A user completed the goal of a message: `interaction.completed`."""

    completion: lazy[Completion]
    message: lazy[Message]


class SilenceEvent(Event, families=(families.SILENCE,)):
    """An app is silent, or is heard again: `app.silent` and `app.resumed`."""

    silence: lazy[AppSilence]


KINDS: tuple[type[Event], ...] = (
    MessageEvent,
    ModerationEvent,
    ReceiptEvent,
    ReactionEvent,
    PresenceEvent,
    GroupEvent,
    CallEvent,
    RecordingEvent,
    CampaignEvent,
    NotificationEvent,
    InteractionEvent,
    CompletionEvent,
    SilenceEvent,
)


def pressed_on(event: InteractionEvent, message_id: str, only_user: str | None) -> Event:
    """The event of a press as one on that message, and of the only user who can have pressed where
    it names nobody.
    """
    known = {SEEN_MESSAGE: message_id}
    if only_user is not None:
        known[ONLY_USER] = only_user
    return Event(
        id=event.id,
        source=event.source,
        trigger=event.trigger,
        name=event.name,
        app_id=event.app_id,
        conversation_id=event.conversation_id,
        occurred_at=event._occurred_ms,
        received_at=event._received_ms,
        raw=event.raw,
        replay=event.replay,
        headers={**event._headers, **known},
    )
