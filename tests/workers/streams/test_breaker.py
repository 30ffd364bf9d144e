"""While the server does not answer, nobody waits for it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from tests.redis_server import RedisServer
from tests.relay import relayed
from tests.waiting import wait_for
from tests.workers.streams.accepting import accept, an_event, opened


class TestBreaker:
    def test_after_the_first_failure_nobody_waits(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """A frozen server costs the first call 0.4 seconds, and those behind it nothing."""
        accept(streams, an_event())
        own_redis_server.freeze()
        assert 0.3 < seconds_to_fail(streams) < 4
        assert streams.breaker.cause
        assert sorted(seconds_to_fail(streams) for _ in range(20))[10] < 0.2

    def test_who_came_meanwhile_fails_with_the_first(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """Threads that wait behind a batch do not begin to wait anew: 16 would take 8 s."""
        accept(streams, an_event())
        own_redis_server.freeze()
        with ThreadPoolExecutor(16) as pool:
            taken = list(pool.map(lambda _: seconds_to_fail(streams), range(16)))
        assert max(taken) < 5

    @pytest.mark.parametrize("outage", ["frozen", "killed"])
    def test_it_closes_when_the_server_is_back(
        self, streams: Streams, own_redis_server: RedisServer, outage: str
    ) -> None:
        """Within 0.3 seconds, without anybody who waits; the allowance is for a busy machine."""
        away, back = (
            (own_redis_server.freeze, own_redis_server.thaw)
            if outage == "frozen"
            else (own_redis_server.kill, own_redis_server.start)
        )
        away()
        seconds_to_fail(streams)
        assert streams.breaker.cause
        back()
        wait_for(lambda: not streams.breaker.cause, "the breaker is closed", seconds=10)
        accept(streams, an_event())

    def test_a_server_that_is_slow_is_not_away(self, own_redis_server: RedisServer) -> None:
        """One that takes long for every answer, yet not too long, is used again after a pause."""
        with relayed(own_redis_server) as relay, closing(opened(relay.url)) as streams:
            accept(streams, an_event())
            relay.delay = 1.0
            seconds_to_fail(streams)
            relay.delay = 0.15
            wait_for(lambda: not streams.breaker.cause, "the breaker is closed", seconds=20)
            accept(streams, an_event())

    def test_a_server_that_lets_writes_wait_is_away(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """As one does that hands over to another. It answers a PING, which helps nobody."""
        accept(streams, an_event())
        own_redis_server.client().execute_command("CLIENT", "PAUSE", "5000", "WRITE")
        seconds_to_fail(streams)
        assert sorted(seconds_to_fail(streams) for _ in range(20))[10] < 0.2
        time.sleep(0.5)
        assert streams.breaker.cause
        wait_for(lambda: not streams.breaker.cause, "the breaker is closed")
        accept(streams, an_event())

    def test_what_is_closed_asks_no_more(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """No thread is left behind."""
        others = set(threading.enumerate())
        own_redis_server.kill()
        seconds_to_fail(streams)
        (asking,) = [thread for thread in threading.enumerate() if thread not in others]
        streams.close()
        wait_for(lambda: not asking.is_alive(), "no thread asks", seconds=5)


def seconds_to_fail(streams: Streams) -> float:
    started = time.monotonic()
    with pytest.raises(NotKeptError, match="did not answer"):
        accept(streams, an_event())
    return time.monotonic() - started
