"""A decider that fails again and again is left alone for a while."""

from comethooks.workers.deciding.resting import (
    MOST_IN_A_ROW,
    MOST_OVERDUE,
    REST_SECONDS,
    DeciderHealth,
)

NOW = 100.0


def after(failures: int, *, goes_on: bool = False) -> DeciderHealth:
    """How it does after so many failures in a row."""
    health = DeciderHealth()
    for _ in range(failures):
        health = health.after_failure(NOW, goes_on=goes_on)
    return health


def test_it_rests_after_five_failures_in_a_row() -> None:
    """For thirty seconds."""
    assert not after(MOST_IN_A_ROW - 1).rests(NOW)
    assert after(MOST_IN_A_ROW).rests(NOW)
    assert after(MOST_IN_A_ROW).rests(NOW + REST_SECONDS - 0.1)
    assert not after(MOST_IN_A_ROW).rests(NOW + REST_SECONDS)


def test_a_success_ends_the_row() -> None:
    """Who fails now and then is asked on."""
    assert not after(MOST_IN_A_ROW - 1).after_success().after_failure(NOW).rests(NOW)


def test_after_a_rest_one_call_is_its_trial() -> None:
    """All others find it resting until that one has ended."""
    later = NOW + REST_SECONDS
    on_trial = after(MOST_IN_A_ROW).when_asked(later)
    assert on_trial.rests(later)
    assert on_trial.after_success() == DeciderHealth()
    assert on_trial.after_failure(later + 1).rests(later + REST_SECONDS)


def test_a_trial_that_its_filters_left_out_is_for_the_next_call() -> None:
    """Nothing was learnt."""
    on_trial = after(MOST_IN_A_ROW).when_asked(NOW + REST_SECONDS)
    again = on_trial.after_nothing(NOW + REST_SECONDS)
    assert not again.rests(NOW + REST_SECONDS)
    assert again.when_asked(NOW + REST_SECONDS).on_trial


def test_an_early_success_does_not_end_the_rest() -> None:
    """Of a call that began before it failed so often."""
    assert after(MOST_IN_A_ROW).after_success().rests(NOW + 1)


def test_it_rests_while_too_many_calls_are_overdue() -> None:
    """However many others succeeded in between, and for longer than a rest if need be."""
    health = DeciderHealth()
    for _ in range(MOST_OVERDUE):
        health = health.after_failure(NOW, goes_on=True).after_success()
    assert health.rests(NOW)
    assert health.rests(NOW + REST_SECONDS)
    assert not health.after_coming_back().rests(NOW + REST_SECONDS)
