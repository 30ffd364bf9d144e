"""Several hosts on one machine: with data directories, names and clocks of their own."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.missing import missing
from tests.scenarios.stack import Stack


@dataclass(frozen=True)
class Host:
    """A host by its name, whose clock is so many seconds ahead of the server'."""

    name: str
    ahead: int = 0


_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += AHEAD;
    return failed;
}

int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""
"""What a process is told that asks for the time of day. Debian's libfaketime would do the same, but
with it Python's `time.sleep` fails.
"""


def clock_ahead(seconds: int, directory: Path) -> Mapping[str, str]:
    """The environment of a process for which it is so many seconds later than for others. Skips the
    test, or fails it, where there is no C compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        missing("no C compiler (Debian: apt-get install gcc libc6-dev)")
    library = directory / f"clock{seconds}.so"
    command = [compiler, "-shared", "-fPIC", f"-DAHEAD={seconds}", "-x", "c", "-", "-o", library]
    subprocess.run([*command, "-ldl"], input=_CLOCK, text=True, check=True)
    return {"LD_PRELOAD": str(library)}


def stack_on(
    host: Host, directory: Path, redis_url: str, database_url: str | None, **settings: str
) -> Stack:
    """What of a deployment runs on a host; all of them write into one ledger of effects."""
    (directory / host.name).mkdir()
    clock = clock_ahead(host.ahead, directory) if host.ahead else {}
    stack = Stack(
        directory / host.name,
        redis_url,
        database_url,
        {"COMETHOOKS_HOST": host.name, **clock, **settings},
    )
    stack.effects_file = directory / "effects"
    stack.environment["COMETHOOKS_RECORDER_FILE"] = str(stack.effects_file)
    return stack
