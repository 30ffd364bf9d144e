"""Processes for isolated runs: as few as are needed, and no more than may be."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import cast

from comethooks.workers.handlers.isolated_process import Isolated
from comethooks.workers.handlers.isolation import Isolation


class Process:
    """Stands for a process: whether it is there is all that is asked here."""

    def __init__(self) -> None:
        self.is_running = False

    def close(self) -> None:
        """End it."""
        self.is_running = False


class Bench:
    """An isolation of such processes, and the one that each work was done with, as it was told."""

    def __init__(self, most: int) -> None:
        self.failures: list[Exception] = []
        self.told: SimpleQueue[Isolated] = SimpleQueue()
        self.isolation = Isolation(
            lambda: cast(Isolated, Process()), self.failures.append, most=most
        )
        self.isolation.start()

    def work(self, gate: threading.Event | None = None) -> None:
        """Have something done."""

        def do(process: Isolated) -> Callable[[], None]:
            cast(Process, process).is_running = True
            if gate:
                assert gate.wait(10)
            return lambda: self.told.put(process)

        self.isolation.submit(do)


def test_work_goes_to_a_process_that_is_there() -> None:
    """Also when it is asked for as soon as the one before is told."""
    bench = Bench(3)
    used = set()
    for _ in range(20):
        bench.work()
        used.add(bench.told.get(timeout=10))
    assert len(used) == 1
    bench.isolation.stop()


def test_what_there_is_no_process_for_waits() -> None:
    """And is done by the first that is free."""
    bench, gate = Bench(2), threading.Event()
    bench.work(gate)
    bench.work(gate)
    for _ in range(4):
        bench.work()
    assert bench.told.empty()
    gate.set()
    assert len({bench.told.get(timeout=10) for _ in range(6)}) == 2
    bench.isolation.stop()


def test_what_ends_a_thread_is_told() -> None:
    """Its process must not go on with work of which nobody hears."""
    bench = Bench(1)

    def fail(process: Isolated) -> Callable[[], None]:
        raise ValueError("no")

    bench.isolation.submit(fail)
    bench.isolation.stop()
    assert [str(error) for error in bench.failures] == ["no"]
