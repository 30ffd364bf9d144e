"""The journal: the SQL tables where requests, events and runs end up and stay.

This is its face: whoever is outside imports from here, asks `Journal` and `Journal.replays`, and
touches no table and no engine. Alembic, which few processes need, is loaded when it is used.
"""

from comethooks.workers.journal.about_messages import KnownEvent, message_of
from comethooks.workers.journal.cases.case_journal import CaseJournal
from comethooks.workers.journal.cases.stored_cases import COMETCHAT_ITSELF, CaseFilter, StoredCase
from comethooks.workers.journal.cases.told_cases import (
    AtCometChat,
    CaseOrigin,
    CaseState,
    Reason,
    Suspect,
)
from comethooks.workers.journal.copies.copy_facts import JournalCopyError
from comethooks.workers.journal.copies.copying import (
    JournalCopy,
    check_copy,
    copy_journal,
    id_there,
    journal_there,
    put_copy,
    refuse_copy,
)
from comethooks.workers.journal.errors import (
    UPGRADE,
    AmbiguousIdError,
    JournalError,
    JournalOutdatedError,
    JournalRefusedError,
    JournalUnavailableError,
    JournalUrlError,
    OtherJournalError,
)
from comethooks.workers.journal.figures.adding_up import KeptBuckets
from comethooks.workers.journal.figures.figure_journal import FigureJournal
from comethooks.workers.journal.figures.figure_reading import APP, Figure
from comethooks.workers.journal.figures.rebuilding import RebuildPlan, RebuildStep
from comethooks.workers.journal.forgetting.bytes_left import Emptied
from comethooks.workers.journal.forgetting.forgetting_journal import ForgettingJournal
from comethooks.workers.journal.forgetting.remains import Remains
from comethooks.workers.journal.forgetting.tombstones import Tombstone
from comethooks.workers.journal.forgetting.without import names_user, record_without
from comethooks.workers.journal.interactions.interaction_journal import InteractionJournal
from comethooks.workers.journal.interactions.stored_messages import (
    MessageFilter,
    MessageKey,
    StoredCompletion,
    StoredMessage,
)
from comethooks.workers.journal.interactions.told import (
    CompletedGoal,
    Judged,
    SeenMessage,
    ToldPress,
)
from comethooks.workers.journal.journal import Journal
from comethooks.workers.journal.listings.failures import FailureGroup, grouped
from comethooks.workers.journal.listings.filters import Filter
from comethooks.workers.journal.listings.identifiers import PREFIX_LENGTH
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.listings.stored import (
    StoredBody,
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
from comethooks.workers.journal.runs.claimed_runs import ClaimedRun, FreedRun, RunKey
from comethooks.workers.journal.runs.waiting_lines import Line
from comethooks.workers.journal.settled import Attempt, RunResult, Settled
from comethooks.workers.journal.silences.old_apps import came_from_cometchat
from comethooks.workers.journal.silences.silence_journal import SilenceJournal
from comethooks.workers.journal.silences.stored_silence import StoredSilence
from comethooks.workers.journal.tables.columns import TEXT_LENGTH
from comethooks.workers.journal.tables.database import missing_file, sqlite_file
from comethooks.workers.journal.tables.facts import DatabaseFacts
from comethooks.workers.journal.tables.models import Outcome
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.times import from_text, iso, storable
from comethooks.workers.journal.unexpected.stored_drift import DriftFilter, StoredDrift

__all__ = [
    "APP",
    "COMETCHAT_ITSELF",
    "DISMISSABLE",
    "PREFIX_LENGTH",
    "RETRYABLE",
    "START",
    "TEXT_LENGTH",
    "UNBLOCKABLE",
    "UPGRADE",
    "AmbiguousIdError",
    "AtCometChat",
    "Attempt",
    "Candidate",
    "CaseFilter",
    "CaseJournal",
    "CaseOrigin",
    "CaseState",
    "Choice",
    "ClaimedRun",
    "CompletedGoal",
    "Cursor",
    "DatabaseFacts",
    "DriftFilter",
    "Emptied",
    "FailureGroup",
    "Figure",
    "FigureJournal",
    "Filter",
    "ForgettingJournal",
    "FreedRun",
    "InteractionJournal",
    "Journal",
    "JournalCopy",
    "JournalCopyError",
    "JournalError",
    "JournalOutage",
    "JournalOutdatedError",
    "JournalRefusedError",
    "JournalUnavailableError",
    "JournalUrlError",
    "Judged",
    "KeptBuckets",
    "KnownEvent",
    "KnownOnce",
    "Line",
    "MessageFilter",
    "MessageKey",
    "OnceClaim",
    "OtherJournalError",
    "Outcome",
    "Place",
    "Progress",
    "Reason",
    "RebuildPlan",
    "RebuildStep",
    "Remains",
    "ReplayRequest",
    "Replays",
    "RunKey",
    "RunResult",
    "SeenMessage",
    "Settled",
    "SilenceJournal",
    "StoredBody",
    "StoredCase",
    "StoredCompletion",
    "StoredDrift",
    "StoredDuplicates",
    "StoredEvent",
    "StoredMessage",
    "StoredOnce",
    "StoredReplay",
    "StoredRequest",
    "StoredRun",
    "StoredSilence",
    "Suspect",
    "Swept",
    "ToldPress",
    "Tombstone",
    "came_from_cometchat",
    "check_copy",
    "copy_journal",
    "from_text",
    "grouped",
    "id_there",
    "iso",
    "journal_there",
    "message_of",
    "missing_file",
    "names_user",
    "put_copy",
    "record_without",
    "refuse_copy",
    "searchable",
    "sqlite_file",
    "storable",
    "token_of",
]
