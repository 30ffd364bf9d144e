"""Lines: of the unfinished runs of an ordered handler and a conversation only the first may run."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from comethooks.workers.journal import Filter, Journal, Line, RunResult
from comethooks.workers.states import EventStatus, RunState
from tests.workers.journal.samples import T0, an_id, event, run, settled

NOW = T0 + 60_000
HANDLER = "ledger.book"
LINE = Line(HANDLER, "app/room")


def standing(number: int, state: RunState = RunState.WAITING, **changes: Any) -> RunResult:
    """The run on the event with that number, at that place."""
    known: dict[str, Any] = {"attempts": 0, "started_at": None, "finished_at": None}
    if state is not RunState.WAITING:
        known = {"attempts": 1}
    if state is RunState.RETRYING:
        known["next_at"] = NOW
    return run(state, HANDLER, **{**known, "lane": LINE.lane, "place": number, **changes})


def write(journal: Journal, first: RunState, *more: RunState) -> None:
    """One event for each state, from number 1, with a run in the line that is in it."""
    for number, state in enumerate((first, *more), 1):
        journal.write([settled(event(number), standing(number, state))])


def states(journal: Journal) -> list[str]:
    """The states of all runs, in the order of their events."""
    return [found.state.value for found in journal.runs()][::-1]


def attempt(journal: Journal, state: RunState = RunState.DONE) -> list[str]:
    """Claim whatever is due and end it so: the events that these were."""
    claimed = journal.claim("member", now=NOW, until=NOW + 1, limit=10)
    changes = {"next_at": NOW + 1000} if state is RunState.RETRYING else {}
    results = [
        (each.record.id, run(state, each.handler, attempts=each.attempt, lane=each.lane, **changes))
        for each in claimed
    ]
    journal.finish("member", results)
    return [each.record.id for each in claimed]


class TestRelease:
    def test_the_next_is_due_once_the_first_is_done(self, journal: Journal):
        """One at a time, in the order of their places, and nobody stands there in the end."""
        write(journal, RunState.RETRYING, *[RunState.WAITING] * 3)
        assert [attempt(journal) for _ in range(5)] == [
            [an_id(number)] for number in (1, 2, 3, 4)
        ] + [[]]
        assert states(journal) == ["done"] * 4
        assert [found.attempts for found in journal.runs()] == [1, 1, 1, 2]
        assert journal.line_length(LINE, 10) == 0

    @pytest.mark.parametrize("state", [RunState.RETRYING, RunState.DEAD])
    def test_nobody_goes_on_while_the_first_has_failed(self, journal: Journal, state: RunState):
        """Whether it is tried again or not."""
        write(journal, RunState.RETRYING, RunState.WAITING)
        attempt(journal, state)
        assert states(journal) == [state.value, "waiting"]
        assert attempt(journal) == []
        assert journal.release_waiting(NOW) == 0

    def test_a_line_is_one_of_a_handler_and_of_what_orders_its_events(self, journal: Journal):
        """Others do not wait for it, and are not released with it."""
        write(journal, RunState.RETRYING)
        journal.write([settled(event(2), standing(2), replace(standing(2), handler="a.b"))])
        journal.write([settled(event(3), standing(3, lane="app/other"))])
        assert journal.release_waiting(NOW) == 2
        (waiting,) = journal.runs(Filter(state=RunState.WAITING))
        assert (waiting.event_id, waiting.handler, waiting.waits_for) == (
            an_id(2),
            HANDLER,
            an_id(1),
        )

    def test_who_was_put_behind_nobody_is_found(self, journal: Journal):
        """As when the last one before it ended in another transaction; a second look finds
        nothing.
        """
        write(journal, RunState.WAITING, RunState.WAITING)
        assert journal.release_waiting(NOW) == 1
        assert journal.release_waiting(NOW) == 0
        assert states(journal) == ["retrying", "waiting"]
        assert journal.next_due() == NOW

    def test_the_place_decides_and_not_who_was_written_first(self, journal: Journal):
        """Nor does the id, which another host's clock made."""
        journal.write([settled(event(1), standing(9)), settled(event(2), standing(8))])
        journal.release_waiting(NOW)
        assert attempt(journal) == [an_id(2)]

    def test_at_one_place_the_id_decides(self, journal: Journal):
        """Those of a replay whose events came in the same millisecond: one at a time, the first id
        first.
        """
        for number in (3, 1, 2):
            journal.write([settled(event(number), standing(7))])
        assert journal.release_waiting(NOW) == 1
        assert journal.release_waiting(NOW) == 0
        waits_for = {each.event_id: each.waits_for for each in journal.runs()}
        assert waits_for == {an_id(1): None, an_id(2): an_id(1), an_id(3): an_id(1)}
        assert [attempt(journal) for _ in range(4)] == [[an_id(number)] for number in (1, 2, 3)] + [
            []
        ]

    def test_what_was_released_stays_so_when_it_is_written_again(self, journal: Journal):
        """A drainer that takes over writes again what it finds marked."""
        write(journal, RunState.RETRYING, RunState.WAITING)
        attempt(journal)
        write(journal, RunState.RETRYING, RunState.WAITING)
        assert states(journal) == ["done", "retrying"]

    def test_who_is_freed_from_a_dead_process_is_still_the_first(self, journal: Journal):
        """Nobody overtakes it."""
        write(journal, RunState.RETRYING, RunState.WAITING)
        journal.claim("member", now=NOW, until=NOW, limit=10)
        assert journal.release_waiting(NOW) == 0
        journal.free_claims(is_dead=lambda _: True, ending=lambda _: None, now=NOW, expired=None)
        assert journal.release_waiting(NOW) == 0
        (claimed,) = journal.claim("member", now=NOW, until=NOW + 1, limit=10, alone=True)
        assert (claimed.record.id, claimed.lane) == (an_id(1), LINE.lane)


class TestDecisions:
    def test_dismissing_the_first_lets_the_next_go_on(self, journal: Journal):
        """The dismissed one has left the line: retried later, it is run beside it."""
        write(journal, RunState.DEAD, RunState.WAITING, RunState.WAITING)
        assert journal.dismiss_runs(Filter(state=RunState.DEAD), NOW) == 1
        assert states(journal) == ["dismissed", "retrying", "waiting"]
        assert journal.retry_runs(Filter(state=RunState.DISMISSED), NOW) == 1
        assert states(journal) == ["retrying", "retrying", "waiting"]
        assert journal.line_length(LINE, 10) == 2

    def test_dismissing_one_that_waits_changes_nothing_for_the_others(self, journal: Journal):
        """They wait for the first."""
        write(journal, RunState.DEAD, RunState.WAITING, RunState.WAITING)
        assert journal.dismiss_runs(Filter(event_id=an_id(2)), NOW) == 1
        assert states(journal) == ["dead", "dismissed", "waiting"]

    def test_unblocking_lets_later_ones_go_on_beside_what_is_dead(self, journal: Journal):
        """It stays dead, and has left the line."""
        write(journal, RunState.DEAD, RunState.WAITING, RunState.WAITING)
        asked = Filter(handler=HANDLER, conversation_id="group_hikers")
        assert journal.count_runs(Filter(holds_up=True)) == 1
        assert journal.unblock_runs(asked, NOW) == 1
        assert journal.unblock_runs(asked, NOW) == 0
        assert states(journal) == ["dead", "retrying", "waiting"]
        assert attempt(journal) == [an_id(2)]
        assert attempt(journal) == [an_id(3)]

    def test_unblocking_leaves_alone_what_has_not_failed(self, journal: Journal):
        """Neither one that is about to run for the first time, nor runs of handlers that are not
        ordered.
        """
        write(journal, RunState.WAITING, RunState.WAITING)
        journal.write([settled(event(3), run(RunState.DEAD, "a.b"))])
        journal.release_waiting(NOW)
        assert journal.unblock_runs(Filter(), NOW) == 0
        assert states(journal) == ["retrying", "waiting", "dead"]

    def test_all_that_is_dead_is_retried_in_order(self, journal: Journal):
        """What is not the first of its line waits for its turn."""
        write(journal, RunState.DEAD, RunState.WAITING, RunState.DEAD, RunState.WAITING)
        assert journal.retry_runs(Filter(state=RunState.DEAD), NOW) == 2
        assert states(journal) == ["retrying", "waiting", "waiting", "waiting"]
        assert [attempt(journal) for _ in range(4)] == [[an_id(number)] for number in (1, 2, 3, 4)]


class TestReading:
    def test_a_waiting_run_says_what_it_waits_for(self, journal: Journal):
        """The first of its line, by its event; all others wait for nothing."""
        write(journal, RunState.DEAD, RunState.WAITING, RunState.WAITING)
        assert [found.waits_for for found in journal.runs()] == [an_id(1), an_id(1), None]
        assert [found.waits_for for found in journal.runs_of(an_id(3))] == [an_id(1)]
        found = journal.event(an_id(2))
        assert found
        assert (found.status, found.runs[0].waits_for) == (EventStatus.RETRYING, an_id(1))

    def test_counting_a_line_stops_at_the_limit(self, journal: Journal):
        """Nobody needs to know how far it goes on."""
        write(journal, RunState.DEAD, *[RunState.WAITING] * 4)
        assert [journal.line_length(LINE, limit) for limit in (1, 3, 100)] == [1, 3, 5]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_transactions_that_cannot_see_each_other_leave_work_for_the_scheduler(
    open_journal: Callable[[], Journal],
):
    """One ends the last run of a line while another one puts a run behind it; whoever looks later
    finds that.
    """
    journal, other = open_journal(), open_journal()
    write(journal, RunState.RETRYING)
    journal.claim("member", now=NOW, until=NOW + 1, limit=1)
    with other.engine.begin() as unseen:
        unseen.execute(
            text("INSERT INTO events (id, source, received_at, headers, body) " + _BEHIND)
        )
        unseen.execute(text(_WAITING_BEHIND), {"handler": HANDLER, "lane": LINE.lane})
        journal.finish("member", [(an_id(1), run(RunState.DONE, HANDLER, lane=LINE.lane))])
    assert set(states(journal)) == {"waiting", "done"}
    assert journal.release_waiting(NOW) == 1


_BEHIND = "VALUES ('behind', 'cometchat', now(), '{}', '')"
_WAITING_BEHIND = """
INSERT INTO runs (event_id, handler, state, attempts, lane, place)
VALUES ('behind', :handler, 'waiting', 0, :lane, 2)
"""
