"""What others on the machine can see: which files they may read, and what the lists of processes
and of their environments show.
"""

import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.scenarios.stack import RECORDER, Stack, command_of, descendants, message, name_of
from tests.scenarios.test_up import Up, done
from tests.waiting import wait_for

OTHERS = stat.S_IRWXG | stat.S_IRWXO
REST_KEY, SIGNING = "r3stKeyOfAnApp", "s1gningKeyOfPresses"
SECRETS = {
    "COMETHOOKS_APPS": f"app1:eu:{REST_KEY}",
    "COMETHOOKS_INTERACTION_KEYS": f"k1:{SIGNING}",
    "COMETHOOKS_SPOOL_MAX_BYTES": "1MB",
}
BROKEN = "from comethooks import Plugin\nplugin = Plugin('broken')\n"


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """The umask of somebody careless, for what is started meanwhile."""
    before = os.umask(0)
    yield
    os.umask(before)


def readable(folder: Path) -> dict[str, str]:
    """The files and folders below that others may do anything with, and what that is."""
    found = {}
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & OTHERS:
            found[str(path.relative_to(folder))] = stat.filemode(mode)
    return found


def shown(pid: int, secrets: set[str], of: Callable[[int], str]) -> dict[str, list[str]]:
    """The processes below that show one of the secrets, by name."""
    told = {each: of(each) for each in [pid, *descendants(pid)]}
    return {
        f"{name_of(each)} {each}": sorted(secret for secret in secrets if secret in text)
        for each, text in told.items()
        if any(secret in text for secret in secrets)
    }


def test_what_up_makes_is_for_its_user_alone(tmp_path: Path, open_to_all: None) -> None:
    """Files, in a data directory that everybody may look into; and no process shows a secret in its
    command line.
    """
    up = Up(tmp_path)
    up.data_dir.chmod(0o755)
    up.stack.environment |= SECRETS
    del up.stack.environment["COMETHOOKS_PLUGIN_DIR"]
    plugins = up.data_dir / "plugins"
    plugins.mkdir(mode=0o700)
    (plugins / "recorder.py").write_text(
        "\n".join(line.removeprefix("    ") for line in RECORDER.splitlines())
    )
    (plugins / "recorder.py").chmod(0o600)
    try:
        up.start()
        answer = up.post(json.dumps(message(1, 1)).encode())
        assert answer.status_code == 200
        wait_for(lambda: answer.json()["id"] in done(up), "it is done")
        up.stack.run("events", "bookmark", answer.json()["id"], "one")
        up.stack.run("events", "export", "--output", str(up.data_dir / "events.jsonl"))
        up.stack.run("backup", str(up.data_dir / "kept.tar.gz"))
        assert readable(up.data_dir) == {}
        secrets = {up.credential[1], REST_KEY, SIGNING}
        assert shown(up.process.pid, secrets, command_of) == {}
    finally:
        up.stack.close()


def test_what_web_and_worker_make_is_for_their_user_alone(
    own_redis_server: RedisServer, tmp_path: Path, open_to_all: None
) -> None:
    """Whoever starts them by themselves need not think of a umask."""
    stack = Stack(tmp_path, own_redis_server.url, settings=SECRETS)
    data = tmp_path / "data"
    data.chmod(0o755)
    stack.plugin("recorder", RECORDER)
    stack.plugin("broken", BROKEN)
    try:
        stack.run("db", "upgrade")
        stack.web()
        worker = stack.start("worker", "--workers", "1")
        event = stack.deliver(message(1, 1)).json()["id"]
        wait_for(lambda: event in stack.effects().ids, "it is handled")
        wait_for(lambda: (data / "last-good").exists(), "the plugins' last good versions are kept")
        assert readable(data) == {}
        assert shown(worker.pid, {REST_KEY, SIGNING}, command_of) == {}
    finally:
        stack.close()
