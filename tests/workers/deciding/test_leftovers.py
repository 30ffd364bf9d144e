"""What deciding leaves behind in a process."""

import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

from comethooks import Plugin
from tests.waiting import wait_for
from tests.workers.deciding.messages import FOREVER, in_flight, panel_of

ROOT = Path(__file__).parents[3]
HANG = """
import threading
from comethooks import Plugin
from tests.workers.deciding.messages import in_flight, panel_of

plugin = Plugin("slow")

@plugin.decide("before_message")
def judge(event, ctx):
    threading.Event().wait()

with panel_of(plugin, budget_ms=50) as panel:
    print(panel.begin(in_flight()).result(10).votes[0].error)
"""


def test_a_process_ends_though_a_decider_hangs() -> None:
    """Nobody can end its thread, and nobody waits for it."""
    done = subprocess.run(
        [sys.executable, "-c", HANG],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=FOREVER,
        check=True,
    )
    assert "it was late" in done.stdout


def test_a_message_is_let_go_of_when_it_is_decided_on() -> None:
    """Though its time would not be over: there are thousands in that time."""
    plugin = Plugin("gate")

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> None:
        """Let it pass."""

    with panel_of(plugin, budget_ms=1500) as panel:
        sitting = panel.begin(in_flight())
        sitting.result(FOREVER)
        left = weakref.ref(sitting)
        del sitting
        wait_for(lambda: left() is None, "nothing holds it")


def test_threads_end_with_the_panel() -> None:
    """Those of deciders, and the one that keeps the time."""
    before = threading.active_count()
    with panel_of(Plugin("gate")):
        assert threading.active_count() > before
    wait_for(lambda: threading.active_count() == before, "they have ended")
