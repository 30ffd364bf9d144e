"""What the leader does: due runs become jobs, claims of the dead are freed, and what is old is
deleted.
"""

import os
import subprocess
import sys

import pytest
from sqlalchemy import delete

from comethooks.workers.analytics.sizes import Size
from comethooks.workers.clock import now_ms
from comethooks.workers.jobs.queues import BATCH, MOST_JOBS, RUNS_QUEUE
from comethooks.workers.journal import Filter, OtherJournalError, Settled, filling
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import ALONE, Replays
from comethooks.workers.journal.tables.message_table import about_messages, old_rows
from comethooks.workers.processes import EXIT_FAILED, member_name
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.endings import record_death
from comethooks.workers.streams.owner import hand_over
from comethooks.workers.supervision import scheduler
from comethooks.workers.supervision.scheduler import Scheduler
from tests.waiting import wait_for
from tests.workers.desk import Desk
from tests.workers.engine import record
from tests.workers.journal.cases.suspects import FLAGGED, NOW, suspect

DAY_MS = 24 * 3600 * 1000


def scheduler_of(desk: Desk) -> Scheduler:
    """A scheduler that leads."""
    return Scheduler(desk.settings, desk.redis, desk.journal)


def dead_pid() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def claimed_by(desk: Desk, member: str, *, count: int = 1, seconds: float = 60) -> list[str]:
    """So many runs that `member` has claimed."""
    ids = desk.fail(count)
    until = now_ms() + int(seconds * 1000)
    assert len(desk.journal.claim(member, now=now_ms(), until=until, limit=count)) == count
    return ids


def queued(desk: Desk) -> int:
    """How many jobs wait."""
    return int(desk.redis.llen(f"rq:queue:{RUNS_QUEUE}"))  # type: ignore[arg-type]


def test_what_new_events_count_for_is_added_up_in_each_round(desk: Desk) -> None:
    """So a figure is late by a second at most while a scheduler leads."""
    desk.fail(3, received_at=now_ms())
    scheduler_of(desk).tick()
    found = desk.journal.figures.read("events", size=Size.DAY, since=0, until=now_ms() + DAY_MS)
    assert [each.value for each in found] == [3]


@pytest.mark.parametrize(
    ("due", "jobs"),
    [(0, 0), (1, 1), (BATCH, 1), (BATCH + 1, 2), (BATCH * (MOST_JOBS + 3), MOST_JOBS)],
)
def test_due_runs_become_as_many_jobs_as_they_need(desk: Desk, due: int, jobs: int) -> None:
    """And no more, however often it looks before a worker takes them."""
    desk.fail(due)
    desk.fail(3, next_at=now_ms() + 60_000)
    for _ in range(3):
        scheduler_of(desk).tick()
    assert queued(desk) == jobs


def test_a_replay_has_one_job_that_waits_and_runs_that_are_due_have_theirs_beside_it(
    desk: Desk,
) -> None:
    """It has none once it has stopped."""
    replays = Replays(desk.journal.engine)
    request = ReplayRequest(asked=Filter(), handlers=frozenset())
    for name in ("fix greeting", "other"):
        replays.create(name, request, now=now_ms(), expected=0)
    replays.stop("other", now_ms())
    for _ in range(3):
        scheduler_of(desk).tick()
    assert queued(desk) == 1
    desk.fail(1)
    for _ in range(3):
        scheduler_of(desk).tick()
    assert queued(desk) == 2


def test_the_chunk_of_a_process_that_died_is_done_again_with_care(desk: Desk) -> None:
    """One run at a time."""
    replays = Replays(desk.journal.engine)
    request = ReplayRequest(asked=Filter(), handlers=frozenset())
    replays.create("mended", request, now=now_ms(), expected=0)
    replays.claim("mended", member_name(dead_pid()), now=now_ms(), until=now_ms() + 60_000)
    scheduler_of(desk).tick()
    found = replays.get("mended")
    assert found is not None
    assert (found.deaths, found.alone, found.error) == (1, ALONE, None)
    assert queued(desk) == 1


def test_a_run_that_waits_for_nobody_is_released(desk: Desk) -> None:
    """As when the last one before it was done while it was put into its line; it becomes a job at
    once.
    """
    desk.fail(1, state=RunState.WAITING, attempts=0, next_at=None, lane="app/room", place=1)
    scheduler_of(desk).tick()
    assert desk.states() == {(RunState.RETRYING, 0)}
    assert queued(desk) == 1


def test_the_claims_of_a_process_that_died_here_are_freed_at_once(desk: Desk) -> None:
    """They are due, each to run alone; those of a process that lives are left to it."""
    (freed,) = claimed_by(desk, member_name(dead_pid()))
    (kept,) = claimed_by(desk, member_name(os.getpid()))
    scheduler_of(desk).tick()
    states = {run.event_id: run.state for run in desk.runs()}
    assert states == {freed: RunState.RETRYING, kept: RunState.RUNNING}
    assert [
        run.alone for run in desk.journal.claim("x", now=now_ms(), until=0, limit=1, alone=True)
    ] == [True]


def test_a_run_whose_process_dies_twice_is_dead_with_the_signal(desk: Desk) -> None:
    """The worker that saw how it ended has told."""
    claimed_by(desk, member_name(dead_pid()))
    scheduler_of(desk).tick()
    pid = dead_pid()
    desk.journal.claim(member_name(pid), now=now_ms(), until=now_ms() + 60_000, limit=1, alone=True)
    record_death(desk.redis, pid, "SIGKILL")
    scheduler_of(desk).tick()
    (run,) = desk.runs()
    assert (run.state, run.error) == (RunState.DEAD, "killed its worker twice (SIGKILL)")


def test_what_a_process_that_died_was_not_at_is_due_as_before(desk: Desk) -> None:
    """Its worker has told at which runs it was: only these may be why."""
    pid = dead_pid()
    begun, waiting = desk.fail(2)
    desk.journal.claim(member_name(pid), now=now_ms(), until=now_ms() + 60_000, limit=2)
    record_death(desk.redis, pid, "SIGKILL", [f"{begun}/plugin.handler"])
    scheduler_of(desk).tick()
    found = {run.event_id: (run.state, run.attempts) for run in desk.runs()}
    assert found == {begun: (RunState.RETRYING, 2), waiting: (RunState.RETRYING, 1)}
    (alone,) = desk.journal.claim("x", now=now_ms(), until=0, limit=1, alone=True)
    assert alone.record.id == begun


@pytest.mark.parametrize(("others", "deaths"), [(True, 1), (False, 2)])
def test_what_was_isolated_beside_a_process_that_died_is_why_only_if_nothing_else_is(
    desk: Desk, others: bool, deaths: int
) -> None:
    """It was in another one, which ended with that."""
    claimed_by(desk, member_name(dead_pid()))
    scheduler_of(desk).tick()
    pid = dead_pid()
    desk.journal.claim(member_name(pid), now=now_ms(), until=now_ms() + 60_000, limit=1, alone=True)
    record_death(desk.redis, pid, "SIGKILL", ["other/plugin.handler"] if others else [])
    scheduler_of(desk).tick()
    (run,) = desk.runs()
    assert (run.state is RunState.DEAD) == (deaths == 2)


def test_when_processes_end_themselves_it_takes_a_death_more(desk: Desk) -> None:
    """The journal may have been away; but a handler may be why, and must not do that for ever."""
    desk.fail(1)
    states = []
    for deaths in range(3):
        pid = dead_pid()
        claimed = desk.journal.claim(
            member_name(pid), now=now_ms(), until=now_ms() + 60_000, limit=1, alone=bool(deaths)
        )
        assert len(claimed) == 1
        record_death(desk.redis, pid, f"exit status {EXIT_FAILED}")
        scheduler_of(desk).tick()
        states.append(desk.runs()[0].state)
    assert states == [RunState.RETRYING, RunState.RETRYING, RunState.DEAD]


def test_a_claim_that_expired_is_freed_only_by_one_who_has_long_seen_the_journal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the journal was away its holder could not renew it either."""
    claimed_by(desk, "another|host|1", seconds=-1)
    leading = scheduler_of(desk)
    for _ in range(2):
        leading.tick()
    assert desk.runs()[0].state is RunState.RUNNING
    monkeypatch.setattr(scheduler, "CLAIM_SECONDS", 0.0)
    leading.lost_sight()
    leading.tick()
    assert desk.runs()[0].state is RunState.RETRYING


def test_what_is_older_than_the_retention_is_deleted_a_batch_at_a_time(desk: Desk) -> None:
    """Dead letters stay until somebody decides."""
    old = now_ms() - 31 * DAY_MS
    desk.fail(5, state=RunState.DONE, next_at=None, received_at=old)
    (letter,) = desk.fail(1, state=RunState.DEAD, next_at=None, received_at=old)
    (young,) = desk.fail(1, state=RunState.DONE, next_at=None, received_at=old + 2 * DAY_MS)
    leading = scheduler_of(desk)

    def deleted() -> bool:
        leading.tick()
        return {event.id for event in desk.journal.events(Filter())} == {letter, young}

    wait_for(deleted, "the old ones are deleted")


def test_it_tells_how_many_runs_are_unfinished(desk: Desk) -> None:
    """For the metrics, which are served without SQL."""
    desk.fail(2)
    desk.fail(3, state=RunState.DEAD, next_at=None)
    scheduler_of(desk).tick()
    told = desk.redis.hgetall(keys.UNFINISHED)
    assert told.pop(b"told_at")  # type: ignore[union-attr]
    assert told.pop(b"oldest_due_at")  # type: ignore[union-attr]
    assert told == {b"retrying|live": b"2", b"dead|live": b"3"}


def test_it_tells_how_many_cases_are_open(desk: Desk) -> None:
    """For the metrics, too; by severity."""
    desk.journal.cases.open(suspect(), FLAGGED, now=NOW)
    scheduler_of(desk).tick()
    assert desk.redis.hget(keys.UNFINISHED, "high|open_cases") == b"1"


def test_a_count_of_waiting_bytes_that_is_wrong_does_not_stay_wrong(desk: Desk) -> None:
    """It is mended when nothing waits, and never before."""
    desk.redis.set(keys.BACKLOG, 12_345)
    desk.redis.xadd(keys.stream(3), {"v": "1"})
    scheduler_of(desk).tick()
    assert desk.redis.get(keys.BACKLOG) == b"12345"
    desk.redis.delete(keys.stream(3))
    scheduler_of(desk).tick()
    assert desk.redis.get(keys.BACKLOG) is None


def test_lines_are_looked_at_less_often_when_that_is_slow(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Further attempts and freed claims do not wait for it in every round."""
    looks: list[int] = []
    look = desk.journal.release_waiting
    monkeypatch.setattr(desk.journal, "release_waiting", lambda now: looks.append(now) or look(now))
    quick, slow = scheduler_of(desk), scheduler_of(desk)
    wait_for(lambda: quick.tick() or len(looks) == 3, "they were looked at again and again")
    monkeypatch.setattr(scheduler, "PAUSE_PER_LOOK", 1e9)
    for _ in range(3):
        slow.tick()
    assert len(looks) == 4


def test_what_is_another_journals_is_left_alone(desk: Desk) -> None:
    """It is asked before each round: Redis may have been exchanged meanwhile."""
    scheduler = scheduler_of(desk)
    scheduler.require_ours()
    hand_over(desk.redis, "another")
    with pytest.raises(OtherJournalError, match="comethooks db adopt --yes"):
        scheduler.require_ours()


def test_fills_in_which_messages_older_events_are_about(desk: Desk) -> None:
    """An upgrade need not wait for it: `events list --message` finds more from round to round."""
    body = b'{"trigger":"message_sent","data":{"message":{"id":"57","sender":"ines"}}}'
    old = record(body=body, received_at=now_ms() - DAY_MS)
    desk.journal.write([Settled(old, (), 0)])
    with desk.journal.engine.begin() as connection:
        connection.execute(delete(about_messages))
        connection.execute(old_rows.insert().values(task=filling.TASK, until=now_ms() + DAY_MS))
    scheduler_of(desk).tick()
    assert [each.id for each in desk.journal.events(Filter(message_id="57"))] == [old.id]
