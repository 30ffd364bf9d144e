"""CometChat as a source: what the settings change of it."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from comethooks.workers.record import Kind
from tests.application import Kept, MakeSettings
from tests.webhooks.samples import authorization, in_flight, message, raw

TOKEN = "3f9c8a-token-of-ada"


def post(client: FlaskClient, body: dict[str, Any]) -> Any:
    return client.post("/webhooks", data=raw(body), headers={"Authorization": authorization()})


def with_a_secret() -> dict[str, Any]:
    return message(sender={"uid": "ada", "authToken": TOKEN})


class TestStrictTriggers:
    @pytest.mark.parametrize("strict", ["after_message", "*", "message_sent,after_message"])
    def test_what_the_schemas_do_not_know_is_refused_and_kept(
        self, strict: str, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """With the path of each."""
        client = create_app(make_settings(COMETHOOKS_STRICT_TRIGGERS=strict)).test_client()
        answer = post(client, message(surprise=1, tags="no list"))
        assert answer.status_code == 422
        assert answer.json["errors"] == {
            "data.surprise": ["Not a known field."],
            "data.tags": ["Not of a known type."],
        }
        [record] = kept()
        assert (record.kind, record.status) == (Kind.REFUSED, 422)
        assert post(client, message()).status_code == 200

    def test_other_triggers_are_as_lenient_as_ever(self, make_settings: MakeSettings) -> None:
        """Strict is only what is named."""
        client = create_app(make_settings(COMETHOOKS_STRICT_TRIGGERS="message_sent")).test_client()
        assert post(client, message(surprise=1)).status_code == 200

    def test_a_message_in_flight_gets_its_decision_all_the_same(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """An answer that is no decision would be stored in the message."""
        client = create_app(make_settings(COMETHOOKS_STRICT_TRIGGERS="*")).test_client()
        answer = post(client, in_flight(surprise=1))
        assert (answer.status_code, answer.data) == (200, b"{}")
        assert kept()[0].kind is Kind.REFUSED


class TestLenientTriggers:
    @pytest.mark.parametrize("lenient", ["after_message", "*", "message_sent,after_message"])
    def test_a_body_that_does_not_fit_is_kept_and_marked(
        self, lenient: str, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """In its record, for whoever lists it, and as drift, for whoever counts it."""
        client = create_app(make_settings(COMETHOOKS_LENIENT_TRIGGERS=lenient)).test_client()
        assert post(client, message(id=...)).status_code == 200
        [record] = kept()
        assert (record.kind, record.headers["misfit"]) == (Kind.EVENT, "data.id")
        assert record.drift == (("misfit", "data.id"),)
        shown = client.get("/metrics").get_data(as_text=True)
        assert 'comethooks_drift_total{kind="misfit"} 1.0' in shown

    def test_other_triggers_are_refused_as_ever(self, make_settings: MakeSettings) -> None:
        """Lenient is only what is named."""
        client = create_app(make_settings(COMETHOOKS_LENIENT_TRIGGERS="message_sent")).test_client()
        assert post(client, message(id=...)).status_code == 422


class TestDropSecrets:
    def test_secrets_are_replaced_before_they_are_kept(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """Nothing in Redis or SQL has them then."""
        client = create_app(make_settings(COMETHOOKS_DROP_SECRETS="true")).test_client()
        assert post(client, with_a_secret()).status_code == 200
        [record] = kept()
        assert TOKEN.encode() not in record.body
        assert b'"authToken":"***"' in record.body
        assert record.size == len(record.body)

    def test_a_repeat_is_recognised_by_the_body_that_came(
        self, make_settings: MakeSettings
    ) -> None:
        """Dropping comes after that."""
        client = create_app(make_settings(COMETHOOKS_DROP_SECRETS="true")).test_client()
        first, second = post(client, with_a_secret()), post(client, with_a_secret())
        assert second.json == {"id": first.json["id"], "duplicate": True}

    def test_a_refused_body_loses_them_too(self, make_settings: MakeSettings, kept: Kept) -> None:
        """What is no JSON is kept without its text."""
        client = create_app(make_settings(COMETHOOKS_DROP_SECRETS="true")).test_client()
        assert (
            post(client, message(id=..., sender={"uid": "ada", "authToken": TOKEN})).status_code
            == 422
        )
        broken = raw(with_a_secret())[:-1]
        client.post("/webhooks", data=broken, headers={"Authorization": authorization()})
        assert len(kept()) == 2
        assert not [record for record in kept() if TOKEN.encode() in record.body]

    def test_by_default_the_bytes_are_kept(self, client: FlaskClient, kept: Kept) -> None:
        """Exports and replays have what came."""
        post(client, with_a_secret())
        assert kept()[0].body == raw(with_a_secret())


class TestCountOnly:
    def test_an_event_is_answered_and_counted_and_nowhere(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """The answer says so."""
        client = create_app(make_settings(COMETHOOKS_COUNT_ONLY="after_message")).test_client()
        answer = post(client, message())
        assert answer.status_code == 200
        assert answer.json == {"id": answer.headers["X-Request-Id"], "counted": True}
        assert kept() == []
        text = client.get("/metrics").get_data(as_text=True)
        assert 'comethooks_requests_total{outcome="counted",trigger="after_message"} 1.0' in text

    def test_what_does_not_fit_is_refused_and_kept(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """Somebody will want to see it."""
        client = create_app(make_settings(COMETHOOKS_COUNT_ONLY="after_message")).test_client()
        assert post(client, message(id=...)).status_code == 422
        assert kept()[0].kind is Kind.REFUSED

    def test_a_message_in_flight_gets_its_decision(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        """Whether it is kept or not."""
        client = create_app(make_settings(COMETHOOKS_COUNT_ONLY="before_message")).test_client()
        assert post(client, in_flight()).data == b"{}"
        assert kept() == []


class TestApps:
    def test_those_with_a_region_are_let_in_like_those_with_an_id(
        self, make_settings: MakeSettings
    ) -> None:
        """One list."""
        settings = make_settings(COMETHOOKS_APPS="app1:eu", COMETHOOKS_APP_IDS="app2")
        client = create_app(settings).test_client()
        statuses = [
            post(client, message(app_id=app)).status_code for app in ("app1", "app2", "app3")
        ]
        assert statuses == [200, 200, 403]


class TestDrift:
    def test_what_the_schemas_do_not_know_goes_with_the_event_and_is_counted(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        """By kind, once a body."""
        post(client, message(surprise=1, more=2, tags="no list"))
        assert set(kept()[0].drift) == {
            ("wrong type", "data.tags"),
            ("unknown field", "data.surprise"),
            ("unknown field", "data.more"),
        }
        text = client.get("/metrics").get_data(as_text=True)
        assert 'comethooks_drift_total{kind="unknown field"} 1.0' in text
        assert 'comethooks_drift_total{kind="wrong type"} 1.0' in text
