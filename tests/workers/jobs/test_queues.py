"""What stands in the RQ queues, as a worker finds it there."""

from comethooks.workers.jobs.queues import (
    ATTEMPTS_JOB,
    BATCH,
    DRAIN_JOB,
    DRAIN_QUEUE,
    MOST_JOBS,
    REPLAY_JOB,
    RUNS_QUEUE,
    enqueue_attempts,
    enqueue_drainer,
    enqueue_replays,
    open_queue,
)
from tests.workers.desk import Desk


def test_every_job_is_a_function_that_a_worker_can_import(desk: Desk) -> None:
    """Named by text, so nobody else would notice that it moved."""
    drain, runs = (open_queue(name, desk.redis) for name in (DRAIN_QUEUE, RUNS_QUEUE))
    enqueue_drainer(drain, desk.settings)
    enqueue_attempts(runs, desk.settings, 1)
    enqueue_replays(runs, desk.settings, ["mended"])
    jobs = [*drain.jobs, *runs.jobs]
    assert [job.func_name for job in jobs] == [DRAIN_JOB, ATTEMPTS_JOB, REPLAY_JOB]
    assert all(callable(job.func) for job in jobs)
    assert all(job.timeout > 2 * desk.settings.handler_timeout for job in jobs)


def test_a_replay_has_one_job_that_waits_and_takes_no_room_from_others(desk: Desk) -> None:
    """However often it is enqueued; names that begin alike are not taken for each other."""
    runs = open_queue(RUNS_QUEUE, desk.redis)
    for _ in range(2):
        enqueue_replays(runs, desk.settings, ["mended", "mended-2"])
        enqueue_attempts(runs, desk.settings, BATCH * MOST_JOBS * 2)
    assert [list(job.args) for job in runs.jobs].count(["mended"]) == 1
    assert len(runs.jobs) == 2 + MOST_JOBS
