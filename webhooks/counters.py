"""Where the web processes count: in files of one directory, which `webhooks.metrics` reads."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

from comethooks.workers.processes import is_alive
from comethooks.workers.settings.paths import SHARED_MEMORY, metrics_dir

MULTIPROCESS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client knows that several processes count together."""


def new_counters_dir(data_dir: Path) -> Path:
    """An empty directory named after this host and process. Removes those of processes that are
    gone.

    It is not on the disk, if possible. The counters are mapped into memory, and a process that
    writes to such a file on a full disk is killed.
    """
    root = SHARED_MEMORY if has_shared_memory() else metrics_dir(data_dir)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = f"comethooks-{socket.gethostname()}-"
    # Those of our own pid too: in another container or boot the number was another process'.
    for left in root.glob(f"{own}*-*"):
        pid = left.name.removeprefix(own).partition("-")[0]
        if not pid.isdigit() or int(pid) == os.getpid() or not is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{own}{os.getpid()}-", dir=root))


def has_shared_memory() -> bool:
    """Whether there is memory that looks like a disk, for files that must not wait for one."""
    return os.access(SHARED_MEMORY, os.W_OK | os.X_OK)
