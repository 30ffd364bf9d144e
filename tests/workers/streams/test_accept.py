"""Keeping requests: one atomic call, duplicates, and what happens when an answer is lost."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from comethooks.workers.ids import new_id
from comethooks.workers.record import FORMAT, Kind, Record, Vote, cost, decode, encode_meta
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import DecisionAction
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import DETAILS_SECONDS, Accepted, NotKeptError
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.layout import Layout, switch
from tests.missing import missing
from tests.redis_server import RedisServer, running_server

KEY = bytes(range(16))


@pytest.fixture(params=["found first", "redis-server"])
def server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """The server that `up` would run, and Debian's Redis: both must work."""
    program = None if request.param == "found first" else shutil.which(request.param)
    if program is None and request.param != "found first":
        missing("redis-server is not installed (Debian: apt-get install redis-server)")
    with running_server(program) as running:
        yield running


def streams(
    server: RedisServer, *, partitions: int = 4, backlog: int = 10**9, window: int = 86_400
) -> Streams:
    return Streams(
        connect(server.url),
        partitions=partitions,
        duplicate_window=window,
        max_backlog_bytes=backlog,
    )


def a_record(**changes: object) -> Record:
    values = {
        "kind": Kind.EVENT,
        "id": new_id(),
        "received_at": 1_800_000_000_000,
        "key": "group_g",
        "body": b"{}",
    }
    return Record(**{**values, **changes})  # type: ignore[arg-type]


def a_decided(decision: DecisionAction | None, **changes: object) -> Record:
    return a_record(decision=decision, **changes)


def entries(client: Redis, partitions: int = 4) -> list[Record]:
    return [decode(f) for p in range(partitions) for _, f in client.xrange(keys.stream(p))]


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


class TestDecisions:
    def test_a_decision_is_in_the_stream_with_its_votes(self, server: RedisServer) -> None:
        """And the answer to a fresh event is its own decision."""
        record = a_decided(DecisionAction.DROP, votes=(Vote("p.f", DecisionAction.DROP, 1.5),))
        accepted = streams(server).accept(record, duplicate_key=KEY, has_time=True, details=b"why")
        assert accepted == Accepted(record.id, False, DecisionAction.DROP, b"why")
        assert entries(server.client()) == [record]

    def test_the_backlog_counts_what_an_older_worker_takes_back(self, server: RedisServer) -> None:
        """It knows nothing of decisions, so their bytes do not count."""
        vote, client = Vote("p.f", DecisionAction.DROP, 1.5), server.client()
        record = a_decided(DecisionAction.DROP, votes=(vote,))
        streams(server).accept(record, duplicate_key=KEY, has_time=True)
        assert int(client.get(keys.BACKLOG) or 0) == cost(
            {b"m": encode_meta(record), b"b": record.body}
        )

    @pytest.mark.parametrize("first", DecisionAction)
    def test_a_repeat_gets_what_was_decided_first_whatever_is_decided_now(
        self, server: RedisServer, first: DecisionAction
    ) -> None:
        """Also from another process, as after one that was killed before it had answered."""
        record = a_decided(first)
        streams(server).accept(record, duplicate_key=KEY, has_time=True, details=b"first")
        for again in (*DecisionAction, None):
            given = streams(server).accept(
                a_decided(again), duplicate_key=KEY, has_time=True, details=b"other"
            )
            assert given == Accepted(record.id, True, first, b"first")
        _, *repeats = entries(server.client())
        assert {(each.event_id, each.decision) for each in repeats} == {(record.id, None)}

    def test_a_repeat_names_the_first_one_as_older_workers_read_it(
        self, server: RedisServer
    ) -> None:
        """By the sixteen bytes of its id, without the verdict that stands behind them."""
        writer, client = streams(server), server.client()
        for _ in range(2):
            writer.accept(a_decided(DecisionAction.DROP), duplicate_key=KEY, has_time=True)
        found = [fields for p in range(4) for _, fields in client.xrange(keys.stream(p))]
        assert [len(fields[b"e"]) for fields in found if b"e" in fields] == [16]

    def test_a_repeat_of_what_nobody_decided_on_has_no_decision(self, server: RedisServer) -> None:
        """The first one was let through, so its repeat is, too."""
        record = a_record()
        streams(server).accept(record, duplicate_key=KEY, has_time=True)
        given = streams(server).accept(
            a_decided(DecisionAction.DROP), duplicate_key=KEY, has_time=True, details=b"why"
        )
        assert given == Accepted(record.id, True)

    def test_of_fifty_equal_ones_at_once_all_get_one_verdict(self, server: RedisServer) -> None:
        """Whatever each of them was decided to be."""
        writer = streams(server)

        def accepted(number: int) -> Accepted:
            action = list(DecisionAction)[number % 3]
            record = a_decided(action)
            details = record.id.encode()
            return writer.accept(record, duplicate_key=KEY, has_time=True, details=details)

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(accepted, range(50)))
        (event,) = (each for each in entries(server.client()) if each.kind is Kind.EVENT)
        assert {(each.id, each.decision, each.details) for each in answers} == {
            (event.id, event.decision, event.id.encode())
        }
        assert sum(not each.duplicate for each in answers) == 1

    def test_a_verdict_is_known_as_long_as_the_event_is_and_its_details_for_two_minutes(
        self, server: RedisServer
    ) -> None:
        """In the compact encoding: values of a hash have at most 64 bytes."""
        record, client = a_decided(DecisionAction.ANNOTATE), server.client()
        writer = streams(server)
        writer.accept(record, duplicate_key=KEY, has_time=True, details=b"{}")
        (details,) = client.scan_iter(f"{keys.DUPLICATES}:*:details:*")
        assert DETAILS_SECONDS - 5 < client.ttl(details) <= DETAILS_SECONDS
        (bucket,) = set(client.scan_iter(f"{keys.DUPLICATES}:*")) - {details}
        assert client.ttl(bucket) > 86_400
        assert client.object("ENCODING", bucket) == b"listpack"
        assert [len(value) for value in client.hvals(bucket)] == [17]
        client.delete(details)
        given = writer.accept(a_record(), duplicate_key=KEY, has_time=True)
        assert given == Accepted(record.id, True, DecisionAction.ANNOTATE)

    def test_what_nobody_decided_on_leaves_nothing_more_than_its_id(
        self, server: RedisServer
    ) -> None:
        """Nearly all events: a value of 16 bytes, four fields, no key of its own."""
        client = server.client()
        streams(server).accept(a_record(), duplicate_key=KEY, has_time=True, details=b"unused")
        (bucket,) = client.scan_iter(f"{keys.DUPLICATES}:*")
        assert [len(value) for value in client.hvals(bucket)] == [16]
        fields = [set(found) for p in range(4) for _, found in client.xrange(keys.stream(p))]
        assert fields == [{b"v", b"k", b"m", b"b"}]

    def test_when_nothing_more_is_kept_a_repeat_still_gets_the_first_verdict(
        self, server: RedisServer
    ) -> None:
        """It has been decided on, and kept, before."""
        writer, record = streams(server, backlog=1000), a_decided(DecisionAction.DROP)
        writer.accept(record, duplicate_key=KEY, has_time=True)
        again = a_record(body=b"x" * 1000)
        assert writer.accept(again, duplicate_key=KEY, has_time=True).decision == "drop"

    def test_what_an_older_web_process_says_of_a_repeat_can_be_read(
        self, server: RedisServer
    ) -> None:
        """It takes all that stands under the key for the id, the verdict behind it too."""
        first, client = a_decided(DecisionAction.DROP), server.client()
        streams(server).accept(first, duplicate_key=KEY, has_time=True)
        (bucket,) = client.scan_iter(f"{keys.DUPLICATES}:*")
        (stored,) = client.hvals(bucket)
        repeat = a_record()
        fields = {"v": FORMAT, "k": "duplicate", "m": encode_meta(repeat), "b": "", "e": stored}
        client.xadd(keys.stream(0), fields)
        assert first.id in {each.event_id for each in entries(client)}


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
