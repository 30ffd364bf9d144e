"""Further attempts: what is due is claimed, run, and written, whatever happens in between."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Filter, JournalUnavailableError
from comethooks.workers.journal.listings.stored import LEFT_OUT
from comethooks.workers.plugins.event_filters import filters_of
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.processes import EXIT_FAILED
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


def test_a_run_whose_plugin_is_not_there_waits_for_it_with_the_attempts_that_it_had(
    desk: Desk,
) -> None:
    """It is not due meanwhile, says why, and is made when the plugin is back."""
    desk.fail(1, name="gone.handler")
    desk.attempts().run()
    (run,) = desk.runs()
    assert (run.state, run.attempts) == (RunState.RETRYING, 1)
    assert (run.error or "").startswith(f"{LEFT_OUT}; before: ")
    assert run.next_at is not None
    assert run.next_at > now_ms() + 23 * 3_600_000
    assert desk.journal.parked() == {"gone.handler": 1}
    assert desk.journal.put_back("gone.handler", now=now_ms(), limit=10) == 1
    desk.attempts(handler(lambda *_: None, "gone.handler")).run()
    (run,) = desk.runs()
    assert (run.state, run.attempts, run.left_out_at) == (RunState.DONE, 2, None)
    assert desk.journal.parked() == {}


def test_a_run_that_has_waited_long_enough_for_its_plugin_is_dead_and_says_so(desk: Desk) -> None:
    """Whatever brought it up again meanwhile; when the plugin is back, it can be retried."""
    desk.settings = replace(desk.settings, missing_plugin_wait=0.05)
    desk.fail(1, name="gone.handler")

    def is_dead() -> bool:
        desk.attempts().run()
        return desk.runs()[0].state is RunState.DEAD

    wait_for(is_dead, "it is dead")
    assert "comethooks plugins list" in (desk.runs()[0].error or "")


def test_a_run_of_a_handler_that_its_plugin_has_lost_is_dead(desk: Desk) -> None:
    """Somebody removed or renamed it."""
    desk.fail(1, name="plugin.gone")
    desk.attempts(handler(lambda *_: None, "plugin.other")).run()
    assert [run.state for run in desk.runs()] == [RunState.DEAD]


def test_a_run_of_an_event_that_its_handler_leaves_out_by_now_is_dead(desk: Desk) -> None:
    """The handler was changed since; it must not get what its filters promise it never gets."""
    desk.fail(2)
    made = handler(lambda *_: desk.fail(1))
    images = replace(made.handler, filters=filters_of({"type": "image"}))
    desk.attempts(replace(made, handler=images)).run()
    assert {(run.state, run.error) for run in desk.runs()} == {
        (
            RunState.DEAD,
            'the filters of version 1.0 leave this event out: type is "text", not "image"',
        )
    }


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


def suspect(desk: Desk, count: int) -> None:
    """Have so many runs be in progress when their process dies, of which nobody knows how."""
    desk.journal.claim("host|boot|1", now=now_ms(), until=now_ms() + 60_000, limit=count)
    desk.journal.free_claims(
        is_dead=lambda member: True, ending=lambda member: None, now=now_ms(), expired=None
    )


def test_what_may_be_poison_runs_beside_the_others(desk: Desk) -> None:
    """Each in a process of its own, while the others go on."""
    gate, ran = threading.Event(), []
    desk.fail(2)
    suspect(desk, 2)
    desk.fail(150)

    def note(event: Any, ctx: Any) -> None:
        if ctx.attempt == 3:
            assert gate.wait(10)
        ran.append(ctx.attempt)
        if ran.count(2) == 150:
            gate.set()

    desk.attempts(handler(note)).run()
    assert ran == [2] * 150 + [3] * 2
    assert desk.states() == {(RunState.DONE, 2), (RunState.DONE, 3)}


def test_a_run_whose_own_process_dies_is_dead_or_is_repeated_as_the_rule_says(desk: Desk) -> None:
    """With all its attempts; and it is counted."""
    desk.fail(1)
    suspect(desk, 1)
    desk.deaths.put(f"exit status {EXIT_FAILED}")
    desk.deaths.put("SIGSEGV")
    desk.attempts(handler(lambda event, ctx: None)).run()
    (run,) = desk.runs()
    assert (run.state, run.attempts) == (RunState.DEAD, 4)
    assert run.error == "killed its worker twice (SIGSEGV)"
    (found,) = desk.journal.runs_of(run.event_id)
    assert [each.error for each in found.attempts_made][1:] == [
        "its process ended before it did",
        f"its process ended before it did (exit status {EXIT_FAILED})",
        "killed its worker twice (SIGSEGV)",
    ]
    assert desk.redis.hgetall(keys.RUNS) == {b"plugin.handler|dead|live": b"1"}


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
    claim, away = desk.journal.claim, iter([False, True])

    def claim_or_not(*args: Any, **options: Any) -> Any:
        if not options.get("alone") and next(away):
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
