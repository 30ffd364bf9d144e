"""An event is kept once a replica has it; until then it is perhaps kept, and can be tried again."""

import time
from collections.abc import Iterator

import pytest

from comethooks.workers.ids import new_id
from comethooks.workers.record import Kind, Record, decode
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import Accepted, NotKeptError
from comethooks.workers.streams.connections import connect
from tests.redis_server import RedisServer, running_server
from tests.scenarios.stack import free_port
from tests.waiting import wait_for


@pytest.fixture
def primary() -> Iterator[RedisServer]:
    """A server that replicas can follow."""
    with running_server(port=free_port(), options={"appendfsync": "no"}) as server:
        yield server


@pytest.fixture
def replica(primary: RedisServer) -> Iterator[RedisServer]:
    """One that follows it."""
    with primary.client() as client:
        client.config_set("repl-diskless-sync-delay", 0)
    # Its disk, which it shares with others here, is not what is waited for.
    with running_server(options={"appendfsync": "no"}) as server:
        server.follow(primary.port)
        with primary.client() as client:
            wait_for(lambda: client.incr("count") and client.wait(1, 100) == 1, "it follows")
        yield server


def opened(server: RedisServer, replicas: int = 1, backlog: int = 10**9) -> Streams:
    """Streams as a web process has them."""
    return Streams(
        connect(server.url, connect_timeout=0.1, timeout=0.3),
        partitions=1,
        duplicate_window=86_400,
        max_backlog_bytes=backlog,
        replicas=replicas,
    )


def an_event() -> Record:
    return Record(kind=Kind.EVENT, id=new_id(), received_at=1, key="group_g", body=b"{}")


def accept(streams: Streams, record: Record, key: str | None = None) -> Accepted:
    told = (key or record.id).encode()[-16:]
    return streams.accept(record, duplicate_key=told, has_time=True)


def kept(server: RedisServer) -> list[str]:
    entries = server.client().xrange(keys.stream(0))
    return [record.id for _, entry in entries if (record := decode(entry)).kind is Kind.EVENT]


def refused(streams: Streams, record: Record, key: str | None = None) -> NotKeptError:
    with pytest.raises(NotKeptError) as caught:
        accept(streams, record, key)
    return caught.value


def test_what_is_confirmed_is_on_the_replica(primary: RedisServer, replica: RedisServer) -> None:
    """One question behind a whole batch."""
    streams = opened(primary)
    accept(streams, an_event())
    primary.client().config_resetstat()
    events = [an_event() for _ in range(5)]
    begun = [
        streams.begin(each, duplicate_key=each.id.encode()[-16:], has_time=True) for each in events
    ]
    assert [streams.finish(each).id for each in begun] == [each.id for each in events]
    assert kept(replica)[1:] == [each.id for each in events]
    assert primary.client().info("commandstats")["cmdstat_wait"]["calls"] == 1
    streams.close()


def test_a_replica_that_hangs_leaves_it_open(primary: RedisServer, replica: RedisServer) -> None:
    """The answer comes in time and says that the event may be kept. Under the same id it is one
    event, also over another connection, and it is not said to be kept before the replica has it.
    """
    streams = opened(primary)
    accept(streams, an_event())
    replica.freeze()
    event = an_event()
    started = time.monotonic()
    error = refused(streams, event)
    assert time.monotonic() - started < 4  # of five that other calls may take
    assert error.may_be_kept
    assert error.reason == "Redis has 0 replicas that have it after 50 ms, and not 1"
    assert not streams.breaker.cause
    other = opened(primary)
    assert refused(other, event).may_be_kept
    replica.thaw()
    wait_for(lambda: event.id in kept(replica), "the replica has caught up")
    assert accept(other, event) == Accepted(event.id, duplicate=False)
    assert kept(primary).count(event.id) == 1
    streams.close()
    other.close()


def test_the_repeat_of_an_event_that_is_not_confirmed_is_not_either(
    primary: RedisServer, replica: RedisServer
) -> None:
    """CometChat's repeat would be answered with the id of an event that may get lost; also where
    the backlog is full, so that nothing of the repeat is written.
    """
    streams = opened(primary)
    accept(streams, an_event())
    replica.freeze()
    first = an_event()
    refused(streams, first, "the same event..")
    full = opened(primary, backlog=1)
    for each in (streams, full):
        assert refused(each, an_event(), "the same event..").may_be_kept
    replica.thaw()
    wait_for(lambda: first.id in kept(replica), "the replica has caught up")
    for each in (streams, full):
        assert accept(each, an_event(), "the same event..") == Accepted(first.id, duplicate=True)
        each.close()


def test_what_is_refused_is_not_perhaps_kept(primary: RedisServer, replica: RedisServer) -> None:
    """An error of the server, and a full backlog."""
    streams = opened(primary, backlog=1)
    error = refused(streams, an_event())
    assert "backlog is full" in error.reason
    assert not error.may_be_kept
    primary.client().set(keys.stream(0), "no stream")
    error = refused(opened(primary), an_event())
    assert "WRONGTYPE" in error.reason
    assert not error.may_be_kept
    streams.close()


def test_an_answer_that_is_lost_leaves_it_open_too(own_redis_server: RedisServer) -> None:
    streams = opened(own_redis_server, replicas=0)
    accept(streams, an_event())
    own_redis_server.freeze()
    assert refused(streams, an_event()).may_be_kept
    own_redis_server.thaw()
    streams.close()
