"""A Redis that does not answer, under a hundred requests a second."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from comethooks.workers.settings.settings import Settings
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER, message, raw
from tests.webhooks.serving import Client, Served, free_port, served

SECONDS, PER_SECOND = 4, 100


def test_answers_come_at_once_while_redis_is_frozen(
    own_redis_server: RedisServer, tmp_path: Path
) -> None:
    """But for those of the first moment, nobody waits; and once it is back, events are kept.

    A tenth may take longer than 50 milliseconds, since other work may have the processor.
    """
    settings = Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
            "REDIS_URL": own_redis_server.url,
            "PORT": str(free_port()),
        }
    )
    with served(settings, tmp_path) as server:
        clients = [server.client() for _ in range(50)]
        own_redis_server.freeze()
        taken = post_steadily(clients)
        own_redis_server.thaw()
        back = wait_for(lambda: status_of(server) == 200, "an event is kept", seconds=5)
        for client in clients:
            client.close()
    later = sorted(seconds for began, seconds in taken if began > 1.0)
    assert len(taken) == SECONDS * PER_SECOND
    assert max(seconds for _, seconds in taken) < 1.5
    assert later[int(len(later) * 0.9)] < 0.05
    assert back < 1.0


def post_steadily(clients: list[Client]) -> list[tuple[float, float]]:
    """When each request began, in seconds after the first, and how long its 503 took."""
    start = time.monotonic()

    def post(number: int) -> list[tuple[float, float]]:
        found = []
        for turn in range(number, SECONDS * PER_SECOND, len(clients)):
            due = start + turn / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            clients[number].post(raw(message(id=str(turn))))
            assert clients[number].answer()[0] == 503
            # From when it was due: a client that is kept waiting would otherwise ask less often.
            found.append((due - start, time.monotonic() - due))
        return found

    with ThreadPoolExecutor(len(clients)) as pool:
        return [each for found in pool.map(post, range(len(clients))) for each in found]


def status_of(server: Served) -> int:
    client = server.client()
    client.post(raw(message(id="4712")))
    status, _, _ = client.answer()
    client.close()
    return status
