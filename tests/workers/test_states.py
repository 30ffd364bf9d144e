"""The status of an event, from the states of its runs."""

import pytest

from comethooks.workers.states import EventStatus, RunState, event_status


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ([], "unhandled"),
        (["done"], "done"),
        (["dismissed"], "done"),
        (["skipped", "done"], "done"),
        (["pending", "done"], "queued"),
        (["running"], "queued"),
        (["retrying", "running"], "retrying"),
        (["waiting", "done"], "retrying"),
        (["dead", "retrying", "done"], "dead"),
    ],
)
def test_the_worst_of_its_runs_decides(runs: list[str], status: str) -> None:
    """Dead > retrying > queued > done; no run at all is unhandled."""
    assert event_status(RunState(run) for run in runs) is EventStatus(status)


@pytest.mark.parametrize(
    ("live", "replayed", "status"),
    [
        ([], ["done"], "replayed"),
        ([], ["dead", "done"], "replayed"),
        ([], ["dead", "skipped", "retrying", "dismissed"], "unhandled"),
        (["done"], ["dead"], "done"),
        (["dead"], ["done"], "dead"),
    ],
)
def test_a_replay_counts_where_no_handler_matched(
    live: list[str], replayed: list[str], status: str
) -> None:
    """If it has run one well; what live runs came to stays."""
    assert event_status(map(RunState, live), map(RunState, replayed)) is EventStatus(status)


def test_every_state_of_a_run_has_a_status() -> None:
    """A new state cannot be forgotten."""
    for state in RunState:
        assert event_status([state])
