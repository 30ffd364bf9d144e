"""What is deleted of interactive messages when it is old."""

from sqlalchemy import func, select

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Journal, Judged
from comethooks.workers.journal.tables.interaction_tables import (
    completions,
    interactive_messages,
    interactive_muids,
    presses,
)
from comethooks.workers.presses.goals import Trusted
from tests.workers.journal.interactions.forms import MUID, an_id, press, seen


def tell(journal: Journal, number: int, *given: str, at: int, **changed: object) -> Judged:
    """Tell of a press that comes in at that moment."""
    told = press(number, *given, received_at=at, **changed)
    return journal.interactions.press(told, by=an_id(number), trusted=Trusted.MEMBERS, now=at)


def see(journal: Journal, at: int) -> None:
    """Show the message at that moment."""
    shown = seen("age", muid=MUID)
    journal.interactions.see(shown, by=an_id(1), trusted=Trusted.MEMBERS, now=at)


def rows(journal: Journal) -> list[int]:
    """How many messages, muids, presses and completions there are."""
    tables = (interactive_messages, interactive_muids, presses, completions)
    with journal.engine.connect() as connection:
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_a_message_goes_with_its_presses_once_nothing_is_told_of_it(journal: Journal) -> None:
    """Its completions stay: what was told once is not told again."""
    now = now_ms()
    see(journal, now - 2000)
    tell(journal, 2, "age", at=now - 2000)
    assert journal.interactions.delete_older(now - 3000, 10).count == 0
    assert journal.interactions.delete_older(now - 1000, 10).count == 2
    assert rows(journal) == [0, 0, 0, 1]


def test_a_press_that_waited_too_long_goes(journal: Journal) -> None:
    """After seven days, however long events are kept."""
    now = now_ms()
    tell(journal, 2, "age", at=now - 8 * 24 * 3600 * 1000, message_id="7")
    tell(journal, 3, "age", at=now, message_id="8")
    journal.interactions.delete_older(0, 10)
    assert rows(journal) == [2, 0, 1, 0]


def test_answers_go_before_and_what_was_answered_still_counts(journal: Journal) -> None:
    """The goal is met by fields whose answers are not kept any more."""
    now = now_ms()
    shown = seen("name", "submit")
    journal.interactions.see(shown, by=an_id(1), trusted=Trusted.MEMBERS, now=now - 2000)
    tell(journal, 2, "age", at=now - 2000, answers={"name": "Omar"})
    assert journal.interactions.drop_answers(now - 1000, 10).count == 2
    assert journal.interactions.drop_answers(now - 1000, 10).count == 0
    [completion] = tell(journal, 4, "submit", at=now).completions
    assert {each.element_id for each in completion.interactions} == {"age", "name", "submit"}
    assert completion.answers == {}
