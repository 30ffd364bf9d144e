"""Questions of moderation that are of no app, or cannot be read."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from comethooks.workers.record import Kind
from tests.application import Kept, MakeSettings
from tests.webhooks.moderation.asked_questions import (
    ALLOWED,
    BUDGET_SECONDS,
    WithPlugin,
    ask,
    decided,
    question,
    the_event,
)
from tests.webhooks.samples import USER

MAX_BODY = 1024 * 1024


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
