"""What strangers write into every place of a request that is shown: no terminal obeys it, and no
line of a log or of a table is forged by it.
"""

import contextlib
import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from comethooks.webhooks.app import create_app
from comethooks.workers import logs
from comethooks.workers.settings.settings import Settings
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.webhooks.samples import authorization, message, raw

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\x9b5m\r\nforged line\u202egnp\x7f"
"""A title, a cleared screen, a colour by its one-byte form, a line of its own, and text that is
written from right to left."""
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

SHOW = """
import sys
from comethooks.cli import main

for command in sys.argv[1:]:
    try:
        main(command.split("|"), standalone_mode=False)
    except Exception as error:
        print(type(error).__name__)
"""


@pytest.fixture
def console() -> Iterator[io.StringIO]:
    """What is logged for people."""
    stream = io.StringIO()
    logs.configure("console", stream)
    yield stream
    logs.configure()


def shown(command: Command, *commands: str) -> str:
    """What commands show on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", SHOW, *commands],
        env={**os.environ, **command.environ, "COLUMNS": "300", "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(ours, 65536):
                said += part
        os.close(ours)
    return COLOURS.sub("", said.decode()).replace("\r\n", "\n")


def test_nothing_of_it_is_obeyed(command: Command, store: Store, console: io.StringIO) -> None:
    """Neither by whoever lists, shows or explains, nor by whoever reads the log."""
    client = create_app(Settings.load(command.environ)).test_client()
    bodies = (
        message(id=HOSTILE, sender=HOSTILE, receiver=HOSTILE, conversationId=HOSTILE),
        {"trigger": HOSTILE, "appId": HOSTILE, "data": {HOSTILE: HOSTILE}, HOSTILE: HOSTILE},
        {"trigger": "message_sent", "appId": HOSTILE, "data": {"message": {"id": HOSTILE}}},
    )
    ids = [
        client.post(
            "/webhooks",
            data=raw(body),
            headers={"Authorization": authorization(), "Content-Type": "text/\x9b5m"},
        ).headers["X-Request-Id"]
        for body in bodies
    ]
    client.post("/webhooks/\x1b[2J\x9bm%0d%0aforged line", data=b"x")
    for line in console.getvalue().splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT?", COLOURS.sub("", line)), line
        assert not OBEYED.search(COLOURS.sub("", line))
    commands = ["events|list", "requests|list", "events|list|--json", "requests|list|--json"]
    for identifier in ids:
        for show in ("events|show", "requests|show", "explain"):
            commands += [f"{show}|{identifier}", f"{show}|{identifier}|--json"]
    said = shown(command, *commands)
    assert len(said) > 5_000
    assert said.count("owned") > 10
    found = OBEYED.search(said)
    assert found is None, said[max(0, found.start() - 200) :][:300]
    assert not re.search("^forged line", said, re.MULTILINE)
