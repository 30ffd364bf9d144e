"""A process for isolated runs: whatever happens to it, the one that it is for knows."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from comethooks.workers.handlers.isolated_process import Died, Isolated
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.processes import is_alive
from comethooks.workers.states import RunState
from comethooks.workers.vital_signs import STILL_ENDING
from tests.redis_server import RedisServer
from tests.scenarios.stack import children, command_of
from tests.tables import make_tables
from tests.waiting import wait_for
from tests.workers.engine import handler, record

MODULE = "comethooks.workers.jobs.isolated"
RISKY = """
    import os
    import re
    import signal
    import threading
    from comethooks import Plugin

    plugin = Plugin("risky")

    @plugin.on("*", timeout=1)
    def fail(event, ctx):
        raise ValueError(f"attempt {ctx.attempt} of {event.id} in {os.getpid()}")

    @plugin.on("*")
    def emit(event, ctx):
        ctx.emit("made", {"is": "here"})

    @plugin.on("*")
    def die(event, ctx):
        os._exit(3)

    @plugin.on("*", timeout=1)
    def hang(event, ctx):
        threading.Event().wait()

    @plugin.on("*")
    def backtrack(event, ctx):
        re.match(r"(a+)+$", "a" * 64 + "b")
"""


@pytest.fixture
def environ(redis_server: RedisServer, tmp_path: Path) -> dict[str, str]:
    """The environment of a deployment with a risky plugin."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "risky.py").write_text(textwrap.dedent(RISKY))
    database = f"sqlite:///{tmp_path}/journal.db"
    make_tables(database)
    return {
        **os.environ,
        "REDIS_URL": redis_server.url,
        "DATABASE_URL": database,
        "COMETHOOKS_DATA_DIR": str(tmp_path),
        "COMETHOOKS_PLUGIN_DIR": str(plugins),
    }


@pytest.fixture
def isolated(environ: dict[str, str]) -> Iterator[Isolated]:
    made = Isolated(environ)
    yield made
    made.close()


def risky(name: str) -> BoundHandler:
    """The handler of the plugin, as somebody else has loaded it."""
    return handler(lambda event, ctx: None, f"risky.{name}")


def run(isolated: Isolated, name: str) -> RunResult | Died | None:
    """One attempt in a process that is there or is started."""
    assert isolated.ready(unless=lambda: False)
    return isolated.run(risky(name), record(), attempt=2)


def test_runs_are_made_there_one_after_the_other(isolated: Isolated) -> None:
    """In the same process, as the attempt that was asked for; none is there before."""
    assert not isolated.is_running
    results = [run(isolated, "fail") for _ in range(2)]
    said = [each.error or "" for each in results if isinstance(each, RunResult)]
    assert all(text.startswith("ValueError: attempt 2 of ") for text in said)
    assert len({text.rpartition(" ")[2] for text in said}) == 1
    assert str(os.getpid()) not in said[0]


def test_what_is_emitted_there_belongs_to_the_same_deployment(
    environ: dict[str, str], redis_server: RedisServer
) -> None:
    """Another one may share the server, under another prefix."""
    isolated = Isolated({**environ, "COMETHOOKS_KEY_PREFIX": "second:"})
    result = run(isolated, "emit")
    isolated.close()
    assert isinstance(result, RunResult)
    assert result.state is RunState.DONE
    client = redis_server.client()
    assert list(client.scan_iter(match="second:events:*"))
    assert not list(client.scan_iter(match="comethooks:events:*"))


def test_a_death_is_told_and_another_process_follows(isolated: Isolated) -> None:
    """With how it ended."""
    died = run(isolated, "die")
    assert isinstance(died, Died)
    assert died.ending == "exit status 3"
    assert not isolated.is_running
    assert isinstance(run(isolated, "fail"), RunResult)


def test_a_process_that_died_of_nothing_is_replaced(isolated: Isolated) -> None:
    """The next run is not why: when the process ended before it was called, there is no result."""
    assert isinstance(run(isolated, "fail"), RunResult)
    (child,) = (pid for pid in children(os.getpid()) if MODULE in command_of(pid))
    os.kill(child, signal.SIGKILL)
    assert isinstance(run(isolated, "fail") or run(isolated, "fail"), RunResult)


@pytest.mark.parametrize("size", [2, 2**20], ids=["small", "large"])
def test_a_process_that_stands_still_before_a_run_is_replaced(
    isolated: Isolated, size: int
) -> None:
    """Something that an earlier run has left behind may be why. It is not waited for, not even for
    taking what is more than fits between two processes.
    """
    assert isolated.ready(unless=lambda: False)
    (child,) = (pid for pid in children(os.getpid()) if MODULE in command_of(pid))
    os.kill(child, signal.SIGSTOP)
    killing = threading.Timer(40, os.kill, (child, signal.SIGKILL))
    killing.start()
    started = time.monotonic()
    body = b"x" * size
    assert isolated.run(risky("fail"), record(body=body), attempt=2) is None
    assert time.monotonic() - started < 30
    killing.cancel()
    assert not isolated.is_running


def test_a_handler_that_hangs_is_given_up_and_its_process_with_it(isolated: Isolated) -> None:
    """As everywhere, after its timeout."""
    result = run(isolated, "hang")
    assert isinstance(result, RunResult)
    assert (result.state, result.attempts) == (RunState.DEAD, 2)
    assert "it took longer than 1 s" in (result.error or "")
    assert isinstance(run(isolated, "fail"), RunResult)


def test_one_that_holds_pythons_lock_is_killed(isolated: Isolated) -> None:
    """It does not say any more that it lives."""
    died = run(isolated, "backtrack")
    assert isinstance(died, Died)
    assert died.ending == STILL_ENDING


def test_a_handler_that_is_not_loaded_there_is_no_result(isolated: Isolated) -> None:
    """Somebody has changed the plugins; another process may have it, but is not started at once."""
    assert run(isolated, "gone") is None
    assert not isolated.is_running
    asked = iter([False, False, True])
    assert not isolated.ready(unless=lambda: next(asked))


def test_a_process_that_does_not_start_is_tried_again_while_it_is_wanted(
    environ: dict[str, str],
) -> None:
    """As when the settings are wrong by now."""
    isolated = Isolated({**environ, "COMETHOOKS_THREADS": "none"})
    tries = iter([False] * 20 + [True])
    assert not isolated.ready(unless=lambda: next(tries))
    assert not isolated.is_running


def test_a_start_that_takes_long_is_given_up_once_it_is_not_wanted(environ: dict[str, str]) -> None:
    """Whoever is asked to stop does not wait for plugins to load."""
    (Path(environ["COMETHOOKS_PLUGIN_DIR"]) / "slow.py").write_text("import time; time.sleep(20)")
    isolated = Isolated({**environ, "COMETHOOKS_IMPORT_TIMEOUT": "60"})
    started = time.monotonic()
    assert not isolated.ready(unless=lambda: time.monotonic() > started + 1)
    assert time.monotonic() - started < 10
    assert not isolated.is_running


PARENT = """
import os
import sys
import threading
from comethooks.workers.handlers.isolated_process import Isolated
from tests.workers.engine import handler, record

isolated = Isolated(os.environ)
isolated.ready(unless=lambda: False)
print("ready", flush=True)
isolated.run(handler(lambda event, ctx: None, "risky.backtrack"), record(), attempt=2)
"""


def test_it_ends_with_the_process_that_it_is_for(environ: dict[str, str]) -> None:
    """At once, whatever it is at: the run is to be made again elsewhere."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    (child,) = children(parent.pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not is_alive(child), "it has ended", seconds=5)
    parent.stdout.close()


def test_signals_for_everybody_do_not_end_it(isolated: Isolated) -> None:
    """Some platforms send a SIGTERM to every process; the run is waited for."""
    assert isolated.ready(unless=lambda: False)
    (child,) = (pid for pid in children(os.getpid()) if MODULE in command_of(pid))
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        os.kill(child, signum)
    assert isinstance(run(isolated, "fail"), RunResult)
    assert is_alive(child)
