"""The plugin `moderator` has the deciders and handlers that its rules need, and no others."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from comethooks.schemas import parse
from comethooks.testing import Delivery, Harness
from comethooks.workers.deciding.decider_context import DeciderContext
from comethooks.workers.journal import AtCometChat, CaseOrigin, CaseState
from comethooks.workers.moderation.moderator_plugin import plugin_of
from comethooks.workers.moderation.rules_file import RulesFileError
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.deciders.decision import Decision
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Vote, event_of, event_record
from comethooks.workers.states import DecisionAction
from tests.workers.moderation.moderated import (
    TEXT,
    cases_in,
    forged,
    moderator,
    replay,
    the_case,
)

ALWAYS = {"moderator.deleted", "moderator.dropped", "moderator.reviewed"}
"""The handlers for what CometChat says by itself, and for what was dropped by whatever rules."""


def ids(things: Any) -> set[str]:
    """The ids of handlers or deciders."""
    return {each.id for each in things}


def patterns(plugin: Plugin, handler: str) -> tuple[str, ...]:
    """What a handler of the plugin is registered for."""
    [found] = [each for each in plugin.handlers if each.id == f"moderator.{handler}"]
    return found.patterns


class TestMaking:
    """Who has no use for a run has none."""

    def test_the_rules_that_ship_with_us_only_watch(self) -> None:
        """They decide in shadow, and nothing happens when a message is sent."""
        plugin = plugin_of()
        assert ids(plugin.handlers) == ALWAYS
        assert [(each.id, each.shadow) for each in plugin.deciders] == [
            ("moderator.decide_in_shadow", True)
        ]

    @pytest.mark.parametrize(
        ("keys", "handlers", "deciders"),
        [
            ({"in_flight": '"drop"'}, set(), {"decide"}),
            ({"in_flight": '"annotate"'}, set(), {"decide"}),
            ({"in_flight": '"drop"', "shadow": "true"}, set(), {"decide_in_shadow"}),
            ({"after": '["flag"]'}, {"sent", "pressed"}, set()),
            ({"after": '["delete", "ban"]'}, {"sent"}, set()),
        ],
    )
    def test_a_rule_has_what_it_needs(
        self, tmp_path: Path, keys: dict[str, str], handlers: set[str], deciders: set[str]
    ) -> None:
        """Beside what there always is."""
        plugin = moderator(tmp_path, **keys)
        assert ids(plugin.handlers) - ALWAYS == {f"moderator.{each}" for each in handlers}
        assert ids(plugin.deciders) == {f"moderator.{each}" for each in deciders}

    def test_rules_of_both_kinds_have_a_decider_each(self, tmp_path: Path) -> None:
        """What is in shadow is kept, and changes nothing."""
        more = '[[rule]]\nname = "b"\nwords = ["x1"]\nin_flight = "drop"\nshadow = true'
        plugin = moderator(tmp_path, more=more, in_flight='"drop"')
        assert {each.id: each.shadow for each in plugin.deciders} == {
            "moderator.decide": False,
            "moderator.decide_in_shadow": True,
        }

    def test_that_cometchat_approved_is_of_interest_where_we_drop(self, tmp_path: Path) -> None:
        """It does so with every message."""
        assert "moderation.approved" not in patterns(plugin_of(), "reviewed")
        dropping = moderator(tmp_path, in_flight='"drop"')
        assert "moderation.approved" in patterns(dropping, "reviewed")

    def test_what_none_of_the_rules_looks_at_makes_no_run(self, tmp_path: Path) -> None:
        """Filters that all rules have are those of the handler."""
        more = (
            '[[rule]]\nname = "b"\nwords = ["x1"]\nafter = ["flag"]\n'
            'where = { receiver_type = "group", type = "text" }'
        )
        where = 'where = { receiver_type = ["group", "user"] }'
        plugin = moderator(tmp_path, where, more=more, after='["flag"]')
        [sent] = [each for each in plugin.handlers if each.id == "moderator.sent"]
        assert {each.name: set(each.values) for each in sent.filters} == {
            "receiver_type": {"group", "user"}
        }

    def test_a_file_that_cannot_be_used_is_refused(self, tmp_path: Path) -> None:
        """With everything that is wrong with it."""
        with pytest.raises(RulesFileError, match="in_flight"):
            moderator(tmp_path, in_flight='"drip"')


def flying(text: str = TEXT, **changed: Any) -> dict[str, Any]:
    """The body of a message in flight."""
    data = {"text": text, "metadata": changed.pop("metadata", {})}
    return {
        "trigger": "before_message",
        "appId": "2611fa0c",
        "data": {
            "muid": "m1",
            "sender": "omar",
            "receiver": "ines",
            "receiverType": "user",
            "category": "message",
            "type": "text",
            "sentAt": 1_790_000_000,
            "data": data,
            **changed,
        },
    }


def decided(plugin: Plugin, body: dict[str, Any]) -> Decision | None:
    """What the only decider of the plugin says of a body."""
    [decider] = plugin.deciders
    raw = orjson.dumps(body)
    record = event_record(parse(body, raw), id="1", received_at=1_790_000_000_000, body=raw)
    ctx = DeciderContext(Config("moderator", {}), structlog.get_logger(), decider.id)
    decision: Decision | None = decider.function(event_of(record), ctx)
    return decision


class TestDeciding:
    """What the deciders say of messages in flight."""

    def test_a_message_is_dropped_by_the_worst_rule(self, tmp_path: Path) -> None:
        """The reason names the rule, and nothing of the message."""
        more = '[[rule]]\nname = "money"\nwords = ["crypto"]\nin_flight = "drop"\nseverity = "high"'
        plugin = moderator(tmp_path, more=more, in_flight='"drop"')
        assert decided(plugin, flying()) == Decision.drop("money: crypto")
        assert decided(plugin, flying("good morning")) is None

    def test_what_is_in_shadow_is_only_told(self, harness: Harness, tmp_path: Path) -> None:
        """The message passes."""
        plugin = moderator(tmp_path, in_flight='"drop"', shadow="true")
        ruling = harness.decide(plugin, body=flying())
        assert ruling.decision is DecisionAction.ALLOW
        [vote] = ruling.votes
        assert (vote.verdict, vote.shadow) == (DecisionAction.DROP, True)
        assert vote.reason == "scam: free crypto"

    def test_what_stands_in_the_message_is_in_no_reason(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """Neither a link nor an address."""
        more = '[[rule]]\nname = "mail"\ncontacts = { find = ["email"] }\nin_flight = "drop"'
        links = 'links = { deny = ["evil-example.com"] }'
        plugin = moderator(tmp_path, links, more=more, in_flight='"drop"')
        for text in ("see https://evil-example.com/omar", "write to omar@post.example.com"):
            ruling = harness.decide(plugin, body=flying(text))
            assert ruling.decision is DecisionAction.DROP
            assert ruling.reason in ("scam: a link", "mail: a way to be reached elsewhere")

    def test_a_message_is_annotated(self, tmp_path: Path) -> None:
        """With the rules that found something, and the worst severity."""
        more = '[[rule]]\nname = "b"\nwords = ["crypto"]\nin_flight = "annotate"\nseverity = "high"'
        plugin = moderator(tmp_path, more=more, in_flight='"annotate"', severity='"low"')
        told = {"moderation": {"rules": ["b", "scam"], "severity": "high"}}
        assert decided(plugin, flying()) == Decision.annotate(told)

    @pytest.mark.parametrize(
        ("changed", "passes"),
        [
            ({"metadata": forged()}, False),
            ({"sender": "app_system"}, False),
            ({"sender": "app_system", "metadata": forged()}, True),
        ],
    )
    def test_our_own_pass_and_a_forged_mark_does_not(
        self, tmp_path: Path, changed: dict[str, Any], passes: bool
    ) -> None:
        """Nobody but who has the app's key writes as the app."""
        plugin = moderator(tmp_path, in_flight='"drop"')
        assert (decided(plugin, flying(**changed)) is None) is passes


class TestDropped:
    """What was dropped in flight is a case."""

    def test_by_the_rule_that_dropped_it(self, harness: Harness, tmp_path: Path) -> None:
        """With what was written, though nobody got that."""
        plugin = moderator(tmp_path, in_flight='"drop"', severity='"high"')
        dropped = self.deliver(harness, plugin)
        case = the_case(harness)
        assert (case.rule, case.origin, case.severity) == ("scam", CaseOrigin.DROPPED, "high")
        assert (case.message_id, case.muid, case.excerpt) == (None, "m1", TEXT)
        assert case.event_id == dropped.event.id
        harness.repeat(dropped)
        replay(harness, dropped, tmp_path)
        assert the_case(harness) == case

    def test_not_by_what_others_dropped(self, harness: Harness, tmp_path: Path) -> None:
        """What is in shadow drops nothing."""
        plugin = moderator(tmp_path, in_flight='"drop"')
        drop, allow = DecisionAction.DROP, DecisionAction.ALLOW
        shadow = Vote("moderator.decide_in_shadow", drop, 1.0, shadow=True, reason="scam: x")
        other = Vote("other.decide", drop, 1.0, reason="scam: x")
        mine = Vote("moderator.decide", allow, 1.0)
        self.deliver(harness, plugin, votes=[shadow, other, mine])
        assert list(cases_in(harness).cases()) == []

    def test_by_rules_that_only_the_web_process_has_yet(self, harness: Harness) -> None:
        """It is reloaded by itself, and no case is to be lost."""
        self.deliver(harness, plugin_of())
        assert (the_case(harness).rule, the_case(harness).severity) == ("scam", "medium")

    def test_what_was_allowed_makes_no_run(self, harness: Harness, tmp_path: Path) -> None:
        """There is one for each message otherwise."""
        plugin = moderator(tmp_path, in_flight='"drop"')
        assert self.deliver(harness, plugin, decision="allow", allow_unhandled=True).runs == ()

    def test_what_was_sent_all_the_same_has_one_case(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """It is known again by its muid."""
        plugin = moderator(tmp_path, in_flight='"drop"', after='["flag"]')
        self.deliver(harness, plugin)
        told = flying()["data"] | {"id": "57", "conversationId": "ines_user_omar"}
        body = {"trigger": "message_sent", "appId": "2611fa0c", "data": {"message": told}}
        harness.deliver(plugin, body=body)
        assert the_case(harness).message_id == "57"

    def test_somebody_is_told(self, harness: Harness, tmp_path: Path) -> None:
        """Where the rule says so."""
        plugin = moderator(tmp_path, in_flight='"drop"', after='["notify"]')
        [emitted] = self.deliver(harness, plugin).emitted
        assert emitted.trigger == "moderator.flagged"
        assert emitted.payload["data"]["verdict"] == "dropped"

    def deliver(self, harness: Harness, plugin: Plugin, **options: Any) -> Delivery:
        """Deliver a message that was dropped."""
        vote = Vote("moderator.decide", DecisionAction.DROP, 1.0, reason="scam: free crypto")
        said = {"decision": "drop", "votes": [vote], **options}
        return harness.deliver(plugin, body=flying(), **said)


class TestCometChat:
    """What CometChat's own moderation says."""

    @pytest.mark.parametrize(
        ("trigger", "origin", "standing"),
        [
            ("moderation_engine_blocked", CaseOrigin.BLOCKED, AtCometChat.BLOCKED),
            ("moderation_engine_failed", CaseOrigin.FAILED, AtCometChat.FAILED),
        ],
    )
    def test_what_it_blocks_or_cannot_judge_is_a_case(
        self, harness: Harness, trigger: str, origin: CaseOrigin, standing: AtCometChat
    ) -> None:
        """Of its rule, whether or not there are rules of ours."""
        harness.deliver(plugin_of(), trigger, message_id="57")
        case = the_case(harness)
        assert (case.origin, case.at_cometchat, case.message_id) == (origin, standing, "57")
        assert case.state is CaseState.OPEN
        assert (case.failure is None) is (origin is CaseOrigin.BLOCKED)

    def test_who_approves_there_closes_the_case_here(self, harness: Harness) -> None:
        """Whichever is told first."""
        told = harness.deliver(plugin_of(), "moderation_manual_approved", message_id="57")
        harness.deliver(plugin_of(), "moderation_engine_blocked", message_id="57")
        case = the_case(harness)
        assert told.event.moderation is not None
        assert case.rule == told.event.moderation.rules[0]["name"]
        assert (case.state, case.closed_by) == (CaseState.APPROVED, "CometChat")

    def test_what_it_approves_is_noted_where_we_dropped(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """Its rule's threshold was higher than our confidence, say."""
        plugin = moderator(tmp_path, in_flight='"drop"')
        vote = Vote("moderator.decide", DecisionAction.DROP, 1.0, reason="scam: free crypto")
        asked = harness.deliver(
            plugin,
            "moderation_requested",
            text=TEXT,
            message_id="57",
            decision="drop",
            votes=[vote],
        )
        harness.deliver(plugin, "moderation_engine_approved", message_id="57")
        case = the_case(harness)
        assert (case.rule, case.event_id) == ("scam", asked.event.id)
        assert (case.at_cometchat, case.state) == (AtCometChat.APPROVED, CaseState.OPEN)

    def test_a_deleted_message_leaves_no_excerpt(self, harness: Harness) -> None:
        """Its case stays."""
        plugin = plugin_of()
        harness.deliver(plugin, "moderation_engine_blocked", message_id="57", text=TEXT)
        assert the_case(harness).excerpt == TEXT
        harness.deliver(plugin, "message_deleted", message_id="57")
        assert the_case(harness).excerpt is None
