"""Emptying a spool into a real Redis: once, in order, and only where it belongs."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.clock import now_ms
from comethooks.workers.ids import id_at, new_id
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.record import Kind
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.emptying import EmptiedSpool, Emptier
from comethooks.workers.spool.places import open_spool
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spooled import Spooled
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.backlog import entries
from comethooks.workers.streams.owner import hand_over
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.workers.spool.spools import files, spooled

Empty = Callable[[], EmptiedSpool]
OURS, OTHERS = "11111111-1111-7111-8111-111111111111", "22222222-2222-7222-8222-222222222222"
LEDGER = 400
"""Events that are emptied while the process that does it is killed again and again."""


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    with redis_server.client() as client:
        yield client


@pytest.fixture
def settings(tmp_path: Path, redis_server: RedisServer) -> Settings:
    return Settings.load(
        {"COMETHOOKS_DATA_DIR": str(tmp_path / "data"), "REDIS_URL": redis_server.url}
    )


@pytest.fixture
def spool(settings: Settings) -> Spool:
    spool = open_spool(settings)
    assert spool is not None
    return spool


@pytest.fixture
def empty(spool: Spool, settings: Settings) -> Empty:
    return Emptier(spool, settings).empty


def now(number: int, **about: object) -> Spooled:
    """A request that came just now, with an id that is later than that of one made before."""
    made = spooled(number)
    record = replace(made.record, id=new_id(), received_at=now_ms(), body=b'{"n":%d}' % number)
    return replace(made, record=record, **about)  # type: ignore[arg-type]


def numbers_in_redis(client: Redis) -> list[int]:
    """The numbers of the events in the streams, in their order; they have one conversation."""
    found = [entry.record for entry in entries(client, range(16))]
    return [json.loads(each.body)["n"] for each in reversed(found) if each.kind is Kind.EVENT]


def kinds_in_redis(client: Redis) -> list[str]:
    return sorted(entry.record.kind.value for entry in entries(client, range(16)))


def test_all_of_it_comes_to_redis_in_its_order(spool: Spool, empty: Empty, redis: Redis) -> None:
    """With the ids and the times of receipt that it was kept with; and then there is nothing."""
    kept = [now(number) for number in range(1200)]
    for start in range(0, 1200, 100):
        spool.append(kept[start : start + 100])
    assert empty() == EmptiedSpool(1200, is_done=True)
    assert numbers_in_redis(redis) == list(range(1200))
    found = {entry.record.id: entry.record for entry in entries(redis, range(16))}
    assert found == {each.record.id: each.record for each in kept}
    assert (spool.holds, files(spool.folder), spool.status().records) == (False, [], 0)
    assert empty() == EmptiedSpool(0, is_done=True)


def test_what_is_appended_meanwhile_comes_behind(spool: Spool, empty: Empty, redis: Redis) -> None:
    """Until nothing is left, which both are sure of."""
    spool.append([now(number) for number in range(600)])
    process = multiprocessing.get_context("fork").Process(target=append_slowly, args=(spool,))
    process.start()
    wait_for(lambda: empty().is_done and process.exitcode is not None, "all is emptied")
    assert numbers_in_redis(redis) == list(range(680))


def append_slowly(spool: Spool) -> None:
    for number in range(600, 680):
        spool.append([now(number)])


def test_what_redis_has_is_not_appended_again(
    spool: Spool, empty: Empty, redis: Redis, settings: Settings
) -> None:
    """Its answer was lost: the id under the key is its own."""
    request = now(1, in_doubt=True)
    Streams.open(settings).accept(
        request.record, duplicate_key=request.duplicate_key, has_time=True
    )
    spool.append([request])
    assert empty().is_done
    assert numbers_in_redis(redis) == [1]


@pytest.mark.parametrize("where", ["streams", "journal", "nowhere"])
def test_without_its_key_an_event_in_doubt_is_asked_for(
    where: str, spool: Spool, empty: Empty, redis: Redis, settings: Settings
) -> None:
    """A key without a time is gone after two minutes. What is in a stream or in the journal is not
    appended again, and what is nowhere is.
    """
    made, received = now(1), now_ms() - 200_000
    record = replace(made.record, id=id_at(received), received_at=received)
    request = replace(made, record=record, has_time=False, in_doubt=True)
    if where == "streams":
        Streams.open(settings).accept(record, duplicate_key=request.duplicate_key, has_time=False)
        for key in redis.scan_iter(f"{keys.DUPLICATES}:*"):
            redis.delete(key)
    Journal.upgrade(settings.database_url)
    if where == "journal":
        write_event(settings, request)
    spool.append([request])
    assert empty().is_done
    assert numbers_in_redis(redis) == {"streams": [1], "journal": [], "nowhere": [1]}[where]


def write_event(settings: Settings, request: Spooled) -> None:
    journal = Journal.open(settings.database_url)
    journal.write([Settled(request.record, (), None)])
    journal.close()


def test_a_repeat_that_came_meanwhile_becomes_a_duplicate(
    spool: Spool, empty: Empty, redis: Redis
) -> None:
    """Of the first, whose id it leads to."""
    first, second = now(1), now(1)
    spool.append([first, second])
    assert empty().is_done
    found = {entry.record.id: entry.record for entry in entries(redis, range(16))}
    assert found[second.record.id].kind is Kind.DUPLICATE
    assert found[second.record.id].event_id == first.record.id


def test_what_redis_answered_late_for_comes_to_its_place(
    spool: Spool, empty: Empty, redis: Redis
) -> None:
    """Another process may have spooled later ones meanwhile."""
    early = [now(number, in_doubt=True) for number in range(3)]
    later = [now(number) for number in range(3, 6)]
    spool.append([later[0], early[0], later[1], early[1], early[2], later[2]])
    assert empty().is_done
    assert numbers_in_redis(redis) == list(range(6))


def test_what_cannot_be_read_holds_nobody_up(spool: Spool, empty: Empty, redis: Redis) -> None:
    """Its segment is kept, and a record of an unknown format beside."""
    for number in range(3):
        spool.append([now(number)])
    [path] = files(spool.folder)
    data = bytearray(path.read_bytes())
    at = data.index(b'{"n":1}')
    data[at : at + 7] = b"garbage"
    path.write_bytes(data)
    spool._tail.append([b"\x02\x00\x00\x00{}"])
    assert empty().is_done
    assert numbers_in_redis(redis) == [0, 2]
    aside = spool.status().set_aside
    assert (aside["damaged"], aside["refused"]) == (1, 1)


def test_a_full_backlog_is_waited_for(spool: Spool, settings: Settings, redis: Redis) -> None:
    """Nothing is lost, and nothing gets past another: a small one does not pass a large one."""
    small = replace(settings, max_backlog_bytes=40_000)
    emptier = Emptier(spool, small)
    large = now(0)
    large = replace(large, record=replace(large.record, body=b'{"n":0,"x":"%s"}' % (30_000 * b"x")))
    redis.set(keys.BACKLOG, 20_000)
    spool.append([large, now(1)])
    told = emptier.empty()
    assert "the backlog is full" in (told.reason or "")
    assert told.reason == spool.status().reason
    assert numbers_in_redis(redis) == []
    redis.set(keys.BACKLOG, 0)
    assert emptier.empty().is_done
    assert numbers_in_redis(redis) == [0, 1]


class TestWhoseRedis:
    def test_anothers_gets_nothing(self, spool: Spool, empty: Empty, redis: Redis) -> None:
        """What was to go elsewhere is set aside, and what comes from now on is not held up; back at
        its own, it is emptied after all.
        """
        spool.remember(OURS)
        spool.append([now(1)])
        hand_over(redis, OTHERS)
        assert empty().is_done
        assert numbers_in_redis(redis) == []
        assert spool.status().set_aside["foreign"] == 1
        hand_over(redis, OURS)
        with spool.emptying:
            spool.take_back({OURS})
        assert spool.status().records == 1
        assert empty().is_done
        assert numbers_in_redis(redis) == [1]

    def test_a_journal_that_took_over_gets_what_was_for_the_one_before(
        self, spool: Spool, empty: Empty, redis: Redis
    ) -> None:
        """That one is gone for good, as somebody has said."""
        hand_over(redis, OURS)
        spool.remember(OURS)
        spool.append([now(1)])
        hand_over(redis, OTHERS)
        assert empty().is_done
        assert numbers_in_redis(redis) == [1]

    def test_one_that_knows_nobody_waits_for_workers(
        self, spool: Spool, empty: Empty, redis: Redis
    ) -> None:
        """It may be another deployment's that has just been made."""
        spool.remember(OURS)
        spool.append([now(1)])
        told = empty()
        assert "does not know whose events it gets" in (told.reason or "")
        assert numbers_in_redis(redis) == []
        hand_over(redis, OURS)
        assert empty().is_done
        assert numbers_in_redis(redis) == [1]

    def test_its_own_journal_may_say_so(
        self, spool: Spool, empty: Empty, redis: Redis, settings: Settings
    ) -> None:
        """Redis has lost its data, and gets the events that it has not."""
        Journal.upgrade(settings.database_url)
        journal = Journal.open(settings.database_url)
        spool.remember(journal.identity() or "")
        journal.close()
        spool.append([now(1)])
        assert empty().is_done
        assert numbers_in_redis(redis) == [1]


def test_redis_away_leaves_it_as_it_is(tmp_path: Path) -> None:
    """It says why, and the next go succeeds."""
    away = Settings.load(
        {"COMETHOOKS_DATA_DIR": str(tmp_path), "REDIS_URL": f"unix://{tmp_path}/none.sock"}
    )
    spool = open_spool(away)
    assert spool is not None
    spool.append([now(1)])
    told = Emptier(spool, away).empty()
    assert (told.records, told.is_done) == (0, False)
    assert "did not answer" in (told.reason or "")
    assert spool.status().records == 1


def test_only_one_empties_at_a_time(spool: Spool, empty: Empty) -> None:
    """Two would get past each other."""
    spool.append([now(1)])
    with spool.emptying:
        context = multiprocessing.get_context("fork")
        process = context.Process(target=lambda: os._exit(empty().is_done))
        process.start()
        process.join()
        assert process.exitcode == 0
    assert empty().is_done


def test_killed_at_any_moment_it_loses_nothing_and_doubles_nothing(
    spool: Spool, settings: Settings, redis: Redis
) -> None:
    """Between accepting and passing by, and within the last step, too."""
    kills(spool, settings, redis, LEDGER, pause=0.004)


@pytest.mark.attack
def test_killed_many_times(spool: Spool, settings: Settings, redis: Redis) -> None:
    """The same, twenty times."""
    for number in range(20):
        redis.flushall()
        kills(spool, settings, redis, LEDGER, pause=0.001 * (number + 1))


def kills(spool: Spool, settings: Settings, redis: Redis, count: int, *, pause: float) -> None:
    ledger = [now(number) for number in range(count)]
    for each in range(0, count, 20):
        spool.append(ledger[each : each + 20])
    killed = 0
    while spool.holds:
        pid = os.fork()
        if pid == 0:
            Emptier(spool, settings).empty()
            os._exit(0)
        time.sleep(pause * (killed % 7 + 1))  # a moment, and another one each time
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        killed += 1
        pause *= 1.2
    assert killed > 1
    found = [entry.record for entry in entries(redis, range(16))]
    assert sorted(each.id for each in found) == [each.record.id for each in ledger]
    assert numbers_in_redis(redis) == list(range(count))
