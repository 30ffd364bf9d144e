"""Once: many attempts in several processes at the same time, and some of these are killed."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.waiting import wait_for
from workers.journal import Journal, OnceClaim
from workers.journal.migrate import upgrade
from workers.states import OnceState

ATTEMPTS, PROCESSES = 100, 4

ATTEMPT = """
import os, sys, threading, time
from workers.clock import now_ms
from workers.journal import Journal, OnceClaim
from workers.once import entered
from workers.retry import RetryLater

url, path, keys, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
seconds = float(sys.argv[5])
journal = Journal.open(url)
ledger = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def attempt(number, key):
    token = f"{os.getpid()}-{number}-{key}"
    while True:
        now = now_ms()
        claim = OnceClaim("shop", "app", f"key {key}", token, "event", "shop.greet", now, now + round(1000 * seconds))
        try:
            with entered(journal, claim) as first:
                if first:
                    os.write(ledger, f"{key} in\\n".encode())
                    time.sleep(0.01)
                    os.write(ledger, f"{key} out\\n".encode())
            return
        except RetryLater:
            time.sleep(0.02)


def work(number):
    for key in range(keys):
        attempt(number, key)


print("ready", flush=True)
sys.stdin.readline()
workers = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
"""


@pytest.fixture
def tables(url: str) -> str:
    """The URL of a database with tables."""
    upgrade(url)
    return url


def started(url: str, ledger: Path, keys: int, seconds: float = 60.0) -> list[subprocess.Popen[str]]:
    """Processes that begin together; each has its part of the attempts for every key."""
    numbers = [str(each) for each in (keys, ATTEMPTS // PROCESSES, seconds)]
    arguments = [sys.executable, "-c", ATTEMPT, url, str(ledger), *numbers]
    processes = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return processes


def counted(ledger: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each key was entered, and left."""
    lines = [line.split() for line in ledger.read_text().splitlines()]
    return (
        Counter(key for key, what in lines if what == "in"),
        Counter(key for key, what in lines if what == "out"),
    )


@pytest.mark.timeout(120)
def test_a_hundred_attempts_in_several_processes_do_it_exactly_once(tables: str, tmp_path: Path) -> None:
    """Whoever comes while one is at it comes again, and finds it done."""
    ledger = tmp_path / "ledger"
    for process in started(tables, ledger, 3):
        assert process.wait(60) == 0
    entered, left = counted(ledger)
    assert entered == left == {"0": 1, "1": 1, "2": 1}


@pytest.mark.timeout(120)
def test_when_processes_are_killed_it_is_never_done_twice(tables: str, tmp_path: Path) -> None:
    """A key whose process died inside is unknown once its time is over; what is known to be done was done once."""
    ledger = tmp_path / "ledger"
    chance = random.Random(7)
    keys = 40
    *victims, survivor = started(tables, ledger, keys, seconds=1.5)
    for number, victim in enumerate(victims):
        least = 5 * number + chance.randrange(5)
        wait_for(lambda least=least: ledger.exists() and len(counted(ledger)[1]) > least, "some are done")
        victim.kill()
        victim.wait()
    assert survivor.wait(90) == 0
    entered, left = counted(ledger)
    assert entered == dict.fromkeys(map(str, range(keys)), 1)
    journal = Journal.open(tables)
    for key in entered:
        claim = OnceClaim("shop", "app", f"key {key}", "later", "event", "shop.greet", now=2**42, until=2**42)
        known = journal.know_once(claim)
        # Killed between the effect and the commit that tells of it: nobody knows.
        assert known is OnceState.UNKNOWN or (known is OnceState.DONE and left[key] == 1), key
    journal.close()
