"""Which message an event is about is kept beside it, and filled in for older events."""

from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import delete, func, insert, select

from comethooks.schemas.event.kept import BACKFILLED
from comethooks.workers.journal import Filter, Journal, filling
from comethooks.workers.journal.listings import portions
from comethooks.workers.journal.tables import models, revisions
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.message_table import about_messages, old_rows
from comethooks.workers.journal.tables.rows import event_row
from comethooks.workers.record import Record
from comethooks.workers.texts import dumps
from tests.workers.journal.samples import T0, event, run, settled

LATER = T0 + 10**9
DAY_MS = 24 * 3600 * 1000


def about(number: int, message_id: Any, trigger: str = "message_sent", **changes: Any) -> Record:
    data = {"message": {"id": message_id, "sender": "ines"}}
    body = dumps({"trigger": trigger, "data": data, "appId": "2611fa0c"})
    return event(number, trigger=trigger, body=body, size=len(body), **changes)


def listed(journal: Journal, message_id: str, **asked: Any) -> list[str]:
    return [each.id for each in journal.events(Filter(message_id=message_id, **asked))]


def number_of_rows(journal: Journal) -> int:
    with journal.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(about_messages)) or 0


def older(journal: Journal, *records: Record) -> None:
    """Have these events in the journal as an older version wrote them, before the upgrade."""
    journal.write([settled(record) for record in records])
    with journal.engine.begin() as connection:
        connection.execute(delete(about_messages))
        row = {"task": filling.TASK, "until": T0 + DAY_MS}
        connection.execute(old_rows.insert().values(**row))


class TestListing:
    def test_finds_what_is_about_the_message_the_newest_first(self, journal: Journal) -> None:
        """However many others there are, and together with what else is asked."""
        records = [
            about(1, "57"),
            about(2, 57, "message_edited"),
            about(3, "58"),
            event(4),
            about(5, "57", app_id="other"),
        ]
        journal.write([settled(record, run()) for record in records])
        ids = [record.id for record in records]
        assert listed(journal, "57") == [ids[4], ids[1], ids[0]]
        assert listed(journal, "57", app_id="2611fa0c") == [ids[1], ids[0]]
        assert listed(journal, "57", trigger="message_sent", until=T0 + 2000) == [ids[0]]
        assert listed(journal, "5") == []

    def test_means_the_same_in_memory(self, journal: Journal) -> None:
        """An event is found before it is journalled, too; also by an id that a column cuts."""
        long = "9" * 300
        for message_id, record in (("57", about(1, 57)), (long, about(2, long))):
            journal.write([settled(record)])
            for asked in ("57", "58", long):
                fits = Filter(message_id=asked).fits_event(record)
                assert fits == (asked == message_id)
                assert fits == (record.id in listed(journal, asked))

    def test_writing_again_changes_nothing(self, journal: Journal) -> None:
        """A drainer that comes after one that was killed writes the same."""
        for _ in range(2):
            journal.write([settled(about(1, "57"))])
        assert number_of_rows(journal) == 1

    def test_goes_with_its_event(self, journal: Journal) -> None:
        """Retention leaves nothing of it behind."""
        journal.write([settled(about(1, "57")), settled(about(2, "57"))])
        journal.delete_older(T0 + 2000, 10)
        assert listed(journal, "57") == [about(2, "57").id]
        assert number_of_rows(journal) == 1


def test_what_was_fetched_is_listed_apart(journal: Journal) -> None:
    """By a word among the headers, in SQL and in memory; blocks tell where there may be some."""
    fetched = about(2, "58", headers={BACKFILLED: "true"})
    others = [about(1, "57", headers={"remote": BACKFILLED}), about(3, "59")]
    journal.write([settled(record) for record in (fetched, *others)])
    asked = Filter(backfilled=True)
    assert [each.id for each in journal.events(asked)] == [fetched.id]
    assert [asked.fits_event(each) for each in (fetched, *others)] == [True, False, False]


class TestKnownAbout:
    def test_says_what_came_of_messages_of_an_app(self, journal: Journal) -> None:
        """Of each event its name and when it happened."""
        sent = about(1, "57", name="message.sent", occurred_at=T0)
        edited = about(2, "57", "message_edited", name="message.edited", occurred_at=T0 + 5)
        others = [about(3, "58"), about(4, "57", app_id="other")]
        journal.write([settled(each) for each in (sent, edited, *others)])
        found = journal.known_about("2611fa0c", ["57", "59"])
        assert {(each.id, each.message_id, each.name, each.occurred_at) for each in found} == {
            (sent.id, "57", "message.sent", T0),
            (edited.id, "57", "message.edited", T0 + 5),
        }


class TestFilling:
    def test_fills_in_what_an_older_version_wrote(self, journal: Journal) -> None:
        """Some at a time, oldest first, until nothing is left; and what is about none is passed."""
        records = [
            about(number, str(number)) if number % 3 else event(number) for number in range(9)
        ]
        older(journal, *records)
        assert listed(journal, "1") == []
        assert journal.fill_messages(now=LATER, limit=4) == 4
        assert listed(journal, "2") == [records[2].id]
        assert listed(journal, "8") == []
        while journal.fill_messages(now=LATER, limit=4):
            pass
        assert number_of_rows(journal) == 6

    def test_goes_on_where_another_process_was_killed(
        self, journal: Journal, open_journal: Callable[[], Journal]
    ) -> None:
        """The place that it has come to is in the journal, and not in a process."""
        older(journal, *[about(number, str(number)) for number in range(4)])
        journal.fill_messages(now=LATER, limit=3)
        assert open_journal().fill_messages(now=LATER, limit=3) == 1

    def test_goes_on_as_long_as_an_older_version_may_write(self, journal: Journal) -> None:
        """During an upgrade, workers of both versions are at work."""
        older(journal, about(1, "57"))
        while journal.fill_messages(now=T0 + DAY_MS // 2, limit=10):
            pass
        late = about(7, "58")
        journal.write([settled(late)])
        with journal.engine.begin() as connection:
            connection.execute(delete(about_messages).where(about_messages.c.event_id == late.id))
        while journal.fill_messages(now=T0 + 2 * DAY_MS, limit=10):
            pass
        assert listed(journal, "58") == [late.id]
        with journal.engine.connect() as connection:
            assert connection.execute(select(old_rows)).first() is None

    def test_reads_few_large_bodies_at_once(self, journal: Journal, monkeypatch: Any) -> None:
        """Memory does not grow with what people have sent."""
        monkeypatch.setattr(portions, "PORTION_BYTES", 150)
        older(journal, *[about(number, str(number)) for number in range(5)])
        assert journal.fill_messages(now=LATER, limit=100) == 2

    @pytest.mark.parametrize("events", [0, 1])
    def test_an_upgrade_says_whether_there_is_something_to_do(self, url: str, events: int) -> None:
        """If the journal has events, and only then."""
        journal = before_the_upgrade(url, events)
        Journal.upgrade(url)
        with journal.engine.connect() as connection:
            ours = select(old_rows).where(old_rows.c.task == filling.TASK)
            assert len(connection.execute(ours).all()) == events
        while journal.fill_messages(now=LATER, limit=10):
            pass
        assert len(listed(journal, "57")) == events
        journal.close()

    def test_a_new_journal_has_nothing_to_fill_in(self, journal: Journal) -> None:
        """Nobody has to look for what is not there."""
        journal.write([settled(about(1, "57"))])
        assert journal.fill_messages(now=LATER, limit=100) == 0


def before_the_upgrade(url: str, events: int) -> Journal:
    """A journal of the version before, with so many events."""
    journal = Journal.open(url, make=True)
    config = Config()
    config.set_main_option("script_location", str(revisions.SCRIPTS))
    with for_writing(journal.engine).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for number in range(events):
            row = event_row(about(number, "57"), 0)
            connection.execute(insert(models.events).values(**row))
    return journal
