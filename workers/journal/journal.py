"""The journal: where requests, events and runs end up and stay."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Self

from sqlalchemy import Connection, literal, select, update

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import drift, once_keys, retention, writing
from comethooks.workers.journal.claiming import claims_to_free
from comethooks.workers.journal.drift import ANY_DRIFT, DriftFilter, StoredDrift
from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.listings.filters import Filter
from comethooks.workers.journal.listings.reading import Reader
from comethooks.workers.journal.once_keys import KnownOnce, OnceClaim, StoredOnce
from comethooks.workers.journal.replaying.emitted_rows import was_live
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.journal.retention import START, Cursor, Swept
from comethooks.workers.journal.runs import actions, claims, waiting_lines
from comethooks.workers.journal.runs.claims import ClaimedRun, FreedRun, RunKey
from comethooks.workers.journal.runs.waiting_lines import Line
from comethooks.workers.journal.settled import RunResult, Settled
from comethooks.workers.journal.tables.database import for_writing, open_engine
from comethooks.workers.journal.tables.facts import DatabaseFacts, facts_of, time_of
from comethooks.workers.journal.tables.models import metadata, requests
from comethooks.workers.journal.tables.revisions import require_current
from comethooks.workers.states import OnceState


class Journal(Reader):
    """The journal of one database. Open it after a fork, never before; its threads may share it."""

    @classmethod
    def open(cls, url: str, *, durable: bool = True) -> Self:
        """The journal at a database URL. Nothing is connected or read until it is used.

        One that is not `durable`, which only SQLite can be, is quick and may be lost with the
        machine. Raises `JournalUrlError` when the URL cannot be used.
        """
        return cls(open_engine(url, durable=durable))

    def create_tables(self) -> None:
        """Make the tables of this version in an empty database, without Alembic and its history.

        For a journal that ends with its process: nothing can upgrade it later.
        """
        with self._writing() as connection:
            metadata.create_all(connection)

    @staticmethod
    def upgrade(url: str) -> None:
        """Bring the tables at a database URL up to date, in one transaction.

        Several upgrades may run at once: one works, the others wait and find nothing left to do.
        Raises `JournalUrlError`, `JournalUnavailableError`, and `JournalOutdatedError` when a newer
        version made the tables.
        """
        from comethooks.workers.journal.tables import migrate  # Alembic, which few processes need

        migrate.upgrade(url)

    def require_current(self) -> None:
        """Raise `JournalOutdatedError`, which says what to do, unless the tables are up to date."""
        require_current(self.engine)

    @cached_property
    def replays(self) -> Replays:
        """The replays of this journal."""
        return Replays(self.engine)

    def facts(self) -> DatabaseFacts:
        """What the database says of itself."""
        with self._connection() as connection:
            return facts_of(connection)

    def clock(self) -> float:
        """What time it is for PostgreSQL, in seconds since the epoch."""
        with self._connection() as connection:
            return time_of(connection)

    def became(self, request_id: str, event_id: str) -> None:
        """Note which event a refused request became after all, or repeats."""
        statement = update(requests).where(requests.c.id == request_id).values(event_id=event_id)
        with self._writing() as connection:
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
            with self._writing() as connection:
                writing.write(connection, batch)

    def enter_once(self, claim: OnceClaim) -> KnownOnce | None:
        """Take the key of a side effect if nobody has it: then None, else what is known of it.

        What another attempt of the same run has in progress is unknown from then on.
        """
        with self._writing() as connection:
            return once_keys.enter(connection, claim)

    def know_once(self, claim: OnceClaim) -> OnceState | None:
        """What is known of the key of a side effect; None when nobody has it. Changes nothing."""
        with translated(), self.engine.connect() as connection:
            return once_keys.known(connection, claim)

    def leave_once(self, claim: OnceClaim, state: OnceState | None) -> None:
        """Say what became of a key that `claim` took; with None it is free again."""
        with self._writing() as connection:
            once_keys.leave(connection, claim, state, now_ms())

    def once_of(self, event_id: str, now: int) -> list[StoredOnce]:
        """The keys that runs on the event with that id took, and what is known of each at `now`."""
        with translated(), self.engine.connect() as connection:
            return once_keys.of_event(connection, event_id, now)

    def claim(
        self, member: str, *, now: int, until: int, limit: int, alone: bool = False
    ) -> list[ClaimedRun]:
        """Claim for `member`, until `until`, at most `limit` due runs, the longest due first.

        With `alone`, one that may be poison and nothing else; without, none that may be. Nobody
        else is given the same ones.
        """
        with translated():
            return claims.claim(self.engine, member, now=now, until=until, limit=limit, alone=alone)

    def finish(self, member: str, results: Sequence[tuple[str, RunResult]]) -> int:
        """Write results, each with its event's id, of runs that `member` still has; returns how
        many.
        """
        if not results:
            return 0
        with self._writing() as connection:
            return claims.finish(connection, member, results)

    def renew_claims(self, member: str, until: int) -> int:
        """Let all that `member` has claimed be its until `until`; returns how many runs that is."""
        with self._writing() as connection:
            return claims.CLAIMS.renew(connection, member, until)

    def give_back(self, member: str, keys: Sequence[RunKey], *, now: int) -> None:
        """Make runs that `member` claimed and never started due again, as they were before the
        claim.
        """
        if keys:
            with self._writing() as connection:
                claims.give_back(connection, member, keys, now=now)

    def free_claims(
        self,
        *,
        is_dead: Callable[[str], bool],
        ending: Callable[[str], str | None],
        now: int,
        expired: int | None,
    ) -> list[FreedRun]:
        """Take away the claims of dead members and, with `expired`, those that ended by then.

        Each is due again, to run alone, until it has died as often as `workers.poison` allows: then
        it is dead; `ending` says how a member's process ended, if it is known. Both are asked while
        nothing is locked.
        """
        with self._connection() as connection:
            claimants = claims.CLAIMS.claimants(connection)
        freed: list[FreedRun] = []
        for lost in claims_to_free(claimants, is_dead=is_dead, ending=ending, expired=expired):
            with self._writing() as connection:
                freed += claims.free(connection, lost, now=now)
        return freed

    def retry_runs(self, asked: Filter, now: int) -> int:
        """Make the `RETRYABLE` runs that `asked` describes due at `now`; how many it changed.

        Their attempts go on counting; that their process died is forgotten. Left alone are those
        whose event has lost its body to retention. Not one transaction: when this raises, some may
        have been changed.
        """
        with translated():
            return actions.retry(self.engine, asked, now)

    def dismiss_runs(self, asked: Filter, now: int) -> int:
        """Dismiss the `DISMISSABLE` runs that `asked` describes, in steps too; returns how many."""
        with translated():
            return actions.dismiss(self.engine, asked, now)

    def unblock_runs(self, asked: Filter, now: int) -> int:
        """Let later runs pass the `UNBLOCKABLE` ones that `asked` describes; returns how many those
        are.
        """
        with translated():
            return actions.unblock(self.engine, replace(asked, holds_up=True), now)

    def forget_runs(self, asked: Filter) -> None:
        """Forget the runs that `asked` describes by event, handler and replay, with all attempts,
        as if they had never been recorded.
        """
        with self._writing() as connection:
            actions.forget(connection, asked)

    def line_length(self, line: Line, limit: int) -> int:
        """How many runs of an ordered handler stand in `line`; counts no further than `limit`."""
        with self._connection() as connection:
            return waiting_lines.length(connection, line, limit)

    def release_waiting(self, now: int) -> int:
        """Make runs due at `now` that wait in a line behind nobody; returns how many."""
        with self._connection() as connection:
            found = waiting_lines.releasable(connection)
        if not found:
            return 0
        with self._writing() as connection:
            return waiting_lines.release(connection, found, now=now)

    def drift(self, asked: DriftFilter = ANY_DRIFT) -> list[StoredDrift]:
        """The drift that `asked` describes; what is new comes first."""
        with self._connection() as connection:
            return drift.read(connection, asked)

    def count_drift(self, asked: DriftFilter) -> int:
        """How many rows of drift `asked` describes."""
        with self._connection() as connection:
            return drift.number(connection, asked)

    def forget_drift(self, asked: DriftFilter) -> int:
        """Forget the drift that `asked` describes; how many rows that were."""
        with self._writing() as connection:
            return drift.forget(connection, asked)

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
        with self._writing() as connection:
            count = drift.forget_older(connection, before, limit)
        return Swept(count, after, more=count == limit)

    def probe(self) -> None:
        """Do nothing if the database answers, else raise `JournalUnavailableError`."""
        with self._connection() as connection:
            connection.execute(select(literal(1)))

    def close(self) -> None:
        """Close all connections that nobody is using."""
        self.engine.dispose()

    def _sweep(self, tasks: retention.Tasks, before: int, limit: int, after: Cursor) -> Swept:
        with translated():
            return retention.sweep(self.engine, tasks, before, limit, after)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(), for_writing(self.engine).begin() as connection:
            yield connection
