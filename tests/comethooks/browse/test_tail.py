"""What comes and what changes is told once, wherever it is at the next look."""

import pytest
from redis import Redis

from comethooks.browse.tail import CLOCK_SLACK_MS, Tail
from comethooks.workers.journal import Filter, StoredEvent
from comethooks.workers.journal.listings.filters import EVERYTHING
from comethooks.workers.states import EventStatus, RunState
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.layout import read_layouts, retire, switch
from tests.comethooks.cli.store import START, run


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
                client or store.streams.client,
                store.journal,
                asked,
                partitions=None,
                clock=clock,
                warn=warn,
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
        assert told == ["Redis did not answer: ConnectionError; trying again"]
        own_redis_server.start()
        assert watched.poll() == []
        own_redis_server.kill()
        watched.poll()
        assert len(told) == 2

    def test_after_a_change_of_partitions_events_in_old_and_new_ones_are_told(self, store, tail):
        """Whether it was begun before the change, while the old ones are emptied or after that."""
        before = tail()
        switch(store.streams.client, 8)
        meanwhile = tail()
        record = store.accept()
        assert seen(before.poll()) == seen(meanwhile.poll()) == [(record.id, "queued")]
        layouts = read_layouts(store.streams.client)
        assert retire(store.streams.client, layouts.emptying)
        afterwards = tail()
        switch(store.streams.client, 3)
        record = store.accept()
        for watched in (before, meanwhile, afterwards):
            assert seen(watched.poll()) == [(record.id, "queued")]

    def test_what_waits_in_partitions_that_are_being_emptied_is_told(self, store, tail, clock):
        """To those who ask for what came before, too."""
        old = store.accept()
        switch(store.streams.client, 8)
        new = store.accept()
        watched = tail(Filter(since=START))
        assert seen(watched.poll()) == [(old.id, "queued"), (new.id, "queued")]
