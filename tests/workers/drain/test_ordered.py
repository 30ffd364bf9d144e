"""Ordered handlers in a drainer: after a failure later events of the conversation wait, and nobody
else does.
"""

from typing import Any

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.drain.intake import Intake
from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.drain.marks import mark_of, marks_in
from comethooks.workers.drain.ordered import instead_of, leave_memory, put_in_line
from comethooks.workers.handlers.in_line import MOST_IN_LINE
from comethooks.workers.journal import Filter, JournalUnavailableError, Line, RunResult, Settled
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.workers.desk import Desk
from tests.workers.dispatching import Bench, items
from tests.workers.engine import append, clients, handler, partition, record

DONE, RETRYING, WAITING, DEAD = RunState.DONE, RunState.RETRYING, RunState.WAITING, RunState.DEAD
FIRST_LINE = Line("plugin.handler", "app1/group_room1")


def failing(number: int = 0, *, retry: Retry | None = None) -> BoundHandler:
    """An ordered handler that fails at messages with that number."""

    def fail(event: Any, ctx: Any) -> None:
        if event.message.id.endswith(f"-{number}"):
            raise ValueError("on purpose")

    return handler(fail, ordered=True, retry=retry or Retry(base=60))


def states(settled: list[Item], name: str = "plugin.handler") -> list[RunState]:
    """How the runs of a handler stand, in the order of accept."""
    in_order = sorted(settled, key=lambda item: item.record.received_at)
    return [result.state for item in in_order for result in item.results if result.handler == name]


class TestDispatcher:
    def test_later_events_of_the_conversation_wait_for_this_handler_only(
        self, bench: Bench
    ) -> None:
        """Other handlers get them, and other conversations go on."""
        other = handler(lambda event, ctx: None, "plugin.other", ordered=True)
        bench.dispatcher.add(items(bench.redis, [1, 1, 2, 1, 2], failing(), other))
        settled = bench.collect(5)
        assert states(settled) == [RETRYING, WAITING, DONE, WAITING, DONE]
        assert states(settled, "plugin.other") == [DONE] * 5
        stuck = [item.results[0] for item in settled if item.results[0].state is not DONE]
        assert [result.lane for result in stuck] == [FIRST_LINE.lane] * 3
        places = [result.place or 0 for result in stuck]
        assert places == sorted(set(places))
        assert [result.attempts for result in stuck] == [1, 0, 0]

    @pytest.mark.parametrize("retry", [Retry(attempts=1), Retry(attempts=2, base=60)])
    def test_they_wait_whether_it_is_tried_again_or_not(self, bench: Bench, retry: Retry) -> None:
        """A dead run holds them up too, until somebody decides."""
        bench.dispatcher.add(items(bench.redis, [1, 1], failing(retry=retry)))
        assert states(bench.collect(2))[1] is WAITING

    def test_waiting_is_marked_like_an_end(self, bench: Bench) -> None:
        """Whoever takes over never runs it from the stream; and it is counted only once it has
        ended.
        """
        bench.dispatcher.add(items(bench.redis, [1, 1], failing()))
        (first, second) = bench.collect(2)
        (mark,) = bench.marks(second).values()
        (result,) = marks_in({f"{second.entry}/plugin.handler".encode(): mark})[
            second.entry
        ].results
        assert (result.state, result.attempts) == (WAITING, 0)
        assert first.forgettable() == {"plugin.handler": "retrying|live"}
        assert second.forgettable() == {"plugin.handler": ""}

    def test_the_journal_is_asked_once_as_long_as_nothing_fails(self, bench: Bench) -> None:
        """Once for each conversation, and never for handlers that are not ordered."""
        other = handler(lambda event, ctx: None, "plugin.other")
        bench.dispatcher.add(items(bench.redis, [1, 2] * 20, failing(-1), other))
        assert set(states(bench.collect(40))) == {DONE}
        assert sorted(bench.asked) == [FIRST_LINE, FIRST_LINE._replace(lane="app1/group_room2")]

    def test_what_the_journal_has_not_got_yet_is_waited_for(self, bench: Bench) -> None:
        """It would say that nobody stands there. Once it has it, and it is done, events are handled
        at once again.
        """
        bench.dispatcher.add(items(bench.redis, [1, 1], failing()))
        (first, second) = bench.collect(2)
        held = first.partition
        leave_memory(first)
        (third,) = _more(bench, held, 2, failing())
        assert states([third]) == [WAITING]
        leave_memory(second)
        leave_memory(third)
        bench.lines[FIRST_LINE] = 3
        (fourth,) = _more(bench, held, 3, failing())
        assert states([fourth]) == [WAITING]
        leave_memory(fourth)
        bench.lines[FIRST_LINE] = 0
        assert states(_more(bench, held, 4, failing())) == [DONE]


def _more(bench: Bench, held: Partition, number: int, ordered: BoundHandler) -> list[Item]:
    """One event more of the first conversation, in the partition that the last ones were in."""
    item = append(bench.redis, held, record(1, number))
    item.todo = [ordered]
    bench.dispatcher.add([item])
    return bench.collect(1)


class TestLine:
    @pytest.fixture
    def item(self, redis_server: RedisServer) -> Item:
        """An event of the first conversation."""
        client, _ = clients(redis_server.url)
        return append(client, partition(client), record())

    def test_a_line_has_an_end(self, item: Item) -> None:
        """Whoever finds too many before it is dead and says why, at the end of the line."""
        result = instead_of(failing(), item, lambda line, limit: limit)
        assert result
        assert (result.state, result.lane, result.attempts) == (DEAD, FIRST_LINE.lane, 0)
        assert f"{MOST_IN_LINE} runs of this handler wait before it" in (result.error or "")

    def test_a_journal_that_does_not_answer_has_it_wait(self, item: Item) -> None:
        """That is always right; it is released when nobody is before it."""

        def away(line: Line, limit: int) -> int:
            raise JournalUnavailableError("away")

        result = instead_of(failing(), item, away)
        assert result
        assert result.state is WAITING

    def test_places_are_those_of_the_stream(self, item: Item) -> None:
        """Within a millisecond and beyond; as 64 bits."""
        result = RunResult("plugin.handler", DEAD, 1, 0, 0)
        places = []
        for entry in (
            "1800000000000-9",
            "1800000000000-10",
            "1800000000000-9999999",
            "1800000000001-0",
        ):
            item.entry = entry
            places.append(put_in_line(item, result).place or 0)
        assert places == sorted(set(places))
        assert places[-1] < 2**63

    def test_what_is_done_stands_in_no_line(self, item: Item) -> None:
        """Nobody has to wait for it, and its row is like any other."""
        result = RunResult("plugin.handler", DONE, 1, 0, 0)
        assert put_in_line(item, result) is result
        assert not item.in_line


@pytest.mark.parametrize("state", [RETRYING, WAITING, DEAD])
def test_who_takes_over_goes_on_with_the_line(desk: Desk, state: RunState) -> None:
    """What it finds marked stands there again, though the journal may not know of it yet."""
    ordered = failing(-1)
    held = partition(desk.redis)
    first, second = (append(desk.redis, held, record(1, number)) for number in (0, 1))
    held.marks = marks_in(
        {
            f"{first.entry}/plugin.handler".encode(): mark_of(
                RunResult("plugin.handler", state, 1, 0, 0)
            )
        }
    )
    intake = Intake(desk.redis, desk.plugins(ordered))
    (found, later) = intake.read([held], 0.01)
    assert (found.todo, found.results[0].lane) == ([], FIRST_LINE.lane)
    ahead = instead_of(ordered, later, desk.journal.line_length)
    assert ahead
    assert (ahead.state, later.entry) == (WAITING, second.entry)
    later.results = [ahead]
    for item in (found, later):
        desk.journal.write([Settled(record=item.record, runs=tuple(item.results), partition=0)])
        intake.release(item)
    assert desk.journal.line_length(FIRST_LINE, 10) == 2
    assert not held.lines.unwritten


def test_what_waits_is_put_in_line_though_its_handler_is_gone(desk: Desk) -> None:
    """Nobody would ever release it otherwise."""
    held = partition(desk.redis)
    item = append(desk.redis, held, record())
    waiting = RunResult("plugin.handler", WAITING, 0, None, None)
    held.marks = marks_in({f"{item.entry}/plugin.handler".encode(): mark_of(waiting)})
    (found,) = Intake(desk.redis, desk.plugins()).read([held], 0.01)
    assert found.results[0].lane == FIRST_LINE.lane


def stand(desk: Desk, lane: str, length: int) -> list[str]:
    """So many events whose runs wait in one line; their ids."""
    records = [record(1, place) for place in range(length)]
    for place, each in enumerate(records):
        waiting = RunResult("plugin.handler", WAITING, 0, None, None, lane=lane, place=place)
        desk.journal.write([Settled(record=each, runs=(waiting,), partition=0)])
    return [each.id for each in records]


def test_one_job_runs_a_line_to_its_end_in_order(desk: Desk) -> None:
    """Each run is due as soon as the one before it is done, and none waits for another job."""
    seen: list[tuple[str, int]] = []
    ordered = handler(lambda event, ctx: seen.append((event.id, ctx.attempt)), ordered=True)
    ids = stand(desk, "room", 60)
    assert desk.journal.release_waiting(now_ms()) == 1
    desk.attempts(ordered).run()
    assert seen == [(each, 1) for each in ids]
    assert desk.states() == {(DONE, 1)}
    assert desk.redis.hgetall(keys.RUNS) == {b"plugin.handler|done|live": b"60"}


def test_a_job_goes_on_while_what_is_in_progress_may_release_another_run(desk: Desk) -> None:
    """Though nothing is due at the moment."""
    (single,) = stand(desk, "short", 1)
    longer = stand(desk, "long", 3)

    def wait_for_the_other(event: Any, ctx: Any) -> None:
        if event.id == longer[0]:
            wait_for(
                lambda: desk.journal.count_runs(Filter(event_id=single), [DONE]),
                "the other is done",
            )

    desk.journal.release_waiting(now_ms())
    desk.attempts(handler(wait_for_the_other, ordered=True)).run()
    assert desk.states() == {(DONE, 1)}
