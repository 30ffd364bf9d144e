"""One of several does it: who leads, for how long, and who follows."""

from redis import Redis

from comethooks.workers.streams.connections import connect
from comethooks.workers.supervision.leader import Leader
from tests.redis_server import RedisServer
from tests.waiting import wait_for


def candidate(server: RedisServer, name: str, ttl: float = 10.0) -> Leader:
    """One that would lead."""
    client: Redis = connect(server.url)
    return Leader(client, name, ttl=ttl)


def test_one_leads_and_goes_on_leading(redis_server: RedisServer) -> None:
    """However often the others ask."""
    first, second = candidate(redis_server, "first"), candidate(redis_server, "second")
    assert [first.is_leader(), second.is_leader(), first.is_leader(), second.is_leader()] == [
        True,
        False,
        True,
        False,
    ]


def test_who_resigns_is_followed_at_once(redis_server: RedisServer) -> None:
    """And cannot resign for its successor."""
    first, second = candidate(redis_server, "first"), candidate(redis_server, "second")
    assert first.is_leader()
    first.resign()
    assert second.is_leader()
    first.resign()
    assert not first.is_leader()


def test_who_does_not_ask_any_more_is_followed_after_its_time(redis_server: RedisServer) -> None:
    """It has died, or its host has."""
    first, second = candidate(redis_server, "first", ttl=0.2), candidate(redis_server, "second")
    assert first.is_leader()
    assert not second.is_leader()
    wait_for(second.is_leader, "the other one leads")
