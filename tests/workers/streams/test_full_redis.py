"""A Redis with little memory: accepting ends before it is full, and a full one can still be
emptied.
"""

from typing import Any

import orjson
import pytest

from comethooks.workers.record import Kind, cost
from comethooks.workers.streams import keys
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.streams.layout import fixed_layouts
from comethooks.workers.streams.leases import Leases
from comethooks.workers.streams.scripts import entry_scripts
from tests.redis_server import RedisServer
from tests.workers.streams.accepting import KEY, a_record, entries, streams

MAXMEMORY = 20 * 2**20
PARTITIONS = 4


def fill(server: RedisServer, body: int) -> str:
    """Accept events until one is refused: the reason."""
    writer = streams(server)
    number = 0
    while True:
        number += 1
        try:
            writer.accept(
                a_record(body=b"x" * body, key=f"group_{number}"),
                duplicate_key=number.to_bytes(4, "little") * 4,
                has_time=True,
            )
        except NotKeptError as error:
            return error.reason


def drain(server: RedisServer) -> int:
    """Do what a drainer does in Redis with all that waits, by its scripts. How many entries that
    were.
    """
    client, drained = server.client(), 0
    fixed_layouts(client, PARTITIONS)
    leases = Leases(client, "h|b|1", range(PARTITIONS))
    mark, forget = (
        client.register_script(entry_scripts.MARK),
        client.register_script(entry_scripts.FORGET),
    )
    held = leases.balance().held
    assert leases.renew(held) is not None
    for number, lease in held.items():
        own = [keys.lease(number), keys.stream(number), keys.progress(number)]
        found: Any = client.xrange(keys.stream(number))
        while found:
            batch, found = found[:200], found[200:]
            items = [[entry.decode(), cost(fields), {"p.h": "done"}] for entry, fields in batch]
            marks = [part for entry, _, _ in items for part in (f"{entry}/p.h", "a mark")]
            assert mark(keys=[own[0], own[2]], args=[lease, *marks]) == 1
            script_keys = [keys.BACKLOG, keys.RUNS, *own]
            assert forget(keys=script_keys, args=[orjson.dumps([[lease, items]])]) == 0
            drained += len(batch)
        assert leases.release(number, lease)
    leases.drop(leases.member)
    return drained


@pytest.mark.parametrize("body", [500, 50_000])
def test_accepting_ends_before_the_server_is_full(server: RedisServer, body: int) -> None:
    """Small events and large ones: what waits, with its duplicate keys, leaves room to drain it."""
    client = server.client()
    client.config_set("maxmemory", MAXMEMORY)
    client.config_set("appendonly", "no")  # thousands of them, and none is to be kept
    reason = fill(server, body)
    assert reason.startswith(f"the backlog is full: at most {MAXMEMORY // 2} bytes may wait")
    assert int(client.get(keys.BACKLOG) or 0) > MAXMEMORY // 2 - 100_000
    assert client.info("memory")["used_memory"] < 0.8 * MAXMEMORY
    assert drain(server) > 100
    assert (client.get(keys.BACKLOG), entries(client)) == (b"0", [])


def test_a_server_without_any_memory_left_can_be_drained(server: RedisServer) -> None:
    """Others may have filled it: what frees memory must not be refused for the lack of it."""
    writer, client = streams(server), server.client()
    for number in range(10):
        writer.accept(a_record(), duplicate_key=bytes([number]) * 16, has_time=True)
    client.config_set("maxmemory", 1)
    with pytest.raises(NotKeptError):
        writer.accept(a_record(), duplicate_key=KEY, has_time=True)
    assert drain(server) == 10
    assert client.get(keys.BACKLOG) == b"0"


def test_leases_that_were_lost_are_noticed_there_too(server: RedisServer) -> None:
    """Whoever has lost one is told so, and not that there is no memory."""
    streams(server).keep(a_record(kind=Kind.REFUSED))
    client = server.client()
    client.config_set("maxmemory", 1)
    script_keys = [keys.BACKLOG, keys.RUNS, keys.lease(0), keys.stream(0), keys.progress(0)]
    assert (
        client.register_script(entry_scripts.FORGET)(keys=script_keys, args=['[["another",[]]]'])
        == 1
    )
    assert (
        client.register_script(entry_scripts.MARK)(
            keys=script_keys[2:4], args=["another", "a/b", "x"]
        )
        == 0
    )
