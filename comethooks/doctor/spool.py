"""The spool of this host: whether there is one, on a disk that lasts, and what is in it."""

import shutil
from collections.abc import Iterator

from rich.filesize import decimal

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.spool.files_aside import files_aside
from comethooks.workers.spool.glance import SpoolGlance
from comethooks.workers.spool.places import LAYERS, MEMORY, file_system
from comethooks.workers.spool.spool_status import SpoolStatus
from comethooks.workers.texts import number_of

PLACE = "spool.place"
_ELSEWHERE = f"name a folder on a disk that lasts in {NAMES['spool_dir']}"
_WITHOUT = "events get 503 while Redis does not take them"


def check_spool(settings: Settings, now: int) -> Iterator[Finding]:
    """Where it is, what it holds at `now` (ms), the space that is left, and the files that are not
    emptied.
    """
    found = SpoolGlance.of(settings)
    yield _place(found, settings)
    if found.status is not None:
        yield _held(found.status, settings, now)
    if found.why_off is None and found.failed is None:
        yield _space(found, settings)
    for file in files_aside(found.folder):
        yield Finding("spool.files", Level.WRONG, f"{file.path} is not emptied", file.sentence)


def _place(found: SpoolGlance, settings: Settings) -> Finding:
    if found.failed is not None:
        return Finding(PLACE, Level.WRONG, f"{found.failed}; without it {_WITHOUT}")
    if not settings.spool_max_bytes:
        return Finding(PLACE, Level.OK, f"there is none: {found.why_off}; {_WITHOUT}")
    if found.why_off is not None:
        detail = f"there is none, since {found.why_off}; {_WITHOUT}"
        return Finding(PLACE, Level.WARNING, detail, _ELSEWHERE)
    system = file_system(found.folder)
    if system in MEMORY or system in LAYERS:
        ends = "a restart of this machine" if system in MEMORY else "the end of its container"
        detail = f"{found.folder} is on {system}: {ends} takes what is in it"
        return Finding(PLACE, Level.WARNING, detail, _ELSEWHERE)
    used = "" if found.status is not None else "; nothing was spooled on this host yet"
    return Finding(PLACE, Level.OK, f"{found.folder}, on {system or 'a disk'}{used}")


def _held(status: SpoolStatus, settings: Settings, now: int) -> Finding:
    name = "spool.held"
    if not status.records:
        return Finding(name, Level.OK, "it holds nothing")
    oldest_at = now if status.oldest_at is None else status.oldest_at
    seconds = max(0, now - oldest_at) // 1000
    detail = (
        f"{number_of(status.records, 'request waits', 'requests wait')},"
        f" {decimal(status.bytes)}, the first for {number_of(seconds, 'second')}"
    )
    if status.reason:
        detail += f"; it is not emptied, since {status.reason}"
    advice = "the web process of this host empties it; without one: comethooks spool drain"
    if seconds >= settings.duplicate_window / 2:
        window = number_of(settings.duplicate_window, "second")
        detail += f". Repeats are recognised for {window}: soon they will not be"
        return Finding(name, Level.WRONG, detail, advice)
    return Finding(name, Level.WARNING, detail, advice)


def _space(found: SpoolGlance, settings: Settings) -> Finding:
    existing = next(path for path in (found.folder, *found.folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    held, reserved = (0, 0) if found.status is None else (found.status.bytes, found.status.reserved)
    wanted = max(0, settings.spool_max_bytes - held - reserved)
    detail = f"{decimal(free)} free for the {decimal(wanted)} that it may yet take"
    if free >= wanted:
        return Finding("spool.space", Level.OK, detail)
    advice = f"make room, or lower {NAMES['spool_max_bytes']}"
    return Finding("spool.space", Level.WARNING, detail, advice)
