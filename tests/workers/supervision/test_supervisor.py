"""The supervisor: what dies comes back, and what is asked to stop stops."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comethooks.workers.processes import StopFlag, is_alive
from comethooks.workers.supervision.supervisor import Child, stop_together, supervise
from tests.waiting import wait_for

SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    (
        "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up',"
        " flush=True); signal.pause()"
    ),
]


@contextmanager
def supervised(*children: Child) -> Iterator[None]:
    stop = StopFlag()
    for child in children:
        child.start()
    thread = threading.Thread(target=supervise, args=(children, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        stop_together(children)


def pid(child: Child) -> int:
    assert child.process
    return child.process.pid


def test_a_child_that_dies_comes_back_within_a_second() -> None:
    """Under another process id."""
    child = Child("sleeper", SLEEPER)
    with supervised(child):
        first = pid(child)
        os.kill(first, signal.SIGKILL)
        assert wait_for(lambda: pid(child) != first and is_alive(pid(child)), "it is back") < 1


def test_one_that_keeps_dying_is_brought_back_ever_more_slowly(tmp_path: Path) -> None:
    """A crash at start must not spin."""
    ledger = tmp_path / "starts"
    child = Child("crasher", ["sh", "-c", f"echo x >> {ledger}; exit 1"])
    with supervised(child):
        wait_for(
            lambda: ledger.exists() and len(ledger.read_text().split()) >= 5,
            "it has died five times",
        )
        assert child._pause == 1.0


def test_stopping_waits_for_a_clean_end_and_kills_what_does_not(tmp_path: Path) -> None:
    """SIGTERM first; after its time, SIGKILL."""
    stubborn = Child("stubborn", STUBBORN, stop_seconds=0.3)
    stubborn.output = os.open(tmp_path / "out", os.O_CREAT | os.O_WRONLY)
    stubborn.start()
    wait_for(lambda: (tmp_path / "out").read_text(), "it ignores the signal by now")
    stubborn.stop()
    assert stubborn.process
    assert stubborn.process.returncode == -signal.SIGKILL
    os.close(stubborn.output)


def test_one_that_does_not_listen_yet_survives_being_asked_to_reload(tmp_path: Path) -> None:
    """It has loaded nothing so far. Who listens is told."""
    told = tmp_path / "told"
    code = (
        "import signal, time\n"
        f"while not __import__('os').path.exists({str(tmp_path / 'go')!r}): time.sleep(0.01)\n"
        f"signal.signal(signal.SIGUSR1, lambda *_: open({str(told)!r}, 'w').close())\n"
        f"open({str(tmp_path / 'listens')!r}, 'w').close()\n"
        "while True: time.sleep(1)\n"
    )
    child = Child("late", [sys.executable, "-c", code])
    child.reload()  # it does not even run
    child.start()
    child.reload()
    (tmp_path / "go").touch()
    wait_for((tmp_path / "listens").exists, "it listens")
    assert not told.exists()
    child.reload()
    wait_for(told.exists, "it is told")
    assert is_alive(pid(child))
    child.stop()


def test_all_are_stopped_within_the_time_of_one(tmp_path: Path) -> None:
    """Ten workers that hang must not hang ten times as long; these four would take 8 s."""
    hanging = [Child(f"stubborn-{number}", STUBBORN, stop_seconds=2) for number in range(4)]
    with open(tmp_path / "out", "wb") as output:
        for child in hanging:
            child.output = output.fileno()
            child.start()
        wait_for(
            lambda: (tmp_path / "out").read_text().count("up") == 4, "they ignore the signal by now"
        )
    started = time.monotonic()
    stop_together(hanging)
    assert time.monotonic() - started < 7
    assert [child.process.returncode for child in hanging if child.process] == [-signal.SIGKILL] * 4


def test_what_a_killed_child_started_is_killed_with_it(tmp_path: Path) -> None:
    """Its work-horse, too, which is in a process group of its own."""
    code = (
        "import os, signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n"
        "    os.setpgrp()\n"
        f"    open({str(tmp_path / 'horse')!r}, 'w').write(str(os.getpid()))\n"
        "signal.pause()\n"
    )
    child = Child("worker", [sys.executable, "-c", code], stop_seconds=0.2)
    child.start()
    wait_for(
        lambda: (tmp_path / "horse").exists() and (tmp_path / "horse").read_text(), "both are up"
    )
    horse = int((tmp_path / "horse").read_text())
    child.stop()
    assert not is_alive(horse)


def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    """Nobody is left without somebody who looks after it."""
    code = (
        "from comethooks.workers.supervision.supervisor import Child, supervise\n"
        "from comethooks.workers.processes import StopFlag\n"
        f"child = Child('sleeper', {SLEEPER!r})\n"
        "child.start()\n"
        "print(child.process.pid, flush=True)\n"
        "supervise([child], StopFlag())\n"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert supervisor.stdout
    child = int(supervisor.stdout.readline())
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    wait_for(lambda: not is_alive(child), "the child has ended")
