"""Where a spool may be: on a disk that lasts, with locks that hold."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from comethooks.workers.settings.paths import DataDirError, make_data_dir, spool_dir
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolInUseError, SpoolPlaceError

MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs"})
"""File systems that a power cut empties."""
LAYERS = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs"})
"""Those of containers: what is written there goes with the container, unless it is a volume."""
SHARED = frozenset(
    {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "9p", "fuse.sshfs", "fuse.s3fs"}
)
"""Those whose locks do not hold between all who may write there."""
_HEROKU = "DYNO"
_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SpoolPlace:
    """The folder of a spool, and why there is none in it; None when there is one."""

    folder: Path
    why_off: str | None = None


def folder_of(settings: Settings) -> Path:
    """Where the spool of these settings is, was or would be."""
    return settings.spool_dir or spool_dir(settings.data_dir)


def place_of(settings: Settings) -> SpoolPlace:
    """Where the spool of these settings is, if there is one. Makes nothing. Raises
    `SpoolPlaceError` for a folder that a setting names and that cannot be one.
    """
    named, folder = settings.spool_dir, folder_of(settings)
    if not settings.spool_max_bytes:
        return SpoolPlace(folder, "COMETHOOKS_SPOOL_MAX_BYTES is 0")
    system = file_system(folder)
    if system in SHARED:
        why = f"{folder} is on {system}, where locks do not hold"
        if named:
            raise SpoolPlaceError(f"{why}; name a folder on a disk in COMETHOOKS_SPOOL_DIR")
        return SpoolPlace(folder, why)
    ends = None if named else _why_it_ends(system, settings.environ)
    return SpoolPlace(folder, ends and f"{folder} is {ends}")


def open_spool(settings: Settings) -> Spool | None:
    """The spool of these settings, or None where there is none: `place_of` says so, or the folder
    cannot be used.

    Raises `SpoolInUseError` when others use it; and `SpoolPlaceError` when a setting names the
    folder, and it cannot be used.
    """
    place = place_of(settings)
    if place.why_off is not None:
        return None
    try:
        return Spool.open(place.folder, max_bytes=settings.spool_max_bytes, user=user_of(settings))
    except SpoolInUseError:
        raise
    except SpoolPlaceError as error:
        if settings.spool_dir is not None:
            raise
        log.error("there is no spool", reason=error.reason)
        return None


def user_of(settings: Settings) -> str:
    """Who uses the spool of these settings: the data directory, wherever the same path leads."""
    path = os.path.realpath(settings.data_dir)
    try:
        # Or it would be another one once somebody has made it.
        make_data_dir(settings.data_dir)
        found = os.stat(path)
    except (DataDirError, OSError):
        return path
    return f"{path} ({found.st_dev}:{found.st_ino})"


def file_system(folder: Path) -> str:
    """The type of the file system that `folder` is in, or will be; empty where nobody says."""
    try:
        lines = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    path = os.path.realpath(folder)
    best, found = -1, ""
    for line in lines:
        before, _, behind = line.partition(" - ")
        fields, of_system = before.split(), behind.split()
        if len(fields) < 5 or not of_system:
            continue
        mounted = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
        # Of two on the same place the later one hides the other.
        if len(mounted) >= best and _is_below(path, mounted):
            best, found = len(mounted), of_system[0]
    return found


def _is_below(path: str, mounted: str) -> bool:
    return mounted == "/" or path == mounted or path.startswith(f"{mounted}/")


def _why_it_ends(system: str, environ: Mapping[str, str]) -> str | None:
    if system in MEMORY:
        return f"on {system}, which is memory"
    if system in LAYERS:
        return f"on {system}, which ends with its container"
    if _HEROKU in environ:
        return "on the disk of a dyno, which ends with it"
    return None
