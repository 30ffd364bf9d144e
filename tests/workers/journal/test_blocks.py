"""What blocks tell of events, and that listings look only where they say that something may be."""

from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, select

from comethooks.workers.ids import new_id
from comethooks.workers.journal import Filter, Journal, Outcome, blocks
from comethooks.workers.journal import blocks as made
from comethooks.workers.journal.listings import searching
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.stored_replay import Progress
from comethooks.workers.journal.tables.models import blocks as table
from comethooks.workers.journal.tables.transactions import writing
from comethooks.workers.states import EventStatus, RunState
from tests.workers.journal.samples import T0, duplicate, event, refusal, run, settled

DAY = 24 * 3600 * 1000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block has ten events."""
    monkeypatch.setattr(made, "SIZE", 10)


def number_of_blocks(journal: Journal) -> int:
    with journal.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def write(journal: Journal, *numbers: int, **changes: object) -> None:
    journal.write([settled(event(number, **changes), run()) for number in numbers])


def statements(journal: Journal) -> list[str]:
    """The statements that are executed from now on."""
    found: list[str] = []
    sql_event.listen(
        journal.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *_: found.append(statement),
    )
    return found


def replay(journal: Journal, *numbers: int) -> None:
    """Have run another handler, in a replay, on events that are there."""
    name = new_id()
    request = ReplayRequest(asked=Filter(), handlers=frozenset())
    journal.replays.create(name, request, now=T0, expected=len(numbers))
    journal.replays.claim(name, "member", now=T0, until=T0 + DAY)
    results = [(event(n).id, run(handler="late.handler", replay=name)) for n in numbers]
    progress = Progress(
        results=results, place=None, events=len(numbers), passed=0, next_at=T0, finished=True
    )
    assert journal.replays.advance(name, "member", progress, T0)


def test_what_is_written_one_by_one_shares_blocks(journal: Journal) -> None:
    """As many rows as for one batch."""
    for number in range(25):
        write(journal, number)
    assert number_of_blocks(journal) == 3


def test_events_of_times_far_apart_share_no_block(journal: Journal) -> None:
    """So that an import of old events does not have everything since looked through."""
    write(journal, 0, 1)
    write(journal, 2, received_at=T0 - 2 * DAY)
    write(journal, 3, received_at=T0 + 2 * DAY)
    assert number_of_blocks(journal) == 3


@pytest.mark.parametrize(
    "asked",
    [
        Filter(conversation_id="rare"),
        Filter(sender="rare"),
        Filter(app_id="rare"),
        Filter(trigger="user_blocked"),
        Filter(trigger="user.*"),
        Filter(handler="rare.handler"),
        Filter(handler="rare.handler", state=RunState.DONE),
        Filter(status=EventStatus.DONE),
    ],
    ids=str,
)
def test_a_listing_reads_the_events_of_blocks_that_may_hold_some(
    journal: Journal, asked: Filter
) -> None:
    """Of a hundred events it asks for those about the time of the two that fit."""
    rare = {"conversation_id": "rare", "sender": "rare", "app_id": "rare"}
    named = {"trigger": "user_blocked", "name": "user.blocked"}
    its = run(handler="rare.handler")
    journal.write(
        [
            settled(event(n, **rare, **named), its) if n in (33, 77) else settled(event(n))
            for n in range(100)
        ]
    )
    asking = statements(journal)
    assert [each.id for each in journal.events(asked)] == [event(77).id, event(33).id]
    assert sum("FROM events" in statement for statement in asking) == 2


@pytest.mark.parametrize(
    "asked",
    [
        Filter(answer=413),
        Filter(outcome=Outcome.REFUSED),
        Filter(app_id="rare", outcome=Outcome.REFUSED),
        Filter(trigger="user_blocked", outcome=Outcome.REFUSED),
        Filter(trigger="user.*", outcome=Outcome.REFUSED),
    ],
    ids=str,
)
def test_a_listing_reads_the_requests_of_blocks_that_may_hold_some(
    journal: Journal, asked: Filter
) -> None:
    """Of a hundred duplicates and refused ones it asks for those about the time of two."""
    fitting = {"status": 413, "app_id": "rare", "trigger": "user_blocked", "name": None}
    journal.write(
        [
            settled(refusal(n, **fitting) if n in (33, 77) else duplicate(n, event(0)))
            for n in range(100)
        ]
    )
    asking = statements(journal)
    assert [each.id for each in journal.requests(asked)] == [event(77).id, event(33).id]
    assert sum("FROM requests" in statement for statement in asking) == 2


MANY = (
    Filter(status=EventStatus.DEAD),
    Filter(state=RunState.DEAD),
    Filter(state=RunState.DEAD, handler="welcome.greet"),
)


@pytest.mark.parametrize("asked", MANY, ids=str)
def test_of_many_runs_those_of_blocks_are_read_that_may_hold_some(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, asked: Filter
) -> None:
    """And their events are not all looked up, as they are while they are few."""
    monkeypatch.setattr(searching, "FEW_RUNS", 1)
    dead = {*range(30, 40), 77}
    journal.write(
        [settled(event(n), run(RunState.DEAD if n in dead else RunState.DONE)) for n in range(100)]
    )
    asking = statements(journal)
    found = [each.id for each in journal.events(replace(asked, limit=11))]
    assert found == [event(number).id for number in sorted(dead, reverse=True)]
    reading = [statement for statement in asking if "FROM events" in statement]
    assert len(reading) == 2
    assert not any("IN (SELECT" in statement for statement in reading)


@pytest.mark.parametrize("asked", MANY, ids=str)
def test_where_few_fit_of_many_runs_not_all_blocks_are_read(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, asked: Filter
) -> None:
    """After so many times without enough, all events of such runs are looked up after all."""
    monkeypatch.setattr(searching, "FEW_RUNS", 1)
    monkeypatch.setattr(searching, "TIMES", 3)
    bo = {"sender": "bo"}
    journal.write(
        [
            settled(event(n, **bo), run(RunState.DEAD if n in (5, 95) else RunState.DONE))
            if n % 5 == 0
            else settled(event(n), run(RunState.DEAD))
            for n in range(100)
        ]
    )
    asking = statements(journal)
    found = [each.id for each in journal.events(replace(asked, sender="bo"))]
    assert found == [event(95).id, event(5).id]
    assert sum("FROM events" in statement for statement in asking) == 4


def test_a_run_that_dies_later_is_found_among_many(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks know of it since it was not done at first."""
    monkeypatch.setattr(searching, "FEW_RUNS", 0)
    retrying = run(RunState.RETRYING, next_at=T0)
    journal.write([settled(event(n), *([retrying] if n == 44 else [run()])) for n in range(100)])
    assert list(journal.events(Filter(status=EventStatus.DEAD))) == []
    journal.claim("member", now=T0, until=T0 + DAY, limit=1)
    journal.finish("member", [(event(44).id, run(RunState.DEAD, attempts=2))])
    found = [each.id for each in journal.events(Filter(status=EventStatus.DEAD))]
    assert found == [event(44).id]


def test_runs_that_are_added_later_are_found(journal: Journal) -> None:
    """By their handler, in the blocks of the times of their events, also while these grow."""
    journal.write([settled(event(number), run()) for number in range(95)])
    asked = Filter(handler="late.handler")
    assert list(journal.events(asked)) == []
    replay(journal, 12, 44, 94)
    journal.write([settled(event(number), run()) for number in range(95, 100)])
    replay(journal, 45, 99)
    asking = statements(journal)
    found = [each.id for each in journal.events(asked)]
    assert found == [event(number).id for number in (99, 94, 45, 44, 12)]
    assert sum("FROM events" in statement for statement in asking) == 3


def test_blocks_that_know_a_handler_are_not_written_again(journal: Journal) -> None:
    """A replay of everything writes each of them once."""
    journal.write([settled(event(number), run()) for number in range(50)])
    replay(journal, *range(0, 50, 2))
    asking = statements(journal)
    replay(journal, *range(1, 50, 2))
    assert not any("UPDATE blocks" in statement for statement in asking)


def test_a_listing_goes_on_where_it_was_within_a_block(journal: Journal) -> None:
    """Newest first and oldest first, also of events of the same millisecond."""
    write(journal, *range(700), received_at=T0)
    write(journal, *range(700, 1300))
    asked = Filter(conversation_id="group_hikers")
    ids = [event(number).id for number in range(1300)]
    assert [each.id for each in journal.events(asked)] == ids[::-1]
    assert [each.id for each in journal.whole_events(asked)] == ids
    request = ReplayRequest(asked=asked, handlers=frozenset())
    assert [each.record.id for each in journal.replays.all_candidates(request)] == ids


def test_a_batch_that_was_rolled_back_loses_nothing(journal: Journal) -> None:
    """The block that it would have changed is written whole with what follows."""
    write(journal, 1)
    with suppress(RuntimeError), writing(journal.engine) as connection:
        blocks.cover(connection, [(event(2, sender="bo"), [run()])])
        raise RuntimeError
    write(journal, 3, sender="cy")
    assert [each.id for each in journal.events(Filter(sender="ines"))] == [event(1).id]
    assert [each.id for each in journal.events(Filter(sender="cy"))] == [event(3).id]
    assert list(journal.events(Filter(sender="bo"))) == []


def test_blocks_of_requests_go_with_them(journal: Journal) -> None:
    """And not with events, nor those of events with them."""
    journal.write([settled(refusal(number)) for number in range(100)])
    journal.delete_older(T0 + 55_000, 1000)
    assert number_of_blocks(journal) == 5
    assert len(list(journal.requests(Filter(answer=422)))) == 45


def test_blocks_go_with_their_events(journal: Journal) -> None:
    """The last of them stay as long as an event is as old."""
    write(journal, *range(100))
    journal.delete_older(T0 + 55_000, 1000)
    assert number_of_blocks(journal) == 5
    assert len(list(journal.events(Filter(sender="ines")))) == 45
