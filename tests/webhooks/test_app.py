"""The application over HTTP, with a real server behind it."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from comethooks.workers.record import Kind
from comethooks.workers.settings.credentials import NoCredentialsError
from tests.application import Kept, MakeSettings
from tests.webhooks.app_calls import post, problem
from tests.webhooks.samples import PASSWORD, USER, authorization, in_flight, message, raw

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class TestFactory:
    def test_without_credentials_there_is_no_application_and_a_lesson(
        self, make_settings: MakeSettings
    ) -> None:
        with pytest.raises(
            NoCredentialsError,
            match=r"Set COMETHOOKS_BASIC_AUTH=user:password .* or run `comethooks up`",
        ):
            create_app(make_settings(COMETHOOKS_BASIC_AUTH=""))

    def test_it_opens_no_connection(self, make_settings: MakeSettings) -> None:
        app = create_app(make_settings(REDIS_URL="unix:///nowhere/redis.sock"))
        assert app.test_client().get("/healthz").status_code == 200


class TestAccepting:
    def test_an_event_is_kept_under_the_id_of_its_request(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        response = post(client, message(), User_Agent="CometChat", Content_Type="Application/json")
        assert response.status_code == 200
        assert response.content_type == "application/json"
        assert response.json == {"id": response.headers["X-Request-Id"]}
        (record,) = kept()
        assert (record.kind, record.id, record.body) == (
            Kind.EVENT,
            response.json["id"],
            raw(message()),
        )
        assert record.headers == {
            "content_type": "Application/json",
            "remote_address": "127.0.0.1",
            "user_agent": "CometChat",
            "credential": USER,
        }

    def test_a_repeat_is_answered_with_the_first_id_and_kept_as_a_repeat(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        first, second = post(client, message()), post(client, message())
        assert first.json
        assert second.json == {"id": first.json["id"], "duplicate": True}
        assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
        by_kind = {record.kind: record for record in kept()}
        assert by_kind.keys() == {Kind.EVENT, Kind.DUPLICATE}
        assert by_kind[Kind.DUPLICATE].event_id == first.json["id"]

    def test_of_fifty_at_once_one_is_the_first_and_all_name_it(
        self, make_settings: MakeSettings, kept: Kept
    ) -> None:
        app = create_app(make_settings())
        with ThreadPoolExecutor(50) as pool:
            answers = [
                future.result().json
                for future in [
                    pool.submit(lambda: post(app.test_client(), message())) for _ in range(50)
                ]
            ]
        assert len({answer["id"] for answer in answers}) == 1
        assert sum("duplicate" not in answer for answer in answers) == 1
        assert sum(record.kind is Kind.EVENT for record in kept()) == 1

    def test_what_the_sender_calls_its_request_is_not_our_id(self, client: FlaskClient) -> None:
        response = post(client, message(), X_Request_Id="mine")
        assert UUID7.fullmatch(response.headers["X-Request-Id"])

    def test_a_slash_at_the_end_of_the_url_does_not_matter(self, client: FlaskClient) -> None:
        response = client.post(
            "/webhooks/", data=raw(message()), headers={"Authorization": authorization()}
        )
        assert response.status_code == 200

    def test_long_headers_are_kept_in_part(self, client: FlaskClient, kept: Kept) -> None:
        post(client, message(), User_Agent="x" * 5000)
        assert len(kept()[0].headers["user_agent"]) == 256

    @pytest.mark.parametrize(
        "proxies, address", [("0", "127.0.0.1"), ("1", "192.0.2.9"), ("2", "198.51.100.7")]
    )
    def test_forwarded_addresses_are_believed_as_far_as_proxies_are_trusted(
        self, make_settings: MakeSettings, kept: Kept, proxies: str, address: str
    ) -> None:
        client = create_app(make_settings(COMETHOOKS_TRUSTED_PROXIES=proxies)).test_client()
        post(client, message(), X_Forwarded_For="203.0.113.5, 198.51.100.7, 192.0.2.9")
        assert kept()[0].headers["remote_address"] == address


class TestRefusing:
    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "Basic",
            "Bearer abc",
            "Basic !!!",
            authorization("cometchat", "wrong"),
            authorization("x", PASSWORD),
        ],
    )
    def test_a_stranger_is_told_how_to_authenticate(
        self, client: FlaskClient, header: str | None
    ) -> None:
        response = post(client, message(), Authorization=header)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Basic realm="comethooks", charset="UTF-8"'
        assert "COMETHOOKS_BASIC_AUTH" in problem(response)["detail"]

    def test_of_many_strangers_one_is_kept_as_a_sample(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        for _ in range(20):
            post(client, message(), Authorization=authorization("stranger", "danger"))
        (record,) = kept()
        assert (record.kind, record.status, record.body) == (Kind.REFUSED, 401, b"")
        assert record.reason == "wrong user name or password"
        assert "stranger" not in repr(record)

    @pytest.mark.parametrize(
        "body, headers, status",
        [
            (b"{", {}, 400),
            ([], {}, 400),
            ("text", {}, 400),
            (b"text=hello", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
            (message(app_id="app9"), {}, 403),
            (message(app_id=None), {}, 403),
            ({"trigger": "after_message", "appId": "app1"}, {}, 422),
            (b" " * 2000, {}, 413),
        ],
    )
    def test_a_known_sender_is_refused_with_a_problem_and_the_request_is_kept(
        self,
        make_settings: MakeSettings,
        kept: Kept,
        body: Any,
        headers: dict[str, str],
        status: int,
    ) -> None:
        settings = make_settings(COMETHOOKS_APP_IDS="app1", COMETHOOKS_MAX_BODY="1000")
        response = post(create_app(settings).test_client(), body, **headers)
        assert response.status_code == status
        document = problem(response)
        assert ("errors" in document) == (status == 422)
        (record,) = kept()
        assert (record.kind, record.id, record.status) == (
            Kind.REFUSED,
            document["request_id"],
            status,
        )
        assert record.body == (
            b"" if status == 413 else body if isinstance(body, bytes) else raw(body)
        )

    def test_a_missing_field_is_named_by_its_path(self, client: FlaskClient) -> None:
        response = post(client, message(id=...))
        assert list(problem(response)["errors"]) == ["data.id"]

    def test_without_a_content_type_json_is_taken_for_json(self, client: FlaskClient) -> None:
        assert post(client, message(), Content_Type=None).status_code == 200

    @pytest.mark.parametrize(
        "method, path, status",
        [
            ("GET", "/", 404),
            ("POST", "/nothing", 404),
            ("POST", "//webhooks", 404),
            ("GET", "/webhooks", 405),
            ("PUT", "/webhooks", 405),
            ("OPTIONS", "/webhooks", 405),
            ("POST", "/healthz", 405),
        ],
    )
    def test_wrong_paths_and_methods_are_problems(
        self, client: FlaskClient, method: str, path: str, status: int
    ) -> None:
        response = client.open(path, method=method)
        assert response.status_code == status
        assert problem(response)
        assert ("Allow" in response.headers) == (status == 405)

    @pytest.mark.parametrize("path", ["/webhooks", "/moderation", "/healthz", "/readyz", "/"])
    def test_no_browser_is_asked_for_credentials(self, client: FlaskClient, path: str) -> None:
        """One that knew them would send them with what pages of others have it send."""
        for method in ("GET", "HEAD", "OPTIONS"):
            response = client.open(path, method=method)
            assert "WWW-Authenticate" not in response.headers
            assert "Set-Cookie" not in response.headers


class TestInFlight:
    @pytest.mark.parametrize(
        "body, headers, kind",
        [
            (in_flight(), {}, Kind.EVENT),
            ({"trigger": "before_message"}, {}, Kind.REFUSED),
            ({**in_flight(), "appId": "app9"}, {}, Kind.REFUSED),
            (in_flight(), {"Content_Type": "text/plain"}, Kind.REFUSED),
        ],
        ids=["fits", "does not", "foreign app", "content type"],
    )
    def test_the_answer_is_an_empty_object_and_it_is_kept(
        self,
        make_settings: MakeSettings,
        kept: Kept,
        body: Any,
        headers: dict[str, str],
        kind: Kind,
    ) -> None:
        client = create_app(make_settings(COMETHOOKS_APP_IDS="app1")).test_client()
        for _ in range(2):
            response = post(client, body, **headers)
            assert (response.status_code, response.data) == (200, b"{}")
        assert kept()[0].kind is kind
        assert kept()[0].status == 200

    def test_a_stranger_is_refused_all_the_same(self, client: FlaskClient) -> None:
        assert post(client, in_flight(), Authorization=None).status_code == 401
