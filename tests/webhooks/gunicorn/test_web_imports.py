"""Plugins that do harm when they are imported: the web process goes on without them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from comethooks.workers.settings.settings import Settings
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.webhooks.gunicorn.test_decisions import DECIDER, DROPPED, degraded
from tests.webhooks.samples import PASSWORD, USER, in_flight, message, raw
from tests.webhooks.serving import Served, free_port, served

HARM = {
    "block": "import threading\nthreading.Event().wait()\n",
    "hold": 'import re\nre.match(r"(a+)+$", "a" * 64 + "b")\n',
    "exit": "import os\nos._exit(0)\n",
    "crash": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
    "raise": "raise SystemExit(4)\n",
}
LEFT_OUT = "a is in quarantine on 1 of 1 web process"
SECRET = "import os\nassert 'REDIS_URL' not in os.environ\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a plugin that drops every message, and sees no credentials."""
    folder = tmp_path / "data" / "plugins"
    folder.mkdir(parents=True)
    drops = DECIDER.format(body='return Decision.drop("x")')
    (folder / "guard.py").write_text(SECRET + drops)
    return folder


@pytest.fixture
def settings(redis_server: RedisServer, tmp_path: Path) -> Settings:
    return Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
            "COMETHOOKS_IMPORT_TIMEOUT": "1s",
            "REDIS_URL": redis_server.url,
            "PORT": str(free_port()),
            "WEB_CONCURRENCY": "1",
        }
    )


def answer(server: Served, body: bytes) -> bytes | None:
    """The answer to a webhook; None without any."""
    try:
        client = server.client()
        client.post(body)
        _, _, found = client.answer()
    except (OSError, IndexError):
        return None
    client.close()
    return found


def until_dropped(server: Served, seconds: float) -> Iterator[int]:
    """Send messages in flight until one is dropped."""
    began = time.monotonic()
    number = 0
    while time.monotonic() - began < seconds:
        number += 1
        yield number
        if answer(server, raw(in_flight(data={"text": str(number)}))) == DROPPED:
            return
    pytest.fail(f"not dropped within {seconds} s: {server.log()}")


def test_an_import_that_blocks_costs_no_request(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    """Other webhooks are answered at once meanwhile, and by the process that does without it."""
    (folder / "a.py").write_text(HARM["block"])
    with served(settings, tmp_path) as server:
        took = []
        for number in until_dropped(server, 10):
            began = time.monotonic()
            assert answer(server, raw(message(id=str(number)))) is not None
            took.append(time.monotonic() - began)
        assert max(took) < 3  # of five that an import may take
        wait_for(lambda: LEFT_OUT in degraded(server).get("plugins", ""), "it is told")


@pytest.mark.parametrize(
    "harm",
    [
        "exit",
        "raise",
        *(pytest.param(name, marks=pytest.mark.attack) for name in ("crash", "hold")),
    ],
)
def test_what_ends_its_process_is_left_out_by_and_by(
    folder: Path, settings: Settings, tmp_path: Path, harm: str
) -> None:
    """At the third time, since nobody knows what a process was that nobody waits for; at once when
    it stood still.
    """
    (folder / "a.py").write_text(HARM[harm])
    with served(settings, tmp_path) as server:
        assert list(until_dropped(server, 90 if harm == "hold" else 20))
        wait_for(lambda: LEFT_OUT in degraded(server).get("plugins", ""), "it is told")
