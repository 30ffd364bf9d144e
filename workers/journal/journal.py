"""The journal: where requests, events and runs end up and stay."""

from collections.abc import Sequence
from typing import Self

from workers.journal import writing
from workers.journal.database import for_writing, open_engine
from workers.journal.errors import translated
from workers.journal.reading import Reader
from workers.journal.settled import Settled


class Journal(Reader):
    """The journal of one database. Open it after a fork, never before; its threads may share it."""

    @classmethod
    def open(cls, url: str) -> Self:
        """The journal at a database URL. Nothing is connected or read until it is used.

        Raises `JournalUrlError` when the URL cannot be used.
        """
        return cls(open_engine(url))

    def write(self, batch: Sequence[Settled]) -> None:
        """Write `batch` in one transaction; all of it or, when this raises, nothing of it is written.

        May be repeated: what is there stays, and a run that is done is never overwritten. Raises
        `JournalUnavailableError` when trying again may help, `JournalRefusedError` when it cannot, because of
        a row of this batch, and `JournalOutdatedError` when the tables are not up to date.
        """
        if batch:
            with translated(), for_writing(self.engine).begin() as connection:
                writing.write(connection, batch)

    def close(self) -> None:
        """Close all connections that nobody is using."""
        self.engine.dispose()
