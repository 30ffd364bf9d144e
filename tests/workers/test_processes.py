"""Processes: alive or dead, and being asked to stop."""

import os
import signal
import subprocess
import sys

from tests.waiting import wait_for
from workers.processes import StopFlag, is_alive, is_dead_here, member_name


def test_a_process_that_ended_and_was_not_waited_for_is_dead() -> None:
    """A zombie holds nothing any more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    wait_for(lambda: not is_alive(process.pid), "the process has ended")
    assert is_dead_here(member_name(process.pid))
    process.wait()


def test_a_running_process_is_alive() -> None:
    """The one that asks is."""
    assert is_alive(os.getpid())
    assert not is_dead_here(member_name(os.getpid()))


def test_a_flag_is_set_by_its_signal_and_ends_a_wait() -> None:
    """A second signal changes nothing."""
    before = signal.getsignal(signal.SIGUSR1)
    try:
        flag = StopFlag.on_signals(signal.SIGUSR1)
        assert not flag.wait(0)
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert flag.wait(5)
        assert flag.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)
