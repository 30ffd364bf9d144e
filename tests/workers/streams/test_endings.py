"""How a work-horse ended: recorded for whoever takes over, and its leases dropped."""

from comethooks.workers.processes import member_name
from comethooks.workers.streams import keys
from comethooks.workers.streams.endings import (
    ENDING_TTL_SECONDS,
    Ending,
    endings_of,
    record_death,
)
from comethooks.workers.streams.leases import Leases
from comethooks.workers.vital_signs import run_name
from tests.redis_server import RedisServer

PID = 4_000_000


def test_a_death_is_recorded_and_its_leases_are_free(redis_server: RedisServer) -> None:
    """For an hour."""
    client = redis_server.client()
    client.set(keys.PARTITIONS, 4)
    Leases(redis_server.client(), member_name(PID), range(4)).balance()
    assert record_death(client, PID, "SIGSEGV") == 4
    assert client.hgetall(keys.ENDINGS) == {member_name(PID).encode(): b"SIGSEGV"}
    assert 0 < client.ttl(keys.ENDINGS) <= ENDING_TTL_SECONDS
    assert not client.exists(*(keys.lease(number) for number in range(4)))


def test_what_a_work_horse_was_at_is_known_with_how_it_ended(redis_server: RedisServer) -> None:
    """Where its worker knows that; else it may have been at anything."""
    client, other = redis_server.client(), PID + 1
    record_death(client, PID, "SIGKILL", ["id-1/plugin.one"])
    record_death(client, other, "SIGKILL")
    found = endings_of(client, [member_name(PID), member_name(other), "nobody"])
    assert set(found) == {member_name(PID), member_name(other)}
    known, unknown = found[member_name(PID)], found[member_name(other)]
    assert known.was_at("id-1", "plugin.one")
    assert not known.was_at("id-1", "plugin.two")
    assert unknown.was_at("id-1", "plugin.two")
    assert (known.runs, unknown.runs) == ([("id-1", "plugin.one")], None)


def test_a_name_that_is_only_a_beginning_tells_of_no_run() -> None:
    """So all are suspected, as when nothing is known."""
    long = run_name("id-1", "plugin." + "x" * 300)
    ending = Ending("SIGKILL", frozenset({long, "id-2/plugin.two"}))
    assert ending.runs is None
    assert ending.was_at("id-1", "plugin." + "x" * 300)


def test_an_ending_that_nobody_saw_is_not_made_up(redis_server: RedisServer) -> None:
    """The leases are freed all the same."""
    redis_server.client().set(keys.PARTITIONS, 4)
    Leases(redis_server.client(), member_name(PID), range(4)).balance()
    assert record_death(redis_server.client(), PID, None) == 4
    assert not redis_server.client().exists(keys.ENDINGS)


def test_a_server_without_memory_frees_the_leases(own_redis_server: RedisServer) -> None:
    """The word is lost; the partitions move on."""
    client = own_redis_server.client()
    client.set(keys.PARTITIONS, 4)
    Leases(own_redis_server.client(), member_name(PID), range(4)).balance()
    client.config_set("maxmemory", 1)
    assert record_death(client, PID, "SIGKILL") == 4
    assert not client.exists(keys.ENDINGS)
