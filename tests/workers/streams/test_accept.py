"""Keeping requests: one atomic call, duplicates, and what happens when an answer is lost."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from comethooks.workers.record import Kind, cost
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import DecisionAction
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import Accepted, NotKeptError
from comethooks.workers.streams.layout import Layout, switch
from tests.redis_server import RedisServer
from tests.workers.streams.accepting import KEY, a_decided, a_record, entries, streams


class TestAccept:
    def test_an_accepted_event_is_in_the_stream_as_it_came(self, server: RedisServer) -> None:
        """What is accepted can be read back, byte for byte."""
        record = a_record(
            body=b'{"a":"\\ud800\x00"}', trigger="x", headers={"h": "v"}, app_id="app"
        )
        accepted = streams(server).accept(record, duplicate_key=KEY, has_time=True)
        assert accepted.id == record.id
        assert not accepted.duplicate
        assert entries(server.client()) == [record]

    def test_a_repeat_is_answered_with_the_first_ones_id_and_kept_without_its_body(
        self, server: RedisServer
    ) -> None:
        """A duplicate leaves a small record that names the event it repeats."""
        first, second = a_record(), a_record()
        writer = streams(server)
        writer.accept(first, duplicate_key=KEY, has_time=True)
        accepted = writer.accept(second, duplicate_key=KEY, has_time=True)
        assert accepted.id == first.id
        assert accepted.duplicate
        _, repeat = entries(server.client())
        assert (repeat.kind, repeat.id, repeat.event_id, repeat.body) == (
            Kind.DUPLICATE,
            second.id,
            first.id,
            b"",
        )

    def test_our_own_repeat_is_fresh_and_appends_nothing(self, server: RedisServer) -> None:
        """The same id under the key is a call whose answer was lost."""
        record, writer = a_record(), streams(server)
        for _ in range(2):
            assert not writer.accept(record, duplicate_key=KEY, has_time=True).duplicate
        assert len(entries(server.client())) == 1

    def test_the_same_event_from_fifty_threads_at_once_is_one_event(
        self, server: RedisServer
    ) -> None:
        """Exactly one is fresh, and all get its id."""
        writer = streams(server)
        with ThreadPoolExecutor(50) as pool:
            answers = list(
                pool.map(
                    lambda _: writer.accept(a_record(), duplicate_key=KEY, has_time=True), range(50)
                )
            )
        assert len({answer.id for answer in answers}) == 1
        assert sum(not answer.duplicate for answer in answers) == 1
        assert sum(record.kind is Kind.EVENT for record in entries(server.client())) == 1

    def test_a_key_with_a_time_is_remembered_longer_than_one_without(
        self, server: RedisServer
    ) -> None:
        """The two windows are apart, and both end."""
        writer, client = streams(server), server.client()
        writer.accept(a_record(), duplicate_key=KEY, has_time=True)
        assert not writer.accept(a_record(), duplicate_key=KEY, has_time=False).duplicate
        lives = sorted(client.ttl(key) for key in client.scan_iter(keys.DUPLICATES + ":*"))
        assert 60 < lives[0] <= 120
        assert 86_400 < lives[1] <= 172_800

    def test_duplicate_keys_stay_in_the_compact_encoding(self, server: RedisServer) -> None:
        """Otherwise their memory grows sixfold."""
        streams(server).accept(a_record(), duplicate_key=KEY, has_time=True)
        client = server.client()
        (bucket,) = client.scan_iter(keys.DUPLICATES + ":*")
        assert client.object("ENCODING", bucket) == b"listpack"

    def test_the_backlog_counts_every_byte_that_an_entry_costs(self, server: RedisServer) -> None:
        """The counter is the sum of the costs of the entries, duplicates included."""
        writer, client = streams(server), server.client()
        for body in (b"1", b"22", b"333"):
            writer.accept(a_record(body=body), duplicate_key=KEY, has_time=True)
        expected = sum(
            cost(fields) for p in range(4) for _, fields in client.xrange(keys.stream(p))
        )
        assert int(client.get(keys.BACKLOG) or 0) == expected

    def test_above_its_limit_nothing_more_is_kept(self, server: RedisServer) -> None:
        """The error says what to do; a repeat of what is already kept is still answered."""
        writer, first = streams(server, backlog=1000), a_record()
        writer.accept(first, duplicate_key=KEY, has_time=True)
        with pytest.raises(NotKeptError, match="COMETHOOKS_MAX_BACKLOG_BYTES"):
            writer.accept(a_record(body=b"x" * 1000), duplicate_key=KEY[::-1], has_time=True)
        assert writer.accept(a_record(), duplicate_key=KEY, has_time=True).id == first.id

    def test_who_expects_other_partitions_follows_those_in_force(self, server: RedisServer) -> None:
        """Events of one conversation would otherwise stand in two partitions."""
        first, second = streams(server, partitions=4), streams(server, partitions=8)
        first.keep(a_record(kind=Kind.REFUSED))
        for number in range(20):
            kept = a_record(key=f"group_{number}")
            second.accept(kept, duplicate_key=bytes([number]) * 16, has_time=True)
        assert server.client().get(keys.PARTITIONS) == b"4"
        assert sum(server.client().xlen(keys.stream(number)) for number in range(4)) == 21

    def test_after_a_switch_the_next_request_goes_into_the_new_partitions(
        self, server: RedisServer
    ) -> None:
        """Without a word to the web processes, which learn of it from the answer."""
        writer = streams(server, partitions=4)
        writer.keep(a_record(kind=Kind.REFUSED))
        switch(server.client(), 2)
        writer.accept(a_record(), duplicate_key=KEY, has_time=True)
        assert sum(server.client().xlen(keys.stream(number)) for number in range(4)) == 1
        assert sum(server.client().xlen(keys.stream(number)) for number in (4, 5)) == 1

    def test_the_script_comes_back_after_the_server_forgot_it(self, server: RedisServer) -> None:
        """Loading by hash falls back to the text."""
        writer = streams(server)
        writer.keep(a_record(kind=Kind.REFUSED))
        server.client().script_flush()
        writer.keep(a_record(kind=Kind.REFUSED))
        assert len(entries(server.client())) == 2

    def test_what_redis_refuses_was_not_kept(self, server: RedisServer) -> None:
        """An error reply is no confirmation."""
        server.client().set(keys.stream(Layout(4).partition_of(None, "group_g")), "not a stream")
        with pytest.raises(NotKeptError, match="WRONGTYPE"):
            streams(server).accept(a_record(), duplicate_key=KEY, has_time=True)


class SwallowingProxy:
    """Passes everything on, but closes the connection instead of passing on the first answer to an
    EVALSHA.
    """

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.swallowed = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(str(self._server.socket))
        with client, upstream:
            while request := client.recv(1 << 20):
                upstream.sendall(request)
                answer = upstream.recv(1 << 20)
                if b"EVALSHA" in request and not answer.startswith(b"-") and not self.swallowed:
                    self.swallowed += 1
                    return
                client.sendall(answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # which ends the thread that accepts
        self._listener.close()


@pytest.mark.parametrize("decision", [None, DecisionAction.DROP])
def test_a_lost_answer_is_repeated_as_ourselves(
    server: RedisServer, decision: DecisionAction | None
) -> None:
    """The append happened, its answer did not arrive: the repeat is fresh, and there is one event,
    decided on or not.
    """
    streams(server).keep(a_record(kind=Kind.REFUSED))  # so that the script is loaded
    proxy = SwallowingProxy(server)
    client = Redis(port=proxy.port, retry=Retry(NoBackoff(), 0), socket_timeout=1, protocol=2)
    writer = Streams(client, partitions=4, duplicate_window=60, max_backlog_bytes=10**9)
    record = a_decided(decision)
    accepted = writer.accept(record, duplicate_key=KEY, has_time=True)
    writer.close()
    proxy.close()
    assert proxy.swallowed == 1
    assert accepted == Accepted(record.id, False, decision)
    assert [kept.id for kept in entries(server.client()) if kept.kind is Kind.EVENT] == [record.id]


def test_without_a_server_it_fails_within_a_second(own_redis_server: RedisServer) -> None:
    """Somebody waits for the answer."""
    writer = Streams.open(Settings.load({"REDIS_URL": own_redis_server.url}))
    own_redis_server.kill()
    with pytest.raises(NotKeptError, match="did not answer"):
        writer.keep(a_record(kind=Kind.REFUSED))


@pytest.mark.timeout(10)
def test_a_frozen_server_costs_less_than_a_second(own_redis_server: RedisServer) -> None:
    """Two attempts of 0.4 and 0.1 seconds, and none of the five that other calls may take."""
    writer = Streams.open(Settings.load({"REDIS_URL": own_redis_server.url}))
    writer.keep(a_record(kind=Kind.REFUSED))
    own_redis_server.freeze()
    started = time.monotonic()
    with pytest.raises(NotKeptError):
        writer.keep(a_record(kind=Kind.REFUSED))
    assert time.monotonic() - started < 4
