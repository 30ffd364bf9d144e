"""The file of a SQLite journal: whether the one that is open still has the journal's path.

A file that was moved away, or that another one has taken the place of, can be written as if nothing
had happened, and nobody would find what was written. So each commit compares first, and once more
afterwards, since a commit waits for the disk: what was in it then counts as not written, and is
written again where it belongs.
"""

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

_LOG, _INDEX = "-wal", "-shm"
"""The files that SQLite keeps beside a journal's: the write-ahead log, and where what is in it."""
ASIDE = "-of-the-one-before"

log = structlog.get_logger()

Inode = tuple[int, int]


@dataclass(slots=True)
class SqliteFile:
    """What is known of the file at `path`. Threads may share it."""

    path: Path
    opened: Inode | None = None
    """The file that this process has opened last; None before the first time."""
    log_inode: Inode | None = None
    """The write-ahead log that stood beside it then."""

    def note(self) -> Inode | None:
        """Note that the file at the path has been opened; which one that is."""
        self.opened = inode_of(self.path)
        self.log_inode = inode_of(_beside(self.path, _LOG))
        return self.opened

    def prepare(self) -> None:
        """Before the file is opened again. Raises `sqlite3.OperationalError` when it is not there
        any more.
        """
        if self.opened is None:
            return
        found = inode_of(self.path)
        if found is None:
            raise sqlite3.OperationalError(f"{self.path} is not there any more")
        if found != self.opened:
            self.set_aside()

    def set_aside(self) -> None:
        """Give the files beside a file that was replaced another name, if they are still its own.

        SQLite would take the log of the one before for one of the file that is there now, and mix
        the pages of both.
        """
        if self.log_inode is not None and inode_of(_beside(self.path, _LOG)) == self.log_inode:
            set_aside(self.path)


def set_aside(path: Path) -> None:
    """Give what stands beside the file at `path` another name, and keep it: it is of another file,
    and what that one had not taken in yet is nowhere else.
    """
    for suffix in (_LOG, _INDEX):
        beside = _beside(path, suffix)
        names = (f"{beside}{ASIDE}{number}" for number in ("", *map("-{}".format, range(2, 100))))
        free = next((name for name in names if not os.path.exists(name)), f"{beside}{ASIDE}")
        with suppress(FileNotFoundError):  # there is none, or another process was quicker
            os.rename(beside, free)
            log.warning("the journal's file was replaced", set_aside=free)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


class FileConnection(sqlite3.Connection):
    """A connection that commits only to the file that has the journal's path."""

    file: SqliteFile | None = None
    inode: Inode | None = None

    def commit(self) -> None:
        """Commit. Raises `sqlite3.OperationalError` when the file is no longer the journal's."""
        self.require_in_place()
        super().commit()
        self.require_in_place()

    def require_in_place(self) -> None:
        """Raise `sqlite3.OperationalError` unless the open file is the one at the path."""
        if not self.in_place:
            assert self.file
            replaced = self.file.path.exists()
            # Another connection may have opened the next file by now: then what stands there is of
            # that one.
            if replaced and self.file.opened == self.inode:
                self.file.set_aside()
            what = "replaced" if replaced else "moved or deleted"
            raise sqlite3.OperationalError(f"{self.file.path} was {what} while it was open")

    @property
    def in_place(self) -> bool:
        """Whether the open file is the one at the path."""
        return self.file is None or inode_of(self.file.path) == self.inode


def inode_of(path: Path) -> Inode | None:
    """Which file is at `path`; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
