"""What is lost comes back by the steps of docs/operations.md: Redis alone, the journal alone, and
everything. Who may read what is made meanwhile is seen to, too.
"""

import json
import shutil
from pathlib import Path

import pytest

from comethooks.workers.settings.settings import Settings
from tests.command_processes import Process
from tests.redis_server import RedisServer
from tests.scenarios.privacy import REST_KEY, SECRETS, SIGNING, readable, shown
from tests.scenarios.stack import RECORDER, Stack, command_of, message
from tests.scenarios.test_up import Up, done, up  # noqa: F401  (a fixture)
from tests.waiting import wait_for

PATIENT = """
    import os
    from comethooks import Plugin, Retry

    plugin = Plugin("patient")

    @plugin.on("*", retry=Retry(base=0.3, jitter=False))
    def wait(event, ctx):
        assert os.path.exists(os.environ["COMETHOOKS_RECORDER_FILE"] + ".go")
"""
"""A plugin whose handler fails until a file is there."""
BROKEN = "from comethooks import Plugin\nplugin = Plugin('broken')\n"


def accept(stack: Stack, conversation: int) -> set[str]:
    """Post five messages; the ids of the events."""
    return {stack.deliver(message(conversation, each)).json()["id"] for each in range(5)}


def journalled(stack: Stack) -> set[str]:
    """The ids of all events that are in the journal."""
    found = stack.listing("events", "list")
    return {each["id"] for each in found if each["status"] != "queued"}


def test_redis_alone_and_the_journal_alone_were_lost(
    own_redis_server: RedisServer, tmp_path: Path, open_to_all: None
) -> None:
    """One after the other, and the journal for a second time when there is no backup. Events are
    accepted all the time, and nothing is handled twice. The files that web processes, workers and
    commands make are for their user alone meanwhile, whatever the umask.
    """
    stack = Stack(tmp_path, own_redis_server.url, settings=SECRETS, anew=True)
    try:
        lose_and_recover(stack, own_redis_server)
        assert readable(stack.directory / "data") == {}
    finally:
        stack.close()


def lose_and_recover(stack: Stack, own_redis_server: RedisServer) -> None:
    """One loss after the other, in a deployment that begins with nothing."""
    data = stack.directory / "data"
    data.chmod(0o755)
    stack.plugin("recorder", RECORDER)
    stack.plugin("patient", PATIENT)
    stack.plugin("broken", BROKEN)
    stack.invoke("db", "upgrade")
    stack.start("web")
    worker = stack.start("worker", "--workers", "1")
    wait_for(stack.answers, "the web process answers")
    # Redis alone: an empty one is started in its place, and everybody goes on.
    before = accept(stack, 1)
    wait_for(lambda: stack.effects().ids >= before, "what came before is handled")
    wait_for(lambda: journalled(stack) == before, "and journalled")
    own_redis_server.lose()
    before |= accept(stack, 2)
    wait_for(lambda: stack.effects().ids >= before, "what comes now is handled")
    stack.effects_file.with_name("effects.go").touch()
    wait_for(
        lambda: (
            {run["state"] for run in stack.listing("runs", "list", "--handler", "patient.wait")}
            == {"done"}
        ),
        "what was due is done",
    )
    assert journalled(stack) == before
    # The journal alone, with a backup: what came between the two is not there.
    backup = str(stack.directory / "kept.tar.gz")
    stack.invoke("backup", "--drain", backup)
    between = accept(stack, 3)
    wait_for(lambda: journalled(stack) == before | between, "that is in the journal, too")
    wait_for((data / "last-good").exists, "the plugins' last good versions are kept")
    secrets = {REST_KEY, SIGNING}
    assert shown(worker.pid, secrets, command_of) == {}
    stop(worker)
    lose_journal(stack)
    meanwhile = accept(stack, 4)
    restored = stack.invoke("restore", backup, "--only", "journal", "--yes")
    assert "Redis still holds 5 requests" in restored.stderr
    worker = stack.start("worker", "--workers", "1")
    wait_for(lambda: stack.effects().ids == before | between | meanwhile, "all are handled")
    wait_for(lambda: journalled(stack) == before | meanwhile, "all but those are in the journal")
    # The journal alone, without one: a new one takes over what is in Redis, once somebody says so.
    stop(worker)
    lose_journal(stack)
    last = accept(stack, 5)
    stack.invoke("db", "upgrade")
    stack.invoke("db", "adopt", "--yes")
    stack.start("worker", "--workers", "1")
    wait_for(lambda: journalled(stack) == last, "what came meanwhile is in the new one")
    assert stack.effects().repeats == 0


def stop(worker: Process) -> None:
    """End it in order."""
    worker.terminate()
    worker.wait(30)


def lose_journal(stack: Stack) -> None:
    """As a disk that is gone does."""
    file = Path(Settings.load(stack.environment).database_url.removeprefix("sqlite:///"))
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


@pytest.mark.attack
def test_everything_was_lost_and_then_the_embedded_server_alone(up: Up) -> None:  # noqa: F811
    """`up` goes on with the credentials that the sender knows, and with all that was kept."""
    up.start()
    known, ids = up.credential, {handled(up, 1)}
    up.stack.run("backup", "--drain", "kept.tar.gz")
    stop(up.process)
    shutil.rmtree(up.data_dir)
    up.stack.run("restore", "kept.tar.gz", "--yes")
    up.start()
    assert up.credential == known
    ids.add(handled(up, 2))
    stop(up.process)
    (up.data_dir / "valkey").rename(up.data_dir / "valkey-lost")
    up.start()
    ids.add(handled(up, 3))
    assert done(up).keys() == ids


def handled(running: Up, number: int) -> str:
    """Post a message; its id, once it is handled and in the journal."""
    answer = running.post(json.dumps(message(number, number)).encode())
    assert answer.status_code == 200
    identifier: str = answer.json()["id"]
    wait_for(lambda: identifier in done(running), "it is done")
    return identifier
