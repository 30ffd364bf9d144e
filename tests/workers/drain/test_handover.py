"""What runners take, and how many are asked to."""

import threading
from collections.abc import Iterator

import pytest

from comethooks.workers.drain.handover import HandOver
from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.drain.lanes import Start
from comethooks.workers.handlers.runners import Runner, Runners
from tests.waiting import wait_for
from tests.workers.engine import record, services


class Table:
    """A hand-over to three runners, whose starts wait as long as the test wants."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.runners = Runners(3, services(), on_failure=self.failures.append)
        self.handover = HandOver(self.runners, self._run)
        self.begun: list[tuple[str, str]] = []
        self.slow = threading.Event()
        self.runners.start()

    def _run(self, start: Start, runner: Runner) -> None:
        self.begun.append((start.item.entry, runner.name))
        if start.item.entry.startswith("slow"):
            self.slow.wait(10)

    def add(self, *entries: str, quick: bool) -> None:
        held = Partition(0, "lease", {})
        starts = [Start(Item(held, entry, record(0, 0), 1), ()) for entry in entries]
        self.handover.add(starts, quick=quick)


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    yield made
    made.slow.set()
    made.runners.stop()
    assert not made.failures


def test_one_runner_takes_all_quick_runs_in_their_order(table: Table) -> None:
    """None of the others is woken for them."""
    names = [str(number) for number in range(100)]
    table.add(*names, quick=True)
    wait_for(lambda: len(table.begun) == 100, "all have begun")
    assert [entry for entry, _ in table.begun] == names
    assert len({runner for _, runner in table.begun}) == 1


def test_as_many_runners_as_there_are_take_slow_runs(table: Table) -> None:
    """Each has one of them, and the first that is free takes the next."""
    table.add(*(f"slow{number}" for number in range(4)), quick=False)
    wait_for(lambda: len(table.begun) == 3, "three have begun")
    assert len({runner for _, runner in table.begun}) == 3
    table.slow.set()
    wait_for(lambda: len(table.begun) == 4, "the fourth has begun")


def test_what_waits_behind_a_slow_run_goes_to_another_runner_when_asked(table: Table) -> None:
    """Until then there is something to be patient about, and afterwards there is not."""
    table.add("slow", "a", "b", quick=True)
    wait_for(lambda: len(table.begun) == 1, "the slow one has begun")
    assert table.handover.patience is not None
    table.handover.hurry()
    wait_for(lambda: len(table.begun) == 3, "the others have begun")
    assert table.handover.patience is None
