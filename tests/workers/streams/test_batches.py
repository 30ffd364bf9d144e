"""Calls that are sent together: each fails alone, none is lost, and nobody waits for a server that
does not answer.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.streams.layout import switch
from tests.redis_server import RedisServer
from tests.relay import relayed
from tests.workers.streams.accepting import LAYOUT, accept, an_event, begin, kept_ids, opened


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
                    assert relay.delays.wait(5)
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
