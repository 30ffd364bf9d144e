"""Calls that are sent together: each fails alone, none is lost, and nobody waits for a server that
does not answer.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from comethooks.workers.ids import new_id
from comethooks.workers.record import Kind, Record, decode
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Append, Streams
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.layout import Layout, switch
from tests.redis_server import RedisServer
from tests.relay import relayed
from tests.waiting import wait_for

LAYOUT = Layout(4)


def opened(url: str) -> Streams:
    return Streams(
        connect(url, connect_timeout=0.1, timeout=0.3),
        partitions=4,
        duplicate_window=86_400,
        max_backlog_bytes=10**9,
    )


@pytest.fixture
def streams(own_redis_server: RedisServer) -> Iterator[Streams]:
    """As a web process has them."""
    streams = opened(own_redis_server.url)
    yield streams
    streams.close()


def an_event(key: str = "group_g", body: bytes = b"{}") -> Record:
    return Record(kind=Kind.EVENT, id=new_id(), received_at=1, key=key, body=body)


def begin(streams: Streams, record: Record) -> Append:
    return streams.begin(record, duplicate_key=record.id.encode()[-16:], has_time=True)


def accept(streams: Streams, record: Record) -> str:
    return streams.finish(begin(streams, record)).id


def kept_ids(server: RedisServer, partitions: range = LAYOUT.numbers) -> list[str]:
    client = server.client()
    entries = (entry for p in partitions for _, entry in client.xrange(keys.stream(p)))
    return [record.id for record in map(decode, entries) if record.kind is Kind.EVENT]


def key_in(partition: int) -> str:
    """An ordering key whose events go into this partition."""
    return next(
        name
        for name in (f"group_{number}" for number in range(1000))
        if LAYOUT.partition_of(None, name) == partition
    )


class TestOneBatch:
    def test_who_waits_first_sends_for_all_who_have_begun(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """One round trip keeps them all, in the order in which they began."""
        events = [an_event() for _ in range(5)]
        begun = [begin(streams, event) for event in events]
        assert kept_ids(own_redis_server) == []
        streams.finish(begun[-1])
        assert kept_ids(own_redis_server) == [event.id for event in events]
        assert [streams.finish(item).id for item in begun[:-1]] == [e.id for e in events[:-1]]

    def test_a_call_that_is_refused_fails_alone(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """An error reply is the answer to one call; those around it are kept."""
        own_redis_server.client().set(keys.stream(1), "not a stream")
        begun = [begin(streams, an_event(key_in(number))) for number in (0, 1, 2)]
        outcomes = []
        for item in begun:
            try:
                outcomes.append(streams.finish(item).id)
            except NotKeptError as error:
                outcomes.append(error.reason)
        assert outcomes[0] == begun[0].item.id
        assert "WRONGTYPE" in outcomes[1]
        assert outcomes[2] == begun[2].item.id
        assert not streams.breaker.cause

    def test_a_server_without_memory_refuses_each(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """It answers, so nothing is repeated, and the next one is kept once there is memory."""
        accept(streams, an_event())
        client = own_redis_server.client()
        client.config_set("maxmemory", "1")
        for item in [begin(streams, an_event()) for _ in range(3)]:
            with pytest.raises(NotKeptError, match="OOM"):
                streams.finish(item)
        client.config_set("maxmemory", "0")
        accept(streams, an_event())
        assert not streams.breaker.cause

    def test_the_script_comes_back_in_the_middle(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """A server that forgot the script gets it again, and every call its answer."""
        accept(streams, an_event())
        begun = [begin(streams, an_event()) for _ in range(3)]
        own_redis_server.client().script_flush()
        assert [streams.finish(item).id for item in begun] == [item.item.id for item in begun]
        assert len(kept_ids(own_redis_server)) == 4

    def test_each_follows_the_partitions_in_force(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """A switch in the middle moves all of them."""
        accept(streams, an_event())
        begun = [begin(streams, an_event(f"group_{number}")) for number in range(6)]
        switch(own_redis_server.client(), 2)
        for item in begun:
            assert streams.finish(item).id == item.item.id
        assert len(kept_ids(own_redis_server, range(4, 6))) == 6

    def test_a_batch_whose_connection_was_closed_is_repeated(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """On a new connection, each as itself: nothing is kept twice."""
        accept(streams, an_event())
        begun = [begin(streams, an_event()) for _ in range(4)]
        own_redis_server.client().client_kill_filter(_type="normal", skipme=True)
        assert [streams.finish(item).duplicate for item in begun] == [False] * 4
        assert len(kept_ids(own_redis_server)) == 5

    @pytest.mark.parametrize("sent_with", ["before the batch", "during the batch"])
    def test_an_answer_that_nobody_asked_for_is_given_to_nobody(
        self, own_redis_server: RedisServer, sent_with: str
    ) -> None:
        """What is out of step acknowledges nothing that is not kept."""
        stray = b"*2\r\n$5\r\nfresh\r\n$16\r\n" + 16 * b"x" + b"\r\n"
        with relayed(own_redis_server) as relay, closing(opened(relay.url)) as streams:
            accept(streams, an_event())
            if sent_with == "before the batch":
                relay.add(stray)
                accept(streams, an_event())
            else:
                relay.delay = 0.1
                with ThreadPoolExecutor(1) as pool:
                    first = pool.submit(accept, streams, an_event())
                    time.sleep(0.05)
                    relay.add(stray)
                    with pytest.raises(NotKeptError, match="another call"):
                        first.result()
                relay.delay = 0.0
            events = [an_event() for _ in range(3)]
            assert [accept(streams, event) for event in events] == [event.id for event in events]
        assert {event.id for event in events} <= set(kept_ids(own_redis_server))

    def test_other_credentials_are_no_outage(
        self, streams: Streams, own_redis_server: RedisServer
    ) -> None:
        """The reason is named, and the breaker stays closed: the server answers."""
        client = own_redis_server.client()
        client.config_set("requirepass", "another")
        with pytest.raises(NotKeptError, match="wants other credentials"):
            accept(streams, an_event())
        assert not streams.breaker.cause
        client.config_set("requirepass", "")
        accept(streams, an_event())


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
