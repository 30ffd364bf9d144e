"""A Redis that does not answer, under a hundred requests a second."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from comethooks.workers.streams.backlog import entries
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER, message, raw
from tests.webhooks.serving import Client, Served, free_port, served

SECONDS, LONG, PER_SECOND = 3, 300, 100
CLIENTS = 150  # so that none is kept from sending by an answer that it waits for
CONVERSATIONS = 7


def settings_for(server: RedisServer, tmp_path: Path, **more: str) -> Settings:
    return Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
            "REDIS_URL": server.url,
            "PORT": str(free_port()),
            **more,
        }
    )


@pytest.mark.timeout(900)
@pytest.mark.parametrize("gone", [False, pytest.param(True, marks=pytest.mark.attack)])
@pytest.mark.parametrize("seconds", [SECONDS, pytest.param(LONG, marks=pytest.mark.attack)])
def test_events_are_kept_while_redis_is_away(
    own_redis_server: RedisServer, tmp_path: Path, seconds: int, gone: bool
) -> None:
    """Frozen or gone: every answer is a 200, and comes at once but for those of the first moment;
    and once Redis is back, it has each event once, in the order of its conversation.

    In the short form, half may take longer than 50 milliseconds, since others may have the
    processor and the disk; in the long one, one in a hundred, and none a second.
    """
    settings = settings_for(own_redis_server, tmp_path)
    with served(settings, tmp_path) as server:
        clients = connected(server)
        (own_redis_server.kill if gone else own_redis_server.freeze)()
        taken = post_steadily(clients, seconds, status=200)
        (own_redis_server.start if gone else own_redis_server.thaw)()
        spool = open_spool(settings)
        assert spool is not None
        took = wait_for(lambda: not spool.holds, "the spool is empty", seconds=60)
        for client in clients:
            client.close()
        assert_once_and_in_order(taken, own_redis_server)
    later = sorted(each.took for each in taken if each.due > 1.0)
    print(
        f"{len(taken)} in {seconds} s, p99 {later[int(len(later) * 0.99)]:.3f} s, slowest"
        f" {max(each.took for each in taken):.3f} s; emptied in {took:.1f} s"
    )
    is_long = seconds == LONG
    assert_prompt(taken, slowest=1.0 if is_long else 1.5, share=0.99 if is_long else 0.5)


def test_without_a_spool_answers_come_at_once_all_the_same(
    own_redis_server: RedisServer, tmp_path: Path
) -> None:
    """But for those of the first moment, nobody waits; and once Redis is back, events are kept."""
    settings = settings_for(own_redis_server, tmp_path, COMETHOOKS_SPOOL_MAX_BYTES="0")
    with served(settings, tmp_path) as server:
        clients = connected(server)
        own_redis_server.freeze()
        taken = post_steadily(clients, SECONDS, status=503)
        own_redis_server.thaw()
        back = wait_for(lambda: status_of(server) == 200, "an event is kept", seconds=5)
        for client in clients:
            client.close()
    assert_prompt(taken, slowest=1.5)
    assert back < 1.0


def connected(server: Served) -> list[Client]:
    """Clients, each with a process that serves it. Their order is mixed: one process may have
    started later, and would have its first event when the others have done with waiting.
    """
    clients = [server.client() for _ in range(CLIENTS)]
    for client in clients:
        client.post(path="/healthz")
    assert {client.answer()[0] for client in clients} == {405}
    Random(0).shuffle(clients)
    return clients


class Posted(NamedTuple):
    """A request: its number, when it was due, when it was sent, when it was answered (s after the
    first was due), and the id in the answer.
    """

    turn: int
    due: float
    sent: float
    answered: float
    id: str

    @property
    def took(self) -> float:
        """From when it was due: a client that is kept waiting would otherwise ask less often."""
        return self.answered - self.due


def assert_prompt(taken: Sequence[Posted], *, slowest: float, share: float = 0.9) -> None:
    later = sorted(each.took for each in taken if each.due > 1.0)
    assert max(each.took for each in taken) < slowest
    assert later[int(len(later) * share)] < 0.05


def assert_once_and_in_order(taken: Sequence[Posted], server: RedisServer) -> None:
    """Redis has each of them once, and none before one that was answered before it was sent."""
    by_turn = {each.turn: each for each in taken}
    with server.client() as client:
        found = [entry.record for entry in reversed(list(entries(client, range(16))))]
    assert sorted(each.id for each in found) == sorted(each.id for each in taken)
    latest: dict[str, float] = defaultdict(float)
    for record in found:
        posted = by_turn[int(json.loads(record.body)["data"]["id"])]
        conversation = record.conversation_id or ""
        assert posted.answered >= latest[conversation], posted
        latest[conversation] = max(latest[conversation], posted.sent)


def post_steadily(clients: list[Client], seconds: int, *, status: int) -> list[Posted]:
    """Post a hundred requests a second, whatever becomes of those before."""
    start = time.monotonic()

    def post(number: int) -> list[Posted]:
        found = []
        for turn in range(number, seconds * PER_SECOND, len(clients)):
            due = turn / PER_SECOND
            time.sleep(max(0.0, start + due - time.monotonic()))
            sent = time.monotonic() - start
            clients[number].post(raw(numbered(turn)))
            code, _, body = clients[number].answer()
            assert code == status
            answered = time.monotonic() - start
            found.append(Posted(turn, due, sent, answered, json.loads(body).get("id", "")))
        return found

    with ThreadPoolExecutor(len(clients)) as pool:
        return [each for some in pool.map(post, range(len(clients))) for each in some]


def numbered(turn: int) -> dict[str, object]:
    """A message that says its number, in one of a few groups."""
    group = f"group-{turn % CONVERSATIONS}"
    return message(
        id=str(turn),
        receiver=group,
        receiverType="group",
        conversationId=f"group_{group}",
        sentAt=1_700_000_000 + turn,
    )


def status_of(server: Served) -> int:
    client = server.client()
    client.post(raw(message(id="4712")))
    status, _, _ = client.answer()
    client.close()
    return status
