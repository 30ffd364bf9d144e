"""Once: many attempts in several processes at the same time, and some of these are killed."""

import dataclasses
import os
import random
import threading
import time
from collections import Counter
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.once import entered
from comethooks.workers.journal import Journal, KnownOnce, OnceClaim, token_of
from comethooks.workers.plugins.retry import NotYet
from comethooks.workers.states import OnceState
from tests.forked import context
from tests.tables import make_tables
from tests.waiting import wait_for

ATTEMPTS, PROCESSES = 100, 4
NOW = 2**40


def _attempt(
    url: str, ledger: Path, keys: int, threads: int, seconds: float, start: Barrier
) -> None:
    """What one process does: its part of the attempts for every key, one key after the other."""
    journal = Journal.open(url)
    journal.probe()
    file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def attempt(number: int, key: int) -> None:
        token = f"{os.getpid()}-{number}-{key}"
        while True:
            now = now_ms()
            until = now + round(1000 * seconds)
            claim = OnceClaim("shop", "app", f"key {key}", token, "event", "shop.greet", now, until)
            try:
                with entered(journal, claim) as known:
                    if known is None:
                        os.write(file, f"{key} in\n".encode())
                        time.sleep(0.01)
                        os.write(file, f"{key} out\n".encode())
                return
            except NotYet:
                time.sleep(0.02)

    def work(number: int) -> None:
        for key in range(keys):
            attempt(number, key)

    start.wait(60)
    workers = [
        threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


@pytest.fixture
def tables(url: str) -> str:
    """The URL of a database with tables."""
    make_tables(url)
    return url


def started(
    url: str, ledger: Path, keys: int, seconds: float = 60.0, *, attempts: int = ATTEMPTS
) -> list[ForkServerProcess]:
    """Processes that begin together; each has its part of the attempts for every key."""
    start = context.Barrier(PROCESSES + 1)
    arguments = (url, ledger, keys, attempts // PROCESSES, seconds, start)
    processes = [context.Process(target=_attempt, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    start.wait(60)
    return processes


def counted(ledger: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each key was entered, and left."""
    lines = [line.split() for line in ledger.read_text().splitlines()]
    return (
        Counter(key for key, what in lines if what == "in"),
        Counter(key for key, what in lines if what == "out"),
    )


@pytest.mark.timeout(120)
def test_a_hundred_attempts_in_several_processes_do_it_exactly_once(
    tables: str, tmp_path: Path
) -> None:
    """Whoever comes while one is at it comes again, and finds it done."""
    ledger = tmp_path / "ledger"
    for process in started(tables, ledger, 3):
        process.join(60)
        assert process.exitcode == 0
    entered, left = counted(ledger)
    assert entered == left == {"0": 1, "1": 1, "2": 1}


@pytest.mark.timeout(120)
def test_when_processes_are_killed_it_is_never_done_twice(tables: str, tmp_path: Path) -> None:
    """A key whose process died inside is unknown once its time is over; what is known to be done
    was done once.
    """
    ledger = tmp_path / "ledger"
    chance = random.Random(7)
    keys = 16
    *victims, survivor = started(tables, ledger, keys, seconds=1.5, attempts=40)
    for number, victim in enumerate(victims):
        least = 5 * number + chance.randrange(5)
        wait_for(
            lambda least=least: ledger.exists() and len(counted(ledger)[1]) > least, "some are done"
        )
        victim.kill()
        victim.join()
    survivor.join(90)
    assert survivor.exitcode == 0
    entered, left = counted(ledger)
    assert entered == dict.fromkeys(map(str, range(keys)), 1)
    journal = Journal.open(tables)
    for key in entered:
        claim = OnceClaim(
            "shop", "app", f"key {key}", "later", "event", "shop.greet", now=2**42, until=2**42
        )
        known = journal.know_once(claim)
        # Killed between the effect and the commit that tells of it: nobody knows.
        assert known is OnceState.UNKNOWN or (known is OnceState.DONE and left[key] == 1), key
    journal.close()


def claim_of(
    event_id: str, attempt: str, *, replay: str | None = None, handler: str = "shop.greet"
) -> OnceClaim:
    token = token_of(event_id, handler, replay, attempt)
    return OnceClaim("shop", "app", "key", token, event_id, handler, NOW, NOW + 35_000)


class TestAnotherAttempt:
    def test_of_the_same_run_finds_it_unknown_at_once(self, journal: Journal) -> None:
        """A run has one attempt at a time: the one that took the key is gone, or its time was
        over.
        """
        assert journal.enter_once(claim_of("event", "1")) is None
        assert journal.enter_once(claim_of("event", "2")) == KnownOnce(
            OnceState.UNKNOWN, NOW + 35_000
        )
        assert [each.state for each in journal.once_of("event", NOW)] == [OnceState.UNKNOWN]
        assert journal.enter_once(claim_of("other", "3")) == KnownOnce(
            OnceState.UNKNOWN, NOW + 35_000
        )

    def test_of_another_run_finds_it_in_progress(self, journal: Journal) -> None:
        """Of another event, another handler or another replay; it is told until when at most."""
        assert journal.enter_once(claim_of("event", "1")) is None
        for other in (
            claim_of("other", "1"),
            claim_of("event", "1", handler="shop.bill"),
            claim_of("event", "1", replay="july"),
        ):
            assert journal.enter_once(other) == KnownOnce(OnceState.PROGRESS, NOW + 35_000)
            late = dataclasses.replace(other, now=NOW + 35_000)
            assert journal.enter_once(late) == KnownOnce(OnceState.UNKNOWN, NOW + 35_000)

    @pytest.mark.parametrize("state", [OnceState.DONE, None])
    def test_that_was_given_up_and_ends_after_all_says_what_became_of_it(
        self, journal: Journal, state: OnceState | None
    ) -> None:
        """Its thread hung, and it knows best."""
        first = claim_of("event", "1")
        journal.enter_once(first)
        journal.enter_once(claim_of("event", "2"))
        journal.leave_once(first, state)
        assert journal.know_once(first) is state

    def test_cannot_say_so_for_it(self, journal: Journal) -> None:
        """The key is not its own."""
        journal.enter_once(claim_of("event", "1"))
        journal.leave_once(claim_of("event", "2"), OnceState.DONE)
        assert journal.know_once(claim_of("event", "1")) is OnceState.PROGRESS
