"""A process as the first one of a container: alone in a namespace of processes, as `unshare` of
util-linux makes one, with or without root.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

from tests.missing import missing
from tests.waiting import wait_for


@dataclass
class Contained:
    """A running one; `pid` is the first process, by the number that it has outside."""

    outer: subprocess.Popen[bytes]
    pid: int


@lru_cache
def _command() -> tuple[str, ...]:
    """What makes a namespace, or nothing where none can be made."""
    for way in ((), ("--user", "--map-current-user")):
        command = ("unshare", *way, "--pid", "--fork", "--kill-child", "--mount-proc")
        if (
            shutil.which("unshare")
            and not subprocess.run([*command, "true"], capture_output=True, check=False).returncode
        ):
            return command
    return ()


@contextmanager
def contained(
    command: Sequence[str], environment: Mapping[str, str], output: IO[bytes] | int | None = None
) -> Iterator[Contained]:
    """Run a command as the first process of a namespace, and kill all of it at the end."""
    if not _command():
        missing("`unshare` cannot make a namespace of processes here")
    process = subprocess.Popen(
        [*_command(), *command], env=dict(environment), stdout=output, stderr=output
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_for(lambda: process.poll() is not None or children.read_text(), "it has been started")
    try:
        yield Contained(process, int(children.read_text()))
    finally:
        process.kill()
        process.wait()
