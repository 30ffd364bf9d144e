"""`comethooks forget` may be killed at any moment: given again, it comes to the same."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.waiting import wait_for
from tests.workers.journal.forgetting.people import APP, OMAR, ZOE, record, sent, settled
from tests.workers.journal.samples import run

OUTPUTS = (
    *(("events", "list"), ("events", "export"), ("requests", "list"), ("runs", "list"), ("drift",)),
    *(("analytics", "show"), ("interactions", "list"), ("moderation", "cases")),
)


@pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.attack)])
def test_killed_it_is_given_again(
    command: Command, store: Store, tmp_path: Path, kills: int
) -> None:
    """It goes on with the same name, and nothing is left of the user."""
    several = [
        settled(record(number, sent(number, *pair, f"text {number}")), run())
        for number in range(1, 601)
        for pair in [(OMAR, ZOE) if number % 2 else (ZOE, OMAR)]
    ]
    store.journal.write(several)
    for _ in range(kills):
        process = _begin(command)
        wait_for(lambda: store.journal.forgetting.tombstone(APP, OMAR), "it has begun")
        time.sleep(random.Random(kills).random() * 0.5)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = command("forget", OMAR, "--app", APP, "--yes")
    assert done.exit_code == 0, done.output
    assert len({event.sender for event in store.journal.events()} - {ZOE}) == 1
    checked = command("forget", OMAR, "--app", APP, "--check")
    assert checked.exit_code == 0, checked.output
    for listing in OUTPUTS:
        assert OMAR not in command(*listing).output, listing
    held = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in held if OMAR.encode() in path.read_bytes()] == []


def _begin(command: Command) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "comethooks.cli", "forget", OMAR, "--app", APP, "--yes"],
        env={**os.environ, **command.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
