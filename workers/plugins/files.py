"""The files of a plugin folder, wherever links lead to, and which version of them it is."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

_LEFT_OUT = (".", "__pycache__")
"""How the names of folders begin that hold nothing an author wrote."""
_VERSION_DIGITS = 12


def files_below(folder: Path) -> Iterator[Path]:
    """All files below `folder`, also where a link leads to, each real folder once.

    Hidden folders, what Python compiled and virtual environments are left out. A folder that is
    missing or cannot be read is empty.
    """
    been: set[str] = set()
    for where, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(where)
        if real in been or "pyvenv.cfg" in names:
            folders.clear()
            continue
        been.add(real)
        folders[:] = [name for name in folders if not name.startswith(_LEFT_OUT)]
        for name in names:
            yield Path(where, name)


def version_of(path: Path) -> str:
    """The first digits of a file's SHA-256; of a package, of its .py files with their names."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:_VERSION_DIGITS]
    package = hashlib.sha256()
    for file in sorted(files_below(path)):
        if file.suffix == ".py" and file.is_file():
            package.update(os.fsencode(file.relative_to(path)) + b"\0")
            package.update(hashlib.sha256(file.read_bytes()).digest())
    return package.hexdigest()[:_VERSION_DIGITS]


def version_of_all(files: Sequence[Path]) -> str:
    """The version of a file together with those that it names; of one alone its own."""
    versions = [version_of(each) for each in files]
    if len(versions) == 1:
        return versions[0]
    return hashlib.sha256(" ".join(versions).encode()).hexdigest()[:_VERSION_DIGITS]
