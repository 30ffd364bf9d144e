"""Handlers that take their process with them, or never come back: one dead run each, and nothing
else.
"""

import time
from collections import Counter
from collections.abc import Sequence

import pytest

from comethooks.workers.drain.lanes import STARTED_PER_RUNNER
from comethooks.workers.journal import Filter, StoredRun
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from comethooks.workers.streams.accept import Streams
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of, waiting
from tests.scenarios.load import accept
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

DEADLY = """
    import ctypes
    import os
    import signal
    import threading
    import time
    from comethooks import Plugin

    plugin = Plugin("deadly")

    @plugin.on("message_sent")
    def die(event, ctx):
        match event.message.text:
            case "kill": os.kill(os.getpid(), signal.SIGKILL)
            case "segfault": ctypes.string_at(0)
            case "exit": os._exit(3)
            case "leave": os._exit(0)

    @plugin.on("message_sent", timeout=1)
    def hang(event, ctx):
        match event.message.text:
            case "sleep": time.sleep(3600)
            case "wait": threading.Event().wait()
            case "lock": deadlock()

    def deadlock():
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
"""

DEATHS = {
    "kill": "killed its worker twice (SIGKILL)",
    "segfault": "killed its worker twice (SIGSEGV)",
    "exit": "killed its worker twice (exit status 3)",
    "leave": "killed its worker twice (exit status 0)",
}
EVENTS = 1000


@pytest.fixture
def deadly(stack: Stack) -> Stack:
    stack.plugin("deadly", DEADLY)
    return stack


def accept_all(
    stack: Stack, events: int, special: dict[int, str], *, first: int = 0
) -> dict[str, str]:
    """Have events of 40 conversations accepted; the texts of all, by id. Those in `special` are
    numbered from 0.
    """
    streams = Streams.open(Settings.load(stack.environment))
    ids = {}
    for number in range(events):
        text = special.get(number, "harmless")
        ids[accept(streams, number % 40, first + number, data={"text": text})] = text
    streams.close()
    return ids


def runs_of(stack: Stack, handler: str, ids: dict[str, str]) -> list[StoredRun]:
    journal = journal_of(stack)
    runs = [run for run in journal.runs(Filter(handler=handler)) if run.event_id in ids]
    journal.close()
    return runs


def errors_of(runs: Sequence[StoredRun], ids: dict[str, str]) -> dict[str, list[str | None]]:
    """The errors of the runs that are not done, by the text of their event."""
    found: dict[str, list[str | None]] = {}
    for run in runs:
        if run.state is not RunState.DONE:
            found.setdefault(ids[run.event_id], []).append(run.error)
    return found


def attempts_of_dead(stack: Stack, runs: Sequence[StoredRun]) -> list[tuple[int, str | None]]:
    """The attempts of the one run that is dead, with their errors."""
    (dead,) = (run for run in runs if run.state is RunState.DEAD)
    journal = journal_of(stack)
    (found,) = (run for run in journal.runs_of(dead.event_id) if run.handler == dead.handler)
    journal.close()
    return [(attempt.number, attempt.error) for attempt in found.attempts_made]


@pytest.mark.parametrize("ways", [1, pytest.param(len(DEATHS), marks=pytest.mark.attack)])
def test_one_event_of_a_thousand_that_kills_its_process_is_dead_and_the_others_are_done(
    deadly: Stack, own_redis_server: RedisServer, ways: int
) -> None:
    """With SIGKILL, a segmentation fault and `os._exit`, one after the other, each in under a
    minute.
    """
    redis = own_redis_server.client()
    deadly.start("worker", "--workers", "2")
    for place, (way, error) in enumerate(list(DEATHS.items())[:ways]):
        started = time.monotonic()
        ids = accept_all(deadly, EVENTS, {EVENTS // 2: way}, first=place * EVENTS)
        wait_for(lambda: not waiting(redis), "everything is journalled", seconds=60)
        took = time.monotonic() - started
        runs = runs_of(deadly, "deadly.die", ids)
        states = Counter(run.state.value for run in runs)
        effects = Counter(line[0] for line in deadly.effects().lines if line[0] in ids)
        repeated = sum(effects.values()) - len(effects)
        print(f"{way}: {dict(states)} after {took:.1f} s, {repeated} repeats of the neighbour")
        assert states == {"done": EVENTS - 1, "dead": 1}
        assert errors_of(runs, ids) == {way: [error]}
        assert attempts_of_dead(deadly, runs) == [
            (1, error.replace("killed its worker twice", "its process ended before it did")),
            (2, error),
        ]
        assert len(effects) == EVENTS
        assert repeated <= STARTED_PER_RUNNER * 16  # what was in progress beside the first death
        assert took < 60


def test_a_handler_that_hangs_in_c_is_dead_after_its_timeout_and_its_neighbour_ran_once(
    deadly: Stack, own_redis_server: RedisServer
) -> None:
    """Its process is replaced; what else was in progress there has ended before."""
    redis = own_redis_server.client()
    deadly.start("worker", "--workers", "2")
    started = time.monotonic()
    ids = accept_all(deadly, 200, {10: "sleep", 11: "wait", 12: "lock", 110: "sleep"})
    wait_for(lambda: not waiting(redis), "everything is journalled", seconds=60)
    took = time.monotonic() - started
    runs = runs_of(deadly, "deadly.hang", ids)
    counts = Counter(line[0] for line in deadly.effects().lines)
    print(f"{dict(Counter(run.state.value for run in runs))} after {took:.1f} s")
    assert set(counts) == set(ids)
    assert set(counts.values()) == {1}
    timed_out = "HandlerTimeoutError: it took longer than 1 s"
    expected = {"sleep": [timed_out] * 2, "wait": [timed_out], "lock": [timed_out]}
    assert errors_of(runs, ids) == expected
    assert not errors_of(runs_of(deadly, "recorder.record", ids), ids)
