"""Who holds the data directory, and until when."""

import os
import signal
from pathlib import Path

from comethooks.cli.services.data_directory import only_one
from comethooks.workers.settings.paths import lock_path
from comethooks.workers.supervision.forking import Forked


def _pause() -> int:
    signal.pause()
    return 0


def test_a_data_directory_is_free_again_when_up_has_ended(tmp_path: Path) -> None:
    """Though a part that it has forked is still finishing what is in progress."""
    with only_one(tmp_path):
        part = Forked(_pause, name="part")
    try:
        with only_one(tmp_path):
            assert lock_path(tmp_path).read_text() == str(os.getpid())
    finally:
        os.kill(part.pid, signal.SIGKILL)
        part.wait()
