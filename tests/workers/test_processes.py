"""Processes: alive or dead and how, ending with a parent, and being asked to stop."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from comethooks.workers.processes import (
    StopFlag,
    ending,
    is_alive,
    is_dead_here,
    kill_session,
    member_name,
    name_host,
)
from tests.containers import contained
from tests.waiting import wait_for

PARENT = """
import os, signal, sys, time
from pathlib import Path
from comethooks.workers.processes import end_with_parent

ready, unblock, got = map(Path, sys.argv[1:])
parent = os.getpid()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
if os.fork() == 0:
    os.setpgrp()
    end_with_parent(parent)
    signal.signal(signal.SIGTERM, lambda *_: got.touch())
    ready.write_text(str(os.getpid()))
    while not unblock.exists():
        time.sleep(0.01)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os._exit(0)
signal.pause()
"""
"""A parent whose child, in a process group of its own, blocks SIGTERM until it is told to unblock
it."""

SESSION = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgrp()
    os.write(1, b"%d\\n" % os.getpid())
signal.pause()
"""
"""A process and a child of its session, in a process group of its own. Both ignore SIGTERM."""


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


def name_in_a_container(other: str) -> tuple[str, str, str]:
    """What the first process of a new one says: the host's name, its own, and whether `other` is
    dead.
    """
    program = (
        "import os, socket; from comethooks.workers.processes import *;"
        "print(socket.gethostname(), member_name(1), is_dead_here(os.environ['OTHER']))"
    )
    read, write = os.pipe()
    with contained([sys.executable, "-c", program], {**os.environ, "OTHER": other}, write) as made:
        made.outer.wait(20)
    os.close(write)
    with open(read) as output:
        host, name, is_dead = output.read().split()
    return host, name, is_dead


def test_a_container_of_the_same_host_name_is_another_host() -> None:
    """Two containers may share the host's name and boot, and both have a process 1: neither says of
    the other's that they are dead.
    """
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    assert is_dead_here(member_name(dead.pid))
    host, name, is_dead = name_in_a_container(member_name(dead.pid))
    assert host == socket.gethostname()
    assert name != member_name(1)
    assert is_dead == "False"


def test_a_container_that_is_started_again_is_another_host() -> None:
    """It gives out the same numbers, often in the same space of numbers: who has one now is not who
    had it.
    """
    names = [name_in_a_container(member_name(os.getpid()))[1] for _ in range(2)]
    assert [name.rpartition("|")[2] for name in names] == ["1", "1"]
    assert names[0] != names[1]


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


def test_a_wait_does_not_look_again_and_again() -> None:
    """It sleeps until its time is over: an idle process costs next to nothing."""
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    assert not StopFlag().wait(0.5)
    assert resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before < 5


def test_whoever_waits_is_woken() -> None:
    """All threads that wait for the same flag, by somebody who asks; by a signal that only wakes,
    nobody is told to stop.
    """
    flag = StopFlag()
    before = signal.getsignal(signal.SIGUSR1)
    told: list[bool] = []
    threads = [threading.Thread(target=lambda: told.append(flag.wait(60))) for _ in range(3)]
    try:
        flag.wake_on(signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert not flag.wait(60)
        for thread in threads:
            thread.start()
        flag.set()
        for thread in threads:
            thread.join(5)
        assert told == [True] * 3
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize(
    "wait_status, word",
    [
        (signal.SIGKILL, "SIGKILL"),
        (signal.SIGSEGV | 128, "SIGSEGV"),
        (40, "signal 40"),
        (3 << 8, "exit status 3"),
        (0, "exit status 0"),
        (None, "unknown"),
    ],
)
def test_how_a_process_ended_is_a_word(wait_status: int | None, word: str) -> None:
    """The signal, with or without a core dump, or the exit status."""
    assert ending(wait_status) == word


def test_the_death_of_a_parent_waits_for_a_child_that_blocks_the_signal(tmp_path: Path) -> None:
    """It stays pending, so that a handler which is installed later still gets it."""
    ready, unblock, got = (tmp_path / name for name in ("ready", "unblock", "got"))
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(ready), str(unblock), str(got)])
    wait_for(lambda: ready.exists() and ready.read_text(), "the child has blocked it")
    child = int(ready.read_text())
    parent.kill()
    parent.wait()
    wait_for(lambda: pending(child) & 1 << (signal.SIGTERM - 1), "the signal is pending")
    assert not got.exists()
    unblock.touch()
    wait_for(got.exists, "its handler has got it")
    wait_for(lambda: not is_alive(child), "the child has ended")


def pending(pid: int) -> int:
    """The signals that wait for a process, as bits."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in lines)
    return int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)


def test_a_child_whose_parent_is_dead_already_ends_at_once() -> None:
    """The kernel would not tell it any more."""
    code = (
        "from comethooks.workers.processes import end_with_parent\n"
        "end_with_parent(1 << 22)\n"
        "print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")


def test_a_session_is_killed_with_every_process_group_in_it() -> None:
    """And nothing else is."""
    leader = subprocess.Popen(
        [sys.executable, "-c", SESSION], stdout=subprocess.PIPE, start_new_session=True
    )
    assert leader.stdout
    other = int(leader.stdout.readline())
    kill_session(leader.pid)
    assert leader.wait(10) == -signal.SIGKILL
    assert not is_alive(other)
    leader.stdout.close()


def test_a_session_without_processes_is_killed_already() -> None:
    """Whoever stops a child need not ask first."""
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    kill_session(process.pid)


def test_hosts_that_call_themselves_alike_can_be_named() -> None:
    """So that one does not take the processes of the other for its own, which are not there."""
    nobody = 2**22 + 1
    ours = member_name(nobody)
    try:
        name_host("copy-2")
        assert member_name(nobody).startswith("copy-2|")
        assert not is_dead_here(ours)
        assert is_dead_here(member_name(nobody))
    finally:
        name_host(None)
    assert member_name(nobody) == ours
