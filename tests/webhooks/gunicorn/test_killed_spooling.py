"""Web processes that are killed while they spool, and while they empty: a ledger says what was
answered.
"""

import json
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from comethooks.workers.streams.backlog import entries
from tests.redis_server import RedisServer
from tests.scenarios.stack import children
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER, message, raw
from tests.webhooks.serving import Served, free_port, served

POSTERS = 4


class Ledger:
    """Posts message after message, and remembers what was answered with 200."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self._ended = threading.Event()
        self.ids: dict[str, str] = {}
        """The id that a message was answered with, by the message's own."""
        self.threads = [
            threading.Thread(target=self._post, args=(number,)) for number in range(POSTERS)
        ]
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        for thread in self.threads:
            thread.join()

    def _post(self, poster: int) -> None:
        number, client = 0, None
        while not self._ended.wait(0.005):
            number += 1
            name = f"{poster}-{number}"
            try:
                client = client or self._server.client()
                client.post(raw(message(id=name, sentAt=1_700_000_000 + number)))
                status, _, body = client.answer()
            except (OSError, IndexError, ValueError):  # its process was killed
                if client:
                    client.close()
                client = None
                continue
            assert status == 200, body
            self.ids[name] = json.loads(body)["id"]
        if client:
            client.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.attack)])
def test_what_was_answered_is_in_redis_once(
    own_redis_server: RedisServer, tmp_path: Path, kills: int
) -> None:
    """Redis is away and back again and again, and each time a web process is killed at it."""
    settings = Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
            "REDIS_URL": own_redis_server.url,
            "PORT": str(free_port()),
        }
    )
    with served(settings, tmp_path) as server:
        spool = open_spool(settings)
        assert spool is not None
        ledger = Ledger(server)
        try:
            for number in range(kills):
                known = len(ledger.ids)
                own_redis_server.kill() if number % 2 else own_redis_server.freeze()
                wait_for(lambda: spool.status().records > 20, "events are spooled")
                kill_one(server, number)  # while it spools
                known = len(ledger.ids)
                wait_for(lambda known=known: len(ledger.ids) > known + 20, "events are answered")
                own_redis_server.start() if number % 2 else own_redis_server.thaw()
                time.sleep(0.01 * (number % 5))  # somewhere in emptying
                kill_one(server, number + 1)
                wait_for(lambda: not spool.holds, "the spool is empty", seconds=30)
        finally:
            ledger.end()
        wait_for(lambda: not spool.holds, "the spool is empty", seconds=30)
        with own_redis_server.client() as client:
            found = [entry.record for entry in entries(client, range(16))]
    by_name: dict[str, list[str]] = {}
    for record in found:
        if record.event_id is None:
            by_name.setdefault(json.loads(record.body)["data"]["id"], []).append(record.id)
    print(f"{len(ledger.ids)} answered, {kills} outages, {len(found)} in Redis")
    assert {name: by_name.get(name) for name in ledger.ids} == {
        name: [event] for name, event in ledger.ids.items()
    }


def kill_one(server: Served, number: int) -> None:
    """Kill one of the processes that serve; gunicorn starts another."""
    found = children(server.process.pid)
    with suppress(ProcessLookupError):
        os.kill(found[number % len(found)], signal.SIGKILL)
