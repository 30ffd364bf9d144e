"""The beginning and the end of a job, in a process of its own as RQ's work-horse is."""

import multiprocessing
import os
import signal
from collections.abc import Callable

import pytest

from comethooks.workers.jobs.equipment import equipped
from comethooks.workers.processes import EXIT_FAILED, EXIT_LEASE_LOST
from comethooks.workers.streams.leases import LeaseLostError
from tests.workers.desk import Desk


def _refuse() -> None:
    raise ValueError("a body")


def _lose() -> None:
    raise LeaseLostError("another drainer has it")


def _job(environ: dict[str, str], work: Callable[[], None]) -> None:
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
    desk: Desk, work: Callable[[], None], status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a status that tells a failure of ours from what a handler did, and no text of it."""
    environ = dict(desk.settings.environ)
    process = multiprocessing.get_context("spawn").Process(target=_job, args=(environ, work))
    process.start()
    process.join(30)
    assert process.exitcode == status
    assert "a body" not in "".join(capfd.readouterr())
