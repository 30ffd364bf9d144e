"""Making a backup: the journal is copied first, then it goes into the archive with the files."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from comethooks.backup import writing
from comethooks.backup.contents import KeptFile, kept_files, settings_lines
from comethooks.backup.manifest import JOURNAL, MANIFEST, SETTINGS, Manifest
from comethooks.backup.packing import BackupError, packing_for
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import copy_journal, iso, journal_there
from comethooks.workers.settings.paths import make_private_dir, new_file, sync_folder
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.texts import dumps

Begin = Callable[[str, int | None], Callable[[], object]]
"""Told what is done, and how many megabytes that is if it is known; gives what is called after
each."""

_READ_AT_ONCE = 64 * writing.MEGABYTE


@dataclass(frozen=True, slots=True)
class Made:
    """A backup: what it says of itself, its size, and the files that are not in it."""

    manifest: Manifest
    size: int
    left_out: tuple[Path, ...]


def make_backup(
    settings: Settings, target: Path, waiting: Callable[[], Mapping[str, int | None]], begin: Begin
) -> Made:
    """Write a backup to `target`, which appears when it is whole. It, and what is made beside it
    meanwhile, is for this user alone.

    `waiting` says what is accepted and not journalled, right before the journal is copied. Raises
    `BackupError`, the journal's errors and `OSError`; nothing is left behind then, and what was
    there before stays.
    """
    packing = packing_for(target)
    if not target.parent.is_dir():
        raise BackupError(f"there is no folder {target.parent}")
    if journal_there(settings.database_url) is None:
        raise BackupError(
            "there is no journal to back up: has `comethooks up` run with this"
            f" {NAMES['data_dir']}, and is {NAMES['database_url']} the same?"
        )
    with _drafts(target) as folder:
        copy = folder / JOURNAL
        waits = waiting()
        made_at = now_ms()
        journal = copy_journal(
            settings.database_url, copy, lambda total: begin("MB of the journal copied", total)
        )
        manifest = Manifest(
            version=version("comethooks"), made_at=iso(made_at), journal=journal, waiting=waits
        )
        left_out: list[Path] = []

        def add_all(writer: writing.Writer) -> None:
            writer.add_text(MANIFEST, dumps(manifest.document()))
            size = copy.stat().st_size
            advance = begin("MB of the journal packed", size // writing.MEGABYTE)
            with copy.open("rb") as file:
                writer.add(JOURNAL, file, size, advance)
            for kept in kept_files(settings):
                if not _added(writer, kept):
                    left_out.append(kept.path)
            writer.add_text(SETTINGS, settings_lines(settings).encode())

        draft = folder / "archive"
        with new_file(draft, os.replace) as file:
            writing.write(file, packing, add_all)
        os.replace(draft, target)
        sync_folder(target.parent)
    return Made(manifest, target.stat().st_size, tuple(left_out))


def _added(writer: writing.Writer, kept: KeptFile) -> bool:
    """Whether a file is in the archive now; what is no file any more, or none of ours, is not."""
    if not kept.can_be_kept:
        return False
    try:
        with kept.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > _READ_AT_ONCE:
                writer.add(kept.name, file, size)
            else:  # an editor may cut it off meanwhile
                writer.add_text(kept.name, file.read())
    except (FileNotFoundError, PermissionError):
        return False
    return True


@contextmanager
def _drafts(target: Path) -> Iterator[Path]:
    """A folder beside `target` for what is made on the way, and empty. One that a killed backup
    left there is taken over.
    """
    folder = target.with_name(f".{target.name}.making")
    make_private_dir(folder)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BackupError(f"another backup is writing {target}") from None
        for left in folder.iterdir():
            left.unlink()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
