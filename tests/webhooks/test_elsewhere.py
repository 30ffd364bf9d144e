"""Requests to paths that are not ours: counted, and sampled with their path."""

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.record import Kind
from comethooks.workers.settings.interaction_keys import InteractionKey
from tests.application import Kept, MakeSettings
from tests.redis_server import RedisServer
from tests.webhooks.samples import authorization, message

KNOWN = {"Authorization": authorization()}


def counted(client: FlaskClient) -> float:
    """What `/metrics` says of them."""
    lines = client.get("/metrics").text.splitlines()
    found = [line for line in lines if 'outcome="not_routed"' in line]
    return float(found[0].split()[-1]) if found else 0


def test_the_path_is_kept_without_its_query(client: FlaskClient, kept: Kept) -> None:
    """With who called it, as far as that is known, and without what was sent."""
    answer = client.post("/chat/webhooks?token=s3cret", json=message(), headers=KNOWN)
    assert answer.status_code == 404
    (record,) = kept()
    assert (record.kind, record.status, record.body) == (Kind.REFUSED, 404, b"")
    assert record.id == answer.headers["X-Request-Id"]
    assert record.reason == "POST /chat/webhooks is not routed"
    assert record.headers["path"] == "/chat/webhooks"
    assert record.headers["credential"] == "cometchat"
    assert "s3cret" not in repr(record)


def test_of_many_one_is_kept_and_strangers_take_nobodys_turn(
    client: FlaskClient, kept: Kept
) -> None:
    for _ in range(5):
        client.get("/wp-login.php")
    for _ in range(5):
        client.post("/hooks", json=message(), headers=KNOWN)
    assert {record.reason: record.headers.get("credential") for record in kept()} == {
        "GET /wp-login.php is not routed": None,
        "POST /hooks is not routed": "cometchat",
    }
    assert len(kept()) == 2
    assert counted(client) == 10


@pytest.mark.parametrize(
    ("path", "said"),
    [("/caf%C3%A9/%00%ff", "/café/"), ("/" + "a" * 5000, "/" + "a" * 190)],
    ids=["bytes", "long"],
)
def test_whatever_a_path_holds_can_be_kept(
    client: FlaskClient, kept: Kept, path: str, said: str
) -> None:
    assert client.get(path).status_code == 404
    (record,) = kept()
    assert record.headers["path"].startswith(said)
    assert len(record.headers["path"]) <= 200


def test_a_method_that_is_not_allowed_is_no_wrong_path(client: FlaskClient, kept: Kept) -> None:
    client.get("/webhooks")
    assert (kept(), counted(client)) == ([], 0)


def test_the_answer_is_the_same_when_it_cannot_be_kept(
    make_settings: MakeSettings, own_redis_server: RedisServer
) -> None:
    client = create_app(make_settings(REDIS_URL=own_redis_server.url)).test_client()
    own_redis_server.kill()
    assert client.post("/hooks", headers=KNOWN).status_code == 404


def test_a_path_with_a_token_is_kept_without_it(client: FlaskClient, kept: Kept) -> None:
    """A proxy that passes on a path as it is brings presses here."""
    token = mint([InteractionKey("k1", b"a-key-of-the-test")], InteractionToken(app="a", muid="m"))
    client.post(f"/api/interactions/{token}", json={})
    [record] = kept()
    assert record.headers["path"] == "/api/interactions/***"
    assert record.reason == "POST /api/interactions/*** is not routed"
