"""Files of a spool that are not emptied: what they are, and what to do about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from comethooks.workers.spool.segments import SET_ASIDE, numbers, path_of

SENTENCES: Mapping[str, str] = {
    "damaged": "a part of it cannot be read; the rest was emptied. Delete it once you have looked",
    "refused": "Redis took none of the requests in it. Delete it once you have looked",
    "newer": "a newer version wrote it, which will empty it once it runs here",
    "foreign": (
        "its events belong to another deployment; empty it there, or, if that one is gone for good:"
        " comethooks spool drain --adopt"
    ),
}
"""What each kind of file is, by its ending."""


@dataclass(frozen=True, slots=True)
class FileAside:
    """One file, by why it is not emptied: a key of `SENTENCES`."""

    path: Path
    why: str
    bytes: int

    @property
    def sentence(self) -> str:
        """What it is, and what to do."""
        return SENTENCES[self.why]


def files_aside(folder: Path) -> list[FileAside]:
    """The files in the folder of a spool that are not emptied, oldest first of each kind; none when
    it cannot be looked at.
    """
    found = []
    for ending in SET_ASIDE:
        try:
            paths = [path_of(folder, number, ending) for number in numbers(folder, ending)]
            found += [FileAside(path, ending[1:], path.stat().st_size) for path in paths]
        except OSError:
            continue
    return found
