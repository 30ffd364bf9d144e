from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from comethooks.workers.journal import (
    START,
    Attempt,
    Cursor,
    Filter,
    Journal,
    OnceClaim,
    RunResult,
    Swept,
)
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Progress, Replays
from comethooks.workers.journal.retention import FINISHED
from comethooks.workers.journal.tables.models import runs
from comethooks.workers.states import RunState
from tests.workers.journal.samples import T0, an_id, duplicate, event, refusal, run, settled

UNFINISHED = [state for state in RunState if state not in FINISHED]


def at(second: int) -> int:
    return T0 + 1000 * second


def numbers(found) -> list[int]:
    return [(stored.received_at - T0) // 1000 for stored in found]


def all_steps(step: Callable[[int, int, Cursor], Swept], before: int, limit: int) -> list[int]:
    """What each step changed until there was nothing left."""
    counts, after, more = [], START, True
    while more:
        swept = step(before, limit, after)
        counts, after, more = [*counts, swept.count], swept.after, swept.more
    return counts


class TestDelete:
    def test_takes_the_oldest_first_and_their_runs(self, journal: Journal):
        """As many as asked for; what was received later, or at that moment, stays."""
        journal.write([settled(event(number), run()) for number in range(5)])
        assert journal.delete_older(at(4), 3).count == 3
        assert numbers(journal.events()) == [4, 3]
        assert all_steps(journal.delete_older, at(4), 3) == [1]
        assert numbers(journal.events()) == [4]
        with journal.engine.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(runs)) == 1

    def test_takes_requests_as_well(self, journal: Journal):
        """Refused and repeated ones, each in its own time."""
        journal.write([settled(event(1)), settled(refusal(2)), settled(duplicate(3, event(1)))])
        assert all_steps(journal.delete_older, at(3), 1) == [1, 1, 0]
        assert numbers(journal.requests()) == [3]
        assert all_steps(journal.delete_older, at(9), 10) == [1]

    def test_takes_what_was_told_of_them_to_others(self, journal: Journal):
        """And no other keys: what an author's plugin did stays known, and what of an event that is
        kept.
        """
        journal.write([settled(event(number)) for number in (1, 2)])
        for plugin, number in (("notify", 1), ("notify", 2), ("welcome", 1)):
            key = f"{plugin} {number}"
            handler = f"{plugin}.handler"
            claim = OnceClaim(plugin, "app", key, "token", event(number).id, handler, T0, T0)
            assert journal.enter_once(claim) is None
        assert journal.delete_older(at(2), 10).count == 1
        left = [each.key for n in (1, 2) for each in journal.once_of(event(n).id, T0)]
        assert left == ["welcome 1", "notify 2"]

    def test_keeps_events_that_somebody_may_want_to_run(self, journal: Journal):
        """A dead letter is kept until it is retried or dismissed, and so is whatever has not
        ended.
        """
        journal.write(
            [settled(event(n), run(state), run(handler="c.d")) for n, state in enumerate(RunState)]
        )
        journal.write([settled(event(20)), settled(event(21), run(RunState.DEAD, replay="july"))])
        assert all_steps(journal.delete_older, at(99), 100) == [len(FINISHED) + 1]
        kept = {found.state for found in journal.runs() if found.handler != "c.d"}
        assert kept == set(UNFINISHED)
        journal.dismiss_runs(Filter(), at(99))
        assert journal.delete_older(at(99), 100).count == 4
        assert {found.state for found in journal.runs() if found.handler != "c.d"} == {
            RunState.RUNNING,
            RunState.PENDING,
        }

    def test_goes_on_behind_what_it_keeps(self, journal: Journal):
        """Dead letters that pile up are not looked at again with each step, nor after what comes
        later.
        """
        journal.write([settled(event(number), run(RunState.DEAD)) for number in range(5)])
        journal.write([settled(event(number), run()) for number in range(5, 9)])
        first = journal.delete_older(at(7), 1)
        assert (first.count, first.after.events) == (1, (at(5), an_id(5)))
        second = journal.delete_older(at(7), 5, first.after)
        assert (second.count, second.more) == (1, False)
        assert journal.delete_older(at(9), 5, second.after).count == 2

    def test_loses_nothing_that_came_at_the_same_time(self, journal: Journal):
        """Steps end between rows of one millisecond."""
        same = [settled(event(number, received_at=T0)) for number in range(10)]
        journal.write(
            [*same, *(settled(refusal(number, received_at=T0)) for number in range(20, 30))]
        )
        assert all_steps(journal.drop_payloads, T0 + 1, 3) == [3, 3, 3, 3, 3, 3, 2]


class TestReplays:
    """What a replay has yet to come to is kept, whatever its age."""

    @pytest.fixture
    def replays(self, journal: Journal) -> Replays:
        """Six events in a journal, and its replays."""
        journal.write([settled(event(number), run()) for number in range(6)])
        return Replays(journal.engine)

    @staticmethod
    def create(replays: Replays, name: str = "mended", **asked: Any) -> None:
        from_file = asked.pop("from_file", False)
        request = ReplayRequest(
            asked=Filter(**asked), handlers=frozenset(["a.b"]), from_file=from_file
        )
        assert replays.create(name, request, now=at(50), expected=0)

    @staticmethod
    def advance(replays: Replays, last: int, *, finished: bool = False) -> None:
        """Let the replay come to the end of that event."""
        assert replays.claim("mended", "m", now=at(60), until=at(61))
        place = Place(at(last), an_id(last))
        progress = Progress(
            results=(), place=place, events=1, passed=1, next_at=at(60), finished=finished
        )
        assert replays.advance("mended", "m", progress, at(60))

    def test_events_are_kept_until_it_has_come_past_them(self, journal: Journal, replays: Replays):
        """Those that it is about, and no others."""
        self.create(replays, since=at(1), until=at(5))
        assert all_steps(journal.drop_payloads, at(99), 4) == [1, 1]
        assert all_steps(journal.delete_older, at(99), 4) == [1, 1]
        assert numbers(journal.events()) == [4, 3, 2, 1]
        self.advance(replays, 2)
        assert sum(all_steps(journal.drop_payloads, at(99), 4)) == 2
        assert sum(all_steps(journal.delete_older, at(99), 4)) == 2
        assert numbers(journal.events()) == [4, 3]
        self.advance(replays, 3, finished=True)
        assert sum(all_steps(journal.delete_older, at(99), 4)) == 2

    def test_those_of_a_file_are_kept_from_when_they_are_staged(
        self, journal: Journal, replays: Replays
    ):
        """They may be imported after that, and are as old as they are."""
        self.create(replays, from_file=True)
        replays.stage("mended", [an_id(number) for number in (2, 4, 7)])
        journal.write([settled(event(7)), settled(event(8))])
        assert sum(all_steps(journal.delete_older, at(30), 100)) == 5
        assert numbers(journal.events()) == [7, 4, 2]
        assert replays.start("mended", at(51))
        assert sum(all_steps(journal.delete_older, at(99), 100)) == 0

    def test_one_that_was_stopped_keeps_them_as_long_as_anything_is_kept(
        self, journal: Journal, replays: Replays
    ):
        """It may go on; but nobody keeps the data of others for ever by forgetting it."""
        self.create(replays)
        assert replays.stop("mended", at(70))
        assert sum(all_steps(journal.delete_older, at(70), 100)) == 0
        assert sum(all_steps(journal.delete_older, at(71), 100)) == 6

    def test_tracebacks_are_not_part_of_that(self, journal: Journal, replays: Replays):
        """No handler is given any."""
        journal.write([settled(event(9), run(traceback="Traceback …"))])
        self.create(replays)
        assert sum(all_steps(journal.drop_run_details, at(99), 100)) == 1


class TestPayloads:
    def test_are_dropped_and_all_else_is_kept(self, journal: Journal):
        """An event and a request say how large their body was, and that it is not there any
        more.
        """
        records = [event(1), refusal(2), duplicate(3, event(1)), event(4)]
        journal.write([settled(record, run()) for record in records])
        before = [journal.event(an_id(1)), list(journal.requests()), list(journal.runs())]
        assert all_steps(journal.drop_payloads, at(4), 2) == [2, 1]
        found = [journal.request(an_id(number)) for number in range(1, 5)]
        assert [request and (request.body, request.size) for request in found] == [
            (None, 17),
            (None, 17),
            (None, 17),
            (event(4).body, 17),
        ]
        stored = journal.event(an_id(1))
        assert stored is not None
        assert stored.body is None
        assert [list(journal.requests()), list(journal.runs())] == before[1:]

    def test_that_were_empty_stay_so(self, journal: Journal):
        """Nothing was dropped where nothing was."""
        journal.write([settled(event(1, body=b"", size=0)), settled(refusal(2, body=b"", size=0))])
        assert all_steps(journal.drop_payloads, at(9), 5) == [0]
        stored, request = journal.event(an_id(1)), journal.request(an_id(2))
        assert stored is not None
        assert request is not None
        assert stored.body == request.body == b""

    def test_are_dropped_once(self, journal: Journal):
        """A sweep from the start finds nothing where one was."""
        journal.write([settled(event(1)), settled(refusal(2))])
        assert all_steps(journal.drop_payloads, at(9), 5) == [2]
        assert all_steps(journal.drop_payloads, at(9), 5) == [0]

    @pytest.mark.parametrize("state", UNFINISHED)
    def test_of_what_has_not_ended_are_kept(self, journal: Journal, state: RunState):
        """A handler may be given it again."""
        journal.write([settled(event(1), run(), run(state, "c.d"))])
        assert journal.drop_payloads(at(9), 5).count == 0
        stored = journal.event(an_id(1))
        assert stored is not None
        assert stored.body == event(1).body

    def test_take_with_them_what_dry_runs_would_have_sent(self, journal: Journal):
        """That was made of them; what was done is told without it, and stays."""
        for name, dry_run in (("dry", True), ("wet", False)):
            request = ReplayRequest(asked=Filter(), handlers=frozenset({"a.b"}))
            replays = Replays(journal.engine)
            assert replays.create(name, request, now=T0, expected=1, dry_run=dry_run)
            assert replays.stop(name, now=T0)
        for number in (1, 2):
            dry, wet, live = (
                run(handler=f"a.{name}", replay=name or None, effects=("would POST", name))
                for name in ("dry", "wet", "")
            )
            failed = Attempt(1, T0, T0, "KeyError", ("would POST first",))
            journal.write(
                [settled(event(number), replace(dry, attempts=2, earlier=(failed,)), wet, live)]
            )
        assert all_steps(journal.drop_payloads, at(2), 5) == [1]

        def effects(number: int) -> dict[str | None, list[str]]:
            found = journal.runs_of(an_id(number))
            return {
                each.replay: [line for made in each.attempts_made for line in made.effects]
                for each in found
            }

        kept = {"wet": ["would POST", "wet"], None: ["would POST", ""]}
        assert effects(1) == {**kept, "dry": []}
        assert effects(2) == {**kept, "dry": ["would POST first", "would POST", "dry"]}


class TestRunDetails:
    def test_of_finished_runs_are_dropped(self, journal: Journal):
        """Tracebacks of dead letters, and of what will be tried again, are still of use."""

        def failed(state: RunState) -> RunResult:
            return run(state, f"a.{state}", error="KeyError", traceback="Traceback …")

        journal.write([settled(event(1), *map(failed, RunState)), settled(event(2), run())])
        journal.write(
            [settled(event(3), failed(RunState.DONE)), settled(event(9), failed(RunState.DONE))]
        )
        assert all_steps(journal.drop_run_details, at(9), 1) == [len(FINISHED), 1, 0]
        kept = {found.state: found.traceback for found in journal.runs_of(an_id(1))}
        assert [state for state in RunState if kept[state] is not None] == UNFINISHED
        assert [journal.runs_of(an_id(number))[0].traceback for number in (3, 9)] == [
            None,
            "Traceback …",
        ]
        assert {found.error for found in journal.runs_of(an_id(1))} == {"KeyError"}

    def test_attempts_before_the_last_go_with_them(self, journal: Journal):
        """Also of a run that is done, which has no traceback; those of one that may be run again
        stay.
        """
        died = (Attempt(1, None, None, "its process ended before it did"),)
        states = (RunState.DONE, RunState.RETRYING)
        journal.write(
            [
                settled(
                    event(number),
                    *(run(state, f"a.{state}", attempts=2, earlier=died) for state in states),
                )
                for number in (1, 2, 9)
            ]
        )
        assert all_steps(journal.drop_run_details, at(9), 1) == [1, 1, 0]
        for number, left in ((1, 1), (2, 1), (9, 2)):
            done, retrying = journal.runs_of(an_id(number))
            assert [len(done.attempts_made), len(retrying.attempts_made)] == [left, 2]
