"""What strangers press completes nothing, whatever else happens and in whichever order."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comethooks.testing.journal_file import JournalFile
from comethooks.workers.journal import CompletedGoal, Journal
from comethooks.workers.presses.goals import Trusted
from tests.workers.journal.interactions.forms import (
    APP,
    DAY,
    ELEMENTS,
    GROUP,
    MUID,
    NOW,
    an_id,
    press,
    seen,
)

MEMBERS = ("ines", "omar")
STRANGERS = ("eve", "mal")
"""Of whom mal was a member once."""
GOALS = (
    {"type": "anyAction"},
    {"type": "anyOf", "wanted": ("name",)},
    {"type": "allOf", "wanted": ("name", "age", "submit")},
)

presses = st.tuples(
    st.just("press"),
    st.sampled_from(STRANGERS),
    st.sampled_from([*ELEMENTS, "other"]),
    st.sets(st.sampled_from([*ELEMENTS])),
    st.sampled_from([{}, {"message_id": None, "muid": MUID}]),
)
messages = st.tuples(st.just("see"), st.sampled_from(GOALS))
news = st.tuples(st.just("joined"), st.sampled_from(["omar", "lena"]))
steps = st.tuples(st.one_of(presses, presses, messages, news), st.booleans())
"""What is told, and whether by a live event."""


class Strangers:
    """A journal that knows from its beginning who is in the group, as far as `trusted` needs it."""

    def __init__(self, journal: Journal, trusted: Trusted) -> None:
        self._kept, self._trusted = journal.interactions, trusted
        if trusted is Trusted.MEMBERS:
            self.joined(0, MEMBERS, beginning=True)
        self.joined(0, ["mal"])
        self._kept.left(APP, GROUP, ["mal"], moment=NOW + 1)

    def joined(self, number: int, users: Iterable[str], **how: Any) -> Iterable[CompletedGoal]:
        """Who completes something by being in the group."""
        return self._kept.joined(
            APP, GROUP, [*users], moment=NOW + number, **self._how(number), **how
        )

    def told(self, number: int, step: tuple[Any, ...], *, live: bool) -> Iterable[CompletedGoal]:
        """What is completed by a step."""
        how = self._how(number, live=live)
        what, *given = step
        if what == "joined":
            return self._kept.joined(APP, GROUP, given, moment=NOW + 1000 * number, **how)
        if what == "see":
            goal = dict(given[0])
            shown = seen(*goal.pop("wanted", ()), **goal, group=GROUP, muid=MUID, as_of=NOW)
            return self._kept.see(shown, **how).completions
        user, element, answered, where = given
        answers = dict.fromkeys(answered, "x")
        made = press(number, element, user, answers=answers, **where)
        return self._kept.press(made, **how).completions

    def _how(self, number: int, *, live: bool = True) -> dict[str, Any]:
        by = an_id(number) if live else None
        return {"by": by, "trusted": self._trusted, "now": NOW + 1000 * number}


@contextmanager
def new_journal() -> Iterator[Journal]:
    """One with its tables and nothing in them."""
    file = JournalFile()
    yield file.journal
    file.close()


@pytest.mark.parametrize("trusted", [Trusted.MEMBERS, Trusted.CONFIRMED])
@settings(max_examples=20, deadline=None)
@given(given=st.lists(steps, min_size=3, max_size=15))
def test_a_strangers_presses_complete_nothing(
    trusted: Trusted, given: list[tuple[tuple[Any, ...], bool]]
) -> None:
    """Before and after the message, by its id or muid, told again and replayed; a member's do."""
    with new_journal() as journal:
        told = Strangers(journal, trusted)
        completed: list[CompletedGoal] = []
        for number, (step, live) in enumerate(given, 1):
            completed += told.told(number, step, live=live)
            completed += told.told(number, step, live=True)
        completed += told.told(100, ("see", GOALS[2]), live=True)
        assert completed == []
        told.joined(101, ["omar"])
        everything = ("press", "omar", "submit", {*ELEMENTS}, {})
        assert [each.user for each in told.told(102, everything, live=True)] == ["omar"]


@pytest.mark.parametrize("trusted", [Trusted.MEMBERS, Trusted.CONFIRMED])
def test_in_a_conversation_of_two_a_third_one_completes_nothing(trusted: Trusted) -> None:
    """Whatever is known of groups."""
    with new_journal() as journal:
        kept, how = journal.interactions, {"trusted": trusted, "now": NOW + DAY}
        kept.see(seen(type="anyAction"), by=an_id(1), **how)
        for number, user in enumerate(("eve", "ines"), 2):
            judged = kept.press(press(number, "name", user), by=an_id(number), **how)
            assert judged.completions == ()
        assert len(kept.press(press(9, "name"), by=an_id(9), **how).completions) == 1
