"""Writing an archive, member by member."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from typing import IO

from comethooks.backup.manifest import SUMS
from comethooks.backup.packing import Packing, packed

MEGABYTE = 2**20


class Summed:
    """A file that is read, and summed up as it is; `advance` is called after each megabyte."""

    def __init__(self, file: IO[bytes], advance: Callable[[], object]) -> None:
        self.size = 0
        self._file, self._advance = file, advance
        self._sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self._file.read(size)
        self._sum.update(chunk)
        before, self.size = self.size, self.size + len(chunk)
        for _ in range(before // MEGABYTE, self.size // MEGABYTE):
            self._advance()
        return chunk

    @property
    def sum(self) -> str:
        """The SHA-256 of what was read, as hexadecimal digits."""
        return self._sum.hexdigest()


class Writer:
    """Adds members to an archive."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._sums = ""

    def add(
        self, name: str, file: IO[bytes], size: int, advance: Callable[[], object] = lambda: None
    ) -> None:
        """Add the next `size` bytes of a file. Raises `OSError`, also when there are fewer."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        summed = Summed(file, advance)
        self._tar.addfile(member, summed)
        self._sums += f"{summed.sum}  {name}\n"

    def add_text(self, name: str, content: bytes) -> None:
        """Add a member of this content."""
        self.add(name, io.BytesIO(content), len(content))

    def end(self) -> None:
        """Add the sums, without which no archive is whole."""
        self.add_text(SUMS, self._sums.encode("utf-8", "surrogateescape"))


def write(file: IO[bytes], packing: Packing, add_all: Callable[[Writer], None]) -> None:
    """Write an archive to `file`; `add_all` adds what is in it. Raises `OSError`."""
    with packed(file, packing) as stream, tarfile.open(fileobj=stream, mode="w|") as tar:
        writer = Writer(tar)
        add_all(writer)
        writer.end()
