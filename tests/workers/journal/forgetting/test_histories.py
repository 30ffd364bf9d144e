"""Whatever two users did, one of them is forgotten, and the other's history is what it was."""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from comethooks.workers.journal import Filter, Journal, KeptBuckets, Settled
from comethooks.workers.journal.forgetting.forgetting_journal import ForgettingJournal
from comethooks.workers.journal.tables.figure_tables import figures
from comethooks.workers.states import RunState
from tests.tables import make_tables
from tests.workers.journal.forgetting.people import (
    APP,
    OMAR,
    OTHER_APP,
    ZOE,
    read,
    record,
    sent,
    settled,
)
from tests.workers.journal.samples import run

ALIAS = "forgotten-0a1b2c3d"
PEOPLE = st.sampled_from([OMAR, ZOE, "ann", "omar-47111"])
TEXTS = st.sampled_from(["hello", f"<@uid:{OMAR}> hi", f"{ZOE} and {OMAR}", "omar", "\\u006f"])


@st.composite
def histories(draw: st.DrawFn) -> list[Settled]:
    """Up to a dozen events of a few users in two apps."""
    told = []
    for number in range(draw(st.integers(1, 12))):
        one, other, text = draw(PEOPLE), draw(PEOPLE), draw(TEXTS)
        more: dict[str, Any] = draw(st.sampled_from([{}, {"seenBy": {OMAR: 1}}, {"x": [one]}]))
        body = draw(
            st.sampled_from([sent(number, one, other, text, **more), read(number, 1, one, other)])
        )
        kept = record(number, body, draw(st.sampled_from([APP, APP, OTHER_APP])))
        failed = run(RunState.DEAD, error=f"ValueError: {text} {one}", traceback=f"… {text}")
        told.append(settled(kept, *draw(st.sampled_from([(), (failed,)]))))
    return told


def number_of(journal: Journal) -> dict[str, int]:
    """What figures count, all of it."""
    kept = KeptBuckets({})
    while journal.figures.fold(kept):
        pass
    query = select(figures.c.metric, func.sum(figures.c.value)).group_by(figures.c.metric)
    with journal.engine.connect() as connection:
        return dict(map(tuple, connection.execute(query)))  # type: ignore[arg-type]


@settings(max_examples=6, deadline=None)
@given(histories())
def test_one_is_forgotten_and_the_other_stays(history: list[Settled]) -> None:
    """Bodies that do not name the one are the same, byte for byte; the other is listed as before,
    and what is counted is as much.
    """
    forget_one(history)


@pytest.mark.attack
@settings(max_examples=300, deadline=None)
@given(histories())
def test_so_it_is_with_many(history: list[Settled]) -> None:
    """The same, of a few hundred histories."""
    forget_one(history)


def forget_one(history: list[Settled]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'journal.db')}"
        make_tables(url)
        with closing(Journal.open(url, durable=False)) as journal:
            journal.write(history)
            counted = number_of(journal)
            before = {event.id: event for event in journal.whole_events()}
            of_zoe = [event.id for event in journal.events(Filter(sender=ZOE))]
            theirs = [each.id for each in journal.events(Filter(sender=OMAR, app_id=OTHER_APP))]
            mine = [each.id for each in journal.events(Filter(sender=OMAR, app_id=APP))]
            forgetting = ForgettingJournal(journal.engine, pause=lambda seconds: None)
            forgetting.forget(APP, OMAR, ALIAS)
            assert number_of(journal) == counted
            assert [event.id for event in journal.events(Filter(sender=ZOE))] == of_zoe
            assert [event.id for event in journal.events(Filter(sender=OMAR))] == theirs
            assert [event.id for event in journal.events(Filter(sender=ALIAS))] == mine
            assert forgetting.remains(APP, OMAR).named == {}
            assert forgetting.forget(APP, OMAR, ALIAS) == {}
            for event in journal.whole_events():
                was = before[event.id]
                named = OMAR.encode() in (was.body or b"").replace(b"omar-47111", b"")
                if event.app_id == OTHER_APP or not named:
                    assert (event.body, event.sender) == (was.body, was.sender)
                    assert event.conversation_id == was.conversation_id
