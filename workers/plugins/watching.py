"""Noticing that the files in the plugin folder, or others that plugins are made of, have become
others.

It looks once a second, since what the kernel tells is not enough: watchfiles 1.3 (inotify) stays
silent for good once the folder is removed and made again or its link leads elsewhere, does not see
a linked file change, needs the folder to be there, and hears nothing of a network file system; its
polling mode missed a save by rename. Contents would have to be compared all the same.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

from comethooks.workers.plugins.files import files_below

LOOK_SECONDS = 1.0
SETTLED_SECONDS = 5.0
"""The longest wait for two looks that find the same."""
SHORTEST_SECONDS = 5.0
"""The shortest time between two changes that are told."""
_SHARE = 20
"""A look is followed by a pause of at least so many times as long as it took."""
_RECENT_NS = 2_000_000_000
"""A file that was written so recently may be written again without looking any different."""
_PROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class _FileState:
    """What the system says of a file, and the digest of its content."""

    stamp: tuple[int, ...]
    digest: bytes


class PluginWatch:
    """Whether the `.py` and `pyproject.toml` files in a folder, if there is one, or the `files`
    that there are beside it have changed since it last told.

    `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        folder: Path | None,
        files: Callable[[], Iterable[Path]] = tuple,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._files = files
        self._clock = clock
        self._seen = self._look({})
        self._told = self._seen
        self._next_look = clock() + LOOK_SECONDS
        self._changed_at: float | None = None
        self._told_at = float("-inf")

    def changed(self) -> tuple[str, ...]:
        """The files that have changed, those in the folder as paths within it. Each change is told
        once.

        Call it often: it looks about once a second. A change is told when two looks find the same,
        or after some seconds if they never do, and no sooner than some seconds after the last one.
        """
        now = self._clock()
        if now < self._next_look:
            return ()
        before, self._seen = self._seen, self._look(self._seen)
        # A large folder, or a slow disk, must not keep the supervisor from its children.
        self._next_look = max(now + LOOK_SECONDS, self._clock() + _SHARE * (self._clock() - now))
        different = _differences(self._told, self._seen)
        if not different:
            self._changed_at = None
            return ()
        # Compared with what was told, not with the look before: what is changed back is no change.
        self._changed_at = now if self._changed_at is None else self._changed_at
        settled = not _differences(before, self._seen) or now - self._changed_at >= SETTLED_SECONDS
        if not settled or now - self._told_at < SHORTEST_SECONDS:
            return ()
        self._told, self._told_at, self._changed_at = self._seen, now, None
        self._forget_bytecode(different)
        return different

    def _forget_bytecode(self, names: tuple[str, ...]) -> None:
        """Remove what was compiled: Python knows it by the source's size and second alone."""
        for name in names:
            if name.endswith(".py") and self._folder is not None:
                with contextlib.suppress(OSError):
                    os.unlink(cache_from_source(str(self._folder / name)))

    def _look(self, known: Mapping[str, _FileState]) -> dict[str, _FileState]:
        """The files as they are now; those that look as in `known` are not read again."""
        found = {} if self._folder is None else _look(self._folder, known)
        for path in self._files():
            with contextlib.suppress(OSError):
                found[str(path)] = _seen(path, known.get(str(path)))
        return found


def _differences(
    before: Mapping[str, _FileState], after: Mapping[str, _FileState]
) -> tuple[str, ...]:
    """The files that only one of them has, or that are not the same in both."""
    names = before.keys() | after.keys()
    return tuple(
        sorted(name for name in names if _digest(before.get(name)) != _digest(after.get(name)))
    )


def _digest(seen: _FileState | None) -> bytes | None:
    return None if seen is None else seen.digest


def _look(folder: Path, known: Mapping[str, _FileState]) -> dict[str, _FileState]:
    """The files as they are now; those that look as in `known` are not read again."""
    found = {}
    for path in files_below(folder):
        if path.suffix != ".py" and path.name != _PROJECT:
            continue
        with contextlib.suppress(OSError):  # it is gone already, or nobody may read it
            name = os.path.relpath(path, folder)
            found[name] = _seen(path, known.get(name))
    return found


def _seen(path: Path, known: _FileState | None) -> _FileState:
    status = os.stat(path)
    stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    if (
        known is not None
        and known.stamp == stamp
        and time.time_ns() - status.st_mtime_ns > _RECENT_NS
    ):
        return known
    return _FileState(stamp, hashlib.blake2b(path.read_bytes()).digest())
