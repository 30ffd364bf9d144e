"""Putting what is restored in its places, so that a deployment is there as a whole or not at all.

Everything is first drafted in a folder of the data directory. As long as that folder is there no
command runs anything, so what is half in place is never used. A note in it says what is being put
where; whoever finds it after a kill takes that away again, and begins anew.
"""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from comethooks.workers.settings import paths

_NOTE = "being-placed.json"
_DONE = ".restored"
"""What the folder is called once everything is in place."""
_EMPTY = frozenset((_DONE, "up.lock", "lost+found"))
"""What may be in a data directory that is empty."""


@dataclass
class Placing:
    """What is about to be in the data directory, and beside it."""

    data_dir: Path
    placed: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where it is drafted."""
        return paths.restoring_dir(self.data_dir)

    def begin(self, *, database: bool) -> None:
        """Take away what a killed one left, and make the folder; `database` says whether that one
        has filled the database, which stays noted. Raises `OSError`.
        """
        self._take_back_files()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if database:
            self.note({}, database=True)
        for path in self.folder.iterdir():
            if not database or path.name != _NOTE:
                path.unlink()

    def new_file(self, number: int) -> IO[bytes]:
        """A new file in it, for this user alone."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        return open(os.open(self.file(number), flags, 0o600), "wb")

    def file(self, number: int) -> Path:
        """The file with that number."""
        return self.folder / str(number)

    def note(self, targets: Mapping[int, Path], *, database: bool) -> None:
        """Note what is going to be placed where, before anything is."""
        self.placed = [str(path) for path in targets.values()]
        with paths.new_file(self.folder / _NOTE, os.replace) as file:
            file.write(json.dumps({"placed": self.placed, "database": database}).encode())
        paths.sync_folder(self.folder)

    def end(self) -> None:
        """Everything is in place. Raises `OSError`."""
        done = self.data_dir / _DONE
        for path in {Path(path).parent for path in self.placed}:
            paths.sync_folder(path)
        os.rename(self.folder, done)
        paths.sync_folder(self.data_dir)
        shutil.rmtree(done, ignore_errors=True)

    def take_back(self) -> None:
        """Take away all that was drafted or placed."""
        self._take_back_files()
        for folder in (self.folder, self.data_dir / _DONE):
            shutil.rmtree(folder, ignore_errors=True)

    def _take_back_files(self) -> None:
        placed, _ = was_placed(self.data_dir)
        for path in placed:
            Path(path).unlink(missing_ok=True)


def occupied(data_dir: Path, placed: frozenset[str]) -> list[str]:
    """What is in the data directory: names of files, and of folders with a file anywhere below,
    but for what a restore that was killed has `placed` there.
    """
    here = paths.restoring_dir(data_dir).name
    with suppress(FileNotFoundError, NotADirectoryError):
        return sorted(
            entry.name
            for entry in data_dir.iterdir()
            if entry.name not in _EMPTY and entry.name != here and _holds_files(entry, placed)
        )
    return []


def was_placed(data_dir: Path) -> tuple[frozenset[str], bool]:
    """What a killed restore has placed, and whether it may have filled a database."""
    with suppress(OSError, ValueError):
        note = json.loads((paths.restoring_dir(data_dir) / _NOTE).read_bytes())
        return frozenset(note["placed"]), bool(note["database"])
    return frozenset(), False


def _holds_files(entry: Path, placed: frozenset[str]) -> bool:
    if entry.is_dir() and not entry.is_symlink():
        return any(_holds_files(each, placed) for each in entry.iterdir())
    return str(entry) not in placed
