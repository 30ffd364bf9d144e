"""What is told of interactive messages, in any order, and who is told of completions."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from comethooks.workers.journal import Journal, Judged
from comethooks.workers.journal.interactions import kept_presses, press_rows
from comethooks.workers.journal.interactions.judging import Judge
from comethooks.workers.journal.interactions.told import WAITS_MS
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.presses.goals import Interaction, Trust, Trusted
from tests import servers
from tests.tables import make_tables
from tests.waiting import wait_for
from tests.workers.journal.interactions.forms import (
    APP,
    DAY,
    GROUP,
    MESSAGE,
    MUID,
    NOW,
    an_id,
    press,
    seen,
)


class Told:
    """A journal that is told things, each by an event of its own."""

    def __init__(self, journal: Journal, trusted: Trusted = Trusted.MEMBERS) -> None:
        self.kept = journal.interactions
        self.trusted = trusted
        self.now = NOW

    def press(self, number: int, *given: Any, live: bool = True, **changed: Any) -> Judged:
        """Tell of a press by event `number`."""
        by = an_id(number) if live else None
        told = press(number, *given, **changed)
        return self.kept.press(told, by=by, trusted=self.trusted, now=self.now)

    def see(self, number: int, *wanted: str, live: bool = True, **changed: Any) -> Judged:
        """Show the message by event `number`."""
        by = an_id(number) if live else None
        return self.kept.see(seen(*wanted, **changed), by=by, trusted=self.trusted, now=self.now)

    def joined(self, number: int, *users: str, **changed: Any) -> list[str]:
        """Tell that users are in the group; who completes by that."""
        moment = NOW + 1000 * number
        completions = self.kept.joined(
            APP,
            GROUP,
            users,
            moment=moment,
            by=an_id(number),
            trusted=self.trusted,
            now=self.now,
            **changed,
        )
        return [each.user for each in completions]


@pytest.fixture
def told(journal: Journal) -> Told:
    """A journal with its tables and nothing in them."""
    return Told(journal)


def users(judged: Judged) -> list[str]:
    """Who completes."""
    return [each.user for each in judged.completions]


class TestCompleting:
    """A goal that is met, by whatever comes last."""

    def test_the_press_that_completes_tells_of_it(self, told: Told) -> None:
        """With all that the user did, and what the message is."""
        told.see(1)
        assert users(told.press(2, "submit")) == []
        [completion] = told.press(3, "name", answers={"age": "7"}).completions
        assert completion.interactions == (
            Interaction("submit", NOW + 2000),
            Interaction("name", NOW + 3000),
            Interaction("age", NOW + 3000),
        )
        assert completion.answers == {"age": "7"}
        assert (completion.user, completion.verified) == ("omar", True)
        assert (completion.wire, completion.conversation_id) == ({"id": MESSAGE}, "ines_user_omar")

    def test_the_run_that_completed_tells_again_when_it_is_repeated(self, told: Told) -> None:
        """It may have died before it told. No other run tells."""
        told.see(1)
        told.press(2, "name")
        first = told.press(3, "submit").completions
        assert told.press(3, "submit").completions == first
        assert users(told.press(2, "name")) == users(told.press(4, "age")) == []
        assert told.press(3, "submit").completions != ()

    @pytest.mark.parametrize("trusted", Trusted)
    def test_what_is_told_again_is_the_same(self, journal: Journal, trusted: Trusted) -> None:
        """Whoever's presses count, also when the message was deleted before the run was
        repeated.
        """
        told = Told(journal, trusted)
        told.press(1, "name", "eve", answers={"age": "7"})
        told.press(2, "submit", "eve")
        told.press(3, "name", answers={"submit": "1"})
        first = told.see(4).completions
        assert [each.user for each in first] == ["eve"] * (trusted is Trusted.ALL) + ["omar"]
        assert told.see(4).completions == first
        told.kept.deleted(APP, MESSAGE, now=NOW)
        said = [(each.interactions, each.answers) for each in told.see(4).completions]
        assert said == [(each.interactions, each.answers) for each in first]

    def test_presses_wait_for_their_message(self, told: Told) -> None:
        """Which then tells of those who complete by it, also when its run is repeated."""
        assert told.press(1, "name").waits
        told.press(2, "submit")
        told.press(3, "submit", "eve")
        told.press(4, "name", "eve", answers={"submit": 1})
        assert users(told.see(5)) == ["omar"]
        assert users(told.see(5)) == ["omar"]
        assert users(told.see(6)) == []

    def test_presses_that_know_only_the_muid_wait_too(self, told: Told) -> None:
        """Those that come after the message find it."""
        told.press(1, "name", message_id=None, muid=MUID)
        assert users(told.see(2, muid=MUID)) == []
        assert users(told.press(3, "submit", message_id=None, muid=MUID)) == ["omar"]

    def test_what_a_message_tells_of_itself_counts(self, told: Told) -> None:
        """A body may say what was interacted with; once however often it says so."""
        presses = [press(11, "name"), press(12, "submit")]
        assert users(told.see(1, presses=presses)) == ["omar"]
        assert users(told.see(2, presses=presses)) == []

    def test_each_user_completes_alone(self, told: Told) -> None:
        """What one does is nothing to another."""
        told.see(1, group=GROUP)
        told.press(2, "name", "omar")
        assert users(told.press(3, "submit", "lena")) == []
        assert users(told.press(4, "name", "lena")) == ["lena"]

    def test_apps_have_nothing_in_common(self, told: Told) -> None:
        """Their messages may have the same ids."""
        told.see(1)
        told.press(2, "name", app_id="other")
        assert users(told.press(3, "submit")) == []


class TestChanges:
    """Edits, deletions, and what comes late."""

    def test_an_edit_judges_the_presses_that_are_there(self, told: Told) -> None:
        """By the new goal."""
        told.see(1)
        told.press(2, "age")
        assert users(told.see(3, "age", as_of=NOW + 1)) == ["omar"]

    def test_an_edit_takes_back_nothing(self, told: Told) -> None:
        """Who completed the old goal does not complete the new one, too."""
        told.see(1, "age")
        assert users(told.press(2, "age")) == ["omar"]
        told.see(3, "name", as_of=NOW + 1)
        assert users(told.press(4, "name")) == []

    def test_an_older_body_that_comes_late_changes_nothing(self, told: Told) -> None:
        """Redelivered or replayed, it does not bring back the old goal."""
        told.see(2, "age", as_of=NOW + 1)
        told.see(1, "name", as_of=NOW)
        assert users(told.press(3, "name")) == []
        assert users(told.press(4, "age")) == ["omar"]

    def test_presses_on_a_deleted_message_do_not_count(self, told: Told) -> None:
        """Also when the message is seen after its deletion. What was completed stays."""
        told.see(1, "age")
        assert users(told.press(2, "age")) == ["omar"]
        told.kept.deleted(APP, MESSAGE, now=NOW)
        told.see(3, "age", as_of=NOW + 5)
        assert users(told.press(4, "age", "ines")) == []
        assert users(told.press(2, "age")) == ["omar"]


class TestWaiting:
    """Presses whose message does not come."""

    def test_too_old_ones_do_not_count(self, told: Told) -> None:
        """After seven days."""
        told.press(1, "age")
        told.now = NOW + 1000 + WAITS_MS + 1
        assert users(told.see(3, "age")) == []

    def test_there_is_a_limit_to_them(self, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        """What comes then is not kept, nor anything of its message."""
        monkeypatch.setattr(press_rows, "MOST_WAITING", 2)
        assert [told.press(number, user=f"u{number}").full for number in range(3)] == [
            False,
            False,
            True,
        ]
        told.see(7)
        assert not told.press(8).full


class TestReplays:
    """What a replay tells."""

    def test_a_replay_tells_nobody(self, told: Told) -> None:
        """Of what is known already or found out only now."""
        told.see(1, "age", live=False)
        assert users(told.press(2, "age", live=False)) == []

    def test_what_it_found_out_is_told_by_who_comes_next(self, told: Told) -> None:
        """Once."""
        told.see(1, "age", live=False)
        told.press(2, "age", live=False)
        assert users(told.press(3, "name")) == ["omar"]
        assert users(told.press(4, "name")) == []
        assert users(told.press(3, "name")) == ["omar"]

    def test_it_takes_nothing_from_a_run_that_is_repeated_later(self, told: Told) -> None:
        """The row still says who tells."""
        told.see(1, "age")
        told.press(2, "age")
        told.press(2, "age", live=False)
        assert users(told.press(2, "age")) == ["omar"]


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


class TestGarbage:
    """What comes from devices."""

    @pytest.mark.parametrize("garbage", ["\x00", "\ud800", "x" * 10_000, "'; --"])
    def test_is_kept_in_bounds(self, told: Told, garbage: str) -> None:
        """And changes nothing for others."""
        told.see(1, "age")
        answers = {f"{garbage}{number}": garbage for number in range(1000)}
        told.press(2, garbage, garbage, answers=answers)
        told.press(3, garbage, message_id=garbage, muid=garbage)
        told.press(4, garbage, message_id=None, muid=garbage)
        told.press(5, garbage, None, answers={"name": [[garbage]]})
        assert users(told.press(6, "age", answers={"name": garbage})) == ["omar"]

    def test_one_user_is_looked_at_no_further_than_far_enough(
        self, told: Told, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who presses without an end makes nobody wait."""
        monkeypatch.setattr(kept_presses, "MOST_JUDGED", 3)
        told.see(1, "age")
        for number in range(2, 6):
            told.press(number, "name")
        assert users(told.press(7, "age")) == []


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
