"""The journal: the SQL tables where requests, events and runs end up and stay.

This is its face: whoever is outside imports from here, asks `Journal` and `Journal.replays`, and
touches no table and no engine. Alembic, which few processes need, is loaded when it is used.
"""

from comethooks.workers.journal.drift import DriftFilter, StoredDrift
from comethooks.workers.journal.errors import (
    UPGRADE,
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
from comethooks.workers.journal.listings.identifiers import PREFIX_LENGTH
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.listings.stored import (
    StoredDuplicates,
    StoredEvent,
    StoredRequest,
    StoredRun,
)
from comethooks.workers.journal.once_keys import KnownOnce, OnceClaim, StoredOnce, token_of
from comethooks.workers.journal.outages import JournalOutage
from comethooks.workers.journal.replaying.replay_request import Candidate, Choice, ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.journal.replaying.stored_replay import Progress, StoredReplay
from comethooks.workers.journal.retention import START, Cursor, Swept
from comethooks.workers.journal.runs.actions import DISMISSABLE, RETRYABLE, UNBLOCKABLE
from comethooks.workers.journal.runs.claims import ClaimedRun, FreedRun, RunKey
from comethooks.workers.journal.runs.waiting_lines import Line
from comethooks.workers.journal.settled import Attempt, RunResult, Settled
from comethooks.workers.journal.tables.database import missing_file, sqlite_file
from comethooks.workers.journal.tables.facts import DatabaseFacts
from comethooks.workers.journal.tables.models import TEXT_LENGTH, Outcome
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.times import from_text, iso, storable

__all__ = [
    "DISMISSABLE",
    "PREFIX_LENGTH",
    "RETRYABLE",
    "START",
    "TEXT_LENGTH",
    "UNBLOCKABLE",
    "UPGRADE",
    "AmbiguousIdError",
    "Attempt",
    "Candidate",
    "Choice",
    "ClaimedRun",
    "Cursor",
    "DatabaseFacts",
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
    "Place",
    "Progress",
    "ReplayRequest",
    "Replays",
    "RunKey",
    "RunResult",
    "Settled",
    "StoredDrift",
    "StoredDuplicates",
    "StoredEvent",
    "StoredOnce",
    "StoredReplay",
    "StoredRequest",
    "StoredRun",
    "Swept",
    "from_text",
    "grouped",
    "iso",
    "missing_file",
    "searchable",
    "sqlite_file",
    "storable",
    "token_of",
]
