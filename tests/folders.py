"""Folders for the files of servers that tests start for themselves."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = "/dev/shm"
_ROOM = 2**30
"""Bytes that have to be free there, for the servers of all test processes."""


@contextmanager
def server_folder(prefix: str, *, on_disk: bool = False) -> Iterator[Path]:
    """A folder of a server's own, whose path is short enough for a socket, until the block is left.

    It is in memory where there is enough of that, unless it has to be on a disk: other tests keep a
    disk busy for longer than calls of a server that flushes everything may take. What a killed
    server wrote is there as well as on a disk.
    """
    above = (None if on_disk else _memory()) or _disk()
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=above))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _memory() -> str | None:
    enough = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if enough else None


def _disk() -> str | None:
    # Not what TMPDIR names: that may be too long for a socket.
    return "/tmp" if os.path.isdir("/tmp") else None
