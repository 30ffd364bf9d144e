"""What moves from its stream into the journal while it is looked for is found, once and as the
journal has it.
"""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, event

from comethooks.browse.listing import Kept
from comethooks.workers.journal import AmbiguousIdError, Journal
from comethooks.workers.journal.listings.filters import EVERYTHING
from comethooks.workers.record import Record
from comethooks.workers.states import EventStatus
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.layout import switch
from tests.comethooks.cli.store import Store, run


@pytest.fixture
def moving(store: Store) -> Iterator[Callable[..., Kept]]:
    """Makes what was kept, with a journal that these records are written into, and then deleted
    from the streams, right before it is first read.
    """
    journals: list[Journal] = []

    def make(*records: Record) -> Kept:
        journal = Journal.open(store.journal.engine.url.render_as_string(hide_password=False))
        journals.append(journal)

        @event.listens_for(journal.engine, "engine_connect", once=True)
        def move(connection: Connection) -> None:
            for record in records:
                store.settle(record, run())
            if records:
                store.streams.client.flushall()

        return Kept(store.streams.client, journal, partitions=16, warn=pytest.fail)

    yield make
    for journal in journals:
        journal.close()


class TestKept:
    def test_an_event_that_is_journalled_meanwhile_is_listed_once_as_done(self, store, moving):
        first, second = store.accept(), store.accept()
        found = list(moving(first, second).events(EVERYTHING))
        assert [(each.id, each.status) for each in found] == [
            (second.id, "done"),
            (first.id, "done"),
        ]

    def test_an_event_that_is_journalled_meanwhile_is_shown(self, store, moving):
        record = store.accept()
        found = moving(record).event(record.id)
        assert found is not None
        assert found.status is EventStatus.DONE

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

    def test_the_partitions_that_are_being_emptied_are_read_too(self, store, moving):
        """And the new ones, from the moment of the change on."""
        old = store.accept()
        switch(store.streams.client, 8)
        new = store.accept()
        kept = moving()
        assert [event.id for event in kept.events(EVERYTHING)] == [new.id, old.id]
        assert [event.id for event in kept.whole_events(EVERYTHING)] == [old.id, new.id]
        assert [request.id for request in kept.requests(EVERYTHING)] == [new.id, old.id]
        for record in (old, new):
            assert kept.event(record.id).partition == kept.event(record.id[:-1]).partition
            assert kept.request(record.id).id == record.id
