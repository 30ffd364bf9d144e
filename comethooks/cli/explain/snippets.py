"""The handler that an event lacks: a whole plugin file, to paste and to continue."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from comethooks.schemas import COMETCHAT, ECHO, OURS, Event, entry_of, kind_of
from comethooks.workers.patterns import is_pattern

_NAME_LENGTH = 60
_LONGEST_PATTERN = 100


@dataclass(frozen=True, slots=True)
class _Useful:
    """What is useful in events of a family: what to log, by its name in the log, and more."""

    logged: Mapping[str, str]
    more: tuple[str, ...]


_NOTHING_KNOWN = _Useful({"app": "event.app_id"}, ("payload",))

_USEFUL: Mapping[str, _Useful] = {
    "message": _Useful(
        {"message": "event.message.id", "sender": "event.message.sender.uid"},
        (
            "message.text",
            "message.type",
            "message.receiver",
            "message.attachments",
            "mentions",
            "group",
        ),
    ),
    "message in flight": _Useful(
        {"sender": "event.message.sender.uid"}, ("message.text", "message.type", "message.receiver")
    ),
    "receipt": _Useful(
        {"message": "event.receipt.message_id", "user": "event.receipt.user.uid"},
        ("receipt.action", "receipt.at", "receipt.message_sender"),
    ),
    "reaction": _Useful(
        {"message": "event.reaction.message_id", "user": "event.reaction.user.uid"},
        ("reaction.emoji", "reaction.at", "message"),
    ),
    "presence": _Useful(
        {"user": "event.presence.uid", "status": "event.presence.status"},
        ("presence.at", "presence.changed", "presence.platform", "presence.connections"),
    ),
    "group": _Useful({"group": "event.group.guid"}, ("group.name", "members", "sender")),
    "block": _Useful({"users": "[user.uid for user in event.users]"}, ("sender",)),
    "call": _Useful(
        {"status": "event.call.status"},
        ("call.initiator", "call.receiver", "call.type", "call.session_id"),
    ),
    "session": _Useful(
        {"session": "event.call.session_id"}, ("call.type", "call.status", "call.participants")
    ),
    "recording": _Useful(
        {"session": "event.recording.session_id"},
        ("recording.url", "recording.duration", "recording.kind"),
    ),
    "review": _Useful(
        {"message": "event.message.id", "sender": "event.message.sender.uid"},
        ("message.text", "context", "rule", "group"),
    ),
    "moderation": _Useful(
        {"message": "event.message.id", "status": "event.moderation.status"},
        ("moderation.rules", "moderation.failures", "message.text", "message.sender"),
    ),
    "campaign": _Useful(
        {"campaign": "event.campaign.id", "status": "event.campaign.status"},
        ("campaign.receiver", "campaign.channel", "campaign.metadata"),
    ),
    "notification": _Useful(
        {"to": "event.notification.recipient.uid", "channel": "event.notification.channel"},
        ("notification.title", "notification.body", "notification.sender", "message"),
    ),
    "interaction": _Useful(
        {"message": "event.interaction.message_id", "user": "event.interaction.user"},
        ("interaction.element_id", "interaction.answers", "interaction.verified"),
    ),
    "completion": _Useful(
        {"message": "event.completion.message_id", "user": "event.completion.user"},
        ("completion.answers", "completion.interactions", "completion.verified", "message"),
    ),
    "silence": _Useful(
        {"app": "event.silence.app", "seconds": "event.silence.seconds"},
        ("silence.last_event_at", "silence.expected", "silence.advice"),
    ),
    "conversation": _Useful({"conversation": "event.conversation_id"}, ("sender", "payload")),
}
"""By the name of the family; `more` begins after `event.`."""


def snippet(trigger: str, name: str | None, source: str = COMETCHAT) -> str:
    """The text of a plugin file whose handler gets events of `trigger`, canonically `name`.

    It is a plugin that loads, whatever a stranger has called the trigger.
    """
    pattern = _pattern(trigger, name, source)
    useful = _USEFUL.get(entry_of(trigger, source).family.name, _NOTHING_KNOWN)
    kind = kind_of(trigger, source).__name__ if "*" not in pattern else Event.__name__
    function = f"on_{re.sub(r'[^a-z0-9]+', '_', (name or trigger).lower()).strip('_') or 'event'}"[
        :_NAME_LENGTH
    ]
    echoes = ", echoes=True" if name == ECHO else ""
    logged = "".join(f", {key}={value}" for key, value in useful.logged.items())
    return "\n".join(
        (
            f"from comethooks import {', '.join(sorted(('Context', kind, 'Plugin')))}",
            "",
            'plugin = Plugin("my_plugin")',
            "",
            "",
            f"@plugin.on({json.dumps(pattern)}{echoes})",
            f"def {function}(event: {kind}, ctx: Context) -> None:",
            f"    # More of it: {', '.join(f'event.{each}' for each in useful.more)}",
            f'    ctx.log.info("{function}"{logged})',
            "",
        )
    )


def _pattern(trigger: str, name: str | None, source: str) -> str:
    """What the handler is registered for: the canonical name, the same for all senders."""
    prefix = "" if source in (COMETCHAT, OURS) else f"{source}:"
    wanted = prefix + (name or trigger)
    usable = is_pattern(wanted) and len(wanted) <= _LONGEST_PATTERN and wanted.isprintable()
    return wanted if usable and ":" not in (name or trigger) else f"{prefix}*"
