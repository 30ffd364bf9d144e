"""The `Procfile` as a process manager runs it: all lines at once, in a new folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.scenarios.stack import RECORDER, Stack, message
from tests.waiting import wait_for

PROCFILE = Path(__file__).parents[2] / "Procfile"


@pytest.fixture
def stack(tmp_path: Path, redis_server: RedisServer) -> Iterator[Stack]:
    """One deployment that nobody has started before: no database, no data directory."""
    made = Stack(tmp_path, redis_server.url)
    made.plugin("recorder", RECORDER)
    (tmp_path / "data").rmdir()
    made.environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    yield made
    made.close()


def test_what_the_procfile_starts_processes_events_and_goes_on(stack: Stack) -> None:
    """A process manager such as honcho ends everything when one line ends, so none does. Each is
    asked to stop as a whole, its shell too.
    """
    lines = [line.partition(": ")[2] for line in PROCFILE.read_text().splitlines()]
    with stack.log_file.open("ab") as log:
        stack.processes += [
            subprocess.Popen(
                ["sh", "-c", line],
                env=stack.environment,
                cwd=stack.directory,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            for line in lines
        ]
    wait_for(stack.answers, "the web process answers")
    assert stack.post(message(1, 1)).status_code == 200
    wait_for(lambda: stack.effects().ids, "it is processed")
    assert [process.poll() for process in stack.processes] == [None] * len(lines)
    for process in stack.processes:
        os.killpg(process.pid, signal.SIGTERM)
    for process in stack.processes:
        process.wait(60)
    assert "workers stopped" in stack.log()
