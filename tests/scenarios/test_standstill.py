"""Work-horses that stand still, and what may have killed one: it costs those beside it seconds."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from comethooks.workers.journal import Filter
from comethooks.workers.processes import is_alive
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.vital_signs import STILL_ENDING
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of, marks, waiting
from tests.scenarios.load import accept
from tests.scenarios.stack import Stack, kill_tree, work_horses_of
from tests.waiting import wait_for

RISKY = """
    import os
    import re
    import signal
    import threading
    from comethooks import Plugin, Retry

    plugin = Plugin("risky")

    @plugin.on("message_sent", timeout=30, retry=Retry(attempts=3, base=0.1))
    def try_again(event, ctx):
        text = event.message.text
        if text.startswith("later") and ctx.attempt == 1:
            raise ValueError("not yet")
        if text == "later backtrack":
            re.match(r"(a+)+$", "a" * 64 + "b")

    @plugin.on("message_sent", timeout=30)
    def handle(event, ctx):
        match event.message.text:
            case "backtrack": re.match(r"(a+)+$", "a" * 64 + "b")
            case "kill": os.kill(os.getpid(), signal.SIGKILL)
            case "slow": threading.Event().wait(5)
"""
OTHERS = 40
"""Conversations that go on, in all partitions."""


class Others(threading.Thread):
    """Has harmless messages accepted, conversation after conversation, until it is stopped."""

    def __init__(self, stack: Stack, *, first: int = 0, per_second: float = 40.0) -> None:
        super().__init__(daemon=True)
        self.accepted: dict[str, list[str]] = {}
        self.at: dict[str, int] = {}
        """When each was accepted (ns)."""
        self._streams = Streams.open(Settings.load(stack.environment))
        self._first = first
        self._pause = 1 / per_second
        self._stopped = threading.Event()

    def run(self) -> None:
        number = 0
        while not self._stopped.wait(self._pause):
            conversation = self._first + number % OTHERS
            number += 1
            try:
                event = accept(self._streams, conversation, number, data={"text": "harmless"})
            except NotKeptError:  # a busy machine: CometChat would send it again
                continue
            self.at[event] = time.time_ns()
            self.accepted.setdefault(str(conversation), []).append(event)

    def stop(self) -> None:
        """Accept nothing more."""
        self._stopped.set()
        self.join(10)


@pytest.fixture
def risky(stack: Stack) -> Stack:
    stack.plugin("risky", RISKY)
    return stack


@pytest.fixture
def others(risky: Stack) -> Iterator[Others]:
    made = Others(risky)
    yield made
    made.stop()


def longest_wait(stack: Stack, others: Others) -> float:
    """How long one of the others waited for its handler, at most (s)."""
    effects = stack.effects()
    first: dict[str, int] = {}
    for line, at in zip(effects.lines, effects.times, strict=True):
        first.setdefault(line[0], at)
    return max(first[event] - accepted for event, accepted in others.at.items()) / 1e9


def handled(stack: Stack) -> int:
    return len(stack.effects().ids)


def dead_of(stack: Stack) -> dict[str, str | None]:
    """The errors of the runs that are dead, by their events."""
    journal = journal_of(stack)
    found = {run.event_id: run.error for run in journal.runs(Filter(state=RunState.DEAD))}
    journal.close()
    return found


def states_of(stack: Stack, events: set[str]) -> Counter[str]:
    """In which states the runs of the risky handler are for these events."""
    journal = journal_of(stack)
    runs = journal.runs(Filter(handler="risky.handle"))
    found = Counter(run.state.value for run in runs if run.event_id in events)
    journal.close()
    return found


@pytest.mark.attack
@pytest.mark.timeout(180)
def test_a_handler_that_holds_pythons_lock_costs_the_others_seconds_and_is_dead(
    risky: Stack, own_redis_server: RedisServer, others: Others
) -> None:
    """A regular expression that backtracks for ever: its time limit cannot end it, the worker
    does. Nobody else is dead.
    """
    redis = own_redis_server.client()
    risky.start("worker", "--workers", "2")
    others.start()
    wait_for(lambda: handled(risky) >= OTHERS, "all conversations move")
    streams = Streams.open(Settings.load(risky.environment))
    poison = accept(streams, 1_000, 1, data={"text": "backtrack"})
    after = accept(streams, 1_000, 2, data={"text": "harmless"})
    streams.close()
    wait_for(lambda: poison in dead_of(risky), "it is dead", seconds=60)
    others.stop()
    wait_for(lambda: not waiting(redis), "everything is journalled", seconds=30)
    print(f"the others waited {longest_wait(risky, others):.1f} s at most")
    assert longest_wait(risky, others) < 20
    assert dead_of(risky) == {poison: f"killed its worker twice ({STILL_ENDING})"}
    assert states_of(risky, {after, *others.at}) == {"done": 1 + len(others.at)}
    assert risky.effects().disorders(others.accepted) == 0
    assert not marks(redis)


@pytest.mark.timeout(120)
def test_a_work_horse_that_was_stopped_is_replaced(
    risky: Stack, own_redis_server: RedisServer, others: Others
) -> None:
    """Nothing that was in progress there is dead."""
    redis = own_redis_server.client()
    supervisor = risky.start("worker", "--workers", "1")
    others.start()
    wait_for(lambda: handled(risky) >= OTHERS, "all conversations move")
    (horse,) = work_horses_of(supervisor.pid)
    os.kill(horse, signal.SIGSTOP)
    wait_for(lambda: not is_alive(horse), "it is killed")
    wait_for(lambda: work_horses_of(supervisor.pid), "there is another one")
    wait_for(lambda: set(list(others.at)[:-OTHERS]) <= risky.effects().ids, "the others move again")
    others.stop()
    wait_for(lambda: not waiting(redis), "everything is journalled", seconds=30)
    print(f"the others waited {longest_wait(risky, others):.1f} s at most")
    assert longest_wait(risky, others) < 20
    assert dead_of(risky) == {}
    assert risky.effects().disorders(others.accepted) == 0


@pytest.mark.attack
@pytest.mark.timeout(300)
@pytest.mark.parametrize("runs", [12, 64])
def test_what_was_in_progress_at_a_crash_of_everything_holds_nobody_up(
    risky: Stack, own_redis_server: RedisServer, others: Others, runs: int
) -> None:
    """Runs of five seconds, in the threads of two drainers (64: in all of them): they are repeated
    beside the rest, in the order of their conversations.
    """
    redis = own_redis_server.client()
    risky.environment["COMETHOOKS_THREADS"] = "32"
    supervisor = risky.start("worker", "--workers", "2")
    streams = Streams.open(Settings.load(risky.environment))
    slow: dict[str, list[str]] = {}
    for number in range(runs):
        conversation = 1_000 + number
        slow[str(conversation)] = [
            accept(streams, conversation, 1, data={"text": "slow"}),
            accept(streams, conversation, 2, data={"text": "harmless"}),
        ]
    streams.close()
    wait_for(lambda: len(marks(redis)) >= runs - 4, "they are in progress")
    kill_tree(supervisor.pid)
    supervisor.wait()
    risky.start("worker", "--workers", "2")
    others.start()
    last = [events[-1] for events in slow.values()]
    wait_for(lambda: set(last) <= risky.effects().ids, "all have run", seconds=180)
    others.stop()
    wait_for(lambda: not waiting(redis), "everything is journalled", seconds=30)
    print(f"the others waited {longest_wait(risky, others):.1f} s at most")
    assert longest_wait(risky, others) < 10
    assert dead_of(risky) == {}
    every = {event for events in slow.values() for event in events} | set(others.at)
    assert states_of(risky, every) == {"done": len(every)}
    assert risky.effects().disorders({**slow, **others.accepted}) == 0
    assert not marks(redis)


@pytest.mark.timeout(180)
def test_poison_among_innocents_is_found_while_the_others_go_on(
    risky: Stack, own_redis_server: RedisServer, others: Others
) -> None:
    """Slow runs are in progress beside one that kills its process: it is dead at the second time,
    and they are repeated once.
    """
    redis = own_redis_server.client()
    risky.start("worker", "--workers", "1")
    others.start()
    wait_for(lambda: handled(risky) >= OTHERS, "all conversations move")
    streams = Streams.open(Settings.load(risky.environment))
    slow = {
        accept(streams, 1_000 + number, 1, data={"text": "slow"}): 1_000 + number
        for number in range(8)
    }
    wait_for(lambda: len(marks(redis)) >= 8, "they are in progress")
    poison = accept(streams, 2_000, 1, data={"text": "kill"})
    streams.close()
    wait_for(lambda: poison in dead_of(risky), "it is dead", seconds=60)
    wait_for(lambda: states_of(risky, set(slow)) == {"done": 8}, "the others are done", seconds=60)
    others.stop()
    wait_for(lambda: not waiting(redis), "everything is journalled", seconds=30)
    print(f"the others waited {longest_wait(risky, others):.1f} s at most")
    assert longest_wait(risky, others) < 10
    assert dead_of(risky) == {poison: "killed its worker twice (SIGKILL)"}
    assert risky.effects().disorders(others.accepted) == 0
    assert Path(risky.effects_file).exists()


@pytest.mark.attack
@pytest.mark.timeout(180)
def test_a_further_attempt_that_holds_pythons_lock_costs_the_others_seconds_and_is_dead(
    risky: Stack, own_redis_server: RedisServer
) -> None:
    """Further attempts of other events are made while it is tried again in a process of its own."""
    redis = own_redis_server.client()
    risky.start("worker", "--workers", "1")
    streams = Streams.open(Settings.load(risky.environment))
    poison = accept(streams, 1_000, 1, data={"text": "later backtrack"})
    accepted: dict[str, float] = {}
    number = 0
    while poison not in dead_of(risky):
        number += 1
        assert number < 60, "it is dead within a minute"
        accepted[accept(streams, number, 1, data={"text": "later"})] = time.time()
        time.sleep(1)
    streams.close()
    wait_for(lambda: not waiting(redis), "everything is journalled", seconds=30)
    ended = wait_for_second_attempts(risky, set(accepted))
    longest = max(ended[event] - at for event, at in accepted.items())
    print(f"the others waited {longest:.1f} s at most")
    assert longest < 20
    assert dead_of(risky) == {poison: f"killed its worker twice ({STILL_ENDING})"}


def wait_for_second_attempts(stack: Stack, events: set[str]) -> dict[str, float]:
    """When the second attempt of each of these events ended (s)."""
    ended: dict[str, float] = {}

    def all_ended() -> bool:
        journal = journal_of(stack)
        runs = list(journal.runs(Filter(handler="risky.try_again", state=RunState.DONE)))
        journal.close()
        ended.update({run.event_id: (run.finished_at or 0) / 1000 for run in runs})
        return events <= set(ended)

    wait_for(all_ended, "all were tried again", seconds=30)
    return ended
