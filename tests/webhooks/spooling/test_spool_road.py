"""What is answered while Redis does not take events, and what becomes of them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import Application, create_app
from comethooks.workers.record import Kind
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from comethooks.workers.spool.spool import Spool
from comethooks.workers.streams import keys
from comethooks.workers.streams.backlog import entries
from tests.application import Kept, MakeSettings
from tests.bodies import body
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.webhooks.interactions.device_presses import BODY, KEYS, token
from tests.webhooks.moderation.asked_questions import ALLOWED
from tests.webhooks.samples import authorization, in_flight, message, raw

HEADERS = {"Authorization": authorization(), "Content-Type": "application/json"}


class Host:
    """An application with a spool, and the spool as others see it."""

    def __init__(self, settings: Settings) -> None:
        self.app: Application = create_app(settings)
        self.client: FlaskClient = self.app.test_client()
        spool = open_spool(settings)
        assert spool is not None
        self.spool: Spool = spool

    def post(self, body: object) -> tuple[int, dict[str, object]]:
        """The status and the document of the answer to a body."""
        answer = self.client.post("/webhooks", data=raw(body), headers=HEADERS)
        return answer.status_code, json.loads(answer.data)

    def ids(self) -> list[str]:
        """What is in the spool."""
        return [each.record.id for each in self.spool.entries()]

    def end(self) -> None:
        self.app.end_emptying()
        self.spool.close()


@pytest.fixture
def make_host(make_settings: MakeSettings) -> Iterator[Callable[..., Host]]:
    made: list[Host] = []

    def make(**variables: str) -> Host:
        made.append(Host(make_settings(**{"COMETHOOKS_SPOOL_MAX_BYTES": "100MB", **variables})))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def away(tmp_path: Path) -> str:
    """A Redis that is not there."""
    return f"unix://{tmp_path}/none.sock"


def test_while_redis_is_away_the_answer_is_200_and_the_id_that_it_keeps(
    make_host: Callable[..., Host], away: str
) -> None:
    """Events, what is in flight with its decision, and refusals; each is in the spool then."""
    host = make_host(REDIS_URL=away)
    status, first = host.post(message(id="1"))
    assert (status, list(first)) == (200, ["id"])
    assert host.ids() == [first["id"]]
    assert host.post(in_flight()) == (200, {})
    assert host.post({"trigger": "after_message"})[0] == 422
    kinds = [each.record.kind for each in host.spool.entries()]
    assert kinds == [Kind.EVENT, Kind.EVENT, Kind.REFUSED]


def test_presses_and_questions_of_moderation_are_spooled_too(
    make_host: Callable[..., Host], away: str
) -> None:
    """Each is answered as if Redis were there, and is in the spool with what it is."""
    host = make_host(REDIS_URL=away, **KEYS)
    pressed = host.client.post(f"/interactions/{token()}", json=BODY)
    assert (pressed.status_code, pressed.json) == (200, {})
    asked = host.client.post(
        "/moderation?app=app1", data=raw(body("moderation_requested")["data"]), headers=HEADERS
    )
    assert (asked.status_code, asked.json) == (200, ALLOWED)
    triggers = [each.record.trigger for each in host.spool.entries()]
    assert triggers == ["ui_message_interacted", "moderation_requested"]


def test_repeats_get_ids_of_their_own_and_become_duplicates(
    make_host: Callable[..., Host], own_redis_server: RedisServer
) -> None:
    """Of the first that came, when Redis is back; what is sent then is told as one at once."""
    host = make_host(REDIS_URL=own_redis_server.url)
    own_redis_server.kill()
    ids = [host.post(message(id="1"))[1]["id"] for _ in range(3)]
    assert len(set(ids)) == 3
    own_redis_server.start()
    wait_for(lambda: not host.spool.holds, "the spool is empty")
    with own_redis_server.client() as client:
        found = {entry.record.id: entry.record for entry in entries(client, range(16))}
    assert [found[str(each)].event_id for each in ids] == [None, ids[0], ids[0]]
    wait_for(lambda: host.post(message(id="1"))[1].get("duplicate"), "it is known")
    assert host.post(message(id="1"))[1] == {"id": ids[0], "duplicate": True}


def test_a_full_backlog_goes_to_the_spool(
    make_host: Callable[..., Host], redis_server: RedisServer, kept: Kept
) -> None:
    """And from there to Redis when there is room."""
    host = make_host(COMETHOOKS_MAX_BACKLOG_BYTES="10kB")
    with redis_server.client() as client:
        client.set(keys.BACKLOG, 10_000)
        status, answer = host.post(message(id="1"))
        assert status == 200
        wait_for(lambda: "full" in (host.spool.status().reason or ""), "it says why")
        assert kept() == []
        client.set(keys.BACKLOG, 0)
    wait_for(lambda: [each.id for each in kept()] == [answer["id"]], "it is in Redis")


def test_when_the_spool_is_full_it_is_503_as_without_one(
    make_host: Callable[..., Host], away: str
) -> None:
    """Refusals stop before, at half of it."""
    host = make_host(REDIS_URL=away, COMETHOOKS_SPOOL_MAX_BYTES="40000")
    refused, statuses = [], []
    while not statuses or statuses[-1] == 200:
        statuses.append(host.post(message(id=str(len(statuses))))[0])
        refused.append(host.post({"trigger": "after_message"})[0])
    assert statuses[-1] == 503
    assert 5 < refused.index(503) < len(refused) - 5
    assert host.spool.status().records == len([each for each in statuses if each == 200]) + len(
        [each for each in refused if each == 422]
    )


def test_when_the_spool_fails_redis_takes_it(
    make_host: Callable[..., Host], redis_server: RedisServer, kept: Kept
) -> None:
    """An event that is kept, and gets ahead of others, is better than one that is lost."""
    host = make_host(COMETHOOKS_MAX_BACKLOG_BYTES="10kB", COMETHOOKS_SPOOL_MAX_BYTES="20000")
    with redis_server.client() as client:
        client.set(keys.BACKLOG, 10_000)
        number = 0
        while host.post(message(id=str(number)))[0] == 200:
            number += 1
        with host.spool.emptying:  # so that it stays full
            client.set(keys.BACKLOG, 0)
            status, answer = host.post(message(id=str(number)))
    assert status == 200
    assert answer["id"] in {each.id for each in kept()}


def test_secrets_are_dropped_before_they_are_in_the_spool(
    make_host: Callable[..., Host], away: str
) -> None:
    """Where they are to be dropped at all."""
    host = make_host(REDIS_URL=away, COMETHOOKS_DROP_SECRETS="true")
    host.post(message(id="1", authToken="a-very-secret-token"))
    [path] = host.spool.folder.glob("*.spool")
    assert b"the tide is in" in path.read_bytes()
    assert b"a-very-secret-token" not in path.read_bytes()
