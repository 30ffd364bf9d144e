"""What moves from its stream into the journal while it is looked for is found, once and as the
journal has it.
"""

import pytest
from redis import Redis

from comethooks.browse.listing import Kept
from comethooks.browse.tail import CLOCK_SLACK_MS, Tail
from comethooks.workers.journal import AmbiguousIdError, Filter, Journal, StoredEvent
from comethooks.workers.journal.listings.filters import EVERYTHING
from comethooks.workers.record import Record
from comethooks.workers.states import EventStatus, RunState
from comethooks.workers.streams.connections import connect
from tests.comethooks.cli.store import START, Store, run


class MovingJournal(Journal):
    """A journal into which everything is written, and from the streams deleted, right before it is
    first read.
    """

    store: Store
    records: tuple[Record, ...] = ()

    def _connection(self):
        records, self.records = self.records, ()
        for record in records:
            self.store.settle(record, run())
        if records:
            self.store.streams.client.flushall()
        return super()._connection()


@pytest.fixture
def moving(store):
    """Makes what was kept, with a journal that these records are moved into when it is read."""

    def make(*records: Record) -> Kept:
        journal = MovingJournal(store.journal.engine)
        journal.store, journal.records = store, records
        return Kept(store.streams.client, journal, partitions=16, warn=pytest.fail)

    return make


class TestKept:
    def test_an_event_that_is_journalled_meanwhile_is_listed_once_as_done(self, store, moving):
        first, second = store.accept(), store.accept()
        found = list(moving(first, second).events(EVERYTHING))
        assert [(event.id, event.status) for event in found] == [
            (second.id, "done"),
            (first.id, "done"),
        ]

    def test_an_event_that_is_journalled_meanwhile_is_shown(self, store, moving):
        record = store.accept()
        event = moving(record).event(record.id)
        assert event is not None
        assert event.status is EventStatus.DONE

    def test_a_request_that_is_journalled_meanwhile_is_listed_once_and_shown(self, store, moving):
        record = store.accept()
        assert [request.id for request in moving(record).requests(EVERYTHING)] == [record.id]
        store.streams.client.flushall()
        assert moving().request(record.id).id == record.id

    def test_a_beginning_that_fits_one_here_and_one_there_is_ambiguous(self, store, moving):
        record = store.accept()
        store.journalled(run())
        with pytest.raises(AmbiguousIdError):
            moving().event(record.id[:7])
        assert moving().event(record.id).id == record.id

    def test_without_a_number_of_partitions_in_redis_that_of_the_settings_counts(
        self, store, moving
    ):
        record = store.accept()
        store.streams.client.delete("comethooks:partitions")
        assert [event.id for event in moving().events(EVERYTHING)] == [record.id]

    def test_an_entry_of_another_format_is_left_out(self, store, moving):
        record = store.accept()
        store.streams.client.xadd("comethooks:events:0", {"v": "99"})
        assert [event.id for event in moving().events(EVERYTHING)] == [record.id]

    def test_redis_that_ends_in_the_middle_is_told(self, store, own_redis_server):
        record = store.journalled(run())
        own_redis_server.kill()
        told: list[str] = []
        kept = Kept(connect(own_redis_server.url), store.journal, partitions=16, warn=told.append)
        assert [event.id for event in kept.events(EVERYTHING)] == [record.id]
        assert len(told) == 1


class Clock:
    """Milliseconds that pass when they are told to."""

    now = START

    def __call__(self) -> int:
        return self.now


def seen(events: list[StoredEvent]) -> list[tuple[str, str]]:
    return [(event.id, event.status.value) for event in events]


class TestTail:
    @pytest.fixture
    def clock(self):
        return Clock()

    @pytest.fixture
    def tail(self, store, clock):
        def make(asked: Filter = EVERYTHING, client: Redis | None = None, warn=pytest.fail) -> Tail:
            return Tail(
                client or store.streams.client, store.journal, asked, clock=clock, warn=warn
            )

        return make

    def test_what_was_there_before_is_no_news(self, store, tail):
        store.accept()
        store.journalled(run())
        assert tail().poll() == []

    def test_what_has_come_since_a_time_that_is_asked_for_is_told_first(self, store, tail, clock):
        """From streams and journal; what is older is not."""
        clock.now = START + 100 * CLOCK_SLACK_MS
        store.journalled(run())
        store.accept()
        first, second = store.journalled(run()), store.accept()
        watched = tail(Filter(since=first.received_at))
        assert seen(watched.poll()) == [(first.id, "done"), (second.id, "queued")]
        assert watched.poll() == []
        third = store.accept()
        assert seen(watched.poll()) == [(third.id, "queued")]

    def test_what_comes_after_a_time_that_is_asked_for_is_not_told(self, store, tail):
        """Before it is."""
        watched = tail(Filter(until=START + 1000))
        records = [store.accept(at=START + 999), store.accept(at=START + 1000)]
        assert seen(watched.poll()) == [(records[0].id, "queued")]

    def test_an_event_is_told_when_it_is_accepted_and_when_it_is_done(self, store, tail):
        watched = tail()
        record = store.accept()
        assert seen(watched.poll()) == [(record.id, "queued")]
        assert watched.poll() == []
        store.settle(record, run())
        assert seen(watched.poll()) == [(record.id, "done")]
        assert watched.poll() == []

    def test_an_event_that_is_gone_from_its_stream_before_the_look_is_told(self, store, tail):
        watched = tail()
        record = store.settle(store.accept(), run())
        store.streams.client.delete(*store.streams.client.keys("comethooks:events:*"))
        assert seen(watched.poll()) == [(record.id, "done")]

    def test_events_are_told_in_the_order_they_came(self, store, tail):
        watched = tail()
        records = [store.accept(conversation_id=f"group_{number}") for number in range(20)]
        assert [event.id for event in watched.poll()] == [record.id for record in records]

    def test_the_first_event_ever_is_told(self, store, tail):
        store.streams.client.flushall()
        watched = tail()
        record = store.accept()
        assert seen(watched.poll()) == [(record.id, "queued")]

    def test_an_end_that_comes_much_later_is_told(self, store, tail, clock):
        watched = tail()
        record = store.accept()
        watched.poll()
        clock.now += 100 * CLOCK_SLACK_MS
        assert watched.poll() == []
        store.settle(record, run(state=RunState.DEAD))
        assert seen(watched.poll()) == [(record.id, "dead")]

    def test_what_is_at_an_end_is_forgotten(self, store, tail, clock):
        watched = tail()
        for _ in range(5):
            store.journalled(run())
        watched.poll()
        assert len(watched._seen) == 5
        clock.now += 100 * CLOCK_SLACK_MS
        watched.poll()
        assert watched._seen == {}

    def test_filters_hold_for_both_places(self, store, tail):
        watched = tail(Filter(conversation_id="group_pier"))
        wanted = [
            store.accept(conversation_id="group_pier"),
            store.journalled(conversation_id="group_pier"),
        ]
        store.accept()
        store.journalled(run())
        assert {event.id for event in watched.poll()} == {record.id for record in wanted}

    def test_a_status_asks_for_the_change_to_it(self, store, tail):
        watched = tail(Filter(status=EventStatus.DONE))
        record = store.accept()
        assert watched.poll() == []
        store.settle(record, run())
        assert seen(watched.poll()) == [(record.id, "done")]

    def test_redis_that_is_away_is_told_once_and_read_again_when_it_is_back(
        self, store, tail, own_redis_server
    ):
        told: list[str] = []
        watched = tail(client=connect(own_redis_server.url), warn=told.append)
        own_redis_server.kill()
        first = store.journalled(run())
        assert seen(watched.poll()) == [(first.id, "done")]
        watched.poll()
        assert told == ["Redis does not answer (ConnectionError); trying again"]
        own_redis_server.start()
        assert watched.poll() == []
        own_redis_server.kill()
        watched.poll()
        assert len(told) == 2
