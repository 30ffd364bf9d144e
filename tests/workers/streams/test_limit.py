"""The limit of the backlog: what the settings allow, and no more than the server can take."""

from comethooks.workers.streams.limit import REFRESH_SECONDS, BacklogLimit, KnownLimit
from tests.redis_server import RedisServer


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_half_of_the_servers_memory_may_wait() -> None:
    """Unless the setting is less, or the server has no limit."""
    assert BacklogLimit(100, 0).bytes == 100
    assert BacklogLimit(100, 1000).bytes == 100
    assert BacklogLimit(100, 200).bytes == 100
    assert BacklogLimit(100, 150).bytes == 75


def test_the_sentence_says_what_to_turn() -> None:
    """The one of both that holds the other back."""
    assert "raise COMETHOOKS_MAX_BACKLOG_BYTES" in BacklogLimit(100, 1000).sentence
    assert "raise maxmemory" in BacklogLimit(100, 150).sentence
    assert "raise maxmemory to 200" in BacklogLimit(100, 150).misfit


def test_what_the_server_can_take_is_asked_now_and_then(own_redis_server: RedisServer) -> None:
    """Not at every call: that would be a round trip."""
    clock, admin = Clock(), own_redis_server.client()
    limit = KnownLimit(own_redis_server.client(), 10_000_000, clock)
    assert limit.current.bytes == 10_000_000
    admin.config_set("maxmemory", 4_000_000)
    limit.refresh()
    assert limit.current.bytes == 2_000_000
    admin.config_set("maxmemory", 6_000_000)
    clock.time = REFRESH_SECONDS - 1
    limit.refresh()
    assert limit.current.bytes == 2_000_000
    clock.time = REFRESH_SECONDS
    limit.refresh()
    assert limit.current.bytes == 3_000_000


def test_where_the_server_may_not_be_asked_the_setting_counts(
    own_redis_server: RedisServer,
) -> None:
    """Some providers forbid it."""
    own_redis_server.client().config_set("maxmemory", 4_000_000)
    own_redis_server.client().execute_command("ACL", "SETUSER", "default", "-info")
    limit = KnownLimit(own_redis_server.client(), 10_000_000)
    limit.refresh()
    assert limit.current.bytes == 10_000_000


def test_a_server_that_is_away_changes_nothing(own_redis_server: RedisServer) -> None:
    """What was known of it is still the best guess."""
    clock = Clock()
    own_redis_server.client().config_set("maxmemory", 4_000_000)
    limit = KnownLimit(own_redis_server.client(), 10_000_000, clock)
    limit.refresh()
    own_redis_server.kill()
    clock.time = REFRESH_SECONDS
    limit.refresh()
    assert limit.current.bytes == 2_000_000
