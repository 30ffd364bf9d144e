"""From settled to forgotten: SQL first, then Redis, and only under the lease."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

import pytest
from sqlalchemy import text

from comethooks.workers.drain import writer
from comethooks.workers.drain.items import Item
from comethooks.workers.drain.marks import mark_of, start_mark
from comethooks.workers.drain.writer import JournalWriter
from comethooks.workers.journal import Filter, Journal, Outcome, RunResult
from comethooks.workers.journal.tables.migrate import upgrade
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.leases import LeaseLostError
from tests.redis_server import RedisServer
from tests.servers import postgres_schema
from tests.waiting import wait_for
from tests.workers.engine import append, clients, partition, record

RESULT = RunResult(handler="a.b", state=RunState.DONE, attempts=1, started_at=1, finished_at=2)


class Desk:
    """A journal writer with its inputs and outputs."""

    def __init__(self, server: RedisServer, url: str) -> None:
        self.redis, own = clients(server.url)
        self.journal = Journal.open(url)
        self.outcome: SimpleQueue[Sequence[Item] | Exception] = SimpleQueue()
        self.resumed = threading.Event()
        self.writer = JournalWriter(
            own,
            self.journal,
            released=self.outcome.put,
            resumed=self.resumed.set,
            on_failure=self.outcome.put,
        )
        self.writer.start()

    def item(self, number: int = 1) -> Item:
        """An entry in the stream whose one run has ended and is marked."""
        item = append(self.redis, partition(self.redis), record(number=number))
        item.results = [RESULT]
        self.redis.hset(keys.progress(0), f"{item.entry}/a.b", mark_of(RESULT))
        return item


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/journal.db"


@pytest.fixture
def desk(redis_server: RedisServer, url: str) -> Iterator[Desk]:
    upgrade(url)
    made = Desk(redis_server, url)
    yield made
    made.writer.stop()
    made.writer.join(10)
    made.journal.close()


def test_what_is_settled_is_in_the_journal_and_gone_from_redis(desk: Desk) -> None:
    """The entry, its marks and its part of the backlog; its run is counted."""
    items = [desk.item(number) for number in range(3)]
    for item in items:
        desk.writer.settled.put(item)
    wait_for(lambda: not desk.redis.xlen(keys.stream(0)), "the stream is empty")
    assert {event.id for event in desk.journal.events()} == {item.record.id for item in items}
    assert not desk.redis.exists(keys.progress(0))
    assert desk.redis.get(keys.BACKLOG) == b"0"
    assert desk.redis.hgetall(keys.RUNS) == {b"a.b|done|live": b"3"}


def test_a_batch_is_limited_by_its_bytes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is written in several, in the order in which it was settled."""
    items = [desk.item(number) for number in range(10)]
    monkeypatch.setattr(writer, "BATCH_BYTES", 3 * items[0].cost)
    for item in items:
        desk.writer.settled.put(item)
    batches = [cast(Sequence[Item], desk.outcome.get(timeout=10)) for _ in range(4)]
    assert [item for batch in batches for item in batch] == items
    assert max(map(len, batches)) == 3


def test_nothing_is_forgotten_before_it_is_journalled(redis_server: RedisServer, url: str) -> None:
    """Without tables it waits, says so once, and goes on when they are there."""
    desk = Desk(redis_server, url)
    desk.writer.settled.put(desk.item())
    with pytest.raises(AssertionError):
        wait_for(lambda: not desk.redis.xlen(keys.stream(0)), "it has given up", seconds=0.5)
    upgrade(url)
    wait_for(lambda: not desk.redis.xlen(keys.stream(0)), "the stream is empty")
    desk.writer.stop()


def test_asked_to_stop_while_the_journal_is_away_it_gives_up_and_drops_nothing(
    redis_server: RedisServer, url: str
) -> None:
    """The entry and its mark stay for a successor."""
    desk = Desk(redis_server, url)
    desk.writer.settled.put(desk.item())
    desk.writer.stop()
    assert isinstance(desk.outcome.get(timeout=10), Exception)
    assert desk.redis.xlen(keys.stream(0)) == 1
    assert desk.redis.hlen(keys.progress(0)) == 1


def test_without_the_lease_it_forgets_nothing(desk: Desk) -> None:
    """It belongs to the successor, who journals the same rows again."""
    item = desk.item()
    desk.redis.set(keys.lease(0), "2|other|boot|2")
    desk.writer.settled.put(item)
    assert isinstance(desk.outcome.get(timeout=10), LeaseLostError)
    assert desk.redis.xlen(keys.stream(0)) == 1
    assert desk.redis.hlen(keys.progress(0)) == 1
    assert desk.journal.event(item.record.id) is not None


def test_forgetting_twice_counts_nothing_twice(desk: Desk) -> None:
    """As after a crash between the script and its answer."""
    item = desk.item()
    for _ in range(2):
        desk.writer.settled.put(item)
        desk.outcome.get(timeout=10)
    assert desk.redis.get(keys.BACKLOG) == b"0"
    assert desk.redis.hgetall(keys.RUNS) == {b"a.b|done|live": b"1"}


def test_a_discarded_item_stays_in_its_stream(desk: Desk) -> None:
    """It has not run."""
    item = desk.item()
    item.discarded = True
    desk.writer.settled.put(item)
    assert desk.outcome.get(timeout=10) == [item]
    assert desk.redis.xlen(keys.stream(0)) == 1
    assert desk.journal.event(item.record.id) is None


def test_marks_of_runs_without_a_result_are_forgotten_with_the_entry(desk: Desk) -> None:
    """Of a handler that was removed since, say; they are not counted."""
    item = desk.item()
    desk.redis.hset(keys.progress(0), f"{item.entry}/gone.handler", start_mark("host|boot|1"))
    item.marked = frozenset({"gone.handler", "a.b"})
    desk.writer.settled.put(item)
    desk.outcome.get(timeout=10)
    assert not desk.redis.exists(keys.progress(0))
    assert desk.redis.hgetall(keys.RUNS) == {b"a.b|done|live": b"1"}


def test_that_the_journal_is_away_is_known_before_there_is_anything_to_write(
    redis_server: RedisServer, url: str
) -> None:
    """So no run starts whose end could not be journalled; and when it is back, that is told."""
    upgrade(url)
    desk = Desk(redis_server, url)
    file, hidden = (
        Path(url.removeprefix("sqlite:///")),
        Path(url.removeprefix("sqlite:///") + ".away"),
    )
    desk.journal.close()
    file.rename(hidden)
    file.mkdir()
    wait_for(desk.writer.is_waiting, "it knows")
    file.rmdir()
    hidden.rename(file)
    wait_for(desk.resumed.is_set, "it tells")
    assert not desk.writer.is_waiting()
    desk.writer.stop()


def test_a_journal_that_refuses_everything_does_not_turn_everything_into_refusals(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few in a row it slows down, and says that it waits."""
    monkeypatch.setattr(writer, "REFUSED_IN_A_ROW", 3)
    with desk.journal.engine.begin() as connection:
        for statement in REFUSE_IN_SQLITE:
            connection.execute(text(statement))
    for number in range(10):
        item = desk.item(number)
        item.record = replace(item.record, sender="refused")
        desk.writer.settled.put(item)
    wait_for(desk.writer.is_waiting, "it waits")
    assert len(list(desk.journal.requests(Filter(outcome=Outcome.REFUSED)))) == 3
    assert desk.redis.xlen(keys.stream(0)) >= 7


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_of_a_batch_that_sql_refuses_only_the_culprit_is_left_out(
    database: str, request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Its neighbours are journalled, and it is kept as a refused request with its body and the
    reason.
    """
    with ExitStack() as cleanup:
        if database == "sqlite":
            url, trigger = f"sqlite:///{tmp_path}/journal.db", REFUSE_IN_SQLITE
        else:
            server = request.getfixturevalue("postgres_server")
            url, trigger = cleanup.enter_context(postgres_schema(server)), REFUSE_IN_POSTGRES
        upgrade(url)
        desk = Desk(redis_server, url)
        with desk.journal.engine.begin() as connection:
            for statement in trigger:
                connection.execute(text(statement))
        items = [desk.item(number) for number in range(7)]
        culprit = items[3]
        culprit.record = replace(culprit.record, sender="refused")
        for item in items:
            desk.writer.settled.put(item)
        wait_for(lambda: not desk.redis.xlen(keys.stream(0)), "the stream is empty")
        others = {item.record.id for item in items if item is not culprit}
        assert {event.id for event in desk.journal.events()} == others
        kept = desk.journal.request(culprit.record.id)
        assert kept is not None
        assert kept.body == culprit.record.body
        assert "refused" in (kept.reason or "")
        desk.writer.stop()
        desk.writer.join(10)
        desk.journal.close()


REFUSE_IN_SQLITE = (
    "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.sender = 'refused' "
    "BEGIN SELECT RAISE(ABORT, 'no such sender'); END",
)
REFUSE_IN_POSTGRES = (
    "ALTER TABLE events ADD CONSTRAINT no_such_sender CHECK (sender <> 'refused')",
)


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, False),
        ({"handler": "interactions.pressed"}, True),
        ({"state": RunState.DEAD}, True),
        ({"attempts": 2}, True),
        ({"effects": ("emitted interaction_goal_completed as 1",)}, True),
    ],
)
def test_bookkeeping_has_a_run_only_where_there_is_something_to_tell(
    desk: Desk, changed: dict[str, Any], kept: bool
) -> None:
    """Else every group event would have one that nobody asked for. Its mark is forgotten."""
    result = replace(RESULT, **{"handler": "interactions.members", **changed})
    item = desk.item()
    item.results = [RESULT, result]
    desk.redis.hset(keys.progress(0), f"{item.entry}/{result.handler}", mark_of(result))
    desk.writer.settled.put(item)
    desk.outcome.get(timeout=5)
    handlers = {run.handler for run in desk.journal.runs_of(item.record.id)}
    assert handlers == {"a.b", *([result.handler] if kept else [])}
    assert desk.redis.hlen(keys.progress(0)) == 0
