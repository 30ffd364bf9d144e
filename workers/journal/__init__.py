"""The journal: the SQL tables where requests, events and runs end up and stay.

How the tables are made and kept current is in `workers.journal.migrate`, which imports Alembic and is
therefore left to those who need it.
"""

from workers.journal.claims import ClaimedRun, FreedRun, RunKey
from workers.journal.decisions import DISMISSABLE, RETRYABLE
from workers.journal.drift import DriftFilter, StoredDrift
from workers.journal.errors import (
    AmbiguousIdError,
    JournalError,
    JournalOutdatedError,
    JournalRefusedError,
    JournalUnavailableError,
    JournalUrlError,
)
from workers.journal.journal import Journal
from workers.journal.models import Outcome
from workers.journal.queries import Filter
from workers.journal.retention import START, Cursor, Swept
from workers.journal.settled import RunResult, Settled
from workers.journal.stored import Duplicates, StoredEvent, StoredRequest, StoredRun
from workers.journal.times import iso

__all__ = [
    "DISMISSABLE",
    "RETRYABLE",
    "START",
    "AmbiguousIdError",
    "ClaimedRun",
    "Cursor",
    "DriftFilter",
    "Duplicates",
    "Filter",
    "FreedRun",
    "Journal",
    "JournalError",
    "JournalOutdatedError",
    "JournalRefusedError",
    "JournalUnavailableError",
    "JournalUrlError",
    "Outcome",
    "RunKey",
    "RunResult",
    "Settled",
    "StoredDrift",
    "StoredEvent",
    "StoredRequest",
    "StoredRun",
    "Swept",
    "iso",
]
