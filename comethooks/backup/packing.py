"""How an archive is compressed: by its name when it is written, by its first bytes when it is read.

Gzip is Python's own, Zstandard the program `zstd`.
"""

import gzip
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, cast

_LEVEL = 6


class BackupError(Exception):
    """A backup cannot be made, or not be restored. The text says why, and what to do."""


class Packing(StrEnum):
    """A way to compress an archive: how its name ends."""

    GZIP = ".tar.gz"
    ZSTANDARD = ".tar.zst"


_FIRST_BYTES = {b"\x1f\x8b": Packing.GZIP, b"\x28\xb5\x2f\xfd": Packing.ZSTANDARD}
_LONGEST = 4
DAMAGED = (EOFError, OSError, zlib.error)
"""What reading raises when what was compressed is no longer whole."""


def packing_for(path: Path) -> Packing:
    """How an archive of that name is compressed. Raises `BackupError` where it cannot be."""
    for packing in Packing:
        if path.name.endswith(packing) and path.name != packing:
            _require_program(packing)
            return packing
    raise BackupError(f"the name of a backup ends in .tar.gz or .tar.zst, and {path.name} does not")


def packing_of(path: Path) -> Packing:
    """How the archive at `path` is compressed. Raises `BackupError`, and `OSError`."""
    with path.open("rb") as file:
        beginning = file.read(_LONGEST)
    for first, packing in _FIRST_BYTES.items():
        if beginning.startswith(first):
            _require_program(packing)
            return packing
    raise BackupError("it is no backup of comethooks")


@contextmanager
def packed(file: IO[bytes], packing: Packing) -> Iterator[IO[bytes]]:
    """What is written to this is compressed into `file`. Raises `OSError`."""
    if packing is Packing.GZIP:
        with gzip.GzipFile("", "wb", _LEVEL, file) as stream:
            yield cast(IO[bytes], stream)
        return
    process = subprocess.Popen(
        ["zstd", "--quiet", "--threads=0", "--stdout"], stdin=subprocess.PIPE, stdout=file
    )
    with _pipe(process, process.stdin) as stream:
        yield stream
    if process.returncode:
        raise OSError(None, "zstd could not write")


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """What is in the archive at `path`, as it was before it was compressed.

    Raises `BackupError` for what is no archive, and at its end; while it is read, one of `DAMAGED`.
    """
    if packing_of(path) is Packing.GZIP:
        with gzip.open(path) as stream:
            yield cast(IO[bytes], stream)
        return
    with path.open("rb") as file:
        process = subprocess.Popen(
            ["zstd", "--quiet", "--decompress", "--stdout"],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    with _pipe(process, process.stdout) as stream:
        yield stream
    if process.returncode:
        raise BackupError("it is damaged: it ends too early")


@contextmanager
def _pipe(process: subprocess.Popen[bytes], end: IO[bytes] | None) -> Iterator[IO[bytes]]:
    """Our end of a pipe to a process, which has ended afterwards, killed if this is left early."""
    assert end is not None
    try:
        yield end
        end.close()
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()


def _require_program(packing: Packing) -> None:
    if packing is Packing.ZSTANDARD and shutil.which("zstd") is None:
        raise BackupError(
            "a .tar.zst needs the program zstd, which is not here (Debian: apt-get install zstd);"
            " .tar.gz needs nothing"
        )
