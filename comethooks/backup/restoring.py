"""Restoring a backup: it is read twice, since what is wrong with it is known only in the end.

1. The archive is read to its end, and what it says of itself compared with what is here. Nothing is
   touched until all of that is as it has to be.
2. Everything is drafted, and the journal looked at.
3. What goes where is noted, then the database is filled in one transaction, then the files get
   their places, and at last the draft goes.

Killed before the end of 3, commands refuse to run anything, and the next restore begins anew.
"""

import shutil
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from comethooks.backup import placing, reading
from comethooks.backup.contents import Places
from comethooks.backup.making import Begin
from comethooks.backup.manifest import DATA, JOURNAL, Manifest
from comethooks.backup.packing import BackupError
from comethooks.backup.writing import MEGABYTE
from comethooks.workers.journal import (
    JournalError,
    check_copy,
    id_there,
    journal_there,
    put_copy,
    refuse_copy,
    sqlite_file,
)
from comethooks.workers.settings.paths import make_data_dir, move_file
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import few, number_of

_SPARE = 16 * MEGABYTE
_NAMED = 5
"""So many things that are there already are named."""


class Part(StrEnum):
    """What is restored alone, where the rest is there."""

    JOURNAL = "journal"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: what the backup says of itself, how many files are in place, those that
    were there already and were left as they are, and settings that have to be set.
    """

    manifest: Manifest
    files: int
    kept: tuple[Path, ...]
    to_set: tuple[str, ...]


class Restoring:
    """One archive and one deployment. `check` it first; `restore` is then sure to find what it
    needs, unless somebody interferes.
    """

    def __init__(self, settings: Settings, archive: Path, only: Part | None, begin: Begin) -> None:
        self._settings = settings
        self._archive = archive
        self._only = only
        self._begin = begin
        self._places = Places(settings)
        self._numbers: dict[str, int] = {}
        self._filled = False

    def check(self) -> reading.Contents:
        """Read the archive to its end, and compare. Raises `BackupError`, the journal's errors and
        `OSError`; changes nothing.
        """
        try:
            contents = reading.read(self._archive, self._begin("MB checked", None))
        except BackupError as error:
            raise BackupError(f"{self._archive} cannot be restored: {error}") from None
        if JOURNAL not in contents.sizes:
            raise BackupError(f"{self._archive} cannot be restored: there is no journal in it")
        placed, had_database = placing.was_placed(self._settings.data_dir)
        if self._only is not Part.FILES:
            self._check_database(contents.manifest, placed, had_database=had_database)
        if self._only is Part.FILES:
            self._check_files(contents, placed)
        elif self._only is None:
            self._refuse(placing.occupied(self._settings.data_dir, placed))
        self._check_space(contents)
        return contents

    def restore(self, contents: reading.Contents) -> Restored:
        """Put everything in its place. When this raises, nothing was put anywhere, unless it is in
        PostgreSQL by then: so try again. Raises `BackupError`, the journal's errors, `OSError` and
        `DataDirError`.
        """
        was_there = self._settings.data_dir.exists()
        make_data_dir(self._settings.data_dir)
        draft = placing.Placing(self._settings.data_dir)
        try:
            draft.begin(database=self._filled)
            return self._restore(contents, draft)
        except (BackupError, JournalError, OSError):
            if self._filled:  # that cannot be taken back, and has to be known the next time
                raise
            draft.take_back()
            if not was_there:
                shutil.rmtree(self._settings.data_dir, ignore_errors=True)
            raise

    def _restore(self, contents: reading.Contents, draft: placing.Placing) -> Restored:
        files = [name for name in contents.sizes if name != JOURNAL and self._is_wanted(name)]
        targets = {name: self._places.of(name) for name in files}
        kept = [path for path in targets.values() if path.exists()]
        self._numbers = {
            name: number
            for number, name in enumerate(contents.sizes)
            if self._is_wanted(name) and targets.get(name) not in kept
        }
        advance = self._begin("MB unpacked", sum(contents.sizes.values()) // MEGABYTE)
        reading.read(self._archive, advance, partial(self._draft, draft))
        journal = draft.file(self._numbers[JOURNAL]) if JOURNAL in self._numbers else None
        if journal is not None:
            check_copy(journal, contents.manifest.journal)
            if database := sqlite_file(self._settings.database_url):
                targets[JOURNAL] = database
        numbered = {
            self._numbers[name]: path for name, path in targets.items() if name in self._numbers
        }
        into_database = journal is not None and JOURNAL not in targets
        draft.note(numbered, database=into_database)
        if journal is not None and not self._filled:
            put_copy(self._settings.database_url, journal, contents.manifest.journal)
            self._filled = into_database
        for number, path in numbered.items():
            if draft.file(number) != journal:
                move_file(draft.file(number), path)
        draft.end()
        return Restored(
            contents.manifest,
            len(files) - len(kept),
            tuple(kept),
            tuple(self._places.to_set(files)),
        )

    def _draft(self, draft: placing.Placing, name: str, content: reading.Content) -> None:
        if name in self._numbers:
            with draft.new_file(self._numbers[name]) as file:
                for chunk in content.chunks():
                    file.write(chunk)

    def _is_wanted(self, name: str) -> bool:
        if self._only is None:
            return True
        return (name == JOURNAL) is (self._only is Part.JOURNAL)

    def _check_database(
        self, manifest: Manifest, placed: frozenset[str], *, had_database: bool
    ) -> None:
        """Refuse a journal that this version or this database has no use for, and one that would
        come to another.
        """
        try:
            refuse_copy(self._settings.database_url, manifest.journal)
        except JournalError as error:
            raise BackupError(f"{self._archive} cannot be restored here: {error}") from None
        there = journal_there(self._settings.database_url)
        if there is None or there in placed:
            return
        if had_database and id_there(self._settings.database_url) == manifest.journal.id:
            self._filled = True  # and only then was it killed
            return
        raise BackupError(
            f"there is a journal in {there} already; nothing was touched. Restore into an empty"
            f" database, or move it away"
        )

    def _check_files(self, contents: reading.Contents, placed: frozenset[str]) -> None:
        """Refuse what would come to where something is. What settings name stays as it is."""
        names = [name for name in contents.sizes if name.startswith(f"{DATA}/")]
        places = [self._places.of(name) for name in names]
        self._refuse(
            [
                str(path.relative_to(self._settings.data_dir))
                for path in places
                if path.exists() and str(path) not in placed
            ]
        )

    def _refuse(self, names: list[str]) -> None:
        """Refuse a data directory in which something is of these names."""
        if names:
            raise BackupError(
                f"there is something in {self._settings.data_dir} already: {few(names, _NAMED)};"
                " nothing was touched. Restore into an empty data directory, or move it away;"
                " --only journal restores the journal alone"
            )

    def _check_space(self, contents: reading.Contents) -> None:
        needed = sum(size for name, size in contents.sizes.items() if self._is_wanted(name))
        folder = self._settings.data_dir
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        if free < needed + _SPARE:
            megabytes = number_of(needed // MEGABYTE + 1, "MB", "MB")
            raise BackupError(
                f"{megabytes} and some more are needed at {existing}, and {free // MEGABYTE} MB are"
                " free; nothing was touched"
            )
