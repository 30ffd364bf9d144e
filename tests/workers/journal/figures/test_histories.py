"""Figures are a function of what is in the journal."""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from comethooks.workers.analytics.sizes import DAY_MS, Size
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.journal.figures.rebuilding import NEVER
from comethooks.workers.journal.tables.figure_tables import figures
from comethooks.workers.journal.tables.models import metadata
from tests.workers.journal.figures.histories import (
    ALWAYS,
    KINDS,
    Fact,
    Figures,
    counted,
    histories,
    recounted,
)
from tests.workers.journal.samples import T0, settled

some = settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
)


def emptied(journal: Journal) -> None:
    """Begin with nothing."""
    with journal.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "alembic_version":
                connection.execute(delete(table))


def write(journal: Journal, history: Sequence[Fact], chance: random.Random) -> None:
    """Write a history in batches of any size, some of it twice, and add up now and then."""
    records = [settled(fact.record(number)) for number, fact in enumerate(history)]
    chance.shuffle(records)
    while records:
        size = chance.randint(1, 8)
        batch, records = records[:size], records[size:]
        journal.write(batch)
        if chance.random() < 0.3:
            journal.write(batch[:3])
        if chance.random() < 0.4:
            journal.figures.fold(ALWAYS, 1)
        give_up(journal, chance)


def give_up(journal: Journal, chance: random.Random) -> None:
    """Now and then, let receipts wait no more for their message, or not all of them."""
    if chance.random() < 0.2:
        journal.figures.forget_older(ALWAYS, T0 + chance.choice([7, 30]) * DAY_MS)


def rebuild(journal: Journal, limit: int = 3) -> None:
    """Rebuild everything."""
    journal.figures.begin_rebuild(journal.figures.plan_rebuild())
    while not journal.figures.rebuild_step(ALWAYS, limit).done:
        pass


def assert_same(found: Figures, expected: Figures) -> None:
    """Quantiles may be wrong by 2 %."""
    assert found.keys() == expected.keys()
    assert dict(found) == {key: pytest.approx(value, rel=0.0201) for key, value in expected.items()}


@some
@given(histories, st.randoms(use_true_random=False))
def test_they_are_what_a_plain_recount_gives(
    journal: Journal, history: list[Fact], chance: random.Random
) -> None:
    """In whatever order and batches the events come, a message weeks after its receipt, too, and
    so does a rebuild.
    """
    emptied(journal)
    write(journal, history, chance)
    found = counted(journal)
    assert_same(found, recounted(history))
    rebuild(journal)
    assert counted(journal) == found


@some
@given(histories, histories, st.randoms(use_true_random=False))
def test_a_rebuild_misses_nothing_of_what_comes_meanwhile(
    journal: Journal, history: list[Fact], more: list[Fact], chance: random.Random
) -> None:
    """Nor counts it twice, whether it is behind the place that it has come to or not."""
    emptied(journal)
    both = [settled(fact.record(n)) for n, fact in enumerate([*history, *more])]
    journal.write(both[: len(history)])
    journal.figures.fold(ALWAYS)
    with journal.engine.begin() as connection:
        connection.execute(delete(figures))  # what is to be rebuilt is gone
    coming = both[len(history) :]
    chance.shuffle(coming)
    journal.figures.begin_rebuild(journal.figures.plan_rebuild())
    done = False
    while not done or coming:
        if coming and chance.random() < 0.5:
            journal.write([coming.pop()])
        if chance.random() < 0.3:
            journal.figures.fold(ALWAYS, 1)
        give_up(journal, chance)
        done = done or journal.figures.rebuild_step(ALWAYS, chance.randint(1, 4)).done
    assert_same(counted(journal), recounted([*history, *more]))


def test_two_drainers_and_who_adds_up_do_not_get_in_each_others_way(
    open_journal: Callable[[], Journal],
) -> None:
    """Both write the same events, as after a lease that was lost, while a third adds them up."""
    chance = random.Random(7)
    history = [
        Fact(chance.choice(KINDS), "a", chance.choice("xyz"), number % 9, number % 50, True)
        for number in range(120)
    ]
    records = [settled(fact.record(number)) for number, fact in enumerate(history)]
    batches = [records[start : start + 10] for start in range(0, 120, 10)]
    done = threading.Event()

    def drain(order: Sequence[list[Settled]]) -> None:
        journal = open_journal()
        for batch in order:
            journal.write(batch)

    def add_up() -> None:
        journal = open_journal()
        while not done.is_set():
            journal.figures.fold(ALWAYS, 2)

    with ThreadPoolExecutor(3) as threads:
        adding = threads.submit(add_up)
        writing = [threads.submit(drain, order) for order in (batches, batches[::-1])]
        try:
            for each in writing:
                each.result()
        finally:
            done.set()
        adding.result()
    assert_same(counted(open_journal()), recounted(history))


def test_a_rebuild_leaves_alone_what_has_lost_bodies(journal: Journal) -> None:
    """Whole days are replaced, beginning with the first of which every body is there."""
    history = [Fact("sent", "a", "ines", number, 0, True) for number in range(15)]
    write(journal, history, random.Random(1))
    expected = counted(journal)
    swept = journal.delete_older(T0 + 6, 100)
    assert swept.count == 6
    day = T0 - T0 % DAY_MS
    plan = journal.figures.plan_rebuild()
    assert plan.replaced(Size.HOUR) == (day + 2 * DAY_MS, NEVER)
    alone = journal.figures.left_alone(plan, ALWAYS)
    assert alone[Size.DAY] == tuple(day - DAY_MS * back for back in (3, 2, 1, 0))
    rebuild(journal)
    assert counted(journal) == expected


def test_a_rebuild_keeps_latencies_of_messages_that_are_kept_no_more(journal: Journal) -> None:
    """For a week after the first day that it replaces; other figures of these days it mends."""
    history = [
        Fact("sent", "a", "ines", 1, 0, True),
        Fact("read", "a", "noor", 1, 4 * 24, True, late=5),
        Fact("read", "a", "noor", 2, 4 * 24, True, late=5),
        Fact("sent", "a", "ines", 2, 0, True, late=13),
        Fact("read", "a", "noor", 2, 12 * 24, True, late=1),
    ]
    write(journal, history, random.Random(1))
    expected = counted(journal)
    assert journal.delete_older(T0 + DAY_MS, 100).count == 1
    row = figures.c
    with journal.engine.begin() as connection:
        doubled = update(figures).where(row.metric == "receipts.read").values(value=2 * row.value)
        connection.execute(doubled)
        later = row.metric == "latency.unknown", row.bucket > T0 + 8 * DAY_MS
        connection.execute(update(figures).where(*later).values(value=7))
    assert counted(journal) != expected
    rebuild(journal)
    assert counted(journal) == expected


def test_a_rebuild_goes_on_where_another_process_left_off(journal: Journal, url: str) -> None:
    """And one with another plan begins anew."""
    history = [Fact("sent", "a", "ines", number, 0, True) for number in range(6)]
    write(journal, history, random.Random(1))
    expected = counted(journal)
    plan = journal.figures.plan_rebuild()
    assert not journal.figures.begin_rebuild(plan)
    assert journal.figures.rebuild_step(ALWAYS, 4).count == 4
    with closing(Journal.open(url)) as other:
        assert other.figures.begin_rebuild(plan)
        assert other.figures.rebuild_step(ALWAYS, 4).count == 2
        assert not other.figures.begin_rebuild(other.figures.plan_rebuild(since=1))
    rebuild(journal)
    assert counted(journal) == expected
    assert journal.figures.rebuild_under_way() is None


def test_a_rebuild_mends_what_was_wrong(journal: Journal) -> None:
    """Whatever it was: a value, a figure that nothing counts for, or one that is missing. What is
    left of the draft of one that was killed after that is no part of any figure.
    """
    history = [Fact(kind, "a", "ines", number, 9, True) for number, kind in enumerate(KINDS)]
    write(journal, history, random.Random(1))
    expected = counted(journal)
    row = figures.c
    with journal.engine.begin() as connection:
        connection.execute(update(figures).where(row.size == "hour").values(value=row.value + 3))
        of_nothing = {"metric": "messages.edited", "labels": '["message","text","user"]'}
        known = {"draft": False, "size": "day", "bucket": T0 - T0 % DAY_MS, "app_id": "a"}
        connection.execute(insert(figures).values(**known, **of_nothing, value=1))
        connection.execute(delete(figures).where(row.size == "day", row.metric == "events"))
    journal.figures.begin_rebuild(journal.figures.plan_rebuild())
    while journal.figures.rebuild_under_way():
        journal.figures.rebuild_step(ALWAYS, 3)
    with journal.engine.connect() as connection:
        assert connection.scalar(select(row.value).where(row.draft.is_(True)).limit(1))
    assert counted(journal) == expected
    rebuild(journal)
    assert counted(journal) == expected
    with journal.engine.connect() as connection:
        assert connection.scalar(select(row.value).where(row.draft.is_(True)).limit(1)) is None
