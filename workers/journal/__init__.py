"""The journal: the SQL tables where requests, events and runs end up and stay.

How the tables are made and kept current is in `workers.journal.migrate`, which imports Alembic and is
therefore left to those who need it.
"""

from workers.journal.claims import ClaimedRun, FreedRun, RunKey
from workers.journal.decisions import DISMISSABLE, RETRYABLE, UNBLOCKABLE
from workers.journal.drift import DriftFilter, StoredDrift
from workers.journal.errors import (
    AmbiguousIdError,
    JournalError,
    JournalOutdatedError,
    JournalRefusedError,
    JournalUnavailableError,
    JournalUrlError,
)
from workers.journal.failures import FailureGroup, grouped
from workers.journal.journal import Journal
from workers.journal.lines import Line
from workers.journal.models import Outcome
from workers.journal.once import KnownOnce, OnceClaim, StoredOnce, token_of
from workers.journal.queries import Filter
from workers.journal.retention import START, Cursor, Swept
from workers.journal.settled import Attempt, RunResult, Settled
from workers.journal.stored import Duplicates, StoredEvent, StoredRequest, StoredRun
from workers.journal.times import iso

__all__ = [
    "DISMISSABLE",
    "RETRYABLE",
    "START",
    "UNBLOCKABLE",
    "AmbiguousIdError",
    "Attempt",
    "ClaimedRun",
    "Cursor",
    "DriftFilter",
    "Duplicates",
    "FailureGroup",
    "Filter",
    "FreedRun",
    "Journal",
    "JournalError",
    "JournalOutdatedError",
    "JournalRefusedError",
    "JournalUnavailableError",
    "JournalUrlError",
    "KnownOnce",
    "Line",
    "OnceClaim",
    "Outcome",
    "RunKey",
    "RunResult",
    "Settled",
    "StoredDrift",
    "StoredEvent",
    "StoredOnce",
    "StoredRequest",
    "StoredRun",
    "Swept",
    "grouped",
    "iso",
    "token_of",
]
