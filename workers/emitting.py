"""Events that handlers make: what is kept of one, and why an attempt that is repeated makes no second one."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from schemas import OURS, Event
from schemas.keys import digest
from workers.ids import derived_id
from workers.record import Kind, Record

DEEPEST = 8
"""How many times an event may be made of an event that was made of an event."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def emitted(
    event: Event, handler: str, name: str, data: Mapping[str, Any], *, number: int, received_at: int
) -> Record:
    """The event `name` that `handler` makes of `event`; it is the `number`th of that name in this run.

    Its id is derived from all that, so every attempt makes the same. Raises `ValueError`.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"emit({name!r:.50}): a name is lower-case letters, digits and _, at most 64")
    depth = event.depth + 1
    if depth > DEEPEST:
        raise ValueError(
            f"emit({name!r}): events are made of events {DEEPEST} times already; is this a loop?"
        )
    trigger = f"{handler.partition('.')[0]}.{name}"
    parent = {"id": event.id, "handler": handler, "depth": depth}
    document = {"trigger": trigger, "appId": event.app_id, "parent": parent, "data": dict(data)}
    try:
        body = orjson.dumps(document)
    except TypeError as error:
        raise ValueError(f"emit({name!r}): the data is no JSON: {error}") from None
    parts = (event.id, event.replay, handler, name, number)
    return Record(
        kind=Kind.EVENT,
        id=derived_id(digest(parts)),
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
