"""`POST /moderation`: what a list of CometChat's moderation is answered, and what is kept."""

import copy
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from comethooks.webhooks.app import create_app
from comethooks.workers.record import Kind, Record, event_of
from comethooks.workers.states import DecisionAction
from tests.application import Kept, MakeSettings
from tests.bodies import body
from tests.redis_server import RedisServer
from tests.webhooks.samples import PASSWORD, USER, raw

ALLOWED = {"isMatchingCondition": False, "confidence": 0.0, "reason": ""}
SCAM = {"isMatchingCondition": True, "confidence": 0.97, "reason": "scam: free crypto"}
DROPPING = 'return Decision.drop("scam: free crypto", 0.97)'
BUDGET_SECONDS = 0.8
MAX_BODY = 1024 * 1024

WithPlugin = Callable[..., FlaskClient]


@pytest.fixture
def with_plugin(make_settings: MakeSettings, tmp_path: Path) -> Iterator[WithPlugin]:
    """A client of the application with a decider of this code, and what else is set."""
    apps = []

    def make(code: str, **variables: str) -> FlaskClient:
        folder = tmp_path / "plugins"
        folder.mkdir(exist_ok=True)
        (folder / "guard.py").write_text(
            "from comethooks import Decision, Plugin\n"
            'plugin = Plugin("guard")\n'
            '@plugin.decide("moderation_requested")\n'
            f"def judge(event, ctx):\n    {code}\n"
        )
        apps.append(create_app(make_settings(**variables)))
        return apps[-1].test_client()

    yield make
    for app in apps:
        app.deciding.close()


def question(text: str = "Then I take it.", **fields: Any) -> dict[str, Any]:
    """What CometChat asks about a text."""
    asked: dict[str, Any] = copy.deepcopy(body("moderation_requested")["data"])
    message = asked["contextMessages"][-1]["harbor-ben"]
    message.update(fields)
    message["data"]["text"] = text
    return asked


def ask(client: FlaskClient, asked: Any = None, query: str = "", **options: Any) -> TestResponse:
    """The answer to a question of somebody with the password."""
    sent = asked if isinstance(asked, bytes) else raw(question() if asked is None else asked)
    known: dict[str, Any] = {"data": sent, "auth": (USER, PASSWORD), **options}
    return client.post(f"/moderation{query}", **known)


def decided(answer: TestResponse) -> Any:
    """What was decided."""
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    return answer.json


def the_event(kept: Kept) -> Record:
    """The one event that was kept."""
    [record] = [each for each in kept() if each.kind is Kind.EVENT]
    return record


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


def the_first(kept: Kept) -> Record:
    """The event that was kept first."""
    return next(record for record in kept() if record.kind is Kind.EVENT)


class TestApp:
    TWO: dict[str, str] = {"COMETHOOKS_APP_IDS": "app1,app2"}

    def test_the_only_one_is_meant_where_the_url_names_none(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        client = create_app(make_settings(COMETHOOKS_APP_IDS="app1")).test_client()
        assert decided(ask(client)) == ALLOWED
        assert the_event(kept).app_id == "app1"

    def test_of_several_the_url_has_to_name_one(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """Whoever entered it learns which there are."""
        client = create_app(make_settings(**self.TWO)).test_client()
        answer = ask(client)
        assert answer.status_code == 422
        assert answer.json is not None
        assert answer.json["errors"] == {
            "?app": ["Missing, and there are several apps: one of app1, app2."]
        }
        [record] = kept()
        assert (record.status, record.trigger) == (422, "moderation_requested")
        assert decided(ask(client, query="?app=app2&rule=x"))
        assert the_event(kept).app_id == "app2"

    def test_an_app_that_is_not_known_may_not_ask(self, make_settings: MakeSettings) -> None:
        """As at the webhooks."""
        client = create_app(make_settings(**self.TWO)).test_client()
        answer = ask(client, query="?app=other")
        assert answer.status_code == 403
        assert answer.json is not None
        assert answer.json["detail"].startswith("The URL has the app id 'other'")

    @pytest.mark.parametrize("query", ["?rule=", "?rule=a%20b", "?rule=%00", f"?rule={'r' * 101}"])
    def test_a_rule_has_harmless_characters(self, client: FlaskClient, query: str) -> None:
        """It stands in logs, listings and cases."""
        answer = ask(client, query=query)
        assert answer.status_code == 422
        assert answer.json is not None
        assert list(answer.json["errors"]) == ["?rule"]

    @pytest.mark.parametrize(
        ("query", "named"),
        [("?app=a&app=b", "?app"), ("?app=", "?app"), ("?" + "&".join(["x=1"] * 30), "?")],
    )
    def test_an_app_is_named_once_and_in_words(
        self, make_settings: MakeSettings, query: str, named: str
    ) -> None:
        client = create_app(make_settings(**self.TWO)).test_client()
        answer = ask(client, query=query)
        assert answer.status_code == 422
        assert answer.json is not None
        assert list(answer.json["errors"]) == [named]

    def test_other_parameters_do_not_matter(self, client: FlaskClient) -> None:
        """A dashboard may add some."""
        assert decided(ask(client, query="?rule=scam&utm=1&x"))


class TestBadInput:
    @pytest.mark.parametrize("auth", [None, (USER, "wrong")])
    def test_a_stranger_gets_401(self, client: FlaskClient, auth: Any) -> None:
        """And learns nothing of the apps."""
        answer = ask(client, auth=auth)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")

    @pytest.mark.parametrize("sent", [b"", b"no", b"[]", b'{"contextMessages": [', b"7"])
    def test_what_is_no_json_object_gets_400(
        self, client: FlaskClient, kept: Kept, sent: bytes
    ) -> None:
        """It is kept as it came."""
        assert ask(client, sent).status_code == 400
        [record] = kept()
        assert (record.kind, record.status, record.body) == (Kind.REFUSED, 400, sent)

    @pytest.mark.parametrize(
        ("messages", "path"),
        [
            ([], "contextMessages"),
            ("no list", "contextMessages"),
            ([{"ada": "hi"}] * 51, "contextMessages"),
            ([{"ada": "hi"}, {"ada": "hi"}], "contextMessages[1]"),
            ([{"ada": "hi"}, 7], "contextMessages[1]"),
        ],
    )
    def test_what_has_no_message_under_review_gets_422_with_the_path(
        self, client: FlaskClient, kept: Kept, messages: Any, path: str
    ) -> None:
        """In what was sent, which knows nothing of our envelope."""
        answer = ask(client, {"contextMessages": messages})
        assert answer.status_code == 422
        assert answer.json is not None
        assert list(answer.json["errors"]) == [path]
        [record] = kept()
        assert (record.kind, record.status) == (Kind.REFUSED, 422)
        assert list(record.errors or ()) == [path]

    def test_no_list_at_all_gets_422(self, client: FlaskClient) -> None:
        answer = ask(client, {})
        assert answer.status_code == 422
        assert answer.json is not None
        assert answer.json["errors"] == {"contextMessages": ["Missing data for required field."]}

    @pytest.mark.parametrize(
        "asked",
        [
            question(category="hologram"),
            question("x" * (MAX_BODY - 2000)),
            question("a\x00b"),
            question("\ud83d half"),
            question("a" + "\u0301" * 10_000),
        ],
        ids=["category", "1 MB", "NUL", "surrogate", "marks"],
    )
    def test_what_is_strange_is_decided_in_time(
        self, with_plugin: WithPlugin, kept: Kept, asked: dict[str, Any]
    ) -> None:
        """And kept."""
        client = with_plugin("return Decision.drop('strange') if event.message.text else None")
        decided(ask(client, query="?rule=warm"))
        began = time.monotonic()
        answer = decided(ask(client, asked))
        assert time.monotonic() - began < BUDGET_SECONDS
        assert answer["isMatchingCondition"] is True
        assert len(kept()) == 2

    def test_more_than_the_limit_gets_413(self, client: FlaskClient) -> None:
        assert ask(client, question("x" * MAX_BODY)).status_code == 413

    def test_another_content_type_gets_415(self, client: FlaskClient) -> None:
        assert ask(client, content_type="text/html").status_code == 415
        assert decided(ask(client, content_type="Application/json"))

    def test_another_method_gets_405(self, client: FlaskClient) -> None:
        answer = client.get("/moderation")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_it_begins_as_soon_as_a_webhook_does(make_settings: MakeSettings) -> None:
    """A server may call it where nobody may wait."""
    app = create_app(make_settings())
    environ = {"PATH_INFO": "/moderation", "CONTENT_LENGTH": "2000"}
    assert app.begins_soon(environ)
    assert not app.begins_soon({**environ, "CONTENT_LENGTH": "200000"})
    assert not app.begins_soon({**environ, "HTTP_CONTENT_ENCODING": "gzip"})
