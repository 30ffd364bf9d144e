"""The journal: the SQL tables where requests, events and runs end up and stay.

How the tables are made and kept current is in `workers.journal.tables.migrate`, which imports
Alembic and is therefore left to those who need it.
"""

from comethooks.workers.journal.drift import DriftFilter, StoredDrift
from comethooks.workers.journal.errors import (
    AmbiguousIdError,
    JournalError,
    JournalOutdatedError,
    JournalRefusedError,
    JournalUnavailableError,
    JournalUrlError,
)
from comethooks.workers.journal.journal import Journal
from comethooks.workers.journal.listings.failures import FailureGroup, grouped
from comethooks.workers.journal.listings.filters import Filter
from comethooks.workers.journal.listings.stored import (
    StoredDuplicates,
    StoredEvent,
    StoredRequest,
    StoredRun,
)
from comethooks.workers.journal.once_keys import KnownOnce, OnceClaim, StoredOnce, token_of
from comethooks.workers.journal.outages import JournalOutage
from comethooks.workers.journal.retention import START, Cursor, Swept
from comethooks.workers.journal.runs.actions import DISMISSABLE, RETRYABLE, UNBLOCKABLE
from comethooks.workers.journal.runs.claims import ClaimedRun, FreedRun, RunKey
from comethooks.workers.journal.runs.waiting_lines import Line
from comethooks.workers.journal.settled import Attempt, RunResult, Settled
from comethooks.workers.journal.tables.models import Outcome
from comethooks.workers.journal.times import iso

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
    "FailureGroup",
    "Filter",
    "FreedRun",
    "Journal",
    "JournalError",
    "JournalOutage",
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
    "StoredDuplicates",
    "StoredEvent",
    "StoredOnce",
    "StoredRequest",
    "StoredRun",
    "Swept",
    "grouped",
    "iso",
    "token_of",
]
