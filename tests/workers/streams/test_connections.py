"""Clients leave a server that says that it is no primary, and reach whoever has its name then."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.streams.connections import CONNECTION_LOST, NoPrimaryError, connect
from comethooks.workers.streams.refusals import what_failed
from tests.redis_server import RedisName, RedisServer, running_server


@pytest.fixture
def promoted() -> Iterator[RedisServer]:
    """A second server, which takes writes."""
    with running_server() as server:
        yield server


@pytest.fixture
def name(own_redis_server: RedisServer, tmp_path: Path) -> RedisName:
    """A name that leads to the test's own server."""
    return RedisName(tmp_path, own_redis_server)


def demote(server: RedisServer, **configuration: str) -> None:
    """Make it a replica of nobody who answers."""
    with server.client() as client:
        for option, value in configuration.items():
            client.config_set(option.replace("_", "-"), value)
    server.follow(1)


class TestConnect:
    @pytest.mark.parametrize("stale", ["yes", "no"])
    def test_a_demoted_server_is_left(
        self, name: RedisName, own_redis_server: RedisServer, promoted: RedisServer, stale: str
    ) -> None:
        """The call fails like one whose connection broke, and the next one connects anew; READONLY
        and MASTERDOWN alike.
        """
        client = connect(name.url)
        client.set("key", "before")
        demote(own_redis_server, replica_serve_stale_data=stale)
        name.lead_to(promoted)
        with pytest.raises(NoPrimaryError) as caught:
            client.set("key", "after")
        assert isinstance(caught.value, CONNECTION_LOST)
        client.set("key", "after")
        assert promoted.client().get("key") == b"after"

    def test_one_that_has_lost_its_replicas_is_left_too(
        self, name: RedisName, own_redis_server: RedisServer, promoted: RedisServer
    ) -> None:
        """It may be cut off; what is told of it is that it refuses, and why."""
        client = connect(name.url)
        client.set("key", "before")
        own_redis_server.client().config_set("min-replicas-to-write", 1)
        name.lead_to(promoted)
        with pytest.raises(NoPrimaryError) as caught:
            client.set("key", "after")
        assert what_failed(caught.value).startswith("refuses: NOREPLICAS; fewer replicas are there")
        client.set("key", "after")
        assert promoted.client().get("key") == b"after"

    def test_a_script_that_only_reads_before_it_writes_is_refused_likewise(
        self, name: RedisName, own_redis_server: RedisServer, promoted: RedisServer
    ) -> None:
        """The code of the error comes from within the script."""
        client = connect(name.url)
        script = client.register_script(
            "redis.call('GET', KEYS[1]) return redis.call('SET', KEYS[1], 1)"
        )
        script(keys=["key"])
        demote(own_redis_server)
        name.lead_to(promoted)
        with pytest.raises(NoPrimaryError):
            script(keys=["key"])
        script(keys=["key"])
        assert promoted.client().get("key") == b"1"

    def test_a_transaction_is_refused_likewise(
        self, name: RedisName, own_redis_server: RedisServer, promoted: RedisServer
    ) -> None:
        """RQ puts its jobs there so."""
        client = connect(name.url)

        def push() -> None:
            pipeline = client.pipeline()
            pipeline.rpush("queue", "job")
            pipeline.sadd("queues", "queue")
            pipeline.execute()

        push()
        demote(own_redis_server)
        name.lead_to(promoted)
        with pytest.raises(NoPrimaryError):
            push()
        push()
        assert promoted.client().llen("queue") == 1

    def test_an_error_that_says_nothing_of_the_server_keeps_the_connection(
        self, redis_server: RedisServer
    ) -> None:
        """Only the call is wrong."""
        client: Redis = connect(redis_server.url)
        client.set("key", "text")
        before = client.client_id()
        with pytest.raises(Exception, match="WRONGTYPE"):
            client.lpush("key", "item")
        assert client.client_id() == before
