"""What can go wrong with a spool.

SpoolError
├─ SpoolPlaceError   the folder cannot be one: its text says what to do
│  └─ SpoolInUseError  it is one, of another data directory
├─ SpoolFullError    nothing more may be, or can be, written
└─ SpoolFailedError  the disk did not do as it was asked
"""


class SpoolError(Exception):
    """Something is wrong with the spool. `reason` is for the log, and holds no path of a body."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SpoolPlaceError(SpoolError):
    """The folder cannot be a spool. The text says why, and what to do."""


class SpoolInUseError(SpoolPlaceError):
    """Processes with another data directory use the spool. The text says whose it is."""


class SpoolFullError(SpoolError):
    """The spool, or its disk, has no room."""


class SpoolFailedError(SpoolError):
    """The spool could not be written to or read."""
