"""What waits in the streams, put there as the web process would, but without it: in seconds."""

import json
from typing import NamedTuple

from redis import Redis

from bench.load import CONVERSATIONS, documented_message
from comethooks.workers.clock import now_ms
from comethooks.workers.ids import new_id
from comethooks.workers.record import ENTRY_OVERHEAD_BYTES, FORMAT, Kind, Record, encode_meta
from comethooks.workers.streams import keys
from comethooks.workers.streams.layout import DEFAULT_COUNT, Layout

_AT_ONCE = 500


class Backlog(NamedTuple):
    """How many events wait, and the bytes that Redis counts for them."""

    events: int
    bytes: int


def waiting_record(number: int, *, size: int = 0, tag: str | None = None) -> Record:
    """A message as the web process would keep it, with a body of at least `size` bytes."""
    conversation = number % CONVERSATIONS
    message = documented_message(conversation, number, **({"tags": [tag]} if tag else {}))
    body = json.dumps(message).encode()
    if len(body) < size:
        body = json.dumps({**message, "padding": "x" * (size - len(body))}).encode()
    return Record(
        kind=Kind.EVENT,
        id=new_id(),
        received_at=now_ms(),
        trigger="message_sent",
        name="message.sent",
        app_id="app1",
        conversation_id=f"group_room{conversation}",
        sender="ada",
        occurred_at=1_800_000_000_000 + number,
        key=f"group_room{conversation}",
        size=len(body),
        headers={"content_type": "application/json", "remote": "127.0.0.1"},
        body=body,
    )


def put(client: Redis, events: int, *, size: int = 0, tag: str | None = None) -> Backlog:
    """Have so many events wait, of messages with bodies of at least `size` bytes, a tenth of them
    with that tag.
    """
    layout, total = Layout(DEFAULT_COUNT), 0
    client.set(keys.PARTITIONS, str(layout))
    for first in range(0, events, _AT_ONCE):
        pipeline = client.pipeline(transaction=False)
        for number in range(first, min(events, first + _AT_ONCE)):
            record = waiting_record(number, size=size, tag=None if number % 10 else tag)
            meta = encode_meta(record)
            stream = keys.stream(layout.partition_of(record.app_id, record.key))
            pipeline.xadd(stream, {"v": FORMAT, "k": "event", "m": meta, "b": record.body})
            total += len(meta) + len(record.body) + ENTRY_OVERHEAD_BYTES
        pipeline.execute()
    client.incrby(keys.BACKLOG, total)
    return Backlog(events, total)
