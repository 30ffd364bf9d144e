"""Reading runs and requests, and what is found by the beginning of an id."""

from typing import Any

import pytest

from comethooks.workers.journal import (
    DISMISSABLE,
    RETRYABLE,
    AmbiguousIdError,
    Filter,
    Journal,
    Outcome,
)
from comethooks.workers.journal.listings import reading
from comethooks.workers.journal.listings.queries import newest_first
from comethooks.workers.states import EventStatus, RunState
from tests.workers.journal.samples import (
    T0,
    an_id,
    duplicate,
    event,
    numbers,
    refusal,
    run,
    settled,
)


class TestRuns:
    def test_by_event_and_by_run(self, journal: Journal):
        """Runs are chosen by what they are and by what their event is, the newest event's first."""
        journal.write([settled(event(1), run(RunState.DEAD, "a.b"), run(RunState.DONE, "c.d"))])
        journal.write([settled(event(2, trigger="user_blocked"), run(RunState.DEAD, "a.b"))])

        def found(**asked) -> list[tuple[str, str]]:
            return [(stored.event_id, stored.handler) for stored in journal.runs(Filter(**asked))]

        assert found() == [(an_id(2), "a.b"), (an_id(1), "a.b"), (an_id(1), "c.d")]
        assert found(state=RunState.DEAD) == [(an_id(2), "a.b"), (an_id(1), "a.b")]
        assert found(handler="c.d") == [(an_id(1), "c.d")]
        assert found(trigger="user_blocked", state=RunState.DONE) == []
        assert found(until=T0 + 2000, limit=1) == [(an_id(1), "a.b")]

    def test_no_more_events_are_read_than_runs_are_shown(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ):
        """At first: where events have no run that is asked for, each page is twice the last."""
        sizes: list[int] = []

        def noting(*arguments: Any) -> Any:
            sizes.append(arguments[-1])
            return newest_first(*arguments)

        monkeypatch.setattr(reading, "newest_first", noting)
        journal.write([settled(event(n), *([] if n > 5 else [run()])) for n in range(20)])
        journal.write([settled(event(n), run()) for n in range(20, 25)])
        assert len(list(journal.runs(Filter(limit=5)))) == 5
        assert sizes == [5]
        assert len(list(journal.runs(Filter(limit=8)))) == 8
        assert sizes == [5, 8, 16]

    def test_by_state_of_runs_and_of_their_event_at_once(self, journal: Journal):
        """Every state is found, alone and together with a handler and with the event's status."""
        journal.write([settled(event(1), *(run(state, f"a.{state}") for state in RunState))])
        journal.write([settled(event(2), run(RunState.DONE, "a.dead"))])
        for state in RunState:
            asked = Filter(state=state, handler=f"a.{state}", status=EventStatus.DEAD)
            assert [(stored.event_id, stored.state) for stored in journal.runs(asked)] == [
                (an_id(1), state)
            ]
        assert list(journal.runs(Filter(state=RunState.DEAD, status=EventStatus.DONE))) == []

    def test_of_one_event_by_its_id(self, journal: Journal):
        """`event_id` narrows a listing of runs, of events and of requests to one event."""
        journal.write([settled(event(number), run()) for number in range(3)])
        journal.write([settled(duplicate(5, event(1)))])
        asked = Filter(event_id=an_id(1))
        assert [stored.event_id for stored in journal.runs(asked)] == [an_id(1)]
        assert numbers(journal.events(asked)) == [1]
        assert numbers(journal.requests(asked)) == [5, 1]

    def test_are_counted_by_what_they_are(self, journal: Journal):
        """A count heeds what a listing heeds but its limit, and the states that it is asked
        about.
        """
        journal.write([settled(event(1), *(run(state, f"a.{state}") for state in RunState))])
        journal.write(
            [settled(event(2, sender="bo"), run(RunState.DEAD), run(RunState.DEAD, replay="july"))]
        )
        assert journal.count_runs() == len(RunState) + 2
        assert journal.count_runs(Filter(sender="bo", limit=1)) == 2
        assert journal.count_runs(Filter(event_id=an_id(1)), RETRYABLE) == 3
        assert journal.count_runs(states=DISMISSABLE) == 5
        assert journal.count_runs(Filter(status=EventStatus.DEAD), [RunState.WAITING]) == 1
        assert journal.count_runs(Filter(state=RunState.DONE), DISMISSABLE) == 0

    def test_are_counted_by_state(self, journal: Journal):
        """Health asks how many are anything but done."""
        journal.write([settled(event(1), *(run(state, f"a.{state}") for state in RunState))])
        journal.write([settled(event(2), run(RunState.DEAD), run(handler="a.b"))])
        expected = dict.fromkeys(set(RunState) - {RunState.DONE}, 1) | {RunState.DEAD: 2}
        assert journal.unfinished() == expected

    def test_that_are_due_again(self, journal: Journal):
        """How many are due, counted as far as asked, and when the next one is."""
        assert (journal.due(T0, 10), journal.next_due()) == (0, None)
        for second in range(4):
            journal.write(
                [settled(event(second), run(RunState.RETRYING, next_at=T0 + 1000 * second))]
            )
        journal.write([settled(event(9), run(RunState.RUNNING, next_at=T0 - 1))])
        assert [journal.due(T0 + ms, 3) for ms in (-1, 0, 1999, 9000)] == [0, 1, 2, 3]
        assert journal.next_due() == T0

    def test_of_one_event_with_tracebacks(self, journal: Journal):
        """In detail, live runs before those of replays."""
        failed = run(RunState.DEAD, error="KeyError: 'x'", traceback="Traceback …")
        journal.write([settled(event(1), run(replay="july"), failed)])
        live, replayed = journal.runs_of(an_id(1))
        assert (live.replay, live.error, live.traceback) == (None, "KeyError: 'x'", "Traceback …")
        assert (replayed.replay, replayed.traceback) == ("july", None)
        assert journal.runs_of("0" * 36) == ()


class TestRequests:
    @pytest.fixture
    def journal(self, journal: Journal) -> Journal:
        first = event(1)
        others = [duplicate(2, first), event(3, sender="bo"), refusal(4, trigger=None, app_id=None)]
        journal.write([settled(record) for record in (first, *others)])
        return journal

    def test_accepted_repeated_and_refused_in_one_listing(self, journal: Journal):
        """Every request that was kept, newest first, whatever became of it."""
        found = list(journal.requests())
        assert numbers(found) == [4, 3, 2, 1]
        assert [stored.outcome.value for stored in found] == [
            "refused",
            "accepted",
            "duplicate",
            "accepted",
        ]
        assert [stored.event_id for stored in found] == [None, an_id(3), an_id(1), an_id(1)]
        assert [stored.status for stored in found] == [422, 200, 200, 200]
        assert {stored.body for stored in found} == {None}

    def test_by_what_they_are(self, journal: Journal):
        """Filters that only accepted requests have leave the others out."""
        assert numbers(journal.requests(Filter(outcome=Outcome.REFUSED))) == [4]
        assert numbers(journal.requests(Filter(outcome=Outcome.DUPLICATE))) == [2]
        assert numbers(journal.requests(Filter(outcome=Outcome.ACCEPTED))) == [3, 1]
        assert numbers(journal.requests(Filter(trigger="message_sent"))) == [3, 2, 1]
        assert numbers(journal.requests(Filter(sender="bo"))) == [3]
        assert numbers(journal.requests(Filter(since=T0 + 2000, until=T0 + 4000))) == [3, 2]
        assert numbers(journal.requests(Filter(limit=2))) == [4, 3]

    def test_one_with_its_body(self, journal: Journal):
        """A request is found by its id whatever became of it, with its body."""
        for number in (1, 2, 3, 4):
            stored = journal.request(an_id(number))
            assert stored is not None
            assert (stored.id, stored.body) == (an_id(number), event().body)
        assert journal.request(an_id(5)) is None


class TestIds:
    IDS = ("0199c820-1111-7000-8000-000000000001", "0199c820-2222-7000-8000-000000000002")

    @pytest.fixture
    def journal(self, journal: Journal) -> Journal:
        journal.write([settled(event(1, id=self.IDS[0]), run())])
        journal.write([settled(refusal(2, id=self.IDS[1])), settled(refusal(3, id="0299c820"))])
        return journal

    def test_a_beginning_will_do(self, journal: Journal):
        """Six characters or more stand for the only id that begins with them."""
        stored, request = journal.event("0199c8"), journal.request("0199c820-2")
        assert stored is not None
        assert request is not None
        assert (stored.id, request.id) == self.IDS
        assert len(journal.runs_of("0199c820")) == 1

    def test_several_with_that_beginning_are_an_error(self, journal: Journal):
        """An ambiguous beginning names how many there are, of events and other requests
        together.
        """
        with pytest.raises(AmbiguousIdError, match="2 ids begin with '0199c8'") as caught:
            journal.request("0199c8")
        assert (caught.value.prefix, caught.value.count) == ("0199c8", 2)

    def test_what_no_id_begins_with_finds_nothing(self, journal: Journal):
        """Too short a beginning, another one, or no id at all is none, whatever SQL makes of its
        characters.
        """
        for nothing in ("", "0199", "0199c9", "%%%%%%", "______", "\x00\ud800abcdef", "~" * 40):
            assert journal.event(nothing) is None
            assert journal.request(nothing) is None
            assert journal.runs_of(nothing) == ()

    def test_a_whole_id_wins_over_a_beginning(self, journal: Journal):
        """An id that is the beginning of another is itself."""
        journal.write([settled(refusal(4, id="0299c820-3333"))])
        stored = journal.request("0299c820")
        assert stored is not None
        assert stored.id == "0299c820"
