from itertools import chain, combinations_with_replacement, product

import pytest

from comethooks.workers.journal import Filter, Journal, StoredDuplicates
from comethooks.workers.journal.listings import portions
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.states import EventStatus, RunState, event_status
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


class TestWholeEvents:
    def test_oldest_first_with_bodies_and_runs_also_across_pages(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ):
        """However few are read at once, by number or by size."""
        records = [event(number, received_at=T0 + number // 20) for number in range(60)]
        journal.write([settled(record, run()) for record in records])
        for name, value in (("PAGE", 7), ("PORTION", 3), ("PORTION_BYTES", 20)):
            monkeypatch.setattr(portions, name, value)
            found = list(journal.whole_events())
            assert [stored.id for stored in found] == [record.id for record in records]
            assert {stored.body for stored in found} == {b'{"greeting":"hi"}'}
            assert {stored.status for stored in found} == {EventStatus.DONE}

    def test_those_that_are_asked_for(self, journal: Journal):
        """By what they are, when they came and what became of them."""
        journal.write(
            [
                settled(event(1)),
                settled(event(2), run(RunState.DEAD)),
                settled(event(3, sender="bo")),
            ]
        )
        assert numbers(journal.whole_events(Filter(sender="bo"))) == [3]
        assert numbers(journal.whole_events(Filter(since=T0 + 2000, until=T0 + 3000))) == [2]
        assert numbers(journal.whole_events(Filter(status=EventStatus.DEAD))) == [2]

    def test_without_the_body_that_is_not_kept_any_more(self, journal: Journal):
        """None, and not an empty one."""
        journal.write([settled(event(1), run())])
        journal.drop_payloads(T0 + 10_000, 10)
        assert [stored.body for stored in journal.whole_events()] == [None]

    def test_what_is_written_and_deleted_meanwhile_does_no_harm(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ):
        """What is deleted is left out."""
        monkeypatch.setattr(portions, "PAGE", 2)
        monkeypatch.setattr(portions, "PORTION", 2)
        journal.write([settled(event(number), run()) for number in range(6)])
        found = journal.whole_events()
        first = next(found)
        journal.delete_older(T0 + 3000, 10)
        journal.write([settled(event(7), run())])
        assert numbers([first, *found]) == [0, 1, 3, 4, 5, 7]


class TestKnownIds:
    def test_are_those_of_events(self, journal: Journal):
        """And not those of other requests."""
        journal.write([settled(event(1)), settled(refusal(2))])
        assert journal.known_ids([an_id(1), an_id(2), an_id(3)]) == {an_id(1)}
        assert journal.known_ids([]) == set()


class TestEvents:
    def test_newest_first_also_across_pages(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ):
        """A listing longer than a page leaves out and repeats nothing, even when all came at the
        same time.
        """
        monkeypatch.setattr(portions, "PAGE", 7)
        records = [event(number, received_at=T0 + number // 20) for number in range(60)]
        journal.write([settled(record, run()) for record in records])
        assert [stored.id for stored in journal.events()] == [
            record.id for record in reversed(records)
        ]
        assert [len(list(journal.events(Filter(limit=limit)))) for limit in (1, 7, 8, 60, 90)] == [
            1,
            7,
            8,
            60,
            60,
        ]

    def test_without_bodies_and_tracebacks(self, journal: Journal):
        """A listing does not read what it does not show."""
        journal.write([settled(event(1), run(RunState.DEAD, traceback="Traceback …"))])
        (stored,) = journal.events()
        assert (stored.body, stored.runs[0].traceback) == (None, None)

    def test_by_what_they_are(self, journal: Journal):
        """Each of the filters by itself, and all together."""
        journal.write([settled(event(1))])
        other = {
            "trigger": "user_blocked",
            "conversation_id": "user:bo",
            "sender": "bo",
            "app_id": "77ac",
        }
        journal.write([settled(event(2, **other))])
        for name, value in other.items():
            assert numbers(journal.events(Filter(**{name: value}))) == [2]
        assert numbers(journal.events(Filter(**other))) == [2]
        assert numbers(journal.events(Filter(trigger="user_blocked", sender="ines"))) == []

    def test_by_a_text_that_was_cut(self, journal: Journal):
        """Who asks for the whole of a long id finds what is kept under its beginning."""
        journal.write([settled(event(1, sender="x" * 1000))])
        assert numbers(journal.events(Filter(sender="x" * 1000))) == [1]

    def test_by_time_of_receipt(self, journal: Journal):
        """`since` belongs to the listing, `until` does not."""
        journal.write([settled(event(number)) for number in range(5)])
        assert numbers(journal.events(Filter(since=T0 + 1000, until=T0 + 3000))) == [2, 1]

    def test_what_a_replay_has_run_well_is_not_unhandled(self, journal: Journal):
        """A dry run has run nothing; nor does a replay change what live runs came to."""
        replays = Replays(journal.engine)
        request = ReplayRequest(asked=Filter(), handlers=frozenset())
        replays.create("dry", request, now=T0, expected=0, dry_run=True)
        live = [(), (run(),), (run(RunState.DEAD),)]
        again = [
            (),
            (run(replay="july"),),
            (run(RunState.DEAD, replay="july"),),
            (run(RunState.SKIPPED, replay="july"),),
            (run(replay="dry"),),
            (run(replay="dry"), run(RunState.DEAD, replay="july"), run(replay="june")),
        ]
        for number, runs in enumerate(product(live, again)):
            journal.write([settled(event(number), *chain(*runs))])
        status_of = {each.id: each.status for each in journal.events()}
        assert [status_of[an_id(number)].value for number in range(len(again))] == [
            *("unhandled", "replayed", "unhandled", "unhandled", "unhandled", "replayed"),
        ]
        assert {status_of[an_id(number)] for number in range(6, 12)} == {EventStatus.DONE}
        assert {status_of[an_id(number)] for number in range(12, 18)} == {EventStatus.DEAD}
        for status in EventStatus:
            found = {each.id for each in journal.events(Filter(status=status))}
            assert found == {each for each, of_it in status_of.items() if of_it is status}

    def test_by_status(self, journal: Journal):
        """SQL finds for every pair of states just the events whose status is that one."""
        pairs = [(), *combinations_with_replacement(RunState, 2)]
        for number, states in enumerate(pairs):
            live = [run(state, f"p.h{place}") for place, state in enumerate(states)]
            journal.write([settled(event(number), *live, run(RunState.DEAD, replay="july"))])
        for status in {*EventStatus} - {EventStatus.REPLAYED}:
            expected = [
                number for number, states in enumerate(pairs) if event_status(states) is status
            ]
            found = list(journal.events(Filter(status=status)))
            assert numbers(found) == expected[::-1]
            assert {stored.status for stored in found} == {status}
            assert numbers(journal.events(Filter(status=status, limit=1))) == expected[-1:]

    def test_by_one_run_that_is_both(self, journal: Journal):
        """`handler` and `state` together mean that handler's run in that state."""
        journal.write([settled(event(1), run(RunState.DEAD, "a.b"), run(RunState.DONE, "c.d"))])
        journal.write([settled(event(2), run(RunState.DONE, "a.b"), run(RunState.DEAD, "c.d"))])
        assert numbers(journal.events(Filter(handler="a.b"))) == [2, 1]
        assert numbers(journal.events(Filter(handler="a.b", state=RunState.DEAD))) == [1]

    def test_a_listing_left_half_read_holds_up_nobody(self, journal: Journal):
        """Whoever stops in the middle keeps no transaction open, and what comes meanwhile does not
        disturb.
        """
        journal.write([settled(event(number)) for number in range(3)])
        listing = journal.events()
        assert numbers([next(listing)]) == [2]
        assert journal.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        journal.write([settled(event(9))])
        assert numbers(listing) == [1, 0]


class TestDuplicates:
    def test_are_counted_with_the_last_one_named(self, journal: Journal):
        """How often, when last, and by which request; in the listing and by itself."""
        first, second = event(1), event(2)
        journal.write([settled(first), settled(second)])
        journal.write([settled(duplicate(number, first)) for number in (4, 9, 6)])
        repeated = StoredDuplicates(count=3, last_at=T0 + 9000, last_request_id=an_id(9))
        assert [stored.duplicates for stored in journal.events()] == [StoredDuplicates(), repeated]
        stored = journal.event(first.id)
        assert stored is not None
        assert stored.duplicates == repeated

    def test_may_come_before_the_first(self, journal: Journal):
        """Partitions are journalled on their own, so a duplicate may be there before its event
        is.
        """
        journal.write([settled(duplicate(2, event(1)))])
        journal.write([settled(event(1))])
        assert [stored.duplicates.count for stored in journal.events()] == [1]
