"""Nothing that was acknowledged is lost or kept twice, whatever happens to the server."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from tests.redis_server import RedisServer
from tests.workers.streams.accepting import accept, an_event, kept_ids


class TestFaultsUnderLoad:
    """Sixteen threads, and a server to which something happens again and again."""

    def test_killed_connections_cost_nothing(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """Every event that was acknowledged is there, and none twice."""
        client = own_redis_server.client()
        kill = lambda: client.client_kill_filter(_type="normal", skipme=True)  # noqa: E731
        with again_and_again(kill, 0.02):
            acknowledged = hammer(streams, 1500)
        check_kept(own_redis_server, acknowledged)

    def test_a_forgotten_script_costs_nothing(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """All are acknowledged and there."""
        client = own_redis_server.client()
        with again_and_again(client.script_flush, 0.005):
            acknowledged = hammer(streams, 1500)
        assert len(acknowledged) == 1500
        check_kept(own_redis_server, acknowledged)

    def test_a_server_that_is_killed_and_frozen_loses_nothing_acknowledged(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """What was not acknowledged may be there; what was, is, once."""

        def disturb() -> None:
            own_redis_server.kill()
            own_redis_server.start()
            time.sleep(0.2)
            own_redis_server.freeze()
            time.sleep(0.1)
            own_redis_server.thaw()

        with again_and_again(disturb, 0.3):
            acknowledged = hammer(streams, 1500, pause=0.02)
        assert acknowledged
        check_kept(own_redis_server, acknowledged)


def hammer(streams: Streams, events: int, pause: float = 0.0) -> list[str]:
    """Accept from 16 threads; the ids that were acknowledged."""

    def one(number: int) -> str | None:
        time.sleep(pause)
        try:
            return accept(streams, an_event(f"group_{number % 40}", b"x" * (number % 3000)))
        except NotKeptError:
            return None

    with ThreadPoolExecutor(16) as pool:
        return [found for found in pool.map(one, range(events)) if found]


def check_kept(server: RedisServer, acknowledged: list[str]) -> None:
    kept = kept_ids(server)
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)


@contextmanager
def again_and_again(act: Callable[[], object], interval: float) -> Iterator[None]:
    ended = threading.Event()

    def loop() -> None:
        while not ended.wait(interval):
            act()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
