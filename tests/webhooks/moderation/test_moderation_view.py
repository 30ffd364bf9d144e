"""`POST /moderation`: what a list of CometChat's moderation is answered, and what is kept."""

import io
import json

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from comethooks.workers.record import Kind, event_of
from comethooks.workers.states import DecisionAction
from tests.application import Kept, MakeSettings
from tests.redis_server import RedisServer
from tests.webhooks.moderation.asked_questions import (
    ALLOWED,
    DROPPING,
    SCAM,
    WithPlugin,
    ask,
    decided,
    question,
    the_event,
    the_first,
)
from tests.webhooks.samples import PASSWORD, USER, raw


class TestKept:
    def test_a_question_is_an_event(self, client: FlaskClient, kept: Kept) -> None:
        """Of the app and the rule of the URL, about the message under review; what came is in it as
        it was.
        """
        sent = b" " + json.dumps(question(), indent=1).encode()
        assert decided(ask(client, sent, "?app=app1&rule=scam")) == ALLOWED
        record = the_event(kept)
        assert (record.trigger, record.name) == ("moderation_requested", "moderation.requested")
        assert (record.app_id, record.sender) == ("app1", "harbor-ada")
        assert record.conversation_id == "harbor-ada_user_harbor-ben"
        assert record.occurred_at == 1_760_000_301_000
        assert record.headers["credential"] == USER
        assert sent in record.body
        event = event_of(record)
        assert (event.rule, event.message.id if event.message else None) == ("scam", "40771")
        assert event.context[0] == ("harbor-ada", "Is berth seven free?")

    def test_the_path_may_end_with_a_slash(self, client: FlaskClient) -> None:
        """As those of webhooks may."""
        assert decided(client.post("/moderation/", data=raw(question()), auth=(USER, PASSWORD)))

    def test_a_repeat_is_told_by_message_rule_and_text(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        """And not by what was said before, which grows."""
        later = question()
        later["contextMessages"].insert(0, {"harbor-ben": "Hello?"})
        for asked, query in (
            (question(), "?rule=scam"),
            (later, "?rule=scam"),
            (question(), "?rule=flood"),
            (question("free crypto"), "?rule=scam"),
        ):
            assert decided(ask(client, asked, query)) == ALLOWED
        kinds = [record.kind for record in kept()]
        assert (kinds.count(Kind.EVENT), kinds.count(Kind.DUPLICATE)) == (3, 1)

    def test_another_encoding_is_kept_as_json(self, client: FlaskClient, kept: Kept) -> None:
        """A mark at the start, or UTF-16, would not be JSON in the middle of an envelope."""
        for number, encoding in enumerate(("utf-8-sig", "utf-16")):
            asked = question("日本", id=f"{number}")
            assert decided(ask(client, json.dumps(asked, ensure_ascii=False).encode(encoding)))
        messages = [event_of(record).message for record in kept()]
        assert [message.text for message in messages if message] == ["日本", "日本"]

    def test_no_secret_is_kept_when_none_is_to_be(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """Nor in what is refused."""
        client = create_app(make_settings(COMETHOOKS_DROP_SECRETS="true")).test_client()
        ask(client, question(sender={"uid": "ada", "authToken": "3f9c8a-token"}))
        ask(client, {"authToken": "3f9c8a-token"})
        ask(client, b'{"authToken": "3f9c8a-token"')
        assert len(kept()) == 3
        assert not [record for record in kept() if b"3f9c8a-token" in record.body]


class TestDecided:
    def test_a_drop_meets_the_condition(self, with_plugin: WithPlugin, kept: Kept) -> None:
        """With why, and how surely."""
        assert decided(ask(with_plugin(DROPPING))) == SCAM
        record = the_event(kept)
        assert record.decision is DecisionAction.DROP
        assert [vote.decider for vote in record.votes] == ["guard.judge"]

    @pytest.mark.parametrize("code", ["return None", 'return Decision.annotate({"score": 3})'])
    def test_everything_else_does_not(self, with_plugin: WithPlugin, code: str) -> None:
        """An annotation means nothing here."""
        assert decided(ask(with_plugin(code))) == ALLOWED

    def test_a_reason_has_at_most_200_characters(self, with_plugin: WithPlugin) -> None:
        """Whatever the decider says."""
        answer = decided(ask(with_plugin("return Decision.drop('r' * 500)")))
        assert len(answer["reason"]) <= 200
        assert answer["isMatchingCondition"] is True

    def test_a_repeat_gets_the_first_verdict(self, with_plugin: WithPlugin, kept: Kept) -> None:
        """With its reason, though the decider thinks otherwise by now."""
        client = with_plugin(
            "judge.n = getattr(judge, 'n', 0) + 1\n"
            "    return Decision.drop('the first', 0.5) if judge.n == 1 else None"
        )
        first = decided(ask(client))
        assert first == {"isMatchingCondition": True, "confidence": 0.5, "reason": "the first"}
        assert decided(ask(client)) == first
        assert decided(ask(client, question("Something else."))) == ALLOWED
        assert the_first(kept).decision is DecisionAction.DROP

    def test_what_could_not_be_decided_may_be_asked_again(
        self, with_plugin: WithPlugin, kept: Kept
    ) -> None:
        """If the settings say so; CometChat then does what the list says about failures."""
        client = with_plugin("raise ValueError", COMETHOOKS_ON_DECISION_FAILURE="defer")
        answer = ask(client)
        assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) > 0
        [record] = kept()
        assert (record.kind, record.status) == (Kind.REFUSED, 503)
        assert decided(ask(with_plugin("raise ValueError"))) == ALLOWED

    def test_what_cannot_be_kept_is_decided_all_the_same(
        self, with_plugin: WithPlugin, redis_server: RedisServer, log: io.StringIO
    ) -> None:
        """Counted and logged."""
        client = with_plugin(DROPPING)
        assert decided(ask(client)) == SCAM
        redis_server.kill()
        answer = ask(client, question("More."))
        redis_server.start()
        assert decided(answer) == SCAM
        assert '"event":"not kept"' in log.getvalue().replace(": ", ":")
        shown = client.get("/metrics").get_data(as_text=True)
        lost = 'comethooks_requests_total{outcome="in_flight_lost",trigger="moderation_requested"}'
        assert f"{lost} 1.0" in shown


def test_it_begins_as_soon_as_a_webhook_does(make_settings: MakeSettings) -> None:
    """A server may call it where nobody may wait."""
    app = create_app(make_settings())
    environ = {"PATH_INFO": "/moderation", "CONTENT_LENGTH": "2000"}
    assert app.begins_soon(environ)
    assert not app.begins_soon({**environ, "CONTENT_LENGTH": "200000"})
    assert not app.begins_soon({**environ, "HTTP_CONTENT_ENCODING": "gzip"})
