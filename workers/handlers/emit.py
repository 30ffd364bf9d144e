"""Events that handlers make: what is kept, and how one that is made again is recognised."""

import re
from collections.abc import Collection, Mapping
from itertools import count
from typing import Any

import orjson

from comethooks.schemas import OURS, Event, masked
from comethooks.schemas.triggers.identity import content_hash, digest
from comethooks.workers.ids import derived_id
from comethooks.workers.record import Kind, Record
from comethooks.workers.texts import number_of

DEEPEST = 8
"""How many times an event may be made of an event that was made of an event."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def emitted(
    event: Event,
    handler: str,
    name: str,
    data: Mapping[str, Any],
    *,
    made: Collection[str] = (),
    received_at: int,
    max_body: int | None = None,
    drop_secrets: bool = False,
) -> Record:
    """The event `name` that `handler` makes of `event`; `made` are the ids of those that this run
    has made before.

    Its id is derived of event, handler, name and data, and of how many of the same were made
    before. So every attempt makes the same, in whatever order, and so does every replay. Its body
    may have `max_body` bytes. Raises `ValueError`.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"emit({name!r:.50}): a name is lower-case letters, digits and _, at most 64"
        )
    depth = event.depth + 1
    if depth > DEEPEST:
        raise ValueError(
            f"emit({name!r}): events are made of events {DEEPEST} times already; is this a loop?"
        )
    try:
        kept = orjson.loads(orjson.dumps(dict(data)))
    except TypeError as error:
        raise ValueError(f"emit({name!r}): the data is no JSON: {error}") from None
    if drop_secrets:
        kept = masked(kept)  # before its id is made: an attempt is to find the one that is kept
    trigger = f"{handler.partition('.')[0]}.{name}"
    parent = {"id": event.id, "handler": handler, "depth": depth}
    body = orjson.dumps({"trigger": trigger, "appId": event.app_id, "parent": parent, "data": kept})
    if max_body is not None and len(body) > max_body:
        raise ValueError(
            f"emit({name!r}): the event would have {number_of(len(body), 'byte')}, and may have"
            f" {max_body} (COMETHOOKS_MAX_BODY)"
        )
    parts = (event.id, handler, name, content_hash(kept, body))
    # A run that emits the same twice means two. In which order it emits may differ from attempt to
    # attempt, so what counts is how many of the same there were, and not its place among all.
    ids = (derived_id(digest((*parts, number))) for number in count(1))
    return Record(
        kind=Kind.EVENT,
        id=next(identifier for identifier in ids if identifier not in made),
        received_at=received_at,
        source=OURS,
        trigger=trigger,
        app_id=event.app_id,
        conversation_id=event.conversation_id,
        occurred_at=received_at,
        key=event.conversation_id or event.id,
        size=len(body),
        headers={"parent": event.id},
        body=body,
    )


def emitted_key(record: Record) -> bytes:
    """By what a repeat of an emitted event is recognised."""
    return digest((OURS, record.id))
