"""Reading what waits in the streams: an event can be shown from the moment of its 200."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from redis import Redis

from comethooks.workers.record import Record, RecordError, decode
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import read_backwards
from comethooks.workers.streams.scripts import entry_scripts

CHUNK = 100
IDS_CHUNK = 500
"""So many entries take the server less than a millisecond."""
_ID_LENGTH = 36


class Entry(NamedTuple):
    """A record in its stream. `id` is the entry's, not the record's."""

    partition: int
    id: str
    record: Record


def waiting(client: Redis, partitions: Sequence[int]) -> Iterator[tuple[int, Record]]:
    """Every record in the streams of `partitions`, with its partition, the newest of each partition
    first. Needs the same memory however many there are.

    Leaves out entries of a format that this version cannot read.
    """
    for entry in entries(client, partitions):
        yield entry.partition, entry.record


def entries(client: Redis, partitions: Sequence[int]) -> Iterator[Entry]:
    """The same, with the ids under which the entries can be read again."""
    for partition in partitions:
        yield from _backwards(client, partition)


def record_at(client: Redis, partition: int, entry_id: str) -> Record | None:
    """The record in that entry of a stream; None when it is not there any more."""
    found = read_backwards(client, keys.stream(partition), entry_id, entry_id, count=1)
    return decode(found[0][1]) if found else None


def ids_waiting(client: Redis, partitions: Sequence[int]) -> set[str]:
    """The ids of all requests in the streams of `partitions`. Raises redis-py's errors."""
    script = client.register_script(entry_scripts.IDS)
    ids = set()
    for partition in partitions:
        last = "-"
        while True:
            found = script(keys=[keys.stream(partition)], args=[last, IDS_CHUNK])
            entry, together = (part.decode() for part in found)
            if not entry:
                break
            ids |= {together[i : i + _ID_LENGTH] for i in range(0, len(together), _ID_LENGTH)}
            last = f"({entry}"
    return ids


def _backwards(client: Redis, partition: int) -> Iterator[Entry]:
    newest = "+"
    while chunk := read_backwards(client, keys.stream(partition), newest, "-", count=CHUNK):
        for entry_id, fields in chunk:
            try:
                record = decode(fields)
            except RecordError:
                continue
            yield Entry(partition, entry_id.decode(), record)
        newest = "(" + chunk[-1][0].decode()
