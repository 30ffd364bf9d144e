"""Redis remembers one journal, and which it is."""

from comethooks.workers.streams import keys
from comethooks.workers.streams.owner import hand_over, own, owner_of
from tests.redis_server import RedisServer


class TestOwn:
    def test_the_first_one_is_remembered_and_no_later_one(self, redis_server: RedisServer) -> None:
        """Each is told which."""
        client = redis_server.client()
        assert owner_of(client) is None
        assert [own(client, name) for name in ("first", "second", "first")] == ["first"] * 3
        assert owner_of(client) == "first"

    def test_a_redis_that_lost_its_data_takes_the_next(self, redis_server: RedisServer) -> None:
        """It is a new one."""
        client = redis_server.client()
        own(client, "first")
        client.delete(keys.JOURNAL)
        assert own(client, "second") == "second"

    def test_a_server_without_memory_left_is_nobody_elses(
        self, own_redis_server: RedisServer
    ) -> None:
        """It has to be drained, and remembers the journal later."""
        client = own_redis_server.client()
        client.config_set("maxmemory", "1")
        assert own(client, "first") == "first"
        assert owner_of(client) is None
        client.config_set("maxmemory", "0")
        own(client, "first")
        client.config_set("maxmemory", "1")
        assert own(client, "second") == "first"


class TestHandOver:
    def test_the_new_one_takes_the_place_of_the_one_before(self, redis_server: RedisServer) -> None:
        """Who comes back is told so."""
        client = redis_server.client()
        own(client, "first")
        hand_over(client, "second")
        assert own(client, "first") == "second"
