"""The locks of a spool, between processes and between the threads of one."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from comethooks.workers.spool.file_locks import FileLock


def test_its_lock_is_not_inherited(tmp_path: Path) -> None:
    """A child that is forked while a thread appends can append, too."""
    lock = FileLock(tmp_path / "lock")
    with lock:
        pid = os.fork()
        if pid == 0:
            os._exit(0 if not lock.acquire(blocking=False) else 1)
        assert os.waitpid(pid, 0)[1] == 0


def test_its_lock_is_one_for_all_threads_that_come_first(tmp_path: Path) -> None:
    """In a child, they open its file at the same moment, and none of them may keep it."""
    path, inside = tmp_path / "lock", []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            lock, together = FileLock(path), threading.Barrier(3)

            def take(lock: FileLock = lock, together: threading.Barrier = together) -> None:
                together.wait()
                with lock:
                    inside.append(1)
                    assert inside == [1]
                    inside.pop()

            with ThreadPoolExecutor(3) as pool:
                for each in [pool.submit(take) for _ in range(3)]:
                    each.result()
            other = FileLock(path)
            assert other.acquire(blocking=False)
            other.close()
            lock.close()
    finally:
        sys.setswitchinterval(before)
