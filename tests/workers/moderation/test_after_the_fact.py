"""What `moderator` does about messages that were sent and edited, and about presses."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from comethooks.testing import Harness
from comethooks.workers.cometchat.outgoing import APP_USER
from comethooks.workers.journal import CaseOrigin, CaseState
from comethooks.workers.moderation.rule import DEFAULT_WARNING
from comethooks.workers.states import RunState
from tests.workers.moderation.moderated import (
    TEXT,
    called,
    cases_in,
    forged,
    moderator,
    replay,
    the_case,
    with_key,
)

APP = "2611fa0c"


@pytest.fixture
def chat(harness: Harness) -> Harness:
    """A harness that knows the key of the app."""
    delivered = harness.deliver(moderator_of_nothing(), "message_sent")
    with_key(harness, delivered.event.app_id or "")
    return harness


def moderator_of_nothing() -> Any:
    """A plugin that takes everything and does nothing."""
    from comethooks import Plugin

    nothing = Plugin("nothing")

    @nothing.on("*")
    def take(event: Any, ctx: Any) -> None: ...

    return nothing


def effects(delivery: Any) -> list[str]:
    """What the only run says that it did."""
    [run] = delivery.runs
    return list(run.effects)


class TestCases:
    """A rule with `flag` opens a case."""

    def test_what_a_rule_finds_is_a_case(self, harness: Harness, tmp_path: Path) -> None:
        """With the message, its sender and the beginning of its text; no app key is needed."""
        plugin = moderator(tmp_path, after='["flag"]', severity='"high"')
        sent = harness.deliver(plugin, "message_sent", text=TEXT, sender="omar", message_id="57")
        case = the_case(harness)
        assert (case.rule, case.severity, case.origin) == ("scam", "high", CaseOrigin.FLAGGED)
        assert (case.message_id, case.sender, case.excerpt) == ("57", "omar", TEXT)
        assert case.event_id == sent.event.id
        assert "scam: free crypto" in effects(sent)

    def test_what_no_rule_is_about_is_none(self, harness: Harness, tmp_path: Path) -> None:
        """The run does nothing, and says nothing."""
        plugin = moderator(tmp_path, after='["flag"]')
        sent = harness.deliver(plugin, "message_sent", text="good morning")
        assert effects(sent) == []
        assert list(cases_in(harness).cases()) == []

    def test_a_repeated_run_finds_the_case(self, harness: Harness, tmp_path: Path) -> None:
        """A replay, too, also of one that is closed."""
        plugin = moderator(tmp_path, after='["flag"]')
        sent = harness.deliver(plugin, "message_sent", text=TEXT)
        harness.repeat(sent)
        case = the_case(harness)
        cases_in(harness).close(
            case.id, CaseState.APPROVED, by="ada", note=None, now=harness.clock()
        )
        assert replay(harness, sent, tmp_path, "moderator.sent").runs
        assert the_case(harness).state is CaseState.APPROVED

    def test_an_edit_is_looked_at_again(self, harness: Harness, tmp_path: Path) -> None:
        """It may be the edit that breaks a rule, and it opens a closed case again."""
        plugin = moderator(tmp_path, after='["flag"]')
        harness.deliver(plugin, "message_sent", text=TEXT, message_id="57")
        case = the_case(harness)
        cases_in(harness).close(
            case.id, CaseState.REJECTED, by="ada", note=None, now=harness.clock()
        )
        harness.clock.advance(60)
        edited = f"{TEXT}, again"
        harness.deliver(plugin, "message_edited", text=edited, message_id="57")
        again = the_case(harness)
        assert (again.id, again.state, again.excerpt) == (case.id, CaseState.OPEN, edited)

    def test_the_exempt_are_not_looked_at(self, harness: Harness, tmp_path: Path) -> None:
        """By their uid, and by their group."""
        exempt = 'exempt = { users = ["ada"], groups = ["crew"] }'
        plugin = moderator(tmp_path, exempt, after='["flag"]')
        harness.deliver(plugin, "message_sent", text=TEXT, sender="ada")
        harness.deliver(plugin, "message_sent", text=TEXT, group="crew")
        assert list(cases_in(harness).cases()) == []

    def test_a_rule_in_shadow_only_tells(self, chat: Harness, tmp_path: Path) -> None:
        """Of what it would do."""
        plugin = moderator(tmp_path, after='["flag", "delete"]', shadow="true")
        sent = chat.deliver(plugin, "message_sent", text=TEXT)
        assert effects(sent) == ["in shadow, scam: free crypto: would flag, delete"]
        assert list(cases_in(chat).cases()) == called(chat) == []

    def test_a_dry_run_only_tells(self, chat: Harness, tmp_path: Path) -> None:
        """Of what it would do, too."""
        plugin = moderator(tmp_path, after='["flag", "delete"]')
        sent = chat.deliver(plugin, "message_sent", text=TEXT, dry_run=True)
        assert "would open a case of the rule scam" in effects(sent)
        assert list(cases_in(chat).cases()) == called(chat) == []


class TestOurOwn:
    """Nobody gets by with the mark of our own messages."""

    def test_what_the_app_sends_with_our_mark_is_ours(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """A plugin may quote what it warns of."""
        plugin = moderator(tmp_path, after='["flag"]')
        harness.deliver(plugin, "message_sent", text=TEXT, sender=APP_USER, metadata=forged())
        assert list(cases_in(harness).cases()) == []

    @pytest.mark.parametrize(
        "fields", [{"sender": "omar", "metadata": forged()}, {"sender": APP_USER}]
    )
    def test_the_mark_alone_proves_nothing(
        self, harness: Harness, tmp_path: Path, fields: Any
    ) -> None:
        """Whoever writes a message may write it; and the app may send for others than us."""
        plugin = moderator(tmp_path, after='["flag"]')
        harness.deliver(plugin, "message_sent", text=TEXT, **fields)
        assert the_case(harness).rule == "scam"

    def test_who_deletes_a_message_with_a_forged_mark_is_believed(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """Its case keeps nothing of it."""
        plugin = moderator(tmp_path, after='["flag"]')
        told: dict[str, Any] = {"sender": "omar", "message_id": "57", "metadata": forged()}
        harness.deliver(plugin, "message_sent", text=TEXT, **told)
        harness.deliver(plugin, "message_deleted", **told)
        assert the_case(harness).excerpt is None


class TestMeasures:
    """What is done through CometChat's API."""

    def test_a_message_is_deleted(self, chat: Harness, tmp_path: Path) -> None:
        """And its case keeps what was in it, though CometChat tells of the deletion."""
        plugin = moderator(tmp_path, after='["flag", "delete"]')
        chat.deliver(plugin, "message_sent", text=TEXT, message_id="57")
        assert [each[:2] for each in called(chat)] == [("DELETE", "/messages/57")]
        chat.deliver(plugin, "message_deleted", message_id="57")
        assert the_case(chat).excerpt == TEXT

    @pytest.mark.parametrize(
        ("rule", "text"),
        [
            ("", DEFAULT_WARNING),
            ('warn = "{{ event.sender.uid }}: not here"', "omar: not here"),
        ],
    )
    def test_its_sender_is_warned(
        self, chat: Harness, tmp_path: Path, rule: str, text: str
    ) -> None:
        """With the words of the rule, if it has any, and by nobody but the app."""
        plugin = moderator(tmp_path, rule, after='["warn"]')
        chat.deliver(plugin, "message_sent", text=TEXT, sender="omar", group="crew")
        [sent] = chat.cometchat.sent
        assert (sent.as_user, sent.wire["receiver"], sent.wire["receiverType"]) == (
            None,
            "omar",
            "user",
        )
        assert sent.message.text == text

    @pytest.mark.parametrize(
        ("where", "receiver"),
        [({"group": "crew"}, ("crew", "group")), ({"receiver": "ines"}, ("omar", "user"))],
        ids=["in a group", "between two users"],
    )
    def test_its_group_is_told(
        self, chat: Harness, tmp_path: Path, where: dict[str, str], receiver: tuple[str, str]
    ) -> None:
        """Where the rule says so and there is one: the whole group sees what is not done there."""
        plugin = moderator(tmp_path, 'warn_in = "group"', after='["warn"]')
        chat.deliver(plugin, "message_sent", text=TEXT, sender="omar", **where)
        [sent] = chat.cometchat.sent
        assert (sent.wire["receiver"], sent.wire["receiverType"]) == receiver

    @pytest.mark.parametrize(
        ("action", "call"),
        [
            ("kick", ("DELETE", "/groups/crew/members/omar")),
            ("ban", ("POST", "/groups/crew/bannedusers/omar")),
            ("deactivate", ("DELETE", "/users")),
        ],
    )
    def test_its_sender_is_put_out(
        self, chat: Harness, tmp_path: Path, action: str, call: tuple[str, str]
    ) -> None:
        """Of the group, or of the app."""
        plugin = moderator(tmp_path, after=f'["{action}"]')
        chat.deliver(plugin, "message_sent", text=TEXT, sender="omar", group="crew")
        assert [each[:2] for each in called(chat)] == [call]

    def test_without_a_group_nobody_is_put_out_of_one(self, chat: Harness, tmp_path: Path) -> None:
        """The run says so, and the rest is done."""
        plugin = moderator(tmp_path, after='["kick", "ban", "delete"]')
        sent = chat.deliver(plugin, "message_sent", text=TEXT, receiver="ines")
        assert [each[0] for each in called(chat)] == ["DELETE"]
        assert "kick: not done, since the message is in no group" in effects(sent)
        assert "ban: not done, since the message is in no group" in effects(sent)

    def test_the_app_itself_is_not_punished(self, chat: Harness, tmp_path: Path) -> None:
        """Its messages may come from the customer's own server."""
        plugin = moderator(tmp_path, after='["warn", "ban", "deactivate"]')
        sent = chat.deliver(plugin, "message_sent", text=TEXT, sender=APP_USER, group="crew")
        assert called(chat) == []
        assert "deactivate: not done, since the app itself wrote it" in effects(sent)

    def test_several_rules_want_one_thing_once(self, chat: Harness, tmp_path: Path) -> None:
        """The worst rule words the warning; each has its own case."""
        more = (
            '[[rule]]\nname = "money"\nwords = ["crypto"]\nafter = ["flag", "warn", "delete"]\n'
            'severity = "high"\nwarn = "no money here"'
        )
        plugin = moderator(tmp_path, more=more, after='["flag", "warn", "delete"]')
        chat.deliver(plugin, "message_sent", text=TEXT)
        assert [each[0] for each in called(chat)] == ["DELETE", "POST"]
        assert [each.message.text for each in chat.cometchat.sent] == ["no money here"]
        assert {case.rule for case in cases_in(chat).cases()} == {"scam", "money"}

    def test_what_is_done_is_not_done_again(self, chat: Harness, tmp_path: Path) -> None:
        """When the run is repeated, and in a replay."""
        plugin = moderator(tmp_path, after='["delete", "warn", "kick"]')
        sent = chat.deliver(plugin, "message_sent", text=TEXT, group="crew")
        before = called(chat)
        chat.repeat(sent)
        assert replay(chat, sent, tmp_path, "moderator.sent").runs
        assert called(chat) == before
        assert len(before) == 3

    def test_one_that_fails_keeps_none_of_the_others_from_being_taken(
        self, chat: Harness, tmp_path: Path
    ) -> None:
        """The run is tried again, and what is done is not done again."""
        plugin = moderator(tmp_path, after='["flag", "delete", "warn"]')
        url = f"https://{next(iter(chat.apps))}.api-eu.cometchat.io/v3/messages/57"
        chat.http.respond(500, json={"error": {"code": "ERR"}}, url=url)
        sent = chat.deliver(plugin, "message_sent", text=TEXT, message_id="57", retries=False)
        [run] = sent.runs
        assert run.state is RunState.RETRYING
        assert len(chat.cometchat.sent) == 1
        assert the_case(chat).rule == "scam"
        chat.http.respond(200, json={"data": {"id": "57"}}, url=url)
        chat.clock.advance(3600)
        assert sent.runs[0].state is RunState.DONE
        assert len(chat.cometchat.sent) == 1

    def test_what_cometchat_refuses_is_a_dead_letter(self, chat: Harness, tmp_path: Path) -> None:
        """After all else was done."""
        plugin = moderator(tmp_path, after='["kick", "deactivate"]')
        [app] = chat.apps
        chat.http.respond(
            403,
            json={"error": {"code": "ERR_NOT_ALLOWED", "message": "no"}},
            url=f"https://{app}.api-eu.cometchat.io/v3/groups",
        )
        sent = chat.deliver(plugin, "message_sent", text=TEXT, group="crew")
        [run] = sent.runs
        assert run.state is RunState.DEAD
        assert "ERR_NOT_ALLOWED" in (run.error or "")
        assert ("DELETE", "/users") in [each[:2] for each in called(chat)]

    def test_a_warning_that_nobody_knows_of_is_not_sent_again(
        self, chat: Harness, tmp_path: Path
    ) -> None:
        """Its answer was lost."""
        plugin = moderator(tmp_path, after='["warn"]')
        chat.http.fail(times=1, error=httpx.ReadTimeout)
        sent = chat.deliver(plugin, "message_sent", text=TEXT)
        assert sent.runs[0].state is RunState.DONE
        assert [each[0] for each in called(chat)] == ["POST"]

    def test_somebody_is_told(self, harness: Harness, tmp_path: Path) -> None:
        """By an event that a rule of `notify`, or a plugin, may ask for."""
        plugin = moderator(tmp_path, after='["notify"]', severity='"high"')
        sent = harness.deliver(plugin, "message_sent", text=TEXT, sender="omar", message_id="57")
        [emitted] = sent.emitted
        assert emitted.trigger == "moderator.flagged"
        told = emitted.payload["data"]
        assert (told["rule"], told["messageId"], told["sender"]) == ("scam", "57", "omar")
        assert told["verdict"] == "flagged"
        assert TEXT not in emitted.raw.decode()


class TestPresses:
    """The answers that come with a press are looked at, too."""

    def test_answers_are_flagged_and_nobody_is_punished(
        self, chat: Harness, tmp_path: Path
    ) -> None:
        """Whoever has the URL may say that anybody pressed."""
        plugin = moderator(tmp_path, after='["flag", "delete", "ban", "deactivate"]')
        pressed = chat.deliver(
            plugin, "ui_message_interacted", set={"data.formData": {"name": TEXT}}
        )
        case = the_case(chat)
        assert (case.rule, case.message_id, case.excerpt) == ("scam", None, TEXT)
        assert case.event_id == pressed.event.id
        assert called(chat) == []
