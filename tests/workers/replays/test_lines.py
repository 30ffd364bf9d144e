"""Ordered handlers in a replay: what follows a run that failed waits for it, in a line of the
replay's own.
"""

from collections.abc import Callable
from typing import Any

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.emit import emitted
from comethooks.workers.ids import id_at
from comethooks.workers.journal import Filter, JournalUnavailableError, Line, Settled
from comethooks.workers.journal.replaying.replay_request import Choice
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.processes import StopFlag
from comethooks.workers.record import event_of
from comethooks.workers.replays.lines import ReplayLines, lane_key, lane_of
from comethooks.workers.states import ReplayState, RunState
from comethooks.workers.streams import keys
from tests.workers.desk import Desk
from tests.workers.engine import handler, record
from tests.workers.jobs.test_chunks import HANDLER, NAME, Replayer, result

DONE, RETRYING, WAITING, DEAD = RunState.DONE, RunState.RETRYING, RunState.WAITING, RunState.DEAD
SOON = Retry(attempts=2, base=0.001, jitter=False)


@pytest.fixture
def replayer(desk: Desk) -> Replayer:
    """A replayer on an empty journal."""
    return Replayer(desk)


def failing(replayer: Replayer, at: str, retry: Retry) -> BoundHandler:
    """An ordered handler that fails at its first attempt on one event, and else remembers what it
    got.
    """

    def fail(event: Any, ctx: Any) -> None:
        if event.id == at and ctx.attempt == 1:
            raise ValueError("at first")
        replayer.note(event, ctx)

    return handler(fail, ordered=True, retry=retry)


def work_off(replayer: Replayer, *handlers: BoundHandler) -> None:
    """Make attempts until none is due, as the scheduler would have it."""
    while replayer.desk.journal.due(now_ms() + 1000, 1) or replayer.desk.journal.release_waiting(
        now_ms()
    ):
        replayer.desk.attempts(*handlers).run()


def states(replayer: Replayer, *ids: str) -> list[RunState]:
    """How the runs of these events stand."""
    found = {run.event_id: run.state for run in replayer.runs()}
    return [found[each] for each in ids]


def test_later_events_of_the_conversation_come_after_the_run_that_failed(
    replayer: Replayer,
) -> None:
    """From one chunk to the next, too; every one of them once."""
    ids = replayer.keep(230, conversations=2)
    flaky = failing(replayer, ids[2], SOON)
    replayer.create(HANDLER)
    assert replayer.work(flaky).runs == 230
    work_off(replayer, flaky)
    for conversation in range(2):
        of_it = ids[conversation::2]
        assert [each[0] for each in replayer.seen if each[0] in set(of_it)] == of_it
    assert set(states(replayer, *ids)) == {DONE}


def test_other_conversations_handlers_and_replays_do_not_wait(replayer: Replayer) -> None:
    """Only this handler's runs of this replay do."""
    ids = replayer.keep(6, conversations=2)
    flaky = failing(replayer, ids[0], Retry(base=60))
    other = handler(lambda event, ctx: None, "plugin.other", ordered=True)
    replayer.create(HANDLER, "plugin.other")
    assert replayer.work(flaky, other).state is ReplayState.DONE
    runs = {(run.handler, run.event_id): run.state for run in replayer.runs()}
    assert [runs[HANDLER, each] for each in ids] == [RETRYING, DONE, WAITING, DONE, WAITING, DONE]
    assert {runs["plugin.other", each] for each in ids} == {DONE}
    counted = replayer.desk.redis.hgetall(keys.RUNS)
    assert counted == {
        b"plugin.handler|done|replay": b"3",
        b"plugin.handler|retrying|replay": b"1",
        b"plugin.other|done|replay": b"6",
    }
    replayer.create(HANDLER, name="second")
    replayer.work(handler(replayer.note, ordered=True), name="second")
    assert {run.state for run in replayer.runs("second")} == {DONE}


def test_a_dead_run_holds_them_up_until_somebody_decides(replayer: Replayer) -> None:
    """As live ones do."""
    ids = replayer.keep(150, conversations=1)
    flaky = failing(replayer, ids[0], Retry(attempts=1))
    replayer.create(HANDLER)
    replayer.work(flaky)
    work_off(replayer, flaky)
    assert states(replayer, *ids[:3], ids[-1]) == [DEAD, WAITING, WAITING, WAITING]
    assert [run.waits_for for run in replayer.desk.journal.event(ids[7]).runs] == [ids[0]]  # type: ignore[union-attr]
    assert replayer.desk.journal.dismiss_runs(Filter(state=DEAD), now_ms()) == 1
    work_off(replayer, flaky)
    assert [each[0] for each in replayer.seen] == ids[1:]


def test_a_run_that_killed_its_process_holds_them_up_too(replayer: Replayer) -> None:
    """And nothing of its conversation is run before somebody decides."""
    ids = replayer.keep(4, conversations=2)
    replayer.create(HANDLER)
    for _ in range(2):
        replayer.replays.claim(NAME, "host|boot|1", now=now_ms(), until=now_ms() + 1000)
        replayer.replays.free(
            is_dead=lambda _: True, ending=lambda _: "SIGKILL", now=now_ms(), expired=None
        )
    replayer.work(handler(replayer.note, ordered=True))
    assert states(replayer, *ids) == [DEAD, DONE, WAITING, DONE]


def test_a_handler_that_is_not_ordered_goes_on(replayer: Replayer) -> None:
    """Its failed run comes later."""
    ids = replayer.keep(3, conversations=1)
    flaky = handler(failing(replayer, ids[0], SOON).function, retry=SOON)
    replayer.create(HANDLER)
    replayer.work(flaky)
    work_off(replayer, flaky)
    assert [each[0] for each in replayer.seen] == [*ids[1:], ids[0]]


def test_places_hold_when_fewer_events_are_chosen_later(replayer: Replayer) -> None:
    """A chunk was done in part, and some of its events ran meanwhile: none overtakes the run that
    failed before.
    """
    ids = replayer.keep(8, conversations=2)
    stopped = replayer.desk.stop

    def fail(event: Any, ctx: Any) -> None:
        if event.id == ids[5]:
            stopped.set()
            raise ValueError("at first")
        if event.id == ids[0]:
            assert stopped.wait(10)

    flaky = handler(fail, ordered=True, retry=Retry(base=60))
    replayer.create(HANDLER, choice=Choice.MISSING)
    replayer.job(flaky).run()
    ran = [record(0, n, id=ids[n]) for n in (2, 4, 6)]
    replayer.desk.journal.write([Settled(each, runs=(result(),), partition=0) for each in ran])
    replayer.desk.stop = StopFlag()
    replayer.work(flaky)
    assert states(replayer, ids[5], ids[7]) == [RETRYING, WAITING]
    assert replayer.desk.journal.release_waiting(now_ms()) == 0


def test_events_of_the_same_millisecond_come_one_after_the_other(replayer: Replayer) -> None:
    """In the order of their ids, which is that of the replay."""
    kept = [record(1, 1, id=id_at(1_800_000_000_000, bytes([n] * 10))) for n in range(8)]
    replayer.desk.journal.write([Settled(each, runs=(), partition=0) for each in reversed(kept)])
    ids = [each.id for each in kept]
    flaky = failing(replayer, ids[0], SOON)
    replayer.create(HANDLER)
    replayer.work(flaky)
    assert replayer.desk.journal.release_waiting(now_ms()) == 0
    work_off(replayer, flaky)
    assert [each[0] for each in replayer.seen] == ids
    assert set(states(replayer, *ids)) == {DONE}


class TestLine:
    def lines(self, line_length: Callable[[Line, int], int]) -> ReplayLines:
        """Lines of a chunk."""
        return ReplayLines(NAME, line_length)

    def test_it_has_an_end(self) -> None:
        """Whoever finds too many before it is dead and says why."""
        ordered = handler(lambda event, ctx: None, ordered=True)
        result = self.lines(lambda line, limit: limit).instead_of(ordered, record(1, 7))
        assert result
        assert (result.state, result.place) == (DEAD, record(1, 7).received_at)
        assert "runs of this handler wait before it" in (result.error or "")

    def test_the_journal_is_asked_once_and_what_does_not_answer_has_it_wait(self) -> None:
        """Never for a handler that is not ordered."""
        asked: list[Line] = []

        def away(line: Line, limit: int) -> int:
            asked.append(line)
            raise JournalUnavailableError("away")

        lines = self.lines(away)
        for ordered in (True, True, False):
            result = lines.instead_of(handler(lambda event, ctx: None, ordered=ordered), record())
            assert (result and result.state) == (WAITING if ordered else None)
        assert asked == [Line(HANDLER, lane_of(record(), NAME))]

    def test_no_replay_has_the_line_of_another_or_of_live_runs(self, desk: Desk) -> None:
        """Nor have two conversations the same."""
        kept = [record(1), record(2), record(1, app_id=None), record(1, app_id="")]
        lanes = {lane_of(each, name) for each in kept for name in ("a", "b")}
        lanes |= {lane_of(each, "a", emitted=True) for each in kept}
        assert len(lanes) == 12
        assert not any("/" in lane for lane in lanes)

    def test_what_is_made_of_one_event_stands_in_one_line(self) -> None:
        """Live it does, too: without a conversation it is the event that orders what is made of
        it.
        """
        parents = [record(n, n, conversation_id=None) for n in (1, 2)]
        made = [
            emitted(event_of(each), HANDLER, "found", {"number": n}, received_at=1)
            for each in parents
            for n in (1, 2)
        ]
        assert [lane_key(each) for each in made] == [(each.app_id, each.key) for each in made]
        assert len({lane_of(each, NAME) for each in made}) == 2
