"""The scheduler: what one process of all hosts does once a second, whichever of them leads.

It enqueues RQ jobs for runs and replays that are due, frees the claims of processes that died,
finds runs of ordered handlers that wait for nobody, deletes what is older than the retention, fills
in what an older version did not write, adds up figures, tells Redis how many runs are unfinished,
for the metrics, and watches for apps that fall silent. All of it may be done twice, or by two
leaders at once: each step compares before it sets, or can be repeated without harm. So the leader's
lease needs no fence.
"""

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers import logs
from comethooks.workers.clock import now_ms
from comethooks.workers.jobs.claim import CLAIM_SECONDS
from comethooks.workers.jobs.ownership import require_ours
from comethooks.workers.jobs.queues import (
    BATCH,
    MOST_JOBS,
    RUNS_QUEUE,
    enqueue_attempts,
    enqueue_replays,
    open_queue,
)
from comethooks.workers.journal import Journal, JournalOutage, OtherJournalError
from comethooks.workers.plugins.published import at_work
from comethooks.workers.processes import StopFlag, is_dead_here, member_name, name_host
from comethooks.workers.settings.settings import Settings
from comethooks.workers.silence.watch import SilenceWatch
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.counters import outcome_of
from comethooks.workers.streams.endings import endings_of
from comethooks.workers.streams.layout import read_layouts
from comethooks.workers.streams.scripts import entry_scripts
from comethooks.workers.streams.servers.shared_clock import AGREEING_SECONDS, follow_clock
from comethooks.workers.supervision.figure_telling import FigureTelling
from comethooks.workers.supervision.leader import Leader
from comethooks.workers.supervision.retention_sweep import Sweeper, kept_figures

TICK_SECONDS = 1.0
LEADER_SECONDS = 10.0
BLIND_SECONDS = 5.0
"""After so many seconds without a round nobody knows which processes could renew their claims."""
PAUSE_PER_LOOK = 20.0
"""After a look at the lines of ordered handlers comes a pause, so many times as long as the look
took: it takes a search for each line.
"""
_TELL_SECONDS = 5.0
_FILLED = 1000
"""Older events that are looked at in one round."""
_FILL_PAUSE_SECONDS = 60.0
"""From when there was nothing left of them until it looks again."""
_ADDING_SECONDS = 0.3
"""How long it adds up figures in one round."""
_PUT_BACK = 5000
"""Runs of one handler that are made due in one round."""
_TOLD_TTL_SECONDS = 60

log = structlog.get_logger()


class Scheduler:
    """Does in `tick` whatever is to be done now. Raises the journal's errors and redis-py's."""

    def __init__(self, settings: Settings, client: Redis, journal: Journal) -> None:
        self._settings = settings
        self._client = client
        self._journal = journal
        self._queue = open_queue(RUNS_QUEUE, client)
        self._repair = client.register_script(entry_scripts.REPAIR)
        self._seen = 0.0
        self._expiring_from = 0.0
        self._replays = journal.replays
        self._sweeper = Sweeper(settings, journal, client)
        self._figures = FigureTelling(settings, client, journal)
        self._silence = SilenceWatch(settings, client, journal)
        self._next_look = 0.0
        self._next_telling = 0.0
        self._next_filling = 0.0
        self._parked: Mapping[str, int] = {}
        """How many runs wait for the plugin of each handler, as of the last telling."""
        self._ahead = 0
        """What was last known of Redis' clock, in nanoseconds before this host's."""
        self._current = False
        self._journal_id: str | None = None

    def lost_sight(self) -> None:
        """Note that the journal was away. Nobody could renew a claim meanwhile, so none counts as
        expired until everybody has had time to.
        """
        self._expiring_from = time.monotonic() + CLAIM_SECONDS
        self._current = False  # it may be another journal that is there now

    def require_ours(self) -> None:
        """Raise unless the journal is up to date and what is in Redis is for it. Asked before it
        leads: the leader of another deployment must not be one of ours.
        """
        if not self._current:
            self._journal.require_current()
            self._journal_id = self._journal.identity()
            self._current = True
        require_ours(self._client, self._journal_id)

    def tick(self) -> None:
        """One round. Takes well under a second unless the journal is slow."""
        if time.monotonic() > self._next_telling:
            self._follow_clock()
        # After a while without a round another one led, or the journal did not answer.
        if time.monotonic() > self._seen + BLIND_SECONDS:
            self.lost_sight()
        self._free_claims()
        self._release_waiting()
        self._put_back()
        due = self._journal.due(now_ms(), BATCH * MOST_JOBS)
        enqueue_attempts(self._queue, self._settings, due)
        enqueue_replays(self._queue, self._settings, self._replays.due(now_ms()))
        self._sweeper.go_on()
        self._fill()
        self._add_up()
        if time.monotonic() > self._next_telling:
            self._next_telling = time.monotonic() + _TELL_SECONDS
            self._tell()
            self._figures.tell()
            self._mend_backlog()
            self._silence.look(now_ms())
        self._seen = time.monotonic()

    def _follow_clock(self) -> None:
        """Go by Redis' clock. When that is another one now, others take a while to go by it, too:
        their claims look as if they had expired.
        """
        ahead = follow_clock(self._client)
        if abs(ahead - self._ahead) > AGREEING_SECONDS * 1e9:
            self._ahead = ahead
            self.lost_sight()

    def _free_claims(self) -> None:
        expired = now_ms() if time.monotonic() > self._expiring_from else None
        freed = self._journal.free_claims(
            is_dead=is_dead_here,
            ending=self._ending_of,
            now=now_ms(),
            expired=expired,
            in_progress=self._in_progress_of,
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

    def _fill(self) -> None:
        if time.monotonic() <= self._next_filling:
            return
        filled = self._journal.fill_messages(now=now_ms(), limit=_FILLED)
        filled += self._journal.cover_older(now=now_ms(), limit=_FILLED)
        if not filled + self._journal.silences.fill_heard(limit=_FILLED):
            self._next_filling = time.monotonic() + _FILL_PAUSE_SECONDS

    def _add_up(self) -> None:
        """Add up what new events count for. What is left is done in the next round."""
        began = time.monotonic()
        while self._journal.figures.fold(kept_figures(self._settings)):
            if time.monotonic() > began + _ADDING_SECONDS:
                return

    def _put_back(self) -> None:
        """Make due what waits for a plugin that a worker has by now."""
        if not self._parked:
            return
        workers = at_work(self._client)
        for handler in self._parked:
            if any(each.has(handler) for each in workers):
                count = self._journal.put_back(handler, now=now_ms(), limit=_PUT_BACK)
                if count:
                    log.info("runs go on, since their plugin is back", handler=handler, runs=count)

    def _ending_of(self, member: str) -> str | None:
        ending = endings_of(self._client, [member]).get(member)
        return ending.how if ending else None

    def _in_progress_of(self, member: str) -> list[tuple[str, str]] | None:
        ending = endings_of(self._client, [member]).get(member)
        return ending.runs if ending else None

    def _tell(self) -> None:
        """Tell how many runs are unfinished and how many cases open: the metrics are served without
        SQL.
        """
        unfinished: dict[Any, Any] = {
            outcome_of(*key): count for key, count in self._journal.unfinished_by_mode().items()
        }
        self._parked = self._journal.parked()
        unfinished |= {
            f"{handler}|{keys.LEFT_OUT}": count for handler, count in self._parked.items()
        }
        unfinished |= {
            f"{severity}|{keys.OPEN_CASES}": count
            for severity, count in self._journal.cases.open_by_severity().items()
        }
        pipeline = self._client.pipeline()
        pipeline.delete(keys.UNFINISHED)
        times = {keys.TOLD_AT: now_ms(), keys.OLDEST_DUE_AT: self._journal.next_due()}
        seconds: dict[Any, Any] = {name: at // 1000 for name, at in times.items() if at is not None}
        pipeline.hset(keys.UNFINISHED, mapping={**unfinished, **seconds})
        pipeline.expire(keys.UNFINISHED, _TOLD_TTL_SECONDS)
        pipeline.execute()

    def _mend_backlog(self) -> None:
        """Begin to count the backlog again whenever nothing waits."""
        self._repair(keys=[keys.BACKLOG, *map(keys.stream, read_layouts(self._client).numbers)])


def main() -> int:
    """Be a scheduler until SIGTERM. Returns the exit code."""
    settings = Settings.load()
    keys.begin_with(settings.key_prefix)
    name_host(settings.host)
    logs.configure(settings.log_format)
    stop = StopFlag.on_signals(signal.SIGTERM)
    client = connect(settings.redis_url)
    journal = Journal.open(settings.database_url, pool=settings.database_pool)
    leader = Leader(client, member_name(os.getpid()), ttl=LEADER_SECONDS)
    scheduler = Scheduler(settings, client, journal)
    outage = JournalOutage(
        RedisError,
        OSError,
        OtherJournalError,
        longest_pause=TICK_SECONDS,
        began="the scheduler waits",
        over="the scheduler goes on",
    )

    def lead() -> None:
        scheduler.require_ours()
        if leader.is_leader():
            scheduler.tick()

    while not stop.wait(TICK_SECONDS):
        if not outage.try_once(lead):
            scheduler.lost_sight()
    with contextlib.suppress(RedisError, OSError):
        leader.resign()
    return 0
