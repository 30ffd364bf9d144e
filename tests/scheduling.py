"""How tests are divided when there are several test processes, and what becomes of the rest when
one of these dies.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

_SCENARIOS = "tests/scenarios/"
_LANES = (f"{_SCENARIOS}0", f"{_SCENARIOS}1")


class Scheduling(LoadScopeScheduling):
    """Gives the modules to test processes, and first of all the scenarios to two of them. These
    take longest, and wait most of the time; more of them at once would be late by the clock.
    """

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(_SCENARIOS):
            return _LANES[sum(nodeid.partition("::")[0].encode()) % 2]
        return super()._split_scope(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        for lane in _LANES:
            if lane in self.workqueue:
                self.workqueue.move_to_end(lane, last=False)
        super()._assign_work_unit(node)

    def remove_node(self, node: WorkerController) -> str | None:
        """The test that a process died of; None when it has done all of its own.

        What it had yet to do stays undone: with `--max-worker-restart=0` the others end what they
        have, and the session fails. The method of the base class gives the same test to the next
        process, which dies of it, too, and waits for ever once nobody is left to take the rest.
        """
        units = self.assigned_work.pop(node)
        left = (test for unit in units.values() for test, is_done in unit.items() if not is_done)
        return next(left, None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Ours, in place of the one that `--dist` names."""
    return Scheduling(config, log)
