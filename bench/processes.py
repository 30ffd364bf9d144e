"""What processes take of the machine."""

import contextlib
import re
import resource
import time
from pathlib import Path

from tests.scenarios.stack import Stack, descendants

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def cpu_shares(roots: dict[str, int], *, seconds: float) -> dict[str, float]:
    """The share of a core, in percent, that each process and everything below it takes while
    `seconds` pass.
    """
    before = {name: cpu_seconds(pid) for name, pid in roots.items()}
    time.sleep(seconds)
    return {name: 100 * (cpu_seconds(pid) - before[name]) / seconds for name, pid in roots.items()}


def cpu_seconds(root: int) -> float:
    """The processor time of a process and everything below it that lives."""
    ticks = 0
    for pid in [root, *descendants(root)]:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def command_seconds(stack: Stack, *arguments: str) -> float:
    """The processor time of a command, from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    stack.run(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def memory_mb(root: int) -> float:
    """The memory of a process and everything below it, what is shared divided among its sharers."""
    total = 0
    for pid in [root, *descendants(root)]:
        with contextlib.suppress(OSError):
            total += sum(map(int, _PSS.findall(Path(f"/proc/{pid}/smaps_rollup").read_text())))
    return total / 1000
