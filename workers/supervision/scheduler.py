"""The scheduler: what one process of all hosts does once a second, whoever of them leads.

It enqueues RQ jobs for runs and replays that are due, frees the claims of processes that died,
finds runs of ordered handlers that wait for nobody, deletes what is older than the retention, and
tells Redis how many runs are unfinished, for the metrics. Each of these may be done twice, or by
two leaders at once: they are compare-and-set or idempotent, so the lease of the leader needs no
fence.
"""

import contextlib
import math
import os
import signal
import time
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from comethooks.workers import logs
from comethooks.workers.clock import now_ms
from comethooks.workers.jobs import replay_queue
from comethooks.workers.jobs.queue import (
    BATCH,
    CLAIM_SECONDS,
    JOB,
    LIFE_SECONDS,
    OUTAGE_SECONDS,
    RUNS_QUEUE,
)
from comethooks.workers.journal import Journal, JournalOutdatedError, JournalUnavailableError
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.journal.tables.migrate import require_current
from comethooks.workers.processes import StopFlag, is_dead_here, member_name
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys, scripts
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.endings import endings_of
from comethooks.workers.streams.layout import read_layouts
from comethooks.workers.streams.leader import Leader
from comethooks.workers.supervision.retention_sweep import Sweeper

TICK_SECONDS = 1.0
LEADER_SECONDS = 10.0
BLIND_SECONDS = 5.0
"""After so long without a round nothing is known of who could renew its claims."""
MOST_JOBS = 4
PAUSE_PER_LOOK = 20.0
"""For how many times as long as a look at the lines of ordered handlers took there is none."""
_TELL_SECONDS = 5.0
_TOLD_TTL_SECONDS = 60
_FAILURE_TTL_SECONDS = 3600

log = structlog.get_logger()


class Scheduler:
    """Does in `tick` whatever is to be done now. Raises the journal's errors and redis-py's."""

    def __init__(self, settings: Settings, client: Redis, journal: Journal) -> None:
        self._settings = settings
        self._client = client
        self._journal = journal
        self._queue = Queue(RUNS_QUEUE, connection=client, serializer=JSONSerializer)
        self._repair = client.register_script(scripts.REPAIR)
        self._seen = 0.0
        self._expiring_from = 0.0
        self._replays = Replays(journal.engine)
        self._sweeper = Sweeper(settings, journal, client)
        self._next_look = 0.0
        self._next_telling = 0.0

    def lost_sight(self) -> None:
        """The journal was away, so nobody could renew a claim: none has expired until they could
        again.
        """
        self._expiring_from = time.monotonic() + CLAIM_SECONDS

    def tick(self) -> None:
        """One round. Takes well under a second unless the journal is slow."""
        if (
            time.monotonic() > self._seen + BLIND_SECONDS
        ):  # another one led, or the journal did not answer
            self.lost_sight()
        self._free_claims()
        self._release_waiting()
        self._enqueue_due()
        replay_queue.enqueue(self._queue, self._settings, self._replays.due(now_ms()))
        self._sweeper.go_on()
        if time.monotonic() > self._next_telling:
            self._next_telling = time.monotonic() + _TELL_SECONDS
            self._tell()
            self._mend_backlog()
        self._seen = time.monotonic()

    def _free_claims(self) -> None:
        expired = now_ms() if time.monotonic() > self._expiring_from else None
        freed = self._journal.free_claims(
            is_dead=is_dead_here,
            ending=self._ending_of,
            now=now_ms(),
            expired=expired,
        )
        dead = sum(run.dead for run in freed)
        if freed:
            log.warning("freed runs of processes that died", due=len(freed) - dead, dead=dead)
        for name in self._replays.free(
            is_dead=is_dead_here, ending=self._ending_of, now=now_ms(), expired=expired
        ):
            log.warning("a process died that worked on a replay", replay=name)

    def _release_waiting(self) -> None:
        began = time.monotonic()
        if began > self._next_look:
            self._journal.release_waiting(now_ms())
            ended = time.monotonic()
            self._next_look = ended + PAUSE_PER_LOOK * (ended - began)

    def _ending_of(self, member: str) -> str | None:
        return endings_of(self._client, [member]).get(member)

    def _enqueue_due(self) -> None:
        due = self._journal.due(now_ms(), BATCH * MOST_JOBS)
        for _ in range(
            min(math.ceil(due / BATCH), MOST_JOBS) - replay_queue.other_jobs(self._queue)
        ):
            self._queue.enqueue_call(
                JOB,
                timeout=math.ceil(
                    LIFE_SECONDS + 2 * self._settings.handler_timeout + OUTAGE_SECONDS
                ),
                result_ttl=0,
                failure_ttl=_FAILURE_TTL_SECONDS,
            )

    def _tell(self) -> None:
        """Tell how many runs are unfinished: the metrics are served without SQL."""
        unfinished: dict[Any, Any] = {
            state.value: count for state, count in self._journal.unfinished().items()
        }
        pipeline = self._client.pipeline()
        pipeline.delete(keys.UNFINISHED)
        times = {keys.TOLD_AT: now_ms(), keys.OLDEST_DUE_AT: self._journal.next_due()}
        seconds: dict[Any, Any] = {name: at // 1000 for name, at in times.items() if at is not None}
        pipeline.hset(keys.UNFINISHED, mapping={**unfinished, **seconds})
        pipeline.expire(keys.UNFINISHED, _TOLD_TTL_SECONDS)
        pipeline.execute()

    def _mend_backlog(self) -> None:
        """Begin to count the backlog anew whenever nothing waits."""
        self._repair(keys=[keys.BACKLOG, *map(keys.stream, read_layouts(self._client).numbers)])


def main() -> int:
    """Be a scheduler until SIGTERM. Returns the exit code."""
    settings = Settings.load()
    logs.configure(settings.log_format)
    stop = StopFlag.on_signals(signal.SIGTERM)
    client = connect(settings.redis_url)
    journal = Journal.open(settings.database_url)
    leader = Leader(client, member_name(os.getpid()), ttl=LEADER_SECONDS)
    scheduler = Scheduler(settings, client, journal)
    said, current = "", False
    while not stop.wait(TICK_SECONDS):
        try:
            if leader.is_leader():
                if not current:
                    require_current(journal.engine)
                    current = True
                scheduler.tick()
            if said:
                log.info("the scheduler goes on")
            said = ""
        except (JournalUnavailableError, JournalOutdatedError, RedisError, OSError) as error:
            scheduler.lost_sight()
            if not said:
                log.warning("the scheduler waits", **logs.failure(error))
            said = said or type(error).__name__
    with contextlib.suppress(RedisError, OSError):
        leader.resign()
    return 0
