"""The RQ queues: their names, the jobs that stand in them, and how long each of these may take.

Jobs are named by text, so that a process which only watches a queue need not load what a job takes.
A queue is for one kind of worker only: drainers, which take minutes, would starve the runs.
"""

import math
import secrets
from collections.abc import Iterable
from hashlib import sha256

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys

SERIALIZER = JSONSerializer
"""Of jobs, for whoever puts them there and whoever takes them: what comes from Redis is never
unpickled.
"""
DRAIN_QUEUE = "drain"
DRAIN_JOB = "comethooks.workers.jobs.draining.drain"
RUNS_QUEUE = "runs"
ATTEMPTS_JOB = "comethooks.workers.jobs.attempts.attempt_due"
REPLAY_JOB = "comethooks.workers.jobs.chunks.replay_chunk"

SHORTEST_DRAINER_SECONDS = 250.0
LONGEST_DRAINER_SECONDS = 350.0
"""Lives differ, so that drainers which began together do not end together."""
LIFE_SECONDS = 60.0
"""After this time a job of the queue `runs` ends, even when more is due: plugins are loaded again,
and poison runs get their turn."""
BATCH = 100
"""Due runs that are claimed at once."""
MOST_JOBS = 4
"""Jobs with further attempts that may wait. They end early when nothing is left to do."""
_SPARE_SECONDS = 60
_OUTAGE_SECONDS = 3600
"""How much longer a job may take while it waits for the journal with results. A job that RQ ended
before would repeat them."""
_FAILURE_TTL_SECONDS = 3600
_REPLAY_JOB_ID = "replay-"


def open_queue(name: str, client: Redis) -> Queue:
    """The queue of that name."""
    return Queue(keys.queue(name), connection=client, serializer=SERIALIZER)


def enqueue_drainer(queue: Queue, settings: Settings) -> None:
    """Enqueue one drainer."""
    _enqueue(queue, DRAIN_JOB, settings, LONGEST_DRAINER_SECONDS + _SPARE_SECONDS)


def enqueue_attempts(queue: Queue, settings: Settings, due: int) -> None:
    """Enqueue as many jobs as `due` runs need, less those that wait already."""
    wanted = min(math.ceil(due / BATCH), MOST_JOBS)
    job_ids = queue.get_job_ids() if wanted else []
    waiting = sum(not job_id.startswith(_REPLAY_JOB_ID) for job_id in job_ids)
    for _ in range(wanted - waiting):
        _enqueue(queue, ATTEMPTS_JOB, settings, LIFE_SECONDS + _OUTAGE_SECONDS)


def enqueue_replays(queue: Queue, settings: Settings, names: Iterable[str]) -> None:
    """Enqueue a job for each of these replays that has none waiting.

    Two jobs at once do no harm: a chunk is claimed.
    """
    wanted = {_replay_prefix(name): name for name in names}
    length = len(_replay_prefix(""))
    waiting = {job_id[:length] for job_id in queue.get_job_ids()} if wanted else set()
    for prefix, name in wanted.items():
        if prefix not in waiting:
            seconds = LIFE_SECONDS + _OUTAGE_SECONDS
            job_id = f"{prefix}{secrets.token_hex(8)}"
            _enqueue(queue, REPLAY_JOB, settings, seconds, name, job_id=job_id)


def _replay_prefix(name: str) -> str:
    return f"{_REPLAY_JOB_ID}{sha256(name.encode()).hexdigest()[:16]}-"


def _enqueue(
    queue: Queue,
    job: str,
    settings: Settings,
    seconds: float,
    *arguments: str,
    job_id: str | None = None,
) -> None:
    # The last handlers are waited for, and each of them is given its time twice: see `runners`.
    queue.enqueue_call(
        job,
        args=arguments,
        job_id=job_id,
        timeout=math.ceil(seconds + 2 * settings.handler_timeout),
        result_ttl=0,
        failure_ttl=_FAILURE_TTL_SECONDS,
    )
