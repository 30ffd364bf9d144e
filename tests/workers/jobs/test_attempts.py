"""Further attempts: what is due is claimed, run, and written, whatever happens in between."""

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import text

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Filter, JournalUnavailableError
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.waiting import wait_for
from tests.workers.desk import Desk
from tests.workers.engine import handler


def test_what_is_due_is_run_again_with_its_event_and_attempt(desk: Desk) -> None:
    """All of it, though it is more than one claim; and it is counted for the metrics."""
    seen: list[tuple[str, int]] = []
    ids = desk.fail(250)
    desk.attempts(handler(lambda event, ctx: seen.append((event.id, ctx.attempt)))).run()
    assert sorted(seen) == sorted((each, 2) for each in ids)
    assert desk.states() == {(RunState.DONE, 2)}
    assert desk.redis.hgetall(keys.RUNS) == {b"plugin.handler|done|live": b"250"}


def test_what_fails_again_waits_for_longer_or_is_dead(desk: Desk) -> None:
    """With the newest error; what is not due yet is left alone."""

    def fail(event: Any, ctx: Any) -> None:
        raise ValueError(f"attempt {ctx.attempt}")

    desk.fail(3)
    later = desk.fail(1, next_at=now_ms() + 60_000)
    desk.attempts(handler(fail, retry=Retry(attempts=3, base=60.0, jitter=False))).run()
    waiting = [run for run in desk.runs() if run.event_id not in later]
    assert {(run.state, run.attempts, run.error) for run in waiting} == {
        (RunState.RETRYING, 2, "ValueError: attempt 2")
    }
    assert all(run.next_at is not None and run.next_at > now_ms() + 60_000 for run in waiting)
    desk.journal.retry_runs(Filter(), now=now_ms() - 1)
    desk.attempts(handler(fail, retry=Retry(attempts=3))).run()
    assert desk.states() == {(RunState.DEAD, 3), (RunState.RETRYING, 2)}


def test_a_run_whose_handler_is_not_there_any_more_is_dead_and_says_so(desk: Desk) -> None:
    """Somebody removed or renamed it; when it is back, the run can be retried."""
    desk.fail(1, name="gone.handler")
    desk.attempts().run()
    (run,) = desk.runs()
    assert run.state is RunState.DEAD
    assert "comethooks plugins list" in (run.error or "")


def test_asked_to_stop_it_ends_what_is_in_progress_and_gives_the_rest_back(desk: Desk) -> None:
    """As if it had never been claimed."""
    started, go_on = threading.Semaphore(0), threading.Event()

    def wait(event: Any, ctx: Any) -> None:
        started.release()
        go_on.wait(10)

    desk.fail(20)
    job = threading.Thread(target=desk.attempts(handler(wait)).run, daemon=True)
    job.start()
    for _ in range(4):
        assert started.acquire(timeout=10)
    desk.stop.set()
    go_on.set()
    job.join(10)
    states = [(run.state, run.attempts) for run in desk.runs()]
    assert states.count((RunState.DONE, 2)) == 4
    assert states.count((RunState.RETRYING, 1)) == 16


def test_what_may_be_poison_runs_first_and_alone(desk: Desk) -> None:
    """Its process died while it ran; so did its neighbours' that had not begun."""
    desk.fail(3)
    desk.journal.claim("host|boot|1", now=now_ms(), until=now_ms() + 60_000, limit=2)
    desk.journal.free_claims(
        is_dead=lambda member: True, ending=lambda member: None, now=now_ms(), expired=None
    )
    running, together = set(), []
    lock = threading.Lock()

    def note(event: Any, ctx: Any) -> None:
        with lock:
            running.add(event.id)
            together.append((ctx.attempt, len(running)))
        threading.Event().wait(0.05)
        with lock:
            running.discard(event.id)

    desk.attempts(handler(note)).run()
    assert together == [(3, 1), (3, 1), (2, 1)]
    assert desk.states() == {(RunState.DONE, 2), (RunState.DONE, 3)}


def test_a_run_that_hangs_is_given_up_and_ends_the_job(desk: Desk) -> None:
    """Its attempt counts; the process has a thread that nobody can end, so nothing more is
    claimed.
    """
    go_on = threading.Event()

    def hang(event: Any, ctx: Any) -> None:
        if event.id == first:
            go_on.wait(60)

    (first,) = desk.fail(1, next_at=now_ms() - 1000)
    desk.fail(150)
    desk.attempts(handler(hang, timeout=0.1)).run()
    go_on.set()
    by_id = {run.event_id: run for run in desk.runs()}
    assert by_id[first].state is RunState.DEAD
    assert "longer than 0.1 s" in (by_id[first].error or "")
    assert "in hang" in (desk.journal.runs_of(first)[0].traceback or "")
    others = {run.state for run in by_id.values() if run.event_id != first}
    assert RunState.RUNNING not in others


def test_more_hangs_than_threads_end_the_job_too(desk: Desk) -> None:
    """What was claimed and never begun is given back."""
    go_on = threading.Event()
    desk.fail(12)
    job = threading.Thread(
        target=desk.attempts(handler(lambda e, c: go_on.wait(60), timeout=0.1)).run, daemon=True
    )
    job.start()
    job.join(20)
    assert not job.is_alive()
    go_on.set()
    states = [run.state for run in desk.runs()]
    assert RunState.RUNNING not in states
    assert states.count(RunState.DEAD) >= 4


def test_a_journal_that_is_away_at_a_claim_costs_nothing_that_is_in_progress(desk: Desk) -> None:
    """It ends what it has, and writes it when the journal is back."""
    ran: list[str] = []
    desk.fail(150)
    job = desk.attempts(handler(lambda e, c: ran.append(e.id)))
    claim, away = desk.journal.claim, iter([False, False, True])

    def claim_or_not(*args: Any, **options: Any) -> Any:
        if next(away):
            raise JournalUnavailableError("away")
        return claim(*args, **options)

    desk.journal.claim = claim_or_not  # type: ignore[method-assign]
    job.run()
    assert len(ran) == 100
    assert {run.state for run in desk.runs()} == {RunState.DONE, RunState.RETRYING}


def test_a_result_that_the_journal_refuses_is_kept_without_its_texts(desk: Desk) -> None:
    """And costs its neighbours nothing."""
    ids = desk.fail(5)

    def fail(event: Any, ctx: Any) -> None:
        raise ValueError("refuse this" if event.id == ids[2] else "fine")

    with desk.journal.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER refuse BEFORE UPDATE ON runs WHEN NEW.error LIKE '%refuse this%' "
                "BEGIN SELECT RAISE(ABORT, 'no such error'); END"
            )
        )
    desk.attempts(handler(fail)).run()
    errors = {run.event_id: run.error or "" for run in desk.runs()}
    assert {run.state for run in desk.runs()} == {RunState.DEAD}
    assert errors[ids[2]].startswith("the journal refused its error")
    assert errors[ids[0]] == "ValueError: fine"


def test_results_wait_for_a_journal_that_is_away(desk: Desk, tmp_path: Path) -> None:
    """Nothing is run again for that."""
    ran: list[str] = []
    file, hidden = tmp_path / "journal.db", tmp_path / "journal.away"

    def take_away(event: Any, ctx: Any) -> None:
        desk.journal.close()
        file.rename(hidden)
        file.mkdir()
        ran.append(event.id)

    (event_id,) = desk.fail(1)
    job = threading.Thread(target=desk.attempts(handler(take_away)).run, daemon=True)
    job.start()
    wait_for(lambda: ran, "it has run")
    file.rmdir()
    hidden.rename(file)
    job.join(20)
    assert ran == [event_id]
    assert desk.states() == {(RunState.DONE, 2)}
