"""Reading what waits in the streams: an event can be shown from the moment of its 200."""

from collections.abc import Iterator, Sequence

from redis import Redis

from workers import keys
from workers.connections import read_backwards
from workers.record import Record, RecordError, decode

CHUNK = 100


def waiting(client: Redis, partitions: Sequence[int]) -> Iterator[tuple[int, Record]]:
    """Every record in the streams of `partitions`, with its partition; in each newest first, in constant memory.

    Entries of a format that this version cannot read are left out.
    """
    for partition in partitions:
        yield from _backwards(client, partition)


def _backwards(client: Redis, partition: int) -> Iterator[tuple[int, Record]]:
    newest = "+"
    while chunk := read_backwards(client, keys.stream(partition), newest, "-", count=CHUNK):
        for _, fields in chunk:
            try:
                yield partition, decode(fields)
            except RecordError:
                continue
        newest = "(" + chunk[-1][0].decode()
