"""Jobs of replays in the RQ queue `runs`: at most one that waits for each replay."""

import math
import secrets
from collections.abc import Iterable
from hashlib import sha256

from rq import Queue

from comethooks.workers.jobs.queue import LIFE_SECONDS, OUTAGE_SECONDS, REPLAY_JOB, REPLAY_JOB_ID
from comethooks.workers.settings.settings import Settings

_FAILURE_TTL_SECONDS = 3600


def enqueue(queue: Queue, settings: Settings, names: Iterable[str]) -> None:
    """Enqueue a job for each of these replays that has none waiting. Two at once do no harm: a
    chunk is claimed.
    """
    wanted = {_prefix(name): name for name in names}
    waiting = set(_prefixes(queue)) if wanted else set()
    for prefix, name in wanted.items():
        if prefix not in waiting:
            queue.enqueue_call(
                REPLAY_JOB,
                args=(name,),
                job_id=f"{prefix}{secrets.token_hex(8)}",
                timeout=math.ceil(LIFE_SECONDS + 2 * settings.handler_timeout + OUTAGE_SECONDS),
                result_ttl=0,
                failure_ttl=_FAILURE_TTL_SECONDS,
            )


def other_jobs(queue: Queue) -> int:
    """How many jobs wait that are no replay's."""
    return sum(not identifier.startswith(REPLAY_JOB_ID) for identifier in queue.get_job_ids())


def _prefix(name: str) -> str:
    return f"{REPLAY_JOB_ID}{sha256(name.encode()).hexdigest()[:16]}-"


def _prefixes(queue: Queue) -> Iterable[str]:
    return (identifier[: len(_prefix(""))] for identifier in queue.get_job_ids())
