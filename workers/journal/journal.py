"""The journal: where requests, events and runs end up and stay."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Self

from sqlalchemy import literal, select, update

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import filling, older_blocks, once_keys, retention
from comethooks.workers.journal.cases.case_journal import CaseJournal
from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.figures.figure_journal import FigureJournal
from comethooks.workers.journal.forgetting.arrivals import Arrivals
from comethooks.workers.journal.forgetting.forgetting_journal import ForgettingJournal
from comethooks.workers.journal.interactions.interaction_journal import InteractionJournal
from comethooks.workers.journal.once_keys import KnownOnce, OnceClaim, StoredOnce
from comethooks.workers.journal.replaying.emitted_rows import was_live
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.journal.retention import START, Cursor, Swept
from comethooks.workers.journal.runs.run_keeping import RunKeeper
from comethooks.workers.journal.settled import Settled
from comethooks.workers.journal.silences.silence_journal import SilenceJournal
from comethooks.workers.journal.tables import migrate
from comethooks.workers.journal.tables.database import POOL, open_engine, without_figures
from comethooks.workers.journal.tables.facts import DatabaseFacts, facts_of, time_of
from comethooks.workers.journal.tables.models import identity, metadata, requests
from comethooks.workers.journal.tables.revisions import require_current
from comethooks.workers.journal.tables.transactions import reading, writing
from comethooks.workers.journal.unexpected import stored_drift
from comethooks.workers.journal.unexpected.stored_drift import ANY_DRIFT, DriftFilter, StoredDrift
from comethooks.workers.states import OnceState


class Journal(RunKeeper):
    """The journal of one database. Open it after a fork, never before; its threads may share it."""

    @classmethod
    def open(
        cls,
        url: str,
        *,
        durable: bool = True,
        make: bool = False,
        counts_figures: bool = True,
        pool: int = POOL,
    ) -> Self:
        """The journal at a database URL. Nothing is connected or read until it is used; then there
        are at most `pool` connections.

        One that is not `durable`, which only SQLite can be, is quick and may be lost with the
        machine. With `make`, a file of SQLite that is not there is made. What is written into it
        counts in its figures, unless it `counts_figures` no more. Raises `JournalUrlError` when the
        URL cannot be used.
        """
        engine = open_engine(url, durable=durable, make=make, pool=pool)
        return cls(engine if counts_figures else without_figures(engine))

    def create_tables(self) -> None:
        """Make the tables of this version in an empty database, without Alembic and its history.

        For a journal that ends with its process: nothing can upgrade it later.
        """
        with writing(self.engine) as connection:
            metadata.create_all(connection)

    @staticmethod
    def upgrade(url: str, begins_long_work: Callable[[], object] = lambda: None) -> None:
        """Bring the tables at a database URL up to date, in one transaction; then write what
        listings need of rows that an older version wrote, which takes a while where there are many.

        Several upgrades may run at once: one works, the others wait and find nothing left to do.
        Raises `JournalUrlError`, `JournalUnavailableError`, and `JournalOutdatedError` when a newer
        version made the tables.
        """
        migrate.upgrade(url)
        engine = open_engine(url)
        try:
            with translated():
                older_blocks.cover_all(engine, now=now_ms(), begins=begins_long_work)
        finally:
            engine.dispose()

    def require_current(self) -> None:
        """Raise `JournalOutdatedError`, which says what to do, unless the tables are up to date."""
        require_current(self.engine)

    @cached_property
    def _arrivals(self) -> Arrivals:
        return Arrivals(self.engine)

    @cached_property
    def replays(self) -> Replays:
        """The replays of this journal."""
        return Replays(self.engine)

    @cached_property
    def interactions(self) -> InteractionJournal:
        """What is kept of interactive messages."""
        return InteractionJournal(self.engine)

    @cached_property
    def figures(self) -> FigureJournal:
        """What events counted for."""
        return FigureJournal(self.engine)

    @cached_property
    def silences(self) -> SilenceJournal:
        """Apps that were heard, and their silences."""
        return SilenceJournal(self.engine)

    @cached_property
    def cases(self) -> CaseJournal:
        """The cases of moderation."""
        return CaseJournal(self.engine)

    @cached_property
    def forgetting(self) -> ForgettingJournal:
        """What it takes to forget a user."""
        return ForgettingJournal(self.engine)

    def facts(self) -> DatabaseFacts:
        """What the database says of itself."""
        with reading(self.engine) as connection:
            return facts_of(connection)

    def identity(self) -> str | None:
        """The id of this journal, which no other has; None where the tables were made without."""
        with reading(self.engine) as connection:
            found: str | None = connection.scalar(select(identity.c.id))
            return found

    def clock(self) -> float:
        """What time it is for PostgreSQL, in seconds since the epoch."""
        with reading(self.engine) as connection:
            return time_of(connection)

    def became(self, request_id: str, event_id: str) -> None:
        """Note which event a refused request became after all, or repeats."""
        statement = update(requests).where(requests.c.id == request_id).values(event_id=event_id)
        with writing(self.engine) as connection:
            connection.execute(statement)

    def was_live(self, identifier: str) -> bool:
        """Whether the journal has the event, and not only since a replay made it."""
        return was_live(self.engine, identifier)

    def write(self, batch: Sequence[Settled]) -> None:
        """Write all of `batch` in one transaction or, when this raises, nothing of it.

        May be repeated: what is there stays as it is. Raises `JournalUnavailableError` when trying
        again may help, `JournalRefusedError` when it cannot, because of a row of this batch, and
        `JournalOutdatedError` when the tables are not up to date. So do all methods that write.
        """
        if batch:
            self._arrivals.write(batch)

    def enter_once(self, claim: OnceClaim) -> KnownOnce | None:
        """Take the key of a side effect if nobody has it: then None, else what is known of it.

        What another attempt of the same run has in progress is unknown from then on.
        """
        with writing(self.engine) as connection:
            return once_keys.enter(connection, claim)

    def know_once(self, claim: OnceClaim) -> OnceState | None:
        """What is known of the key of a side effect; None when nobody has it. Changes nothing."""
        with reading(self.engine) as connection:
            return once_keys.known(connection, claim)

    def leave_once(self, claim: OnceClaim, state: OnceState | None) -> None:
        """Say what became of a key that `claim` took; with None it is free again."""
        with writing(self.engine) as connection:
            once_keys.leave(connection, claim, state, now_ms())

    def once_of(self, event_id: str, now: int) -> list[StoredOnce]:
        """The keys that runs on the event with that id took, and what is known of each at `now`."""
        with reading(self.engine) as connection:
            return once_keys.of_event(connection, event_id, now)

    def drift(self, asked: DriftFilter = ANY_DRIFT) -> list[StoredDrift]:
        """The drift that `asked` describes; what is new comes first."""
        with reading(self.engine) as connection:
            return stored_drift.read(connection, asked)

    def count_drift(self, asked: DriftFilter) -> int:
        """How many rows of drift `asked` describes."""
        with reading(self.engine) as connection:
            return stored_drift.number(connection, asked)

    def forget_drift(self, asked: DriftFilter) -> int:
        """Forget the drift that `asked` describes; how many rows that were."""
        with writing(self.engine) as connection:
            return stored_drift.forget(connection, asked)

    def fill_messages(self, *, now: int, limit: int) -> int:
        """Find out which message each of up to `limit` events is about that an older version wrote,
        oldest first; how many were looked at, 0 when none are left.
        """
        with translated():
            return filling.fill_messages(self.engine, now=now, limit=limit)

    def cover_older(self, *, now: int, limit: int) -> int:
        """Write blocks of up to `limit` rows that an older version wrote; how many were looked at,
        0 when none are left.
        """
        with translated():
            return older_blocks.cover_older(self.engine, now=now, limit=limit)

    def delete_older(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Delete events with their runs, and requests, oldest first: up to `limit`, before
        `before`.

        This and the next three are for going on with, from where the last step came to, until there
        is no `more`, and later on, when more is old enough. Events with a run that is not
        `FINISHED`, or that a replay has yet to come to, are passed over: to come to them again,
        begin again. None of them holds the lock for writing for longer than a step takes.
        """
        return self._sweep(retention.DELETE, before, limit, after)

    def drop_payloads(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Drop the bodies of events and requests, oldest first: up to `limit`, before `before`.

        With those of events go the effects of dry runs on them, which tell what was in them.
        """
        return self._sweep(retention.DROP_PAYLOADS, before, limit, after)

    def drop_run_details(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Drop tracebacks and earlier attempts of finished runs on up to `limit` events."""
        return self._sweep(retention.DROP_RUN_DETAILS, before, limit, after)

    def delete_drift(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Delete up to `limit` rows of drift that was last seen before `before`."""
        with writing(self.engine) as connection:
            count = stored_drift.forget_older(connection, before, limit)
        return Swept(count, after, more=count == limit)

    def probe(self) -> None:
        """Do nothing if the database answers, else raise `JournalUnavailableError`."""
        with reading(self.engine) as connection:
            connection.execute(select(literal(1)))

    def close(self) -> None:
        """Close all connections that nobody is using."""
        self.engine.dispose()

    def _sweep(self, tasks: retention.Tasks, before: int, limit: int, after: Cursor) -> Swept:
        with translated():
            return retention.sweep(self.engine, tasks, before, limit, after)
