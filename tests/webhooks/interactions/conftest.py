"""The application that takes presses."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from comethooks.webhooks.app import create_app
from tests.application import MakeSettings
from tests.webhooks.interactions.device_presses import KEYS, NOWHERE, Begin, Post, token


@pytest.fixture
def client(make_settings: MakeSettings) -> FlaskClient:
    return create_app(make_settings(**KEYS)).test_client()


@pytest.fixture
def post(client: FlaskClient) -> Post:
    return Post(client)


@pytest.fixture
def begin(client: FlaskClient) -> Begin:
    """Begins with a press; what comes back waits for the status of its answer."""

    def call(body: Any) -> Callable[[], str]:
        builder = EnvironBuilder(f"/interactions/{token()}", method="POST", json=body)
        statuses: list[str] = []
        parts = client.application.wsgi_app(
            builder.get_environ(), lambda status, *_: statuses.append(status)
        )

        def finish() -> str:
            assert b"".join(parts)
            return statuses[0]

        return finish

    return call


@pytest.fixture
def without_redis(make_settings: MakeSettings) -> Post:
    return Post(create_app(make_settings(**KEYS, REDIS_URL=NOWHERE)).test_client())
