"""Events that handlers make: what is kept, and how one that is made again is recognised."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import orjson

from comethooks.schemas import OURS, Event, masked
from comethooks.schemas.triggers.identity import content_hash, digest
from comethooks.workers.ids import derived_id
from comethooks.workers.record import Kind, Record
from comethooks.workers.texts import number_of, scrubbed

DEEPEST = 8
"""How many times an event may be made of an event that was made of an event."""
MOST_MADE = 1000
"""How many events a run may make of an event that came in. Of one that was made itself it may make
a tenth as many, and so on down to 1: a handler that answers its own events with several does not
fill Redis with them."""
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
    may have `max_body` bytes, and there may be so many of them as `most_made` says. Raises
    `ValueError`.
    """
    _require_place(name, event.depth + 1, made)
    record = made_record(
        event,
        handler,
        f"{handler.partition('.')[0]}.{name}",
        data,
        called=name,
        received_at=received_at,
        max_body=max_body,
        drop_secrets=drop_secrets,
    )
    kept = orjson.loads(record.body)["data"]
    parts = (event.id, handler, name, content_hash(kept, record.body))
    # A run that emits the same twice means two. In which order it emits may differ from attempt to
    # attempt, so what counts is how many of the same there were, and not its place among all.
    ids = (derived_id(digest((*parts, number))) for number in count(1))
    new = next(identifier for identifier in ids if identifier not in made)
    return replace(record, id=new, key=record.conversation_id or event.id)


def made_record(
    event: Event,
    handler: str,
    trigger: str,
    data: Mapping[str, Any],
    *,
    called: str | None = None,
    received_at: int,
    max_body: int | None = None,
    drop_secrets: bool = False,
) -> Record:
    """An event that `handler` makes of `event`, without an id. Errors name what was `called`.

    Raises `ValueError` for data that is no JSON, and for a body of more than `max_body` bytes.
    """
    called = called or trigger
    kept = _as_json(called, dict(data))
    if drop_secrets:
        kept = masked(kept)  # before its id is made: an attempt is to find the one that is kept
    parent = {"id": event.id, "handler": handler, "depth": event.depth + 1}
    body = orjson.dumps({"trigger": trigger, "appId": event.app_id, "parent": parent, "data": kept})
    if max_body is not None and len(body) > max_body:
        raise ValueError(
            f"emit({called!r}): the event would have {number_of(len(body), 'byte')}, and may have"
            f" {max_body} (COMETHOOKS_MAX_BODY)"
        )
    return Record(
        kind=Kind.EVENT,
        id="",
        received_at=received_at,
        source=OURS,
        trigger=trigger,
        app_id=event.app_id,
        conversation_id=event.conversation_id,
        occurred_at=received_at,
        size=len(body),
        headers={"parent": event.id},
        body=body,
    )


def told_record(
    event: Event,
    handler: str,
    trigger: str,
    name: str,
    data: Mapping[str, Any],
    *,
    facts: Mapping[str, Any],
    **made: Any,
) -> Record:
    """An event with a trigger of the table that a plugin of ours makes of `event`.

    `facts` are those of the record: its id, its conversation and sender. `made`, and what it
    raises, are those of `made_record`.
    """
    record = replace(made_record(event, handler, trigger, data, **made), name=name, **facts)
    return replace(record, key=record.conversation_id or record.id)


def most_made(depth: int) -> int:
    """How many events of that depth one run may make; those made of an event of CometChat have
    depth 1.
    """
    return max(1, MOST_MADE // int(10 ** (depth - 1)))


def emitted_key(record: Record) -> bytes:
    """By what a repeat of an emitted event is recognised."""
    return digest((OURS, record.id))


def _as_json(called: str, data: dict[str, Any]) -> Any:
    """What JSON keeps of data. Halves of surrogate pairs, which bodies may hold, are replaced.

    Raises `ValueError`.
    """
    try:
        return orjson.loads(orjson.dumps(data))
    except TypeError:
        pass  # what orjson refuses may be nothing but a text, and then it is kept without it
    try:
        return orjson.loads(orjson.dumps(scrubbed(data)))
    except (TypeError, RecursionError) as error:
        raise ValueError(f"emit({called!r}): the data is no JSON: {error}") from None


def _require_place(name: str, depth: int, made: Collection[str]) -> None:
    """Raise `ValueError` when the name is none, or when there are enough events at this depth."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"emit({name!r:.50}): a name is lower-case letters, digits and _, at most 64"
        )
    if depth > DEEPEST:
        raise ValueError(
            f"emit({name!r}): events are made of events {DEEPEST} times already; is this a loop?"
        )
    if len(made) >= (most := most_made(depth)):
        raise ValueError(
            f"emit({name!r}): this run has made {number_of(most, 'event')} already, which is the"
            f" most at depth {depth}; put several things into the data of one event"
        )
