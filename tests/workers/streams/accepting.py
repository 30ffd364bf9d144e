"""Records that tests accept, the servers that keep them, and what is kept."""

import shutil
from collections.abc import Iterator

import pytest
from redis import Redis

from comethooks.workers.ids import new_id
from comethooks.workers.record import Kind, Record, decode
from comethooks.workers.states import DecisionAction
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Append, Streams
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.layout import Layout
from tests.missing import missing
from tests.redis_server import RedisServer, running_server

LAYOUT = Layout(4)
KEY = bytes(range(16))
PROGRAMS = ("found first", "redis-server")


def running(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """The server that `up` would run, and Debian's Redis: both must work, and they word the same
    thing differently.
    """
    program = None if request.param == "found first" else shutil.which(request.param)
    if program is None and request.param != "found first":
        missing("redis-server is not installed (Debian: apt-get install redis-server)")
    with running_server(program) as server:
        yield server


def streams(
    server: RedisServer, *, partitions: int = 4, backlog: int = 10**9, window: int = 86_400
) -> Streams:
    return Streams(
        connect(server.url),
        partitions=partitions,
        duplicate_window=window,
        max_backlog_bytes=backlog,
    )


def a_record(**changes: object) -> Record:
    values = {
        "kind": Kind.EVENT,
        "id": new_id(),
        "received_at": 1_800_000_000_000,
        "key": "group_g",
        "body": b"{}",
    }
    return Record(**{**values, **changes})  # type: ignore[arg-type]


def a_decided(decision: DecisionAction | None, **changes: object) -> Record:
    return a_record(decision=decision, **changes)


def entries(client: Redis, partitions: int = 4) -> list[Record]:
    return [decode(f) for p in range(partitions) for _, f in client.xrange(keys.stream(p))]


def opened(url: str) -> Streams:
    return Streams(
        connect(url, connect_timeout=0.1, timeout=0.3),
        partitions=4,
        duplicate_window=86_400,
        max_backlog_bytes=10**9,
    )


def an_event(key: str = "group_g", body: bytes = b"{}") -> Record:
    return Record(kind=Kind.EVENT, id=new_id(), received_at=1, key=key, body=body)


def begin(streams: Streams, record: Record) -> Append:
    return streams.begin(record, duplicate_key=record.id.encode()[-16:], has_time=True)


def accept(streams: Streams, record: Record) -> str:
    return streams.finish(begin(streams, record)).id


def kept_ids(server: RedisServer, partitions: range = LAYOUT.numbers) -> list[str]:
    client = server.client()
    entries = (entry for p in partitions for _, entry in client.xrange(keys.stream(p)))
    return [record.id for record in map(decode, entries) if record.kind is Kind.EVENT]
