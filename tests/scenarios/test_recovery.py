"""What is lost comes back by the steps of docs/operations.md: Redis alone, the journal alone, and
everything.
"""

import json
import shutil
import signal
from pathlib import Path

from comethooks.workers.settings.settings import Settings
from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack, message
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


def accept(stack: Stack, conversation: int) -> set[str]:
    """Post five messages; the ids of the events."""
    return {stack.deliver(message(conversation, each)).json()["id"] for each in range(5)}


def journalled(stack: Stack) -> set[str]:
    """The ids of all events that are in the journal."""
    found = stack.listing("events", "list")
    return {each["id"] for each in found if each["status"] != "queued"}


def test_redis_alone_was_lost(stack: Stack, own_redis_server: RedisServer) -> None:
    """An empty one is started in its place, and everybody goes on: what the journal knows to be due
    is done, and what comes now is handled.
    """
    stack.plugin("patient", PATIENT)
    stack.web()
    stack.start("worker", "--workers", "1")
    ids = accept(stack, 1)
    wait_for(lambda: stack.effects().ids >= ids, "what came before is handled")
    wait_for(lambda: len(journalled(stack)) == 5, "and journalled")
    own_redis_server.lose()
    more = accept(stack, 2)
    wait_for(lambda: stack.effects().ids >= more, "what comes now is handled")
    stack.effects_file.with_name("effects.go").touch()
    wait_for(
        lambda: (
            {run["state"] for run in stack.listing("runs", "list", "--handler", "patient.wait")}
            == {"done"}
        ),
        "what was due is done",
    )
    assert journalled(stack) == ids | more


def test_the_journal_alone_was_lost_and_there_is_a_backup(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """Events are accepted all the time. What came before the backup is there again, and so is what
    was not in the journal yet; what came between the two is not.
    """
    stack.web()
    worker = stack.start("worker", "--workers", "1")
    before = accept(stack, 1)
    backup = str(stack.directory / "kept.tar.gz")
    stack.run("backup", "--drain", backup)
    between = accept(stack, 2)
    wait_for(lambda: journalled(stack) == before | between, "that is in the journal, too")
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    lose_journal(stack)
    meanwhile = accept(stack, 3)
    restored = stack.run("restore", backup, "--only", "journal", "--yes")
    assert "Redis still holds 5 requests" in restored.stderr
    stack.start("worker", "--workers", "1")
    wait_for(lambda: stack.effects().ids == before | between | meanwhile, "all are handled")
    wait_for(lambda: journalled(stack) == before | meanwhile, "all but those are in the journal")
    assert stack.effects().repeats == 0


def test_the_journal_alone_was_lost_and_there_is_no_backup(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """A new one takes over what is in Redis, once somebody says so."""
    stack.web()
    worker = stack.start("worker", "--workers", "1")
    before = accept(stack, 1)
    wait_for(lambda: journalled(stack) == before, "what came before is journalled")
    worker.send_signal(signal.SIGTERM)
    worker.wait(30)
    lose_journal(stack)
    meanwhile = accept(stack, 2)
    stack.run("db", "upgrade")
    stack.run("db", "adopt", "--yes")
    stack.start("worker", "--workers", "1")
    wait_for(lambda: journalled(stack) == meanwhile, "what came meanwhile is in the new one")


def lose_journal(stack: Stack) -> None:
    """As a disk that is gone does."""
    file = Path(Settings.load(stack.environment).database_url.removeprefix("sqlite:///"))
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def test_everything_was_lost_and_then_the_embedded_server_alone(up: Up) -> None:  # noqa: F811
    """`up` goes on with the credentials that the sender knows, and with all that was kept."""
    up.start()
    known, ids = up.credential, {handled(up, 1)}
    up.stack.run("backup", "--drain", "kept.tar.gz")
    stop(up)
    shutil.rmtree(up.data_dir)
    up.stack.run("restore", "kept.tar.gz", "--yes")
    up.start()
    assert up.credential == known
    ids.add(handled(up, 2))
    stop(up)
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


def stop(running: Up) -> None:
    """End everything in order."""
    running.process.terminate()
    running.process.wait(30)
