"""Windows: how often something happened lately, whoever counts it."""

import time
from concurrent.futures import ThreadPoolExecutor

from redis import Redis

from comethooks.workers.streams import keys
from comethooks.workers.streams.windows import PATIENCE_SECONDS, SlidingWindows
from tests.redis_server import RedisServer
from tests.waiting import wait_for


def test_a_window_counts_each_member_once(redis_server: RedisServer) -> None:
    """A message that is looked at again is no further one."""
    windows = SlidingWindows(redis_server.client())
    assert windows.count([("a", "1", 60, 9), ("b", "1", 60, 9)]) == (1, 1)
    assert windows.count([("a", "1", 60, 9), ("a", "2", 60, 9)]) == (1, 2)


def test_all_windows_are_one_round_trip(redis_server: RedisServer) -> None:
    """Once the server has the script."""
    client = redis_server.client()
    windows = SlidingWindows(client)
    windows.count([("a", "1", 60, 9)])
    before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    windows.count([(str(number), "1", 60, 9) for number in range(20)])
    assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1


def test_a_window_is_as_long_as_it_says_and_leaves_nothing(redis_server: RedisServer) -> None:
    """Its key ends with it."""
    client = redis_server.client()
    windows = SlidingWindows(client)
    windows.count([("a", "1", 0.5, 9)])
    [key] = client.keys(f"{keys.PREFIX}*")
    assert key.startswith(keys.WINDOWS.encode())
    wait_for(lambda: not client.exists(key), "the window has ended")
    assert windows.count([("a", "2", 0.5, 9)]) == (1,)


def test_who_floods_does_not_fill_the_server(redis_server: RedisServer) -> None:
    """No more is kept of a window than matters, and a flood that goes on is told as one."""
    windows = SlidingWindows(redis_server.client())
    counts = [windows.count([("a", str(number), 60, 5)]) for number in range(50)]
    assert counts[-1] == (5,)


def test_a_clock_that_goes_back_leaves_nobody_flooding(redis_server: RedisServer) -> None:
    """What was counted by the later time is counted no more."""
    client = redis_server.client()
    windows = SlidingWindows(client)
    windows.count([("a", "1", 60, 9)])
    [key] = client.keys(f"{keys.WINDOWS}*")
    seconds, _ = client.time()
    client.zadd(key, {"ahead": (seconds + 3600) * 1000, "further": (seconds + 7200) * 1000})
    assert windows.count([("a", "2", 60, 9)]) == (2,)


def test_messages_at_once_are_all_counted(redis_server: RedisServer) -> None:
    """By however many processes: nobody sees too few."""
    windows = SlidingWindows(redis_server.client())
    with ThreadPoolExecutor(8) as threads:
        counts = threads.map(lambda each: windows.count([("a", str(each), 60, 100)]), range(64))
        assert sorted(counts) == [(number,) for number in range(1, 65)]


def test_nobody_waits_for_a_server_that_is_away(own_redis_server: RedisServer) -> None:
    """It is not asked again for a while, and asked again then."""
    now = [0.0]
    windows = SlidingWindows.beside(own_redis_server.client())
    windows._clock = lambda: now[0]
    assert windows.count([("a", "1", 60, 9)]) == (1,)
    own_redis_server.freeze()
    began = time.monotonic()
    assert windows.count([("a", "2", 60, 9)]) is None
    assert time.monotonic() - began < 4  # of five that other calls may take
    own_redis_server.thaw()
    assert windows.count([("a", "3", 60, 9)]) is None
    now[0] += 2
    assert windows.count([("a", "3", 60, 9)]) in [(2,), (3,)]


def test_connections_keep_what_the_settings_say(redis_server: RedisServer) -> None:
    """All but how long they wait."""
    client = Redis.from_url(redis_server.url, client_name="mine")
    windows = SlidingWindows.beside(client)
    assert windows._client.connection_pool.connection_kwargs["client_name"] == "mine"
    assert windows._client.connection_pool.connection_kwargs["socket_timeout"] == PATIENCE_SECONDS
