"""The files of a plugin folder, wherever links lead to."""

import os
from collections.abc import Iterator
from pathlib import Path

_LEFT_OUT = (".", "__pycache__")
"""How the names of folders begin that hold nothing an author wrote."""


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
