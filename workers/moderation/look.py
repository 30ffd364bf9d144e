"""What rules look at: every text of a message or of a press, and who sent it where."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from comethooks.schemas import ATTRIBUTES, Event
from comethooks.schemas.event.people import Group, Member
from comethooks.schemas.event.readonly import ReadOnlyDict, ReadOnlyList
from comethooks.workers.moderation.rule import ScorerCall
from comethooks.workers.plugins.deciders.decider import DECIDED_ON
from comethooks.workers.streams.windows import SlidingWindows

MOST_CHARACTERS = 20_000
"""How much of all texts together is looked at. CometChat lets a message have 10 kB of
data; what stands behind that is not looked at, so that nobody can make a decision late."""
SENT = "sent"
_MOST_TEXTS = 1_000
_CUSTOM_LEVELS = 20

Scores = Sequence[Mapping[str, float]]
Score = Callable[[ScorerCall, Sequence[str]], Scores | None]
"""Asks a service for the labels of texts; None when there is no answer."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at. `windows` and `score` are how it is found out what texts do not say; what
    is None is skipped.
    """

    texts: tuple[str, ...]
    sender: str | None = None
    sender_is_sure: bool = True
    """Whether CometChat says who sent it. Who pressed a button is what their device says."""
    roles: frozenset[str] = frozenset()
    """The sender's role, and their scope in the group where the body says it."""
    group: str | None = None
    app_id: str | None = None
    conversation_id: str | None = None
    created_at: datetime | None = None
    """When the sender's account was made."""
    at: datetime | None = None
    """When it came in."""
    identity: str = ""
    """By what a message is counted once, however often it is looked at. Nothing that its sender
    makes up is that, such as a muid: whoever gave all of them the same would never flood a chat."""
    stage: str = SENT
    """Where on its way it is: the trigger that asks about it in flight, or `SENT`. The same message
    may be looked at in each, without an id in one and with it in another, so each counts apart."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The attributes that filters ask for, by name."""
    windows: SlidingWindows | None = None
    score: Score | None = None


def look_of(
    event: Event, *, windows: SlidingWindows | None = None, score: Score | None = None
) -> Look:
    """What there is to look at of an event."""
    sender = event.sender
    roles = (sender.role, sender.scope if isinstance(sender, Member) else None) if sender else ()
    return Look(
        texts=tuple(bounded(_texts(event))),
        sender=sender.uid if sender else None,
        sender_is_sure=event.interaction is None,
        roles=frozenset(each.lower() for each in roles if each),
        group=event.group.guid if isinstance(event.group, Group) else None,
        app_id=event.app_id,
        conversation_id=event.conversation_id,
        created_at=sender.created_at if sender else None,
        at=event.received_at,
        identity=(event.message and event.message.id) or event.id,
        stage=event.trigger if event.trigger in DECIDED_ON else SENT,
        values={name: each.read(event) for name, each in ATTRIBUTES.items()},
        # A press is no message and an edit no further one: they flood nothing.
        windows=windows if event.interaction is None and not event.edited else None,
        score=score,
    )


def _texts(event: Event) -> Iterator[str]:
    message = event.message
    if message is not None:
        yield message.text
        for attachment in message.attachments:
            yield attachment.name or ""
        for element in message.elements:
            yield element.text
            if element.card is not None:
                yield from element.card.texts()
        yield from _strings(message.custom_data)
    if event.card is not None:
        yield from event.card.texts()
    if event.interactive is not None:
        yield event.interactive.title
        for part in event.interactive.elements.values():
            yield part.label
            yield from (option.label for option in part.options)
    if event.interaction is not None:
        yield from _strings(event.interaction.answers)


def _strings(value: Any, levels: int = _CUSTOM_LEVELS) -> Iterator[str]:
    """Every string in a document, but for keys: nobody reads those."""
    if isinstance(value, str):
        yield value
    elif levels and isinstance(value, ReadOnlyDict):
        for each in value.values():
            yield from _strings(each, levels - 1)
    elif levels and isinstance(value, ReadOnlyList | tuple):
        for each in value:
            yield from _strings(each, levels - 1)


def bounded(texts: Iterable[str]) -> Iterator[str]:
    """Each text once, as much of them as is looked at."""
    left, seen = MOST_CHARACTERS, set[str]()
    for text in texts:
        if not text.strip() or text in seen:
            continue
        seen.add(text)
        yield text[:left]
        left -= len(text)
        if left <= 0 or len(seen) == _MOST_TEXTS:
            return
