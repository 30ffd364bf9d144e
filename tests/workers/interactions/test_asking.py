"""What CometChat is asked about presses, how often, and what becomes of them while it is away."""

from collections.abc import Iterator
from typing import Any

import pytest

from comethooks import App
from comethooks.schemas import CompletionEvent
from comethooks.testing import Delivery, Harness
from comethooks.workers.interactions import asking
from comethooks.workers.interactions.asking import NOT_FOUND_SECONDS
from comethooks.workers.interactions.goals_plugin import plugin
from comethooks.workers.journal import ToldPress
from comethooks.workers.presses.goals import Press, Trusted
from tests.workers.interactions.bodies import APP, GROUP, MESSAGE, message, press


@pytest.fixture
def harness() -> Iterator[Harness]:
    """Delivers events of an app with a REST key."""
    with Harness() as made:
        made.apps[APP] = App(APP, "eu", "a key")
        yield made


def told(delivery: Delivery) -> list[CompletionEvent]:
    """The completions that came of an event."""
    return [each for each in delivery.emitted if isinstance(each, CompletionEvent)]


def asked(harness: Harness, path: str) -> int:
    """How often such a path was called."""
    return sum(call.path.startswith(path) for call in harness.cometchat.calls)


class TestOutage:
    """CometChat is away for an hour."""

    def test_a_press_is_kept_before_anything_is_asked(self, harness: Harness) -> None:
        """And counts for nothing until it is known whether its user belongs to the group."""
        harness.deliver(plugin, body=message("submit", group=GROUP))
        harness.cometchat.fail(503, times=1000)
        pressed = harness.deliver(plugin, body=press(), retries=False)
        assert pressed.run.state == "retrying"
        [kept] = harness._file.journal.interactions.message(MESSAGE)
        assert (kept.users, kept.completed) == (1, 0)

    def test_after_an_hour_everything_is_there_and_judged(self, harness: Harness) -> None:
        """No run is given up; a stranger's press counts no more than ever."""
        harness.cometchat.has_group(GROUP, omar="participant")
        harness.deliver(plugin, body=message("submit", group=GROUP))
        harness.cometchat.fail(503, times=10_000)
        member = harness.deliver(plugin, body=press(), retries=False)
        stranger = harness.deliver(plugin, body=press(user="eve"), retries=False)
        harness.clock.advance(3600)
        assert {member.run.state, stranger.run.state} == {"retrying"}
        harness.cometchat._waiting.clear()
        harness.clock.advance(1200)
        assert {member.run.state, stranger.run.state} == {"done"}
        assert member.run.attempts == 1
        assert [each.completion.verified for each in told(member)] == [True]
        assert told(stranger) == []

    def test_a_message_whose_pressers_cannot_be_asked_for_is_kept(self, harness: Harness) -> None:
        """They are asked for when CometChat is back."""
        harness.cometchat.has_group(GROUP, omar="participant")
        harness.deliver(plugin, body=press())
        harness.cometchat.fail(503, times=5, path="groups/")
        seen = harness.deliver(plugin, body=message("submit", group=GROUP))
        assert seen.run.state == "done"
        assert [each.completion.verified for each in told(seen)] == [True]

    def test_after_a_day_it_is_not_waited_for(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who is not known counts unverified then, as without a key."""
        monkeypatch.setattr(asking, "PATIENCE_MS", asking.PATIENCE_MS / 24)
        harness.deliver(plugin, body=message("submit", group=GROUP))
        harness.cometchat.silent(times=10_000)
        pressed = harness.deliver(plugin, body=press())
        assert pressed.run.state == "done"
        assert [each.completion.verified for each in told(pressed)] == [False]

    def test_marking_waits_as_well(self, harness: Harness) -> None:
        """The press counts meanwhile."""
        config = {"mark": "all"}
        harness.deliver(plugin, body=message(), config=config)
        harness.cometchat.fail(503, times=40, path="messages/")
        pressed = harness.deliver(plugin, body=press(name="Omar"), config=config)
        assert pressed.run.state == "done"
        assert len(told(pressed)) == 1
        assert [each.uid for each in harness.cometchat.marked] == ["omar"]


class TestBounds:
    """Presses name whatever their makers want."""

    def test_what_was_not_found_is_not_asked_for_again(self, harness: Harness) -> None:
        """For a while."""
        for number in range(5):
            harness.deliver(plugin, body=press(user=f"u{number}"))
        assert asked(harness, f"messages/{MESSAGE}") == 1
        harness.clock.advance(NOT_FOUND_SECONDS)
        harness.deliver(plugin, body=press(user="late"))
        assert asked(harness, f"messages/{MESSAGE}") == 2

    def test_one_that_comes_meanwhile_is_seen_all_the_same(self, harness: Harness) -> None:
        """By its own event, which judges the presses that waited."""
        harness.deliver(plugin, body=press(name="Omar"))
        assert len(told(harness.deliver(plugin, body=message()))) == 1

    def test_invented_ids_make_few_calls(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of all messages together so many are asked for in a minute."""
        monkeypatch.setattr(asking, "MOST_MESSAGES", 5)
        for number in range(15):
            body = press(message=str(1000 + number))
            assert harness.deliver(plugin, body=body).run.state == "done"
        assert asked(harness, "messages/") == 5

    def test_invented_users_are_asked_for_later(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They count for nothing until then, and no attempt is lost."""
        monkeypatch.setattr(asking, "MOST_MEMBERS", 3)
        harness.cometchat.has_group(GROUP)
        harness.deliver(plugin, body=message("submit", group=GROUP))
        runs = [
            harness.deliver(plugin, body=press(user=f"u{number}"), retries=False)
            for number in range(5)
        ]
        assert [each.run.state for each in runs] == ["done"] * 3 + ["retrying"] * 2
        harness.clock.advance(180)
        assert {each.run.state for each in runs} == {"done"}
        assert [each for run in runs for each in told(run)] == []


class TestStrangers:
    """Only what says so makes one."""

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (403, "ERR_PLAN_RESTRICTION"),
            (403, "ERR_SUBSCRIPTION_EXPIRED"),
            (403, "ERR_PLAN_QUOTA_RESTRICTION"),
            (400, "ERR_BAD_REQUEST"),
            (404, "ERR_API_NOT_FOUND"),
            (404, "ERR_GUID_NOT_FOUND"),
            (401, "AUTH_ERR_APIKEY_NOT_FOUND"),
        ],
    )
    def test_another_refusal_makes_none(self, harness: Harness, status: int, code: str) -> None:
        """Who is not known counts, unverified."""
        harness.deliver(plugin, body=message("submit", group=GROUP))
        harness.cometchat.fail(status, code=code, times=10, path="groups/")
        pressed = harness.deliver(plugin, body=press())
        assert [each.completion.verified for each in told(pressed)] == [False]

    @pytest.mark.parametrize(
        "code",
        ["ERR_UID_NOT_FOUND", "ERR_NOT_A_MEMBER", "ERR_GROUP_NOT_JOINED", "ERR_BANNED_GROUPMEMBER"],
    )
    def test_a_refusal_that_says_so_does(self, harness: Harness, code: str) -> None:
        harness.deliver(plugin, body=message("submit", group=GROUP))
        harness.cometchat.fail(400, code=code, path="groups/")
        assert told(harness.deliver(plugin, body=press())) == []


class TestMany:
    """Presses that waited for their message."""

    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """So that 15 users are many."""
        monkeypatch.setattr(asking, "MOST_ASKED", 6)

    def test_more_than_are_asked_for_in_one_run_are_asked_for_in_the_next(
        self, harness: Harness
    ) -> None:
        """All of them, each once; strangers complete nothing."""
        members = {f"u{number}": "participant" for number in range(15)}
        harness.cometchat.has_group(GROUP, **members)
        for user in [*members, "eve"]:
            harness.deliver(plugin, body=press(user=user))
        calls = len(harness.cometchat.calls)
        seen = harness.deliver(plugin, body=message("submit", group=GROUP))
        assert seen.run.state == "done"
        assert {each.completion.user for each in told(seen)} == {*members}
        assert {each.completion.verified for each in told(seen)} == {True}
        assert len(harness.cometchat.calls) - calls == 16

    def test_who_cannot_be_asked_for_is_not_asked_for_forever(self, harness: Harness) -> None:
        """They count unverified, as one of them would."""
        users = [f"u{number}" for number in range(15)]
        for user in users:
            harness.deliver(plugin, body=press(user=user))
        harness.cometchat.fail(403, code="ERR_PLAN_RESTRICTION", times=1000, path="groups/")
        seen = harness.deliver(plugin, body=message("submit", group=GROUP))
        assert seen.run.state == "done"
        assert [each.completion.verified for each in told(seen)] == [False] * len(users)

    def test_a_press_between_question_and_judgement_waits_for_its_own(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is not judged by a run that has not asked for its user."""
        harness.cometchat.has_group(GROUP, omar="participant")
        harness.deliver(plugin, body=press())
        journal = harness._file.journal.interactions
        ask, between = harness.cometchat.answer, []

        def answer(*request: Any) -> Any:
            """While the user is asked for, another one presses."""
            if "/groups/" in request[1] and not between:
                now = harness.clock()
                between.append(
                    ToldPress(
                        app_id=APP,
                        press=Press(id="of eve", user="eve", element_id="submit", at=now),
                        received_at=now,
                        message_id=MESSAGE,
                    )
                )
                journal.press(between[0], by="eve's", trusted=Trusted.CONFIRMED, now=now)
            return ask(*request)

        monkeypatch.setattr(harness.cometchat, "answer", answer)
        seen = harness.deliver(plugin, body=message("submit", group=GROUP))
        assert between
        assert [each.completion.user for each in told(seen)] == ["omar"]
        [kept] = journal.message(MESSAGE)
        assert (kept.users, kept.completed) == (2, 1)
