"""The beginning and the end of a job, in a process of its own as RQ's work-horse is."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from comethooks.workers.jobs.equipment import equipped
from comethooks.workers.processes import EXIT_FAILED, EXIT_LEASE_LOST
from comethooks.workers.streams.leases import LeaseLostError
from comethooks.workers.streams.owner import hand_over
from tests.forked import context
from tests.waiting import wait_for
from tests.workers.desk import Desk


def _refuse() -> None:
    raise ValueError("a body")


def _tell_environment() -> None:
    subprocess.run(["env"], check=True)


def _lose() -> None:
    raise LeaseLostError("another drainer has it")


def _job(environ: dict[str, str], work: Callable[[], None], said: Path) -> None:
    """A job whose process writes what it says into a file."""
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.update(environ)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # as the worker forks it
    with equipped("drainer") as equipment:
        work()
        os.kill(os.getpid(), signal.SIGTERM)
        assert equipment.stop.wait(10)


@pytest.mark.parametrize(
    "work, status", [(os.getpid, 0), (_refuse, EXIT_FAILED), (_lose, EXIT_LEASE_LOST)]
)
def test_a_job_hears_sigterm_and_ends_its_process_when_it_fails(
    desk: Desk, work: Callable[[], None], status: int, tmp_path: Path
) -> None:
    """With a status that tells a failure of ours from what a handler did, and no text of it."""
    environ = dict(desk.settings.environ)
    said = tmp_path / "said"
    process = context.Process(target=_job, args=(environ, work, said))
    process.start()
    process.join(30)
    assert process.exitcode == status
    assert "a body" not in said.read_text()


def test_a_job_waits_while_redis_holds_the_events_of_another_journal(
    desk: Desk, tmp_path: Path
) -> None:
    """And begins when they are its own."""
    hand_over(desk.redis, "another")
    environ = dict(desk.settings.environ)
    said = tmp_path / "said"
    process = context.Process(target=_job, args=(environ, os.getpid, said))
    process.start()
    wait_for(
        lambda: said.exists() and "comethooks db adopt --yes" in said.read_text(),
        "it says why it waits",
    )
    assert process.is_alive()
    hand_over(desk.redis, desk.journal.identity() or "")
    process.join(30)
    assert process.exitcode == 0


@pytest.mark.parametrize("passed", ["", "REDIS_URL"])
def test_what_a_handler_starts_gets_no_credentials_of_ours(
    desk: Desk, passed: str, tmp_path: Path
) -> None:
    """Neither the addresses with their passwords nor any key, unless a setting says so."""
    secret = {"COMETHOOKS_BASIC_AUTH": "ada:s3cret", "COMETHOOKS_APPS": "app1:us:r3stkey"}
    secret |= {"COMETCHAT_MGMT_KEY": "m4nage", "COMETCHAT_MGMT_SECRET": "m4nage-too"}
    environ = {**desk.settings.environ, **secret, "COMETHOOKS_PASS_CREDENTIALS": passed}
    process = context.Process(target=_job, args=(environ, _tell_environment, tmp_path / "said"))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    said = (tmp_path / "said").read_text()
    assert "COMETHOOKS_PASS_CREDENTIALS=" in said
    for name in (*secret, "DATABASE_URL"):
        assert f"{name}=" not in said
    assert (f"REDIS_URL={environ['REDIS_URL']}" in said) == bool(passed)
