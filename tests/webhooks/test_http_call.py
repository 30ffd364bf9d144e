"""What is logged of a call."""

import io
import json

from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from tests.application import MakeSettings
from tests.webhooks.app_calls import post, problem
from tests.webhooks.samples import PASSWORD, USER, authorization, in_flight, message, raw


class TestLog:
    def test_every_call_is_one_line(self, client: FlaskClient, log: io.StringIO) -> None:
        response = post(client, message())
        (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
        assert line["id"] == response.headers["X-Request-Id"]
        assert (line["event"], line["level"], line["endpoint"]) == ("request", "info", "webhooks")
        assert (line["status"], line["outcome"], line["trigger"]) == (
            200,
            "accepted",
            "after_message",
        )
        assert line["size"] == len(raw(message()))
        assert line["ms"] >= 0

    def test_being_asked_for_health_is_not_worth_a_line(
        self, client: FlaskClient, log: io.StringIO
    ) -> None:
        for path in ("/healthz", "/readyz", "/metrics"):
            client.get(path)
        assert log.getvalue() == ""

    def test_nothing_of_a_body_a_credential_or_a_url_is_in_any_line(
        self, client: FlaskClient, log: io.StringIO
    ) -> None:
        planted = "pl4nted"
        bodies = [
            message(data={"text": planted}, metadata={"token": planted}),
            message(sender=[planted], surprise=planted),
            message(trigger=f"{planted} {planted}"),
            message(app_id=planted),
            {planted: planted},
            [planted],
            planted.encode(),
            in_flight(data={"text": planted}),
            {"trigger": "before_message", "data": {planted: planted}},
        ]
        for body in bodies:
            post(client, body)
            post(
                client, body, Content_Type=f"text/{planted}", User_Agent=planted, X_Planted=planted
            )
            post(client, body, Authorization=authorization(planted, planted))
            post(client, body, Authorization=f"Bearer {planted}")
        client.get(f"/{planted}?token={planted}")
        client.post(f"/webhooks?token={planted}", data=planted)
        assert len(log.getvalue().splitlines()) == 4 * len(bodies) + 2
        for secret in (planted, PASSWORD, authorization().split()[1], USER):
            assert secret not in log.getvalue()

    def test_an_unexpected_exception_is_a_problem_and_its_text_stays_out_of_the_log(
        self, make_settings: MakeSettings, log: io.StringIO
    ) -> None:
        app = create_app(make_settings())

        @app.get("/broken")
        def broken() -> str:
            raise ValueError("pl4nted")

        response = app.test_client().get("/broken")
        assert response.status_code == 500
        assert problem(response)
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        assert (lines[0]["event"], lines[0]["error"]) == ("request failed", "ValueError")
        assert "test_http_call.py" in lines[0]["at"]
        assert "pl4nted" not in log.getvalue() + response.text
        assert "comethooks_failures_total 1.0" in app.test_client().get("/metrics").text
