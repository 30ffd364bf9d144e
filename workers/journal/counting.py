"""Counting events when they are new, in the transaction that writes them, whoever brings them.

The database says which of them are. Duplicates, retries and replays add no row, so they do not
count.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from comethooks.workers.analytics.tally import EventTally
from comethooks.workers.journal.about_messages import about, message_row
from comethooks.workers.journal.figures import deltas
from comethooks.workers.journal.tables.rows import Row
from comethooks.workers.journal.unexpected import drift_counting
from comethooks.workers.record import Record


class Counting:
    """What is to be counted of some events, and which message each is about, worked out before the
    transaction begins. Figures are left out unless somebody wants them.
    """

    def __init__(self, records: Sequence[Record], *, figures: bool) -> None:
        self._records = {record.id: record for record in records}
        self._drifting = any(record.drift for record in records)
        # Nearly always all of them are new.
        self._tally = EventTally() if figures else None
        self.about: list[Row] = []
        """The rows that say so of those that are about a message."""
        for record in self._records.values():
            message = about(record)
            if message is not None:
                self.about.append(message_row(record.id, message.message_id))
            if self._tally is not None:
                deltas.add(self._tally, record, message)

    @property
    def ids(self) -> Collection[str]:
        """The ids of the events."""
        return self._records.keys()

    @property
    def is_wanted(self) -> bool:
        """Whether it matters which of them are new."""
        return self._drifting or self._tally is not None

    def write(self, connection: Connection, new: Collection[str]) -> None:
        """Count those whose ids are `new`. Last in a transaction, since others that count may wait
        until it ends.
        """
        if self._tally is not None:
            tally = self._tally
            if len(new) < len(self._records):
                tally = deltas.tally_of(self._records[each] for each in new)
            deltas.leave(connection, new, tally)
        if self._drifting:
            drift_counting.count(connection, [self._records[each] for each in new])
