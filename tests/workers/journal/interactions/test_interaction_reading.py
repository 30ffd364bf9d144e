"""What can be read of interactive messages."""

from dataclasses import replace
from typing import Any

import pytest

from comethooks.workers.journal import Journal, MessageFilter, SeenMessage
from comethooks.workers.journal.interactions import interaction_reading
from comethooks.workers.presses.goals import Trust, Trusted
from tests.workers.journal.interactions.forms import APP, GROUP, MESSAGE, MUID, NOW, an_id
from tests.workers.journal.interactions.forms import press as a_press
from tests.workers.journal.interactions.forms import seen as a_message


def see(journal: Journal, number: int, **changed: Any) -> SeenMessage:
    """Show message `number`, sent a second after the one before."""
    known = {"message_id": str(number), "sent_at": NOW + 1000 * number, "as_of": NOW}
    shown = replace(a_message(), **{**known, **changed})
    journal.interactions.see(shown, by=None, trusted=Trusted.MEMBERS, now=NOW)
    return shown


def press(journal: Journal, number: int, *given: Any, **changed: Any) -> None:
    """Tell of a press by event `number`."""
    told = a_press(number, *given, **changed)
    journal.interactions.press(told, by=an_id(number), trusted=Trusted.MEMBERS, now=NOW)


def ids(journal: Journal, **asked: Any) -> list[str]:
    """The ids of the messages that are listed."""
    return [each.message_id for each in journal.interactions.messages(MessageFilter(**asked))]


class TestPressedMessage:
    """Which message a press is on, and whose presses on it alone may count."""

    def test_it_is_found_by_id_and_by_muid(self, journal: Journal) -> None:
        """Of the app's own message alone."""
        see(journal, 1, muid=MUID)
        find = journal.interactions.pressed_message
        assert find(APP, message_id="1", muid=None) == ("1", "omar")
        assert find(APP, message_id=None, muid=MUID) == ("1", "omar")
        assert find("other", message_id="1", muid=None) is None
        assert find(APP, message_id=None, muid="another") is None

    def test_nobody_knows_before_the_message_is_seen(self, journal: Journal) -> None:
        """Also when a press on it was."""
        press(journal, 1, message_id=None, muid=MUID)
        press(journal, 2, message_id="2")
        find = journal.interactions.pressed_message
        assert find(APP, message_id="2", muid=None) is None
        assert find(APP, message_id=None, muid=MUID) is None


class TestListing:
    """Messages that were seen, the last one sent first."""

    @pytest.fixture(autouse=True)
    def messages(self, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        """Four of two apps, and one that nobody has seen; pages have two."""
        monkeypatch.setattr(interaction_reading, "_PAGE", 2)
        see(journal, 1, tags=("booking", "summer"))
        see(journal, 2, conversation_id="group_hikers", tags=("booking",))
        see(journal, 3, app_id="other", kind="form")
        see(journal, 4)
        press(journal, 5, message_id="99")

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({}, ["4", "3", "2", "1"]),
            ({"limit": 3}, ["4", "3", "2"]),
            ({"app_id": "other"}, ["3"]),
            ({"app_id": APP, "limit": 1}, ["4"]),
            ({"conversation_id": "group_hikers"}, ["2"]),
            ({"tag": "booking"}, ["2", "1"]),
            ({"tag": "summer", "limit": 1}, ["1"]),
            ({"tag": "book"}, []),
            ({"since": NOW + 2000}, ["4", "3", "2"]),
            ({"until": NOW + 2000}, ["1"]),
        ],
    )
    def test_filters(self, journal: Journal, asked: dict[str, Any], expected: list[str]) -> None:
        """Each by itself, also over several pages."""
        assert ids(journal, **asked) == expected

    def test_messages_of_one_second_are_listed_once(self, journal: Journal) -> None:
        """Where a page ends among them."""
        for number in range(11, 16):
            see(journal, number, sent_at=NOW)
        assert sorted(ids(journal, until=NOW + 1)) == ["11", "12", "13", "14", "15"]

    def test_it_says_how_many_pressed_and_completed(self, journal: Journal) -> None:
        """A user who presses twice is one."""
        for number, (element, user) in enumerate(
            [("name", "omar"), ("submit", "omar"), ("name", "zoe"), ("name", None)], 10
        ):
            press(journal, number, element, user, message_id="3", app_id="other")
        [found] = journal.interactions.messages(MessageFilter(app_id="other"))
        # A press of nobody is of the only one who can have made it.
        assert (found.presses, found.users, found.completed) == (4, 2, 1)

    def test_presses_that_wait_are_counted(self, journal: Journal) -> None:
        """They are on no message that is listed."""
        assert journal.interactions.waiting() == journal.interactions.waiting(APP) == 1
        assert journal.interactions.waiting("other") == 0


class TestOneMessage:
    """By its id, or its muid."""

    def test_several_apps_may_have_it(self, journal: Journal) -> None:
        """Then all are found, unless one app is meant."""
        see(journal, 1, kind="form", tags=("a", "b"))
        see(journal, 1, app_id="other")
        assert [each.app_id for each in journal.interactions.message("1")] == [APP, "other"]
        [found] = journal.interactions.message("1", APP)
        assert (found.kind, found.tags, found.wire) == ("form", ("a", "b"), {"id": MESSAGE})
        assert journal.interactions.message("2") == []

    def test_a_muid_finds_it(self, journal: Journal) -> None:
        """Unless a message has that as its id."""
        see(journal, 1, muid=MUID)
        assert [each.message_id for each in journal.interactions.message(MUID)] == ["1"]
        see(journal, 2, message_id=MUID)
        assert [each.message_id for each in journal.interactions.message(MUID)] == [MUID]

    def test_one_that_was_not_seen_has_its_presses(self, journal: Journal) -> None:
        """And nothing else."""
        press(journal, 1, message_id="9")
        [found] = journal.interactions.message("9")
        assert (found.facts, found.sent_at, found.presses) == (None, None, 1)

    def test_an_edit_does_not_change_when_it_was_sent(self, journal: Journal) -> None:
        """Also where the body of the edit does not say that."""
        see(journal, 1)
        see(journal, 1, sent_at=None, as_of=NOW + 60_000)
        [found] = journal.interactions.message("1")
        assert found.sent_at == NOW + 1000


class TestPresses:
    """Each with what is known of its user."""

    def test_members_of_a_group_are_known(self, journal: Journal) -> None:
        """Of each message by its own conversation."""
        first = see(journal, 1, facts=a_message(group=GROUP).facts)
        see(journal, 2)
        journal.interactions.joined(
            APP, GROUP, ["omar"], moment=NOW, by=None, trusted=Trusted.MEMBERS, now=NOW,
            beginning=True,
        )  # fmt: skip
        for number, (message, user) in enumerate([("1", "omar"), ("1", "eve"), ("2", "eve")]):
            press(journal, number, "name", user, message_id=message)
        found = journal.interactions.presses(list(journal.interactions.messages()))
        assert {
            (key[1], told.press.user): told.press.trust
            for key, pressed in found.items()
            for told in pressed
        } == {
            ("1", "omar"): Trust.CONFIRMED,
            ("1", "eve"): Trust.STRANGER,
            ("2", "eve"): Trust.STRANGER,
        }
        assert first.app_id == APP

    def test_completions_say_who_and_by_which_event(self, journal: Journal) -> None:
        """The first one first."""
        see(journal, 1)
        press(journal, 2, "name", message_id="1")
        press(journal, 3, "submit", message_id="1")
        [message] = journal.interactions.message("1")
        [done] = journal.interactions.completions([message])[message.key]
        assert (done.user, done.at, done.verified, done.event_id) == ("omar", NOW, True, an_id(3))
        assert journal.interactions.completions([]) == {}
