"""Processes that are forked from one that has imported: they differ in nothing from executed ones
but in how soon they begin.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from comethooks.workers.processes import is_alive
from tests.command_processes import RECEIVING, WORKING
from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack, children, command_of
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, all are executed")

FACTS = """
    import gc, json, os, random, resource, signal, sys, threading

    from comethooks import Plugin

    plugin = Plugin("facts")
    facts = {
        "arguments": sys.argv,
        "cwd": os.getcwd(),
        "environment": dict(os.environ),
        "files": {each: os.readlink(f"/proc/self/fd/{each}")
                  for each in os.listdir("/proc/self/fd")
                  if os.path.exists(f"/proc/self/fd/{each}")},
        "gc": [gc.isenabled(), gc.get_threshold()],
        "handlers": {each.name: str(signal.getsignal(each)) for each in signal.Signals},
        "ignored": [line for line in open("/proc/self/status") if line.startswith("SigIgn")],
        "leads its session": os.getsid(0) == os.getpid(),
        "limit": resource.getrlimit(resource.RLIMIT_NOFILE),
        "main": sys.modules["__main__"].__spec__.name,
        "mask": [str(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
        "niceness": os.nice(0),
        "path": sys.path,
        "standard": [[each.encoding, each.errors, each.line_buffering, each.isatty()]
                     for each in (sys.stdin, sys.stdout, sys.stderr)],
        "threads": threading.active_count(),
        "umask": [line for line in open("/proc/self/status") if line.startswith("Umask")],
    }
    with open(os.environ["COMETHOOKS_FACTS_FILE"], "w") as file:
        json.dump([facts, random.random()], file)
"""
"""A plugin that tells everything of its process that has not to do with what was imported."""
LOADED = """
import importlib, sys, tempfile, threading

for module in sys.argv[1:]:
    importlib.import_module(module)
assert threading.active_count() == 1
assert tempfile.tempdir is None
assert not {"gunicorn", "prometheus_client"} & sys.modules.keys()
"""
SESSION = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.scenarios.stack import Stack
process = Stack(Path(sys.argv[2]), "unix:///nowhere").start("web")
print(process.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def stack(tmp_path: Path, redis_server: RedisServer) -> Iterator[Stack]:
    """A deployment of which nothing runs yet."""
    made = Stack(tmp_path, redis_server.url)
    yield made
    made.close()


def facts(stack: Stack) -> tuple[dict[str, Any], float]:
    """What a process tells of itself, and the number that it drew."""
    stack.log_file.unlink(missing_ok=True)
    assert stack.start("plugins", "list").wait(60) == 0, stack.log()
    told, drawn = json.loads((stack.directory / "facts").read_text())
    return told, drawn


def test_a_forked_process_is_like_an_executed_one(
    stack: Stack, request: pytest.FixtureRequest
) -> None:
    """In its session, folder, environment, umask, files, signals, import path and command; and in
    that it draws numbers of its own.
    """
    stack.plugin("facts", FACTS)
    stack.environment["COMETHOOKS_FACTS_FILE"] = str(stack.directory / "facts")
    _, first = facts(stack)  # the server has begun
    request.addfinalizer(partial(os.umask, os.umask(0o027)))
    stack.environment["COMETHOOKS_ANOTHER"] = "1"
    del stack.environment["PATH"]
    forked, second = facts(stack)
    stack.anew = True
    executed, third = facts(stack)
    assert forked == executed
    assert len({first, second, third}) == 3


def test_its_end_is_told_as_that_of_any_other(stack: Stack) -> None:
    """Exit statuses and signals; and waiting for it has a limit."""
    assert stack.run("no-such-command", check=False).returncode == 2
    assert stack.run("--version").stdout.startswith("comethooks, version")
    first, second = stack.web(), stack.start("web")
    assert first.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        first.wait(0.01)
    second.kill()
    assert second.wait(60) == second.poll() == second.returncode == -signal.SIGKILL
    first.terminate()
    assert first.wait(60) == first.returncode == 0
    first.terminate()  # of one that has ended, nothing comes


def test_what_python_reads_at_its_start_is_read(stack: Stack) -> None:
    """A process with other values of that is executed, as one whose start a test is about."""
    forked = stack.start("web")
    stack.environment["PYTHONPATH"] = "/nowhere"
    executed = stack.start("web")
    wait_for(
        # The kernel does not show it from the first moment on.
        lambda: "-m comethooks.cli web" in command_of(executed.pid),
        "it is executed",
    )
    assert "-m comethooks.cli web" not in command_of(forked.pid)


def test_what_was_imported_has_done_nothing_yet() -> None:
    """No thread was started, nothing was read of the environment that a process may have otherwise,
    and neither was what does so imported.
    """
    command = [sys.executable, "-P", "-c", LOADED, *RECEIVING, *WORKING]
    subprocess.run(command, check=True)


def test_all_ends_with_the_process_that_asks_for_it(tmp_path: Path) -> None:
    """However that ends: the server, and what it has forked."""
    command = [sys.executable, "-c", SESSION, str(Path(__file__).parents[1]), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as session:
        assert session.stdout
        left = [int(session.stdout.readline()), *children(session.pid)]
        session.kill()
    assert len(left) == 2
    wait_for(lambda: not any(map(is_alive, left)), "both have ended")
