"""Reading what waits in the streams: an event can be shown from the moment of its 200."""

from collections.abc import Iterator

from redis import Redis

from workers import keys
from workers.connections import read_backwards
from workers.ids import id_time_ms
from workers.record import Record, RecordError, decode

CHUNK = 500
CLOCK_SLACK_MS = 10_000
"""How far the clock that made an id and Redis' clock may be apart for `find` to be quick."""


def waiting(client: Redis, partitions: int) -> Iterator[tuple[int, Record]]:
    """Every record in the streams with its partition; within a partition newest first, in constant memory.

    Entries of a format that this version cannot read are left out.
    """
    for partition in range(partitions):
        yield from _backwards(client, partition, "+", "-")


def find(client: Redis, partitions: int, identifier: str) -> tuple[int, Record] | None:
    """The record in the streams whose id begins so, with its partition.

    Looks first where its time says it should be, then everywhere.
    """
    made = id_time_ms(identifier)
    spans = [("+", "-")]
    if made is not None:
        spans.insert(0, (str(made + CLOCK_SLACK_MS), str(max(0, made - CLOCK_SLACK_MS))))
    for newest, oldest in spans:
        for partition in range(partitions):
            for found in _backwards(client, partition, newest, oldest):
                if found[1].id.startswith(identifier):
                    return found
    return None


def _backwards(client: Redis, partition: int, newest: str, oldest: str) -> Iterator[tuple[int, Record]]:
    upper = newest
    while chunk := read_backwards(client, keys.stream(partition), upper, oldest, count=CHUNK):
        for _, fields in chunk:
            try:
                yield partition, decode(fields)
            except RecordError:
                continue
        upper = "(" + chunk[-1][0].decode()
