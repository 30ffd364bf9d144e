"""The example plugin, installed, is found by its entry point."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack, message
from tests.waiting import wait_for

PROGRAM = """
import json
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.record import Kind, Record
from comethooks.workers.settings.settings import Settings

plugins = load_plugins(Settings.load())
event = Record(
    kind=Kind.EVENT, id="1", received_at=1, trigger="after_message", name="message.sent"
)
print(json.dumps({
    "loaded": [
        [p.name, p.origin, p.file, [h.id for h in p.handlers], p.warnings]
        for p in plugins.loaded
        if p.origin != "comethooks"
    ],
    "wanted": [h.id for h in plugins.handlers_for(event)],
    "broken": [[p.name, p.where, p.error] for p in plugins.broken],
    "disabled": [[p.name, p.where] for p in plugins.disabled],
}))
"""


def found(installed: Path, tmp_path: Path, **environ: str) -> dict[str, list[list[object]]]:
    """What a process of its own, with the plugin on its path, loads beside what ships with us."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), **environ}
    environment["COMETHOOKS_DATA_DIR"] = str(tmp_path / "data")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
    )
    result: dict[str, list[list[object]]] = json.loads(done.stdout)
    return result


def test_it_is_found_by_entry_point(installed_plugin: Path, tmp_path: Path) -> None:
    """Installing is all that it takes; it is told apart from a plugin of a folder or a setting."""
    result = found(installed_plugin, tmp_path, COMETHOOKS_WELCOME_FILE="greetings.jsonl")
    file = str(installed_plugin / "welcome_plugin" / "__init__.py")
    origin = "entry point of comethooks-welcome 0.1.0"
    assert result["loaded"] == [["welcome", origin, file, ["welcome.greet"], []]]
    assert result["wanted"] == ["welcome.greet"]
    assert result["broken"] == []


def test_it_is_found_once_when_the_setting_names_it_too(
    installed_plugin: Path, tmp_path: Path
) -> None:
    """The same object by two ways is one plugin."""
    result = found(
        installed_plugin,
        tmp_path,
        COMETHOOKS_WELCOME_FILE="greetings.jsonl",
        COMETHOOKS_PLUGINS="welcome_plugin:plugin",
    )
    assert [entry[0] for entry in result["loaded"]] == ["welcome"]
    assert result["broken"] == []


def test_without_its_setting_it_is_in_quarantine(installed_plugin: Path, tmp_path: Path) -> None:
    """The error names the variable to set."""
    [[name, where, error]] = found(installed_plugin, tmp_path)["broken"]
    assert name == "welcome"
    assert str(where).startswith(str(installed_plugin / "welcome_plugin" / "__init__.py:"))
    assert "COMETHOOKS_WELCOME_FILE is not set" in str(error)


def test_it_can_be_disabled(installed_plugin: Path, tmp_path: Path) -> None:
    """A disabled plugin needs no settings and is listed."""
    result = found(installed_plugin, tmp_path, COMETHOOKS_DISABLED_PLUGINS="welcome")
    assert [result["loaded"], result["broken"]] == [[], []]
    assert result["disabled"][0][0] == "welcome"


def test_a_message_posted_to_the_endpoint_is_greeted(
    installed_plugin: Path, own_redis_server: RedisServer, tmp_path: Path
) -> None:
    """From the web process through a worker to the file."""
    greetings = tmp_path / "greetings.jsonl"
    settings = {"COMETHOOKS_WELCOME_FILE": str(greetings), "PYTHONPATH": str(installed_plugin)}
    stack = Stack(tmp_path, own_redis_server.url, settings=settings)
    try:
        stack.make_tables()
        stack.web()
        stack.start("worker", "--workers", "1")
        identifier = stack.post(message(1, 1)).json()["id"]
        wait_for(lambda: greetings.exists() and greetings.read_text(), "the greeting is written")
        assert json.loads(greetings.read_text())["event_id"] == identifier
    finally:
        stack.close()
