"""The routes of the webhooks, before Flask."""

import io
import json
import time
from collections.abc import Iterable
from typing import Any, ClassVar
from wsgiref.types import WSGIEnvironment

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from comethooks.schemas import Parsed
from comethooks.webhooks.app import Application, create_app
from comethooks.webhooks.sources import Headers, Refusal, Source
from tests.application import Kept, MakeSettings
from tests.redis_server import RedisServer
from tests.webhooks.samples import authorization, message


@pytest.fixture
def app(make_settings: MakeSettings) -> Application:
    return create_app(make_settings(), [Broken()])


class Broken(Source):
    """A source with a defect."""

    name: ClassVar[str] = "broken"

    def authenticate(self, headers: Headers, raw: bytes) -> str:
        raise ZeroDivisionError

    def decode(self, raw: bytes) -> Any:
        raise AssertionError("what is not authenticated is not read")

    def parse(self, body: Any, raw: bytes) -> Parsed:
        raise AssertionError("what is not authenticated is not read")

    def refuse(self, error: Exception) -> Refusal | None:
        return None


class Answering:
    """One call of the application, whose answer is not read yet."""

    def __init__(self, app: Flask, **data: Any) -> None:
        builder = EnvironBuilder(
            "/webhooks",
            method="POST",
            json=message(**data),
            headers={"Authorization": authorization()},
        )
        self.status = ""
        self._parts: Iterable[bytes] = app.wsgi_app(builder.get_environ(), self._start)

    def _start(self, status: str, headers: Any, exc_info: Any = None) -> Any:
        self.status = status

    def read(self) -> Any:
        return json.loads(b"".join(self._parts))


def environ(path: str) -> WSGIEnvironment:
    return EnvironBuilder(path, method="POST", json=message()).get_environ()


class TestTwoHalves:
    def test_calls_that_began_before_an_answer_is_read_are_kept_together(
        self, app: Flask, kept: Kept
    ) -> None:
        """Reading one answer sends all that have begun."""
        first, second = Answering(app, id="1"), Answering(app, id="2")
        assert kept() == []
        answers = [second.read()]
        ids = {record.id for record in kept()}
        answers.append(first.read())
        assert len(ids) == 2
        assert {answer["id"] for answer in answers} == ids
        assert (first.status, second.status) == ("200 OK", "200 OK")

    def test_the_answers_of_two_equal_calls_name_the_same_event(self, app: Flask) -> None:
        """Each has an answer of its own, though they went to Redis together."""
        first, second = Answering(app, id="1"), Answering(app, id="1")
        answers = [second.read(), first.read()]
        assert answers[0] == {**answers[1], "duplicate": True}


class TestBegunSoon:
    """What a server may call in its main loop."""

    @pytest.mark.parametrize("path", ["/webhooks", "/webhooks/", "/webhooks/cometchat"])
    @pytest.mark.parametrize("proxies", ["0", "1"])
    def test_a_usual_webhook_is_begun_soon(
        self, make_settings: MakeSettings, path: str, proxies: str
    ) -> None:
        app = create_app(make_settings(COMETHOOKS_TRUSTED_PROXIES=proxies))
        assert app.begins_soon(environ(path))

    @pytest.mark.parametrize("path", ["/webhooks/broken", "/interactions/abc", "/healthz", "/"])
    def test_what_may_take_its_time_is_not(self, app: Application, path: str) -> None:
        """Another source, a stranger's press, and what Flask serves."""
        assert not app.begins_soon(environ(path))

    @pytest.mark.parametrize(
        "more",
        [
            {"CONTENT_LENGTH": "16385"},
            {"CONTENT_LENGTH": ""},
            {"CONTENT_LENGTH": "much"},
            {"HTTP_CONTENT_ENCODING": "gzip"},
        ],
    )
    def test_a_body_that_may_take_long_to_judge_is_not(
        self, app: Application, more: dict[str, str]
    ) -> None:
        """One that is large, inflated, or of a length that cannot be told."""
        assert app.begins_soon({**environ("/webhooks"), "CONTENT_LENGTH": "16384"})
        assert not app.begins_soon({**environ("/webhooks"), **more})

    def test_to_begin_waits_for_nothing(
        self, own_redis_server: RedisServer, make_settings: MakeSettings
    ) -> None:
        """A Redis that does not answer is waited for when the answer is read."""
        app = create_app(make_settings(REDIS_URL=own_redis_server.url))
        own_redis_server.freeze()
        started = time.monotonic()
        begun = [Answering(app, id=str(number)) for number in range(3)]
        seconds = time.monotonic() - started
        assert [call.read()["status"] for call in begun] == [503] * 3
        assert seconds < 0.2


class TestRoutes:
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
    def test_another_method_is_told_which_one_is_taken(self, app: Flask, method: str) -> None:
        response = app.test_client().open("/webhooks", method=method)
        assert (response.status_code, response.headers["Allow"]) == (405, "POST")
        assert response.get_json()["request_id"] == response.headers["X-Request-Id"]

    def test_a_question_for_the_head_alone_has_no_body(self, app: Flask) -> None:
        response = app.test_client().head("/webhooks")
        assert (response.status_code, response.data) == (405, b"")

    @pytest.mark.parametrize("path", ["/webhooks/", "/webhooks/cometchat", "/webhooks/cometchat/"])
    def test_a_slash_at_the_end_makes_no_difference(self, app: Flask, path: str) -> None:
        headers = {"Authorization": authorization()}
        assert app.test_client().post(path, json=message(), headers=headers).status_code == 200

    @pytest.mark.parametrize("path", ["//webhooks", "/webhooks//", "/Webhooks", "/webhooks/other"])
    def test_another_path_is_flasks(self, app: Flask, path: str) -> None:
        assert app.test_client().post(path, json=message()).status_code == 404

    def test_a_defect_is_a_problem_and_counted(self, app: Flask, log: io.StringIO) -> None:
        """Its sender learns the request id, and the log the place."""
        response = app.test_client().post("/webhooks/broken")
        assert response.status_code == 500
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        assert [(line["event"], line["id"]) for line in lines] == [
            ("request failed", response.headers["X-Request-Id"]),
            ("request", response.headers["X-Request-Id"]),
        ]
        assert lines[0]["error"] == "ZeroDivisionError"
        assert b"comethooks_failures_total 1.0" in app.test_client().get("/metrics").data
