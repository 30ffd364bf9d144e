"""The last good version of every plugin in the folder, and the file that each name belongs to.

A process that runs plugins loads them afresh and ends within minutes, and the one that forks it
must not import them: what a plugin opens would not survive the fork. So neither can remember what
was loaded before. It is written down in the data directory, which the workers of a host share:

```
last-good/owners.json                            plugin names, and where each was loaded from
last-good/<folder>/hello.py/<version>/hello.py   a file or package as it was when it loaded well
```
"""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import structlog

from comethooks.workers.plugins.files import files_below, version_of
from comethooks.workers.settings import paths
from comethooks.workers.settings.settings import Settings

MAX_BYTES = 20_000_000
"""A package that is larger, with its data, is not kept."""
_KEPT = 2
"""So many versions are kept: a process that runs the one before may still import from it."""

log = structlog.get_logger()


class LastGood:
    """What is kept in one folder. A file appears there complete or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """That of the settings' data directory. Reading makes nothing there."""
        return cls(paths.last_good_dir(settings.data_dir))

    def owners(self) -> Mapping[str, str]:
        """Of each plugin name where it was last loaded from; empty when nothing can be read."""
        try:
            found = json.loads((self._folder / "owners.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def own(self, owners: Mapping[str, str]) -> None:
        """Write down where each plugin name was loaded from."""
        if owners == self.owners():
            return
        with _told("plugins cannot be written down"):
            draft = self._draft(self._folder)
            draft.write_text(json.dumps(dict(owners)))
            draft.replace(self._folder / "owners.json")

    def copy_of(self, path: Path) -> Path | None:
        """The last good version of the file or package at `path`; None if there is none."""
        for version in self._versions(path):
            return version / path.name
        return None

    def keep(
        self,
        path: Path,
        version: str,
        beside: Sequence[Path] = (),
        version_in: Callable[[Path], str] = version_of,
    ) -> None:
        """Keep the file or package at `path`, which was just loaded well and is `version`, with the
        files `beside` that are below its folder. `version_in` tells the version of the copy.

        When that cannot be done the log says why, and the plugin runs all the same.
        """
        kept = self._place(path) / version
        with _told("no copy of a plugin can be kept", path=str(path)):
            if kept.is_dir():
                os.utime(kept)  # the newest of them is the one to go on with
                return
            draft = self._draft(kept.parent)
            try:
                draft.mkdir(mode=0o700)
                _copy(path, draft / path.name)
                for each in beside:
                    if each.is_relative_to(path.parent):
                        target = draft / each.relative_to(path.parent)
                        target.parent.mkdir(parents=True, exist_ok=True)
                        _copy(each, target)
                # Somebody may have written the file since it was loaded: that is not known to load.
                if version_in(draft / path.name) == version:
                    _rename(draft, kept)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
            for old in self._versions(path)[_KEPT:]:
                shutil.rmtree(old, ignore_errors=True)

    def forget_removed(self, folder: Path) -> None:
        """Remove what is kept of the files that are not in the plugin folder any more.

        A new file of the same name would otherwise bring back a plugin that somebody removed.
        """
        if not folder.is_dir():  # it may be a disk that is not there for a moment
            return
        for place in _entries(self._place_of_folder(folder)):
            if not (folder / place.name).exists():
                shutil.rmtree(place, ignore_errors=True)

    def _versions(self, path: Path) -> Sequence[Path]:
        """The folders of the versions that are kept, the newest first."""
        found = {}
        for version in _entries(self._place(path)):
            with contextlib.suppress(OSError):  # another worker has just removed it
                found[version] = version.stat().st_mtime_ns
        return sorted(found, key=lambda version: found[version], reverse=True)

    def _place(self, path: Path) -> Path:
        return self._place_of_folder(path.parent) / path.name

    def _place_of_folder(self, folder: Path) -> Path:
        digest = hashlib.blake2b(os.fsencode(folder.absolute()), digest_size=8)
        return self._folder / digest.hexdigest()

    def _draft(self, folder: Path) -> Path:
        """A name in `folder` that nobody else writes to."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f".{secrets.token_hex(8)}"


def _entries(folder: Path) -> Sequence[Path]:
    """What is complete in a folder; nothing if it is missing."""
    with contextlib.suppress(OSError):
        return [each for each in folder.iterdir() if not each.name.startswith(".")]
    return ()


@contextlib.contextmanager
def _told(what: str, **context: str) -> Iterator[None]:
    """Say in the log what the file system refuses, and go on."""
    try:
        yield
    except OSError as error:
        log.warning(what, **context, reason=error.strerror or str(error))


def _rename(draft: Path, kept: Path) -> None:
    """Let the draft appear as `kept`, unless another worker was quicker. Raises `OSError`."""
    try:
        draft.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise


def _copy(path: Path, target: Path) -> None:
    """Copy a file, or of a package all that is its own. Raises `OSError`."""
    if path.is_file():
        shutil.copyfile(path, target)
        return
    files = list(files_below(path))
    if sum(file.stat().st_size for file in files if file.is_file()) > MAX_BYTES:
        raise OSError(errno.EFBIG, f"it is larger than {MAX_BYTES // 1_000_000} MB")
    for file in files:
        if file.is_file():  # no socket, and no link that leads nowhere
            copy = target / file.relative_to(path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
