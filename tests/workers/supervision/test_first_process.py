"""The first process of a container: it passes signals on, waits for whatever ends, and ends with
its child.
"""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.containers import contained
from tests.scenarios.stack import children
from tests.waiting import wait_for

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from comethooks.workers.supervision.first_process import leave_first_process

folder = Path(sys.argv[1])
leave_first_process()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
if os.fork() == 0:
    orphan = os.fork()
    if orphan == 0:
        while not (folder / "end").exists():
            time.sleep(0.01)
        os._exit(0)
    os._exit(0)
os.wait()
(folder / "pid").write_text(str(os.getpid()))
while True:
    signal.pause()
"""
"""Leaves the first process, and an orphan that lives until it is told to end."""


@pytest.mark.parametrize("signum, status", [(signal.SIGTERM, 7), (signal.SIGKILL, 128 + 9)])
def test_the_first_process_waits_for_orphans_and_ends_with_its_child(
    tmp_path: Path, signum: signal.Signals, status: int
) -> None:
    """No zombie is left of what loses its parent, and a container's exit status tells."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with contained(command, os.environ) as container:
        wait_for((tmp_path / "pid").exists, "the program runs")
        assert (tmp_path / "pid").read_text() != "1"
        assert len(children(container.pid)) == 2
        (tmp_path / "end").touch()
        wait_for(lambda: len(children(container.pid)) == 1, "the orphan has been waited for")
        if signum == signal.SIGTERM:
            os.kill(container.pid, signum)
        else:
            (child,) = (
                Path(f"/proc/{container.pid}/task/{container.pid}/children").read_text().split()
            )
            os.kill(int(child), signum)
        assert container.outer.wait(10) == status


def test_elsewhere_nothing_is_left() -> None:
    """Outside of a container the process stays the one that it is."""
    from comethooks.workers.supervision.first_process import leave_first_process

    before = os.getpid()
    leave_first_process()
    assert os.getpid() == before
