"""A replay in a real deployment: killed, stopped, dry, beside another one and beside live
events.
"""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from bench.storm import Live, live_lines
from comethooks.workers.clock import now_ms
from comethooks.workers.jobs.chunks import CHUNK
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.journal.replaying.replay_rows import Replays, StoredReplay
from comethooks.workers.states import ReplayState
from comethooks.workers.streams import keys
from tests.comethooks.cli.listening import listener  # noqa: F401  (a fixture)
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of
from tests.scenarios.load import event_record
from tests.scenarios.stack import Stack, children, kill_tree, name_of, runs_worker_of
from tests.waiting import wait_for

HANDLER = "recorder.record"
_BATCH = 500
_CONVERSATIONS = 20
MOST_SLOWDOWN = 2
_MOST_MEMORY_KB = 50 * 1024


@pytest.fixture
def journal(stack: Stack) -> Iterator[Journal]:
    """The journal of the deployment."""
    opened = journal_of(stack)
    yield opened
    opened.close()


def keep(journal: Journal, count: int) -> list[str]:
    """So many events that were received before now and imported; their ids."""
    start = now_ms() - 86_400_000
    ids = []
    for first in range(0, count, _BATCH):
        records = [
            replace(event_record(number % _CONVERSATIONS, number), received_at=start + number)
            for number in range(first, min(count, first + _BATCH))
        ]
        journal.write([Settled(record=each, runs=(), partition=None) for each in records])
        ids += [each.id for each in records]
    return ids


def begin(stack: Stack, name: str, *options: str) -> None:
    """Begin a replay, and leave it to the workers."""
    what = ("--handler", HANDLER, "--include", HANDLER)
    stack.run("replay", "run", "--name", name, *what, "--yes", "--detach", *options)


def replay(journal: Journal, name: str) -> StoredReplay:
    """How it stands."""
    found = Replays(journal.engine).get(name)
    assert found is not None
    return found


def wait_until(
    journal: Journal, name: str, state: ReplayState, seconds: float = 60
) -> StoredReplay:
    """Return once it is in that state."""
    wait_for(lambda: replay(journal, name).state is state, f"{name} is {state}", seconds=seconds)
    return replay(journal, name)


def runs_of(journal: Journal, name: str) -> Counter[str]:
    """How many runs of the replay there are of each event that has any."""
    return Counter(run.event_id for run in journal.runs() if run.replay == name)


def memory_of(pid: int, what: str = "VmHWM") -> int:
    """The most memory that a process had, or what it has, in kB; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith(what)), 0)


def growth_of_work_horses(stack: Stack) -> Iterator[int]:
    """By how much more memory those that replay have had at most than the idle worker has, in
    kB.
    """
    for supervisor in stack.processes:
        for worker in children(supervisor.pid):
            if name_of(worker) == "runs":
                yield from (
                    memory_of(horse) - memory_of(worker, "VmRSS") for horse in children(worker)
                )


@pytest.mark.parametrize(
    ("database_url", "number"),
    [
        ("sqlite", 1000),
        pytest.param("postgresql", 2000, marks=pytest.mark.attack),
        pytest.param("sqlite", 100_000, marks=pytest.mark.attack),
        pytest.param("postgresql", 100_000, marks=pytest.mark.attack),
    ],
    indirect=["database_url"],
)
@pytest.mark.timeout(1800)
def test_a_replay_that_is_killed_twice_goes_on_and_records_every_run_once(
    stack: Stack, journal: Journal, number: int
) -> None:
    """What was in progress at a kill is run again, and nothing else; memory does not grow with the
    events.
    """
    seconds = 60 + number / 50
    ids = keep(journal, number)
    begin(stack, "mended")  # before there is a worker, which would be done before anybody looks
    supervisor = stack.start("worker", "--workers", "1")
    grown: list[int] = []

    def has_come_to(share: float) -> bool:
        grown.extend(growth_of_work_horses(stack))
        return replay(journal, "mended").events >= share * number

    wait_for(lambda: has_come_to(0.3), "it is at 30 %", seconds=seconds)
    worker = runs_worker_of(supervisor.pid)
    for victim in (worker, *children(worker)):
        os.kill(victim, signal.SIGKILL)
    wait_for(lambda: has_come_to(0.6), "it is at 60 %", seconds=seconds)
    kill_tree(supervisor.pid)
    stack.start("worker", "--workers", "1")
    wait_for(lambda: has_come_to(1.0), "it is at its end", seconds=seconds)
    done = wait_until(journal, "mended", ReplayState.DONE)
    effects = stack.effects()
    print(f"{effects.repeats} repeated; work-horses grew by {max(grown) / 1024:.1f} MB at most")
    assert (done.events, done.runs) == (number, number)
    assert runs_of(journal, "mended") == dict.fromkeys(ids, 1)
    assert effects.ids == set(ids)
    assert effects.repeats <= 2 * CHUNK
    assert max(grown) < _MOST_MEMORY_KB


def test_two_replays_at_once_on_two_hosts_record_every_run_of_each_once(
    stack: Stack, journal: Journal
) -> None:
    """Each worker takes whatever is due; nothing is run twice."""
    ids = keep(journal, 5 * CHUNK)
    for _ in range(2):
        stack.start("worker", "--workers", "1")
    begin(stack, "one")
    begin(stack, "two")
    for name in ("one", "two"):
        wait_until(journal, name, ReplayState.DONE)
        assert runs_of(journal, name) == dict.fromkeys(ids, 1)
    assert len(stack.effects().lines) == 2 * len(ids)


def test_a_replay_that_is_stopped_goes_on_where_it_was(stack: Stack, journal: Journal) -> None:
    """The command says so, and shows how it ends."""
    ids = keep(journal, 200)
    stack.start("worker", "--workers", "1")
    begin(stack, "slow", "--rate", "40")
    wait_for(lambda: replay(journal, "slow").events >= 40, "a part is done")
    stack.run("replay", "stop", "slow")
    stopped = wait_until(journal, "slow", ReplayState.STOPPED)
    assert stopped.events < 200
    done = stack.run("replay", "resume", "slow")
    assert done.stdout == "done: 200 events, 200 runs (200 done).\n"
    assert stack.effects().repeats == 0
    assert stack.effects().ids == set(ids)


def test_who_does_not_want_to_wait_leaves_it_to_the_workers(stack: Stack, journal: Journal) -> None:
    """Ctrl-C ends the command, and says so."""
    keep(journal, 60)
    stack.start("worker", "--workers", "1")
    options = ("--all", "--include", HANDLER, "--rate", "20", "--yes")
    command = stack.start("replay", "run", "--name", "left", *options)
    wait_for(lambda: "replayed " in stack.log(), "it shows how far it is")
    command.send_signal(signal.SIGINT)
    assert command.wait(20) == 0
    assert "The workers go on with it" in stack.log()
    assert replay(journal, "left").state is ReplayState.RUNNING
    assert wait_until(journal, "left", ReplayState.DONE).events == 60


def test_a_job_that_got_lost_is_made_again(stack: Stack, journal: Journal) -> None:
    """Whatever becomes of RQ's lists: the row says that a chunk is due."""
    keep(journal, 50)
    begin(stack, "lost")
    assert replay(journal, "lost").events == 0
    stack.start("worker", "--workers", "1")
    assert wait_until(journal, "lost", ReplayState.DONE).events == 50


def test_a_dry_run_sends_nothing_and_the_same_run_wet_does(
    stack: Stack,
    journal: Journal,
    listener: Any,  # noqa: F811
) -> None:
    """What it would have sent is counted, and is what is sent then."""
    stack.plugin(
        "poster",
        f"""
        from comethooks import Plugin

        plugin = Plugin("poster")

        @plugin.on("message.sent", replay="safe")
        def post(event, ctx):
            with ctx.once(event.id) as first:
                if first:
                    ctx.http.post("{listener.url}/in", json={{"id": event.id}}).raise_for_status()
        """,
    )
    ids = keep(journal, 20)
    stack.start("worker", "--workers", "1")
    options = ("--handler", "poster.post", "--yes")
    dry = stack.run("replay", "run", "--name", "dry", "--dry-run", *options)
    assert f"would POST {listener.url}/in: 20 times\n" in dry.stdout
    assert "other than through ctx" in dry.stderr
    assert listener.requests == []
    wet = stack.run("replay", "run", "--name", "wet", *options)
    assert wet.stdout == "done: 20 events, 20 runs (20 done).\n"
    assert sorted(json.loads(body)["id"] for _, _, body in listener.requests) == sorted(ids)


@pytest.mark.attack
@pytest.mark.timeout(1800)
def test_live_events_hardly_notice_a_replay(
    stack: Stack, journal: Journal, own_redis_server: RedisServer
) -> None:
    """None of the replayed ones is before them in a stream."""
    number = 100_000
    stack.plugin(
        "repeated",
        """
        from comethooks import Plugin

        plugin = Plugin("repeated")

        @plugin.on("*", replay="safe")
        def look(event, ctx):
            assert event.message
        """,
    )
    keep(journal, number)
    stack.web()
    stack.start("worker", "--workers", "1")
    wait_for(lambda: own_redis_server.client().zcard(keys.MEMBERS) == 1, "the drainer has joined")
    with Live(stack.port).posting() as live:
        wait_for(lambda: len(live.answered) >= 60, "live events are answered")
        begun = time.time_ns()
        stack.run("replay", "run", "--name", "beside", "--until", "12h", "--yes", "--detach")
        wait_until(journal, "beside", ReplayState.DONE, 60 + number / 50)
        done = time.time_ns()
    wait_for(
        lambda: len(live_lines(stack.effects_file)) >= len(live.answered), "live events are handled"
    )
    handled = {
        line[2]: at for line, at in zip(stack.effects().lines, stack.effects().times, strict=True)
    }
    late = {name: (handled[name] - called) / 1e6 for name, called in live.called.items()}
    calm = median(late[name] for name in list(late)[20:] if live.called[name] < begun)
    beside = median(late[name] for name, called in live.called.items() if begun <= called < done)
    print(f"live events handled after {calm:.1f} ms without and {beside:.1f} ms with a replay")
    assert replay(journal, "beside").runs == number
    assert beside < MOST_SLOWDOWN * calm
