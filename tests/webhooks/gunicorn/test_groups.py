"""Requests that are there at the same time: each gets what it would get alone."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comethooks.webhooks.gunicorn.groups import MOST_GROUPS, MOST_REQUESTS, Waiting
from comethooks.workers.settings.settings import Settings
from tests.application import Kept
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER, authorization, message, raw
from tests.webhooks.serving import Client, Served, free_port, served

TOGETHER = 40


@pytest.fixture
def server(redis_server: RedisServer, tmp_path: Path) -> Iterator[Served]:
    """A gunicorn of one process, so that what comes together meets there."""
    settings = Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
            "REDIS_URL": redis_server.url,
            "PORT": str(free_port()),
            "WEB_CONCURRENCY": "1",
        }
    )
    with served(settings, tmp_path) as running:
        yield running


@pytest.fixture
def clients(server: Served) -> Iterator[list[Client]]:
    opened = [server.client() for _ in range(TOGETHER)]
    yield opened
    for client in opened:
        client.close()


def test_each_gets_its_own_answer(clients: list[Client], kept: Kept) -> None:
    """Again and again over the same connections."""
    given = {}
    for turn in range(5):
        for number, client in enumerate(clients):
            client.post(raw(message(id=f"{turn}-{number}")))
        for number, client in enumerate(clients):
            status, headers, body = client.answer()
            assert (status, json.loads(body)) == (200, {"id": headers["x-request-id"]})
            given[headers["x-request-id"]] = f"{turn}-{number}"
    assert {record.id: json.loads(record.body)["data"]["id"] for record in kept()} == given


def test_what_is_refused_is_refused_alone(clients: list[Client], kept: Kept) -> None:
    """Wrong credentials, no JSON, no route, and what is no HTTP, among those that are kept."""
    good = raw(message())
    requests = [
        (200, lambda client: client.post(good)),
        (401, lambda client: client.post(good, {"Authorization": ""})),
        (400, lambda client: client.post(b"{")),
        (422, lambda client: client.post(b'{"trigger":"after_message","data":{}}')),
        (404, lambda client: client.send(b"POST /x HTTP/1.1\r\nHost: x\r\n\r\n")),
        (400, lambda client: client.send(b"POST /webhooks HTTP/1.1\r\nno colon\r\n\r\n")),
        (405, lambda client: client.send(b"GET /webhooks HTTP/1.1\r\nHost: x\r\n\r\n")),
    ]
    sent = [requests[number % len(requests)] for number in range(len(clients))]
    for client, (_, send) in zip(clients, sent, strict=True):
        send(client)
    answers = [client.answer() for client in clients]
    assert [status for status, _, _ in answers] == [status for status, _ in sent]
    assert len({headers["x-request-id"] for _, headers, _ in answers}) == TOGETHER
    assert all(
        json.loads(body)["request_id"] == headers["x-request-id"]
        for status, headers, body in answers
        if status != 200
    )


def test_who_goes_away_costs_the_others_nothing(
    server: Served, clients: list[Client], kept: Kept
) -> None:
    """Every second one leaves before its answer."""
    for number, client in enumerate(clients):
        client.post(raw(message(id=str(number))))
        if number % 2:
            client.close()
    assert all(client.answer()[0] == 200 for client in clients[::2])
    wait_for(lambda: len(kept()) >= TOGETHER // 2, "what was acknowledged is kept")
    assert "request failed" not in server.log()


def test_a_slow_question_keeps_no_webhook_waiting(
    server: Served, clients: list[Client], own_redis_server: RedisServer
) -> None:
    """Health has threads of its own: a webhook does not stand behind it."""

    def ask(client: Client) -> int:
        client.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        return client.answer()[0]

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, client) for client in clients[:8]]
        for client in clients[8:]:
            client.post(raw(message(id="1")))
        assert all(client.answer()[0] == 200 for client in clients[8:])
        assert [question.result() for question in asked] == [200] * 8


def test_the_last_of_them_are_answered_when_it_is_asked_to_stop(
    server: Served, clients: list[Client]
) -> None:
    """What has come is served, however it was waiting."""
    for number, client in enumerate(clients):
        client.post(raw(message(id=str(number))))
    assert server.stop() == 0
    assert all(client.answer()[0] == 200 for client in clients)


def test_the_credentials_are_those_of_each(clients: list[Client]) -> None:
    """Nothing of one request is seen by another."""
    wrong = {"Authorization": authorization(password="wrong")}
    for number, client in enumerate(clients):
        client.post(raw(message(id=str(number))), wrong if number % 2 else None)
    found = [client.answer()[0] for client in clients]
    assert found == [200, 401] * (TOGETHER // 2)


def test_a_connection_may_send_now_a_plain_request_and_now_another(server: Served) -> None:
    """Each is read to its end, whoever reads it, and also when it comes with the next."""
    body = raw(message())
    head = f"POST /webhooks HTTP/1.1\r\nAuthorization: {authorization()}\r\n".encode()
    plain = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunked = (
        head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    )
    refused = plain.replace(b"Authorization", b"Forgotten")
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    client = server.client()
    other = plain.replace(b"POST", b"PUT")
    expected = {refused: 401, other: 405}
    for sent in (plain, chunked, plain, health, refused, plain, other, plain):
        client.send(sent)
        assert client.answer()[0] == expected.get(sent, 200)
    client.send(plain + chunked + plain + health + plain)
    assert [client.answer()[0] for _ in range(5)] == [200] * 5
    client.close()


def test_those_of_one_kind_do_not_wait_for_another_kind() -> None:
    """Of each kind so many groups are served at once, whatever the others do."""
    slow, quick = Waiting(), Waiting()
    for number in range(3 * MOST_REQUESTS):
        slow.add((number, None))
        quick.add((number, None))
    assert [len(group) for group in slow.groups()] == [MOST_REQUESTS] * MOST_GROUPS
    assert list(slow.groups()) == []
    assert [len(group) for group in quick.groups()] == [MOST_REQUESTS] * MOST_GROUPS
    slow.end_group()
    last = range(MOST_GROUPS * MOST_REQUESTS, 3 * MOST_REQUESTS)
    assert list(slow.groups()) == [[(number, None) for number in last]]
