"""What is told of interactive messages, in any order, and who is told of completions."""

import pytest

from comethooks.workers.journal import Journal
from comethooks.workers.journal.interactions import kept_presses, press_rows
from comethooks.workers.journal.interactions.told import WAITS_MS
from comethooks.workers.presses.goals import Interaction, Trusted
from tests.workers.journal.interactions.forms import APP, GROUP, MESSAGE, MUID, NOW, press
from tests.workers.journal.interactions.telling import Told, users


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
