"""A replay's job: kept events through handlers again, a chunk at a time, each run recorded once."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from comethooks.workers.clock import now_ms
from comethooks.workers.jobs import chunks
from comethooks.workers.jobs.chunks import Replaying
from comethooks.workers.journal import Filter, RunResult, Settled, StoredRun
from comethooks.workers.journal.replaying.replay_request import Choice, ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Replays, StoredReplay
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.loaded import BoundHandler, LoadedPlugin, Plugins
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.states import EventStatus, ReplayState, RunState
from comethooks.workers.streams import keys
from tests.workers.desk import Desk
from tests.workers.engine import handler, record

NAME = "mended"
HANDLER = "plugin.handler"


def plugins_of(*handlers: BoundHandler) -> Plugins:
    """A plugin with these handlers."""
    plugin = LoadedPlugin("plugin", "test", "1.0", "test.py", Config("plugin", {}), handlers, ())
    return Plugins(loaded=(plugin,))


class Replayer:
    """Makes a replay on a desk, and does its jobs until none is due."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.replays = Replays(desk.journal.engine)
        self.seen: list[Any] = []

    def note(self, event: Any, ctx: Any) -> None:
        """A handler that remembers what it got."""
        self.seen.append((event.id, event.replay, ctx.attempt, ctx.dry_run))

    def keep(self, count: int, *runs: RunResult, conversations: int = 7) -> list[str]:
        """So many events with these live runs; their ids."""
        records = [record(number % conversations, number) for number in range(count)]
        self.desk.journal.write([Settled(record=each, runs=runs, partition=0) for each in records])
        return [each.id for each in records]

    def create(self, *ids: str, name: str = NAME, **changes: Any) -> None:
        """A replay of everything for these handlers; changes are of its request, its rate and
        `dry_run`.
        """
        own = {each: changes.pop(each) for each in ("rate", "dry_run") if each in changes}
        request = replace(ReplayRequest(asked=Filter(), handlers=frozenset(ids)), **changes)
        assert self.replays.create(name, request, now=now_ms(), expected=0, **own)

    def job(self, *handlers: BoundHandler, name: str = NAME) -> Replaying:
        """One job."""
        return Replaying(name, self.desk.equipment(plugins_of(*handlers)))

    def work(self, *handlers: BoundHandler, name: str = NAME) -> StoredReplay:
        """Jobs until the replay has ended."""
        while self.replay(name).state is ReplayState.RUNNING:
            self.job(*handlers, name=name).run()
        return self.replay(name)

    def replay(self, name: str = NAME) -> StoredReplay:
        """The replay as it stands."""
        found = self.replays.get(name)
        assert found is not None
        return found

    def runs(self, name: str | None = NAME) -> list[StoredRun]:
        """The runs of the replay."""
        return list(self.desk.journal.runs(Filter(replay=name or "")))


@pytest.fixture
def replayer(desk: Desk) -> Replayer:
    """A replayer on an empty journal."""
    return Replayer(desk)


def result(state: RunState = RunState.DONE, name: str = HANDLER) -> RunResult:
    """A live run that ended."""
    return RunResult(handler=name, state=state, attempts=1, started_at=1, finished_at=2)


def test_every_event_goes_through_the_handler_once_and_is_recorded_under_the_name(
    replayer: Replayer,
) -> None:
    """It knows the replay; live runs stay what they are; and runs are counted for the metrics."""
    ids = replayer.keep(250, result())
    replayer.create(HANDLER)
    done = replayer.work(handler(replayer.note))
    assert sorted(replayer.seen) == sorted((each, NAME, 1, False) for each in ids)
    assert (done.state, done.events, done.runs, done.error) == (ReplayState.DONE, 250, 250, None)
    assert {(run.state, run.attempts) for run in replayer.runs()} == {(RunState.DONE, 1)}
    assert len(replayer.runs()) == len(replayer.runs(None)) == 250
    assert replayer.desk.redis.hgetall(keys.RUNS) == {b"plugin.handler|done|replay": b"250"}


def test_events_of_a_conversation_come_in_their_order(replayer: Replayer) -> None:
    """Within a chunk and from one to the next."""
    ids = replayer.keep(230, conversations=2)
    replayer.create(HANDLER)
    replayer.work(handler(replayer.note))
    for conversation in range(2):
        of_it = ids[conversation::2]
        assert [each[0] for each in replayer.seen if each[0] in set(of_it)] == of_it


def test_only_what_the_filter_describes_is_replayed(replayer: Replayer) -> None:
    """From one time to another, of one conversation."""
    ids = replayer.keep(40, conversations=4)
    asked = Filter(conversation_id="group_room1", since=1_800_000_000_010, until=1_800_000_000_020)
    replayer.create(HANDLER, asked=asked)
    replayer.work(handler(replayer.note))
    assert [each[0] for each in replayer.seen] == [ids[13], ids[17]]


def test_dead_means_where_the_live_run_is_dead(replayer: Replayer) -> None:
    """And missing where the handler never ran, in a replay either, unless that was a dry run."""
    dead = replayer.keep(3, result(RunState.DEAD))
    replayer.keep(3, result())
    other = replayer.keep(2, result(RunState.DEAD, "plugin.other"))
    replayer.create(HANDLER, choice=Choice.DEAD)
    replayer.work(handler(replayer.note))
    assert sorted(run.event_id for run in replayer.runs()) == sorted(dead)
    for name, dry_run in (("dry", True), ("first", False)):
        replayer.create(HANDLER, name=name, choice=Choice.MISSING, dry_run=dry_run)
        replayer.work(handler(replayer.note), name=name)
        assert sorted(run.event_id for run in replayer.runs(name)) == sorted(other)
    replayer.create(HANDLER, name="second", choice=Choice.MISSING)
    assert replayer.work(handler(replayer.note), name="second").events == 0


def test_a_handler_that_never_may_is_recorded_as_skipped(replayer: Replayer) -> None:
    """And one that nobody asked for is not recorded at all."""
    replayer.keep(3)
    replayer.create(HANDLER, never=frozenset(["plugin.never"]))
    found = [handler(replayer.note, name) for name in (HANDLER, "plugin.never", "plugin.other")]
    replayer.work(*found)
    assert len(replayer.seen) == 3
    assert sorted((run.handler, run.state, run.attempts) for run in replayer.runs()) == [
        *[(HANDLER, RunState.DONE, 1)] * 3,
        *[("plugin.never", RunState.SKIPPED, 0)] * 3,
    ]


def test_a_run_that_fails_is_due_again_and_then_knows_its_replay(replayer: Replayer) -> None:
    """In a dry run its further attempts are dry, too."""

    def fail_at_first(event: Any, ctx: Any) -> None:
        replayer.note(event, ctx)
        if ctx.attempt == 1:
            raise ValueError("at first")

    (event_id,) = replayer.keep(1)
    replayer.create(HANDLER, dry_run=True)
    made = handler(fail_at_first, retry=Retry(attempts=2, base=0.001, cap=0.001, jitter=False))
    assert replayer.work(made).state is ReplayState.DONE
    assert [run.state for run in replayer.runs()] == [RunState.RETRYING]
    while [run.state for run in replayer.runs()] == [RunState.RETRYING]:
        replayer.desk.attempts(made).run()
    assert replayer.seen == [(event_id, NAME, 1, True), (event_id, NAME, 2, True)]
    assert [(run.state, run.attempts) for run in replayer.runs()] == [(RunState.DONE, 2)]
    assert replayer.desk.redis.hgetall(keys.RUNS) == {
        b"plugin.handler|retrying|dry": b"1",
        b"plugin.handler|done|dry": b"1",
    }


def test_what_a_replay_has_done_does_not_take_the_rest_of_an_event_from_it(
    replayer: Replayer,
) -> None:
    """An event that nobody had handled is replayed after the first of its runs; the others are
    still made.
    """
    replayer.keep(3)
    replayer.create(HANDLER, "plugin.other", asked=Filter(status=EventStatus.UNHANDLED))
    replayer.replays.claim(NAME, "a", now=now_ms(), until=now_ms() + 1000)
    assert replayer.replays.free(  # from here on each run is a chunk of its own
        is_dead=lambda _: True, ending=lambda _: None, now=now_ms(), expired=None
    )
    done = replayer.work(handler(replayer.note), handler(replayer.note, "plugin.other"))
    assert (done.events, done.runs, len(replayer.seen)) == (3, 6, 6)
    assert {event.status for event in replayer.desk.journal.events()} == {EventStatus.REPLAYED}


def test_a_chunk_is_one_mans_work(replayer: Replayer) -> None:
    """Of two jobs at once one finds nothing to do; what somebody else has taken away is not
    written.
    """
    replayer.keep(3)
    replayer.create(HANDLER)
    claimed = replayer.replays.claim(NAME, "a", now=now_ms(), until=now_ms() + 1000)
    assert claimed is not None
    assert replayer.replays.claim(NAME, "b", now=now_ms(), until=now_ms() + 1000) is None
    freed = replayer.replays.free(
        is_dead=lambda _: True, ending=lambda _: None, now=now_ms(), expired=None
    )
    assert freed == [NAME]
    assert not replayer.replays.renew(NAME, "a", now_ms())
    progress = chunks.Progress(results=(), place=None, events=1, passed=1, next_at=0, finished=True)
    assert not replayer.replays.advance(NAME, "a", progress, now_ms())
    assert replayer.replay().state is ReplayState.RUNNING


def test_after_a_death_runs_are_made_one_at_a_time_and_the_one_that_kills_is_dead(
    replayer: Replayer,
) -> None:
    """All others are done, and each of them is recorded once."""
    running, most = set(), []
    lock = threading.Lock()

    def note(event: Any, ctx: Any) -> None:
        with lock:
            running.add(event.id)
            most.append(len(running))
        threading.Event().wait(0.002)
        with lock:
            running.discard(event.id)

    ids = replayer.keep(30)
    replayer.create(HANDLER)
    for _ in range(2):
        replayer.replays.claim(NAME, "host|boot|1", now=now_ms(), until=now_ms() + 1000)
        replayer.replays.free(
            is_dead=lambda _: True, ending=lambda _: "SIGKILL", now=now_ms(), expired=None
        )
    assert replayer.work(handler(note)).runs == 30
    assert max(most) == 1
    dead = [run for run in replayer.runs() if run.state is RunState.DEAD]
    assert [(run.event_id, run.error) for run in dead] == [
        (ids[0], "killed its worker twice (SIGKILL)")
    ]


def test_stopped_it_ends_what_is_in_progress_and_goes_on_later(replayer: Replayer) -> None:
    """Nothing is run twice."""
    started, go_on = threading.Semaphore(0), threading.Event()

    def wait(event: Any, ctx: Any) -> None:
        replayer.note(event, ctx)
        started.release()
        go_on.wait(10)

    ids = replayer.keep(300)
    replayer.create(HANDLER)
    job = threading.Thread(target=replayer.job(handler(wait)).run, daemon=True)
    job.start()
    assert started.acquire(timeout=10)
    assert replayer.replays.stop(NAME, now_ms())
    replayer.desk.stop.set()
    go_on.set()
    job.join(10)
    assert replayer.replay().state is ReplayState.STOPPED
    assert 0 < len(replayer.runs()) == len(replayer.seen) < 100
    assert replayer.replays.resume(NAME, now_ms())
    replayer.desk.stop._set = False
    assert replayer.work(handler(wait)).events == 300
    assert sorted(each[0] for each in replayer.seen) == sorted(ids)


def most_in(seconds: float, moments: Sequence[float]) -> int:
    """How many of these moments lie within so many seconds, at most."""
    return max(sum(start <= each < start + seconds for each in moments) for start in moments)


def test_a_rate_is_kept_and_events_are_spread_over_the_second(replayer: Replayer) -> None:
    """80 events at 40 a second take two seconds but for what begins at once."""
    moments: list[float] = []
    replayer.keep(80, conversations=80)
    replayer.create(HANDLER, rate=40.0)
    replayer.work(handler(lambda event, ctx: moments.append(time.monotonic())))
    assert len(moments) == 80
    assert 1.6 < max(moments) - min(moments) < 4
    assert most_in(0.09, moments) <= 16
    assert most_in(1, moments) <= 60


def test_lost_time_is_not_made_up_for(replayer: Replayer) -> None:
    """After a slow run the rate is what it was before; no more than a quarter of a second is
    gained.
    """
    moments: list[float] = []

    def slow_at_first(event: Any, ctx: Any) -> None:
        moments.append(time.monotonic())
        if len(moments) == 1:
            threading.Event().wait(2.2)

    replayer.keep(320)
    replayer.create(HANDLER, rate=100.0)
    replayer.work(handler(slow_at_first))
    assert len(moments) == 320
    assert most_in(1, moments) <= 140


def test_a_low_rate_does_not_hold_up_events_without_runs(replayer: Replayer) -> None:
    """It is for those with runs; the others are passed over."""
    replayer.keep(600, result())
    [wanted] = replayer.keep(1)
    replayer.create(HANDLER, rate=1.0, choice=Choice.MISSING)
    started = time.monotonic()
    assert replayer.work(handler(replayer.note)).events == 1
    assert [each[0] for each in replayer.seen] == [wanted]
    assert time.monotonic() - started < 4


def test_a_handler_that_is_gone_fails_the_replay(replayer: Replayer) -> None:
    """It says which; once it is back, the replay can go on."""
    replayer.keep(2)
    replayer.create(HANDLER)
    failed = replayer.work()
    assert (failed.state, failed.events) == (ReplayState.FAILED, 0)
    assert failed.error == "the workers do not have plugin.handler; see: comethooks plugins list"
    assert replayer.replays.resume(NAME, now_ms())
    assert replayer.work(handler(replayer.note)).events == 2


def test_a_run_that_hangs_is_given_up_and_the_others_are_made_by_the_next_job(
    replayer: Replayer,
) -> None:
    """Its process starts nothing more."""
    go_on = threading.Event()
    ids = replayer.keep(20)

    def hang(event: Any, ctx: Any) -> None:
        replayer.note(event, ctx)
        if event.id == ids[0]:
            go_on.wait(60)

    replayer.create(HANDLER)
    assert replayer.work(handler(hang, timeout=0.1)).runs == 20
    go_on.set()
    assert sorted(each[0] for each in replayer.seen) == sorted(ids)
    assert {run.event_id for run in replayer.runs() if run.state is RunState.DEAD} == {ids[0]}


def test_texts_that_the_journal_refuses_do_not_stop_it(replayer: Replayer) -> None:
    """The states are kept without them."""

    def fail(event: Any, ctx: Any) -> None:
        raise ValueError("refuse this")

    replayer.keep(5)
    with replayer.desk.journal.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER refuse BEFORE INSERT ON runs WHEN NEW.error LIKE '%refuse this%' "
                "BEGIN SELECT RAISE(ABORT, 'no such error'); END"
            )
        )
    replayer.create(HANDLER)
    assert replayer.work(handler(fail)).runs == 5
    assert {run.state for run in replayer.runs()} == {RunState.DEAD}


def test_events_that_a_file_named_and_no_others(replayer: Replayer) -> None:
    """They are staged under the replay's name, and forgotten at its end."""
    ids = replayer.keep(10)
    replayer.create(HANDLER, from_file=True)
    replayer.replays.stage(NAME, ids[:3])
    replayer.replays.stage(NAME, ids[2:5])
    assert replayer.replays.start(NAME, now_ms())
    assert replayer.work(handler(replayer.note)).events == 5
    assert sorted(each[0] for each in replayer.seen) == sorted(ids[:5])
    with replayer.desk.journal.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM replay_events")) == 0
