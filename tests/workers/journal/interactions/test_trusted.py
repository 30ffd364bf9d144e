"""Whose presses count, and that two that come at the same time do not miss each other."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from comethooks.workers.journal import Journal, Judged
from comethooks.workers.journal.interactions.judging import Judge
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.presses.goals import Trust, Trusted
from tests import servers
from tests.tables import make_tables
from tests.waiting import wait_for
from tests.workers.journal.interactions.forms import APP, DAY, GROUP, NOW, an_id, press
from tests.workers.journal.interactions.telling import Told, users


class TestMembers:
    """Whose presses on a message in a group count."""

    def test_who_is_not_known_counts_unverified(self, told: Told) -> None:
        """Unless only who is confirmed does."""
        told.see(1, "age", group=GROUP)
        [completion] = told.press(2, "age").completions
        assert not completion.verified

    def test_who_joined_counts_verified(self, told: Told) -> None:
        """As group events said."""
        told.see(1, "age", group=GROUP)
        told.joined(2, "omar")
        [completion] = told.press(3, "age").completions
        assert completion.verified

    def test_a_stranger_does_not_count(self, told: Told) -> None:
        """The group's beginning was seen, and this user never."""
        told.see(1, "age", group=GROUP)
        told.joined(2, "ines", beginning=True)
        judged = told.press(3, "age", "eve")
        assert (users(judged), judged.trust) == ([], Trust.STRANGER)

    def test_who_left_does_not_count_any_more(self, told: Told) -> None:
        """But for what came in before, and until they are back."""
        told.see(1, "age", group=GROUP)
        told.joined(2, "omar", "lena")
        told.kept.left(APP, GROUP, ["omar", "lena"], moment=NOW + 5000)
        assert users(told.press(4, "age", "lena")) == ["lena"]
        assert users(told.press(6, "age", "omar")) == []
        assert told.joined(7, "omar") == ["omar"]

    def test_news_that_come_late_change_nothing(self, told: Told) -> None:
        """The last thing that is known holds."""
        told.see(1, "age", group=GROUP)
        told.joined(9, "omar")
        told.kept.left(APP, GROUP, ["omar"], moment=NOW + 5000)
        assert told.press(10, "age").trust is Trust.CONFIRMED

    def test_who_is_confirmed_later_completes_then(self, journal: Journal) -> None:
        """With `confirmed`, presses wait for that."""
        told = Told(journal, Trusted.CONFIRMED)
        told.see(1, "age", group=GROUP)
        assert users(told.press(2, "age")) == []
        assert told.joined(3, "omar") == ["omar"]
        assert told.joined(3, "omar") == ["omar"]
        assert told.joined(4, "omar") == []

    def test_who_is_confirmed_too_late_does_not(self, journal: Journal) -> None:
        """After seven days."""
        told = Told(journal, Trusted.CONFIRMED)
        told.see(1, "age", group=GROUP)
        told.press(2, "age")
        told.now = NOW + 8 * DAY
        assert told.joined(3, "omar") == []

    def test_nor_does_it_with_what_the_user_does_later(self, journal: Journal) -> None:
        """The press is forgotten then; what came in within the time counts."""
        told = Told(journal, Trusted.CONFIRMED)
        told.see(1, "age", "name", group=GROUP)
        told.press(2, "age")
        told.press(3, "age", "lena")
        told.joined(4, "lena")
        told.now = NOW + 8 * DAY
        assert told.joined(5, "omar", "lena") == []
        assert users(told.press(8 * 86_400, "name")) == []
        assert users(told.press(8 * 86_400 + 1, "name", "lena")) == ["lena"]
        assert users(told.press(8 * 86_400 + 2, "age")) == ["omar"]

    def test_who_was_asked_for_and_is_not_there_is_a_stranger_for_a_while(self, told: Told) -> None:
        """Then somebody has to ask again; group events are believed at once."""
        told.see(1, "age", group=GROUP)
        told.kept.absent(APP, GROUP, "eve", moment=NOW)
        assert told.press(2, "age", "eve").trust is Trust.STRANGER
        assert told.press(2000, "name", "eve").trust is Trust.UNKNOWN
        told.joined(3, "eve")
        assert told.press(2001, "submit", "eve").trust is Trust.CONFIRMED

    def test_a_group_that_is_gone_is_forgotten(self, told: Told) -> None:
        """With everybody in it."""
        told.see(1, "age", group=GROUP)
        told.joined(2, "omar", beginning=True)
        told.kept.no_group(APP, GROUP)
        assert told.press(3, "age").trust is Trust.UNKNOWN

    def test_in_a_conversation_of_two_nobody_else_counts(self, told: Told) -> None:
        """Whatever a device says of its user."""
        told.see(1, "age")
        assert users(told.press(2, "age", "eve")) == []


def test_two_last_presses_at_the_same_time_do_not_miss_each_other(postgres_server: str) -> None:
    """Each transaction sees what was committed before its statements began: without the message's
    row, neither would see the other's press, and nobody would complete.
    """
    with servers.postgres_schema(postgres_server) as url:
        make_tables(url)
        journal, other = Journal.open(url), Journal.open(url)
        told = Told(journal)
        told.see(1)
        found: list[Judged] = []
        with for_writing(journal.engine).begin() as connection:
            judge = Judge(connection, APP, Trusted.MEMBERS, an_id(2), NOW)
            found.append(judge.press(press(2, "name")))
            second = threading.Thread(target=lambda: found.append(Told(other).press(3, "submit")))
            second.start()
            wait_for(
                lambda: not second.is_alive() or _waits_for_a_lock(journal),
                "the second press to be written, or to wait for the first",
            )
        second.join()
        assert [users(each) for each in found] == [[], ["omar"]]
        journal.close()
        other.close()


def _waits_for_a_lock(journal: Journal) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with journal.engine.connect() as connection:
        return bool(connection.scalar(text(waiting)))


def test_who_is_confirmed_while_a_press_is_judged_is_not_missed(
    open_journal: Callable[[], Journal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each writes first and looks then, so one of the two sees the other's."""
    told, other = (Told(open_journal(), Trusted.CONFIRMED) for _ in range(2))
    told.see(1, "age", group=GROUP)
    # It looked for presses before this one was committed, and so found none.
    monkeypatch.setattr(other.kept, "_pressed", lambda *given: [])
    plain, news = told.kept._press, [lambda: other.joined(3, "omar")]

    def press_and_join(*given: Any) -> Judged:
        judged = plain(*given)
        while news:
            news.pop()()
        return judged

    monkeypatch.setattr(told.kept, "_press", press_and_join)
    assert users(told.press(2, "age")) == ["omar"]
