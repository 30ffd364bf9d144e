"""What waits in the spool of this host, as commands see it, whether a web process runs or not."""

from collections.abc import Callable, Iterator
from contextlib import closing

from comethooks.workers.record import Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.glance import existing_spool
from comethooks.workers.spool.spool_errors import SpoolError

Warn = Callable[[str], None]


class SpoolView:
    """The requests in the spool of these settings. What cannot be read is told to `warn`."""

    def __init__(self, settings: Settings, warn: Warn) -> None:
        self._settings = settings
        self._warn = warn

    def records(self) -> Iterator[Record]:
        """All of them, in the order in which they came, with their bodies."""
        try:
            spool = existing_spool(self._settings)
            if spool is not None:
                with closing(spool):
                    if spool.holds:
                        yield from (each.record for each in spool.entries())
        except SpoolError as error:
            self._warn(error.reason)
        except OSError as error:
            self._warn(f"the spool cannot be read: {error.strerror or type(error).__name__}")
