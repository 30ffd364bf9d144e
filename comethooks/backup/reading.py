"""Reading an archive, which somebody may have cut, changed or made up.

Nothing is extracted by the tar module. Members have to be ordinary files of the names that a backup
has, so there is nothing in one that could lead out of the folder that it is restored to.
"""

import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from comethooks.backup.manifest import FILES, FOLDERS, MANIFEST, SUMS, Manifest
from comethooks.backup.packing import DAMAGED, BackupError, Packing, unpacked
from comethooks.backup.writing import MEGABYTE, Summed
from comethooks.workers.texts import plain

_MOST_TEXT = 64 * MEGABYTE
"""What the manifest and the sums may have; both are read into memory."""
_MOST_HEADER = 64 * 1024
"""What may stand before the content of a member. The tar module reads a name that is too long for
the usual header, and whatever else may be there, into memory, however long it is said to be.
"""
_MOST_MEMBERS = 1_000_000
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")

Advance = Callable[[], object]
Take = Callable[[str, "Content"], None]
"""Gets the name of a member, and its content."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in an archive that is whole: its manifest, and how many bytes each other member
    has.
    """

    manifest: Manifest
    sizes: Mapping[str, int]


class Content:
    """The content of one member. Reading it raises `BackupError` where the archive is damaged."""

    def __init__(self, file: IO[bytes], size: int, advance: Advance) -> None:
        self._summed = Summed(file, advance)
        self._size = size

    def chunks(self) -> Iterator[bytes]:
        """What is left of it, in pieces."""
        with _damage_told():
            while chunk := self._summed.read(MEGABYTE):
                yield chunk

    def text(self) -> bytes:
        """All of it, for what is short."""
        if self._size > _MOST_TEXT:
            raise BackupError("it is no backup of comethooks: it begins or ends with too much")
        return b"".join(self.chunks())

    def end(self) -> str:
        """Read what nobody has taken; the sum of all. Raises `BackupError` when something is
        missing.
        """
        for _ in self.chunks():
            pass
        if self._summed.size != self._size:
            raise BackupError("it is damaged: it ends too early")
        return self._summed.sum


def read(path: Path, advance: Advance = lambda: None, take: Take | None = None) -> Contents:
    """Read an archive from its first to its last byte, and give each member but the manifest and
    the sums to `take`.

    Raises `BackupError` when it is no whole archive, or holds what no backup does. That is known
    only in the end, so read it once before anything is done with it.
    """
    sums: dict[str, str] = {}
    sizes: dict[str, int] = {}
    manifest: Manifest | None = None
    told: dict[str, str] | None = None
    with unpacked(path) as stream:
        for member, file in _members(stream):
            name = member.name
            if told is not None or (manifest is None) is not (name == MANIFEST) or name in sums:
                raise BackupError(f"it is no backup of comethooks: {_quoted(name)} is out of place")
            content = Content(file, member.size, advance)
            if name == SUMS:
                told = _sums(content.text())
            elif name == MANIFEST:
                manifest = Manifest.read(content.text())
            elif take is not None:
                take(name, content)
            sums[name] = content.end()
            sizes[name] = member.size
        with _damage_told():
            while stream.read(MEGABYTE):  # so that its end is looked at
                pass
    if manifest is None or told is None:
        raise BackupError("it is damaged: it ends too early")
    del sums[SUMS], sizes[SUMS], sizes[MANIFEST]
    if told != sums:
        raise BackupError("it is damaged: what is in it is not what was put in")
    return Contents(manifest, sizes)


def is_backup(path: Path) -> bool:
    """Whether a file has the name of a backup and begins as one does, whole or not."""
    found = False
    if path.name.endswith(tuple(Packing)):
        with suppress(BackupError, OSError), unpacked(path) as stream, _damage_told():
            first = _tar_of(_UpToContent(stream)).next()
            found = first is not None and first.name == MANIFEST
    return found


def _members(stream: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """The members of a tar file, each an ordinary file of a name that a backup has."""
    headers = _UpToContent(stream)
    with _damage_told():
        tar = _tar_of(headers)
    count = 0
    while True:
        headers.left = _MOST_HEADER
        with _damage_told():
            member = tar.next()
        headers.left = None
        if member is None:
            return
        count += 1
        is_ordinary = member.type in _ORDINARY and not member.issparse()
        file = tar.extractfile(member) if is_ordinary else None
        if file is None or not _is_known(member.name) or count > _MOST_MEMBERS:
            raise BackupError(
                f"it is no backup of comethooks: {_quoted(member.name)} is nothing that one holds"
            )
        yield member, file
        tar.members = []  # type: ignore[attr-defined]  # it would remember all of them


class _UpToContent:
    """A stream that gives so many bytes as are `left`, and then is damaged; all if that is None."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.left: int | None = _MOST_HEADER

    def read(self, size: int) -> bytes:
        """At most `size` bytes. Raises `tarfile.ReadError`."""
        data = self._stream.read(size)
        if self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                raise tarfile.ReadError("a header is too long")
        return data


def _tar_of(headers: _UpToContent) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast(IO[bytes], headers), mode="r|")


_ORDINARY = (tarfile.REGTYPE, tarfile.AREGTYPE)


def _is_known(name: str) -> bool:
    if name in FILES:
        return True
    folder, *path = name.split("/")
    if folder not in FOLDERS or not path or "\0" in name:
        return False
    return not any(part in ("", ".", "..") for part in path)


def _sums(content: bytes) -> dict[str, str]:
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    matches = (_SUM.fullmatch(line) for line in lines)
    return {match[2]: match[1] for match in matches if match}


def _quoted(name: str) -> str:
    return f'"{plain(name, "")[:100]}"'


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, *DAMAGED, ValueError, OverflowError):
        raise BackupError("it is damaged, or no backup of comethooks") from None
