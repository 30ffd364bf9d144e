"""What can be said of the spool of a host by whoever looks, whether a web process runs or not."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import folder_of, place_of, user_of
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolError
from comethooks.workers.spool.spool_status import SpoolStatus


def existing_spool(settings: Settings) -> Spool | None:
    """The spool of these settings, even if there is to be none any more; None when its folder was
    never one, and nothing is made then. Raises `SpoolPlaceError`.
    """
    folder = folder_of(settings)
    try:
        if not (folder / "state").exists():
            return None
    except OSError:
        pass  # what is wrong with it is said when it is opened
    return Spool.open(folder, max_bytes=settings.spool_max_bytes, user=user_of(settings))


@dataclass(frozen=True, slots=True)
class SpoolGlance:
    """What there is to say of a spool.

    `why_off` is why nothing is spooled, as far as the place says it; `failed` is what is wrong with
    the folder. `status` is what it holds, None when it could not be looked at, or never
    was.
    """

    folder: Path
    why_off: str | None = None
    failed: str | None = None
    status: SpoolStatus | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What there is to say now. Makes nothing, and never raises."""
        folder, why_off = folder_of(settings), None
        try:
            why_off = place_of(settings).why_off
            spool = existing_spool(settings)
            if spool is None:
                return cls(folder, why_off, None if why_off else _why_unusable(folder))
            with closing(spool):
                return cls(folder, why_off, None, spool.status())
        except SpoolError as error:
            return cls(folder, why_off, error.reason)
        except OSError as error:
            return cls(folder, why_off, f"it cannot be read: {error.strerror}")

    @property
    def takes(self) -> bool:
        """Whether an event that Redis does not take now would be kept here."""
        return self.why_off is None and self.failed is None and not self.is_full

    @property
    def is_full(self) -> bool:
        """Whether it has no more room."""
        return self.status is not None and self.status.is_full

    @property
    def holds(self) -> bool:
        """Whether anything is in it."""
        return self.status is not None and self.status.records > 0


def _why_unusable(folder: Path) -> str | None:
    """Why a spool could not be made there, as far as that can be seen without making one."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return None
    why = "may not be written to by this user" if existing.is_dir() else "is no folder"
    return f"the spool {folder} cannot be used: {existing} {why}"
