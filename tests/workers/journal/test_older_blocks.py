"""Listings find the rows of a version that knew of no blocks."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import delete, func, select

from comethooks.workers.journal import Filter, Journal, older_blocks
from comethooks.workers.journal.tables.message_table import old_rows
from comethooks.workers.journal.tables.models import Outcome, blocks
from comethooks.workers.states import EventStatus, RunState
from tests.workers.journal.samples import T0, duplicate, event, refusal, run, settled

DAY_MS = 24 * 3600 * 1000
LATER = T0 + 3600 * 1000


def older(journal: Journal, *written: Any) -> None:
    """Have these in the journal as an older version wrote them, after the upgrade of the tables."""
    journal.write(written)
    with journal.engine.begin() as connection:
        connection.execute(delete(blocks))
        rows = [{"task": task, "until": T0 + DAY_MS} for task in older_blocks.TASKS]
        connection.execute(old_rows.insert(), rows)


def found(journal: Journal, **asked: Any) -> Collection[str]:
    return {each.id for each in journal.events(Filter(**asked))}


def test_an_upgrade_makes_all_of_them_searchable(url: str, journal: Journal) -> None:
    """By app, trigger, handler and status; and repeated and refused requests by what they are. It
    says when that begins, and the next one has nothing to do.
    """
    mine = event(1)
    failed = event(2, app_id="other", trigger="message_edited", name="message.edited")
    older(
        journal,
        settled(mine, run(handler="greet.hello")),
        settled(failed, run(RunState.DEAD, handler="greet.bye")),
        settled(event(3, app_id="third")),
        settled(duplicate(4, mine)),
        settled(refusal(5)),
    )
    assert not found(journal, app_id="2611fa0c")
    begun: list[None] = []
    Journal.upgrade(url, lambda: begun.append(None))
    assert found(journal, app_id="2611fa0c") == {mine.id}
    assert found(journal, trigger="message_edited") == {failed.id}
    assert found(journal, handler="greet.hello") == {mine.id}
    assert found(journal, status=EventStatus.DEAD) == {failed.id}
    assert found(journal, status=EventStatus.UNHANDLED) == {event(3).id}
    refused = journal.requests(Filter(outcome=Outcome.REFUSED, answer=422))
    assert [each.id for each in refused] == [refusal(5).id]
    assert len(begun) == 1


def test_one_that_was_killed_goes_on(journal: Journal, open_journal: Callable[[], Journal]) -> None:
    """The place that it has come to is in the journal, and not in a process."""
    older(journal, *(settled(event(number)) for number in range(5)))
    assert journal.cover_older(now=LATER, limit=3) == 3
    assert open_journal().cover_older(now=LATER, limit=3) == 2
    assert len(found(journal, app_id="2611fa0c")) == 5


def test_what_an_older_version_goes_on_writing_is_covered_later(url: str, journal: Journal) -> None:
    """While workers of both versions are at work, and for a day; then nothing is left to do."""
    older(journal, settled(event(1)))
    while journal.cover_older(now=LATER, limit=10):
        pass
    with journal.engine.connect() as connection:
        covered = connection.scalar(select(func.max(blocks.c.last_at)))
    journal.write([settled(event(7))])
    with journal.engine.begin() as connection:
        connection.execute(delete(blocks).where(blocks.c.last_at > covered))
    while journal.cover_older(now=T0 + 2 * DAY_MS, limit=10):
        pass
    assert event(7).id in found(journal, app_id="2611fa0c")
    with journal.engine.connect() as connection:
        assert connection.execute(select(old_rows)).first() is None
