"""What others on the machine can see of a deployment: files, and the lists of processes."""

import stat
from collections.abc import Callable
from pathlib import Path

from tests.scenarios.stack import descendants, name_of

OTHERS = stat.S_IRWXG | stat.S_IRWXO
REST_KEY, SIGNING = "r3stKeyOfAnApp", "s1gningKeyOfPresses"
SECRETS = {
    "COMETHOOKS_APPS": f"app1:eu:{REST_KEY}",
    "COMETHOOKS_INTERACTION_KEYS": f"k1:{SIGNING}",
    "COMETHOOKS_SPOOL_MAX_BYTES": "1MB",
}
"""Settings with secrets in them."""


def readable(folder: Path) -> dict[str, str]:
    """The files and folders below that others may do anything with, and what that is."""
    found = {}
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & OTHERS:
            found[str(path.relative_to(folder))] = stat.filemode(mode)
    return found


def shown(pid: int, secrets: set[str], of: Callable[[int], str]) -> dict[str, list[str]]:
    """The processes from `pid` on that show one of the secrets, by name."""
    told = {each: of(each) for each in [pid, *descendants(pid)]}
    return {
        f"{name_of(each)} {each}": sorted(secret for secret in secrets if secret in text)
        for each, text in told.items()
        if any(secret in text for secret in secrets)
    }
