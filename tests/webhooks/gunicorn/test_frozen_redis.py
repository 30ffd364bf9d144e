"""A Redis that does not answer, under a hundred requests a second."""

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from comethooks.workers.streams.backlog import entries
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER, message, raw
from tests.webhooks.serving import Client, Served, free_port, served

SECONDS, PER_SECOND = 3, 100
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


def test_events_are_kept_while_redis_is_frozen(
    own_redis_server: RedisServer, tmp_path: Path
) -> None:
    """Every answer is a 200, and comes at once but for those of the first moment; and once Redis is
    back, it has each event once, in the order of its conversation.

    Half may take longer than 50 milliseconds, since others may have the processor and the disk.
    """
    settings = settings_for(own_redis_server, tmp_path)
    with served(settings, tmp_path) as server:
        clients = [server.client() for _ in range(CLIENTS)]
        own_redis_server.freeze()
        taken, ids = post_steadily(clients, status=200)
        own_redis_server.thaw()
        spool = open_spool(settings)
        assert spool is not None
        wait_for(lambda: not spool.holds, "the spool is empty", seconds=10)
        for client in clients:
            client.close()
        assert kept_texts(own_redis_server) == expected_texts()
        assert set(ids) == kept_ids(own_redis_server)
    assert_prompt(taken, slowest=1.5, share=0.5)


def test_without_a_spool_answers_come_at_once_all_the_same(
    own_redis_server: RedisServer, tmp_path: Path
) -> None:
    """But for those of the first moment, nobody waits; and once Redis is back, events are kept."""
    settings = settings_for(own_redis_server, tmp_path, COMETHOOKS_SPOOL_MAX_BYTES="0")
    with served(settings, tmp_path) as server:
        clients = [server.client() for _ in range(CLIENTS)]
        own_redis_server.freeze()
        taken, _ = post_steadily(clients, status=503)
        own_redis_server.thaw()
        back = wait_for(lambda: status_of(server) == 200, "an event is kept", seconds=5)
        for client in clients:
            client.close()
    assert_prompt(taken, slowest=1.5)
    assert back < 1.0


def assert_prompt(
    taken: Iterable[tuple[float, float]], *, slowest: float, share: float = 0.9
) -> None:
    found = list(taken)
    later = sorted(seconds for began, seconds in found if began > 1.0)
    assert len(found) == SECONDS * PER_SECOND
    assert max(seconds for _, seconds in found) < slowest
    assert later[int(len(later) * share)] < 0.05


def post_steadily(
    clients: list[Client], *, status: int
) -> tuple[list[tuple[float, float]], list[str]]:
    """When each request began, in seconds after the first, and how long its answer took; and the
    ids that were answered.
    """
    start = time.monotonic()

    def post(number: int) -> list[tuple[float, float, str]]:
        found = []
        for turn in range(number, SECONDS * PER_SECOND, len(clients)):
            due = start + turn / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            clients[number].post(raw(numbered(turn)))
            code, _, body = clients[number].answer()
            assert code == status
            # From when it was due: a client that is kept waiting would otherwise ask less often.
            found.append((due - start, time.monotonic() - due, json.loads(body).get("id", "")))
        return found

    with ThreadPoolExecutor(len(clients)) as pool:
        found = [each for some in pool.map(post, range(len(clients))) for each in some]
    return [(began, seconds) for began, seconds, _ in found], [each[2] for each in found]


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


def expected_texts() -> dict[str, list[int]]:
    """The numbers of each conversation, in their order."""
    expected = defaultdict(list)
    for turn in range(SECONDS * PER_SECOND):
        expected[f"group_group-{turn % CONVERSATIONS}"].append(turn)
    return dict(expected)


def kept_texts(server: RedisServer) -> dict[str, list[int]]:
    """The same, of what Redis has, in the order of the streams."""
    found = defaultdict(list)
    with server.client() as client:
        for entry in reversed(list(entries(client, range(16)))):
            body = json.loads(entry.record.body)
            found[entry.record.conversation_id or ""].append(int(body["data"]["id"]))
    return dict(found)


def kept_ids(server: RedisServer) -> set[str]:
    with server.client() as client:
        return {entry.record.id for entry in entries(client, range(16))}


def status_of(server: Served) -> int:
    client = server.client()
    client.post(raw(message(id="4712")))
    status, _, _ = client.answer()
    client.close()
    return status
