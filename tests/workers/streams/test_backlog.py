"""What waits can be read again by where it was found."""

from comethooks.workers.streams.backlog import entries, record_at
from tests.redis_server import RedisServer
from tests.workers.engine import append, partition, record


def test_an_entry_is_read_again_until_it_is_deleted(redis_server: RedisServer) -> None:
    """With its body; afterwards there is none."""
    client = redis_server.client()
    held = partition(client, 1)
    kept = [record(number=number) for number in range(3)]
    for item in kept:
        append(client, held, item)
    found = list(entries(client, range(2)))
    assert [entry.record for entry in found] == kept[::-1]
    assert record_at(client, found[1].partition, found[1].id) == kept[1]
    client.delete("comethooks:events:1")
    assert record_at(client, found[1].partition, found[1].id) is None
