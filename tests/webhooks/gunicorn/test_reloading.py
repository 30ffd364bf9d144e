"""gunicorn is asked to load everything again while requests come: none fails."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from comethooks.workers.settings.settings import Settings
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.webhooks.gunicorn.test_decisions import DECIDER, DROPPED, decided, workers_of
from tests.webhooks.samples import PASSWORD, USER, in_flight, message, raw
from tests.webhooks.serving import Served, free_port, served

CLIENTS = 8


@pytest.fixture
def server(redis_server: RedisServer, tmp_path: Path) -> Iterator[Served]:
    """A gunicorn of two processes, with a plugin that drops every message in flight."""
    plugin_with(tmp_path, 'return Decision.drop("x")')
    settings = Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
            "REDIS_URL": redis_server.url,
            "PORT": str(free_port()),
        }
    )
    with served(settings, tmp_path) as running:
        yield running


def plugin_with(directory: Path, body: str) -> None:
    """Write the plugin."""
    folder = directory / "data" / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "guard.py").write_text(DECIDER.format(body=body))


def test_what_changed_is_loaded_by_a_reload(server: Served, tmp_path: Path) -> None:
    """In every process, while those of before end."""
    before = set(workers_of(server))
    assert decided(server.client(), "before") == DROPPED
    plugin_with(tmp_path, 'return Decision.annotate({"new": 1})')
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: not before & set(workers_of(server)), "other processes serve", seconds=15)
    for number in range(8):
        assert decided(server.client(), str(number)) == b'{"new":1}'


@pytest.mark.parametrize(
    ("requests", "pause", "seconds"),
    [(1_000, 0.015, 0.5), pytest.param(10_000, 0.02, 1.0, marks=pytest.mark.attack)],
)
def test_no_request_fails(server: Served, requests: int, pause: float, seconds: float) -> None:
    """With a reload every `seconds`; connections are kept as long as the server keeps them."""
    numbers, is_over = count(), threading.Event()

    def reload() -> int:
        reloads = 0
        while not is_over.wait(seconds):
            server.process.send_signal(signal.SIGHUP)
            reloads += 1
        return reloads

    def post() -> int:
        client, answered = server.client(), 0
        while (number := next(numbers)) < requests:
            text = {"text": str(number)}
            body = in_flight(data=text) if number % 2 else message(id=str(number), data=text)
            client.post(raw(body))
            status, headers, answer = client.answer()
            assert status == 200
            assert (answer == DROPPED) == bool(number % 2)
            answered += 1
            if headers["connection"] == "close":
                client.close()
                client = server.client()
            time.sleep(pause)
        client.close()
        return answered

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        reloading = pool.submit(reload)
        posting = [pool.submit(post) for _ in range(CLIENTS)]
        try:
            answered = sum(each.result() for each in posting)
        finally:
            is_over.set()
    assert answered == requests
    assert reloading.result() > 1
