"""Processes that are forked: they call their function, and can be asked and stopped like others."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_for

FORKING = """
import os, signal, sys, time
from comethooks.workers.supervision.forking import Forked
{setup}

child = Forked({function}, name="a-name-that-is-long")
{rest}
"""


def forked(function: str, rest: str, setup: str = "") -> "subprocess.CompletedProcess[str]":
    """Fork in a process of its own: pytest has threads."""
    code = FORKING.format(function=function, rest=rest, setup=setup)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )


@pytest.mark.parametrize(
    "function, code",
    [
        ("lambda: 0", 0),
        ("lambda: 3", 3),
        ("lambda: sys.exit(4)", 4),
        ("lambda: 1 / 0", 70),
        ("sys.exit", 0),
    ],
)
def test_what_the_function_gives_is_the_exit_code(function: str, code: int) -> None:
    """What it raises is printed, and is 70."""
    done = forked(function, "print(child.wait(10), child.poll(), child.returncode)")
    assert done.stdout.split() == [str(code)] * 3
    assert ("ZeroDivisionError" in done.stderr) is (code == 70)


def test_a_function_that_closes_its_output_does_not_go_on_as_its_parent() -> None:
    """A plugin may close it while it is loaded."""
    done = forked("lambda: sys.stdout.close() or 0", "print('parent', child.wait(10))")
    assert done.stdout.split() == ["parent", "0"]
    assert "Traceback" not in done.stderr


def test_a_signal_that_ended_it_is_negative() -> None:
    """As with subprocess."""
    done = forked("lambda: os.kill(os.getpid(), signal.SIGKILL)", "print(child.wait(10))")
    assert done.stdout.strip() == "-9"


def test_it_has_a_session_a_name_and_no_input_of_its_own() -> None:
    """Ctrl-C reaches the parent alone."""
    function = (
        "lambda: print(os.getsid(0) == os.getpid(), open('/proc/self/comm').read().strip(),"
        " os.read(0, 1))"
    )
    done = forked(function, "child.wait(10)")
    assert done.stdout.strip() == "True a-name-that-is- b''"


def test_a_signal_is_not_lost_between_the_fork_and_its_own_handlers() -> None:
    """Nor is it taken by a handler of the parent's."""
    setup = "signal.signal(signal.SIGTERM, lambda *_: print('the handler of the parent'))"
    rest = "child.terminate(); print(child.wait(10)); child.terminate()"
    done = forked("lambda: time.sleep(30)", rest, setup)
    assert done.stdout.split() == ["-15"]


def test_waiting_ends_after_the_time_that_was_given() -> None:
    """With the error of subprocess."""
    rest = """
import subprocess
try:
    child.wait(0.1)
except subprocess.TimeoutExpired:
    print("it runs", child.poll())
child.terminate()
child.wait(10)
"""
    assert forked("lambda: time.sleep(30)", rest).stdout.strip() == "it runs None"


def test_it_ends_with_its_supervisor(tmp_path: Path) -> None:
    """However that ends."""
    ledger = tmp_path / "pid"
    code = f"""
import os, pathlib, time
from comethooks.workers.supervision.supervisor import ForkedChild
child = ForkedChild("sleeper", function=lambda: time.sleep(60) or 0)
child.start()
pathlib.Path({str(ledger)!r}).write_text(str(child.process.pid))
time.sleep(60)
"""
    supervisor = subprocess.Popen([sys.executable, "-c", code])
    wait_for(lambda: ledger.exists() and ledger.read_text(), "it has forked")
    supervisor.kill()
    supervisor.wait()
    child = int(ledger.read_text())
    wait_for(lambda: not Path(f"/proc/{child}").exists() or "Z" in state(child), "the child ends")


def state(pid: int) -> str:
    """The state letter of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
