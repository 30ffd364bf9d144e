"""How much memory a command takes that works through many events: run as a process of its own.

Its arguments are commands, each as a JSON list. Prints, in bytes and on a line of its own, by how
much the last one raised the most memory that the process had for those before.
"""

import contextlib
import io
import json
import re
import resource
import sys
from pathlib import Path

from comethooks.cli import main


def peak() -> int:
    """The most memory that this process ever had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # where the number below has what the process had that started this one
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def run(arguments: list[str]) -> None:
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            main(arguments, standalone_mode=False)
        except SystemExit as end:
            sys.exit(f"{arguments}: {end}: {said.getvalue()}")


if __name__ == "__main__":
    *before, last = map(json.loads, sys.argv[1:])
    for arguments in before:
        run(arguments)
    known = peak()
    run(last)
    print(peak() - known)
