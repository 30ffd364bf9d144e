"""Free space of every file system that something is written to on this machine."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import ResponseError
from rich.filesize import decimal

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.settings.addresses import LOOPBACK
from comethooks.workers.settings.sentinel_urls import is_sentinel_url

LOW_SHARE, LOW_BYTES = 0.10, 10**9
"""With less, look after it: an append-only file that is rewritten needs its size once more."""
OUT_SHARE, OUT_BYTES = 0.01, 100 * 10**6
"""With less, writes fail soon: those of the spool, too, if it is there."""


def check_disks(places: Mapping[str, Path]) -> Iterator[Finding]:
    """One finding for each file system that a place is in; a place need not exist yet."""
    by_device: dict[int, tuple[Path, list[str]]] = {}
    for what, place in places.items():
        folder = _existing(place)
        by_device.setdefault(os.stat(folder).st_dev, (folder, []))[1].append(what)
    for folder, contents in by_device.values():
        usage = shutil.disk_usage(folder)
        yield space(folder, contents, total=usage.total, free=usage.free)


def space(folder: Path, contents: list[str], *, total: int, free: int) -> Finding:
    """What `free` of `total` bytes means for what is in the file system of `folder`."""
    share = free / total if total else 0.0
    level = Level.OK
    if share < LOW_SHARE or free < LOW_BYTES:
        level = Level.WARNING
    if share < OUT_SHARE or free < OUT_BYTES:
        level = Level.WRONG
    detail = (
        f"{decimal(free)} of {decimal(total)} free ({share:.0%}) for {', '.join(contents)}, at"
        f" {folder}"
    )
    advice = None if level is Level.OK else "make room, or keep less: COMETHOOKS_RETENTION_DAYS"
    return Finding("disk.space", level, detail, advice)


def redis_dir(client: Redis, url: str) -> Path | None:
    """Where the server at `url` writes; None if that is not known. Raises redis-py's errors."""
    parts = urlsplit(url)
    # Where Sentinels are says nothing of where Redis is.
    local = parts.hostname in LOOPBACK and not is_sentinel_url(url)
    if parts.scheme != "unix" and not local:
        return None
    try:
        configured = client.config_get("dir").get("dir")
    except ResponseError:
        return None
    return Path(configured) if configured and os.path.isdir(configured) else None


def _existing(place: Path) -> Path:
    return next(path for path in (place, *place.parents) if os.path.exists(path))
