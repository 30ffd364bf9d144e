"""What a call is answered while Redis is away."""

import io
import json
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from tests.application import MakeSettings
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.webhooks.app_calls import post, problem
from tests.webhooks.samples import in_flight, message


@pytest.fixture
def without_redis(make_settings: MakeSettings, own_redis_server: RedisServer) -> FlaskClient:
    """A client of an application that has lost its server."""
    client = create_app(make_settings(REDIS_URL=own_redis_server.url)).test_client()
    assert post(client, message()).status_code == 200
    own_redis_server.kill()
    return client


class TestWithoutRedis:
    @pytest.mark.parametrize("body", [message(), [], {}], ids=["event", "list", "empty"])
    def test_what_cannot_be_kept_is_503_within_a_second(
        self, without_redis: FlaskClient, body: Any
    ) -> None:
        started = time.monotonic()
        response = post(without_redis, body)
        assert time.monotonic() - started < 4  # of five that other calls of Redis may take
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "10"
        assert problem(response)

    @pytest.mark.parametrize("body", [in_flight(), {"trigger": "before_message"}])
    def test_a_message_in_flight_is_let_through_within_a_second(
        self, without_redis: FlaskClient, log: io.StringIO, body: Any
    ) -> None:
        started = time.monotonic()
        response = post(without_redis, body)
        assert time.monotonic() - started < 4  # of five that other calls of Redis may take
        assert (response.status_code, response.data) == (200, b"{}")
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        assert [line["event"] for line in lines] == ["not kept", "request"]
        assert lines[0]["in_flight"] is True
        assert lines[1]["outcome"] == "in_flight_lost"

    def test_a_server_that_hangs_costs_less_than_a_second_too(
        self, make_settings: MakeSettings, own_redis_server: RedisServer
    ) -> None:
        client = create_app(make_settings(REDIS_URL=own_redis_server.url)).test_client()
        post(client, message())
        own_redis_server.freeze()
        started = time.monotonic()
        assert post(client, message(id="4712")).status_code == 503
        assert time.monotonic() - started < 4  # of five that other calls of Redis may take

    def test_it_goes_on_as_soon_as_redis_is_back(
        self, without_redis: FlaskClient, own_redis_server: RedisServer
    ) -> None:
        assert post(without_redis, message(id="4712")).status_code == 503
        own_redis_server.start()
        wait_for(
            lambda: post(without_redis, message(id="4712")).status_code == 200,
            "an event is kept",
            seconds=2,
        )

    def test_a_stranger_is_refused_all_the_same(self, without_redis: FlaskClient) -> None:
        assert post(without_redis, message(), Authorization=None).status_code == 401
