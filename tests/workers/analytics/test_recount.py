"""Figures equal a plain count over exported events, whatever came, in whatever order."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comethooks.workers.journal import Journal, KeptBuckets
from tests.workers.analytics.histories import History, histories
from tests.workers.analytics.recounting import differences, figures_of, recounted
from tests.workers.journal.samples import settled

ALWAYS = KeptBuckets({})


@contextmanager
def _journal(path: Path) -> Iterator[Journal]:
    """An empty journal in a file that nothing else has."""
    path.unlink(missing_ok=True)
    journal = Journal.open(f"sqlite:///{path}", durable=False, make=True)
    journal.create_tables()
    try:
        yield journal
    finally:
        journal.close()


def _kept(journal: Journal, history: History, *, fold_each: bool) -> None:
    for batch in history.batches:
        journal.write([settled(record) for record in batch])
        if fold_each:
            journal.figures.fold(ALWAYS)
    while journal.figures.fold(ALWAYS):
        pass


@settings(max_examples=10)
@given(history=histories())
def test_figures_equal_a_plain_count_over_exported_events(
    history: History, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every metric, of every size, app and value of a label."""
    with _journal(tmp_path_factory.getbasetemp() / "recount.db") as journal:
        _kept(journal, history, fold_each=True)
        assert differences(figures_of(journal), recounted(journal)) == {}


@settings(max_examples=5)
@given(history=histories())
def test_a_rebuild_comes_to_the_same(
    history: History, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What was added up as it came is what the journal says; half of the steps come before what is
    added up last.
    """
    with _journal(tmp_path_factory.getbasetemp() / "recount.db") as journal:
        *earlier, last = history.batches
        _kept(journal, History(tuple(earlier)), fold_each=True)
        journal.figures.begin_rebuild(journal.figures.plan_rebuild())
        journal.figures.rebuild_step(ALWAYS, limit=20)
        journal.write([settled(record) for record in last])
        while not journal.figures.rebuild_step(ALWAYS, limit=20).done:
            journal.figures.fold(ALWAYS)
        _kept(journal, History(()), fold_each=True)
        assert differences(figures_of(journal), recounted(journal)) == {}


@settings(max_examples=6)
@given(history=histories(), random=st.randoms(use_true_random=False))
def test_order_and_batches_do_not_matter(
    history: History, random: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nor when they are added up: the same events give the same figures, quantiles too."""
    path = tmp_path_factory.getbasetemp() / "recount.db"
    with _journal(path) as journal:
        _kept(journal, history, fold_each=True)
        first = figures_of(journal)
    records = [record for batch in history.batches for record in batch]
    random.shuffle(records)
    with _journal(path) as journal:
        _kept(journal, History((tuple(records),)), fold_each=False)
        assert figures_of(journal) == first
