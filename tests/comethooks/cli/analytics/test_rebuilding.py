"""`comethooks analytics rebuild`: the figures again, from the events that are kept."""

import pytest

from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Journal, KeptBuckets, iso
from comethooks.workers.settings.settings import Settings
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.pseudo_terminal import on_terminal
from tests.comethooks.cli.store import Store

NOW = now_ms()


def uncounted(command: Command, store: Store, *days_ago: float) -> None:
    """Keep an event of each of these days while nothing is counted."""
    settings = Settings.load(command.environ)
    journal = Journal.open(settings.database_url, counts_figures=False)
    silent = Store(store.streams, journal)
    for ago in days_ago:
        at = NOW - int(ago * DAY_MS)
        silent.journalled(at=at, occurred_at=at)
    journal.close()


def sent(command: Command) -> dict[str, int]:
    """How many messages were sent on which day."""
    asked = ("--metric", "messages.sent", "--size", "day", "--since", "60d")
    return {
        each["bucket"][:10]: each["value"] for each in command.json("analytics", "show", *asked)
    }


def day(ago: float) -> str:
    """A day as text."""
    return iso(NOW - int(ago * DAY_MS))[:10]


def test_what_was_not_counted_is_counted_again(command: Command, store: Store) -> None:
    """Since counting was disabled, say; twice is not too often."""
    uncounted(command, store, 0, 3, 3)
    assert sent(command) == {}
    for _ in range(2):
        [done] = command.json("analytics", "rebuild", "--yes")
        assert (done["events"], done["resumed"], done["left_alone"]) == (3, False, {})
        assert sent(command) == {day(3): 2, day(0): 1}


def test_it_counts_where_nothing_is_counted_any_more(command: Command, store: Store) -> None:
    """Who disabled counting may still want to know."""
    uncounted(command, store, 1)
    disabled = {"COMETHOOKS_DISABLED_PLUGINS": "analytics"}
    [done] = command.json("analytics", "rebuild", "--yes", **disabled)
    assert done["events"] == 1
    assert sent(command) == {day(1): 1}


def test_only_whole_days_that_are_asked_for_are_replaced(command: Command, store: Store) -> None:
    """Others are named, and stay as they are."""
    uncounted(command, store, 2, 3, 4)
    for ago in (2, 3, 4):  # counted when they came
        at = NOW - ago * DAY_MS
        store.journalled(at=at + 1, occurred_at=at + 1)
    store.journal.figures.fold(KeptBuckets({}))
    [done] = command.json("analytics", "rebuild", "--since", day(3), "--until", day(2), "--yes")
    assert done["since"] == f"{day(3)}T00:00:00.000Z"
    assert done["until"] == f"{day(2)}T00:00:00.000Z"
    assert sent(command) == {day(4): 1, day(3): 2, day(2): 1}
    partly = command("analytics", "rebuild", "--since", f"{day(3)}T12:00:00Z", "--yes")
    assert f"1 day, {day(3)}" in partly.stderr
    assert sent(command) == {day(4): 1, day(3): 2, day(2): 2}


def test_what_is_kept_without_bodies_is_left_alone(command: Command, store: Store) -> None:
    """It could not be counted again, whether or not it is deleted already."""
    at = NOW - 40 * DAY_MS
    store.journalled(at=at, occurred_at=at)
    store.journal.figures.fold(KeptBuckets({}))
    uncounted(command, store, 1)
    [done] = command.json("analytics", "rebuild", "--yes")
    assert done["left_alone"]["day"] == [f"{day(40)}T00:00:00.000Z"]
    assert sent(command) == {day(40): 1, day(1): 1}


def test_one_that_was_stopped_goes_on(command: Command, store: Store) -> None:
    """With the same command; what came meanwhile is counted once."""
    uncounted(command, store, 1, 2, 3)
    figures = store.journal.figures
    kept_since = NOW - 30 * DAY_MS
    figures.begin_rebuild(figures.plan_rebuild(bodies_since=kept_since))
    figures.rebuild_step(KeptBuckets({}), 2)
    at = NOW - 2 * DAY_MS - 1000  # behind the place that it has come to
    store.journalled(at=at, occurred_at=at)
    figures.fold(KeptBuckets({}))
    [done] = command.json("analytics", "rebuild", "--yes")
    assert (done["events"], done["resumed"]) == (1, True)
    assert sent(command) == {day(3): 1, day(2): 2, day(1): 1}


def test_it_asks_first(command: Command, store: Store) -> None:
    """And changes nothing when the answer is no."""
    uncounted(command, store, 1)
    done, said = on_terminal(command, "n", "analytics", "rebuild")
    assert done.returncode == 1
    assert "Count again from" in said
    assert sent(command) == {}
    done, _ = on_terminal(command, "y", "analytics", "rebuild")
    assert done.returncode == 0
    assert sent(command) == {day(1): 1}


@pytest.mark.parametrize(
    "options, code, sentence",
    [
        ((), 2, "add --yes"),
        (("--yes", "--since", "2999-01-01"), 2, "--since is in the future"),
        (("--yes", "--since", "1d", "--until", "2d"), 2, "--since is not before --until"),
        (("--yes", "--since", "1h"), 1, "no whole day"),
        (("--yes", "--until", "2020-01-01"), 1, "no whole day"),
    ],
)
def test_what_cannot_be_rebuilt_is_told(
    command: Command, store: Store, options: tuple[str, ...], code: int, sentence: str
) -> None:
    assert store
    done = command("analytics", "rebuild", *options)
    assert done.exit_code == code
    assert sentence in done.stderr
