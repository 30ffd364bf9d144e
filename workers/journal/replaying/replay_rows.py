"""Replays: what was asked for, how far each has come, who works on it, and what became of its runs.

A chunk is claimed by compare-and-set, as runs are. Its runs, the place that it came to and the
counts are written in one transaction, which only the holder of the claim can end: after a kill a
chunk is repeated or it is done.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select, update

from comethooks.workers.journal.claiming import Claims, claims_to_free
from comethooks.workers.journal.forgetting.arrivals import results_without
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.replaying import emitted_rows, forgetting, replayable
from comethooks.workers.journal.replaying.replay_request import Candidate, ReplayRequest
from comethooks.workers.journal.replaying.replay_results import ReplayResults
from comethooks.workers.journal.replaying.stored_replay import Progress, StoredReplay
from comethooks.workers.journal.settled import RunResult
from comethooks.workers.journal.tables.models import events, replay_events, replays
from comethooks.workers.journal.tables.statements import InsertMany
from comethooks.workers.journal.tables.transactions import reading, writing
from comethooks.workers.journal.writing import new_runs
from comethooks.workers.record import Record
from comethooks.workers.states import ReplayState

_PAGE = 1000
ALONE = 100
"""Events whose runs are each run alone after a process died: as many as a chunk may have."""

_MADE_WITH = ("name", "created_at", "state", "request", "rate", "dry_run", "expected", "next_at")

CLAIMS = Claims(replays, expires_at=replays.c.claimed_until, claimed=replays.c.claim.is_not(None))
_RUNNING = replays.c.state == ReplayState.RUNNING.value
_STAGING = replays.c.state == ReplayState.STAGING.value


class Replays(ReplayResults):
    """The replays of one journal. Methods raise what those of `Journal` raise."""

    def all(self) -> list[StoredReplay]:
        """All replays, the newest first."""
        return self._read(replays.c.name.is_not(None))

    def get(self, name: str) -> StoredReplay | None:
        """The replay of that name; None if there is none."""
        return next(iter(self._read(replays.c.name == name)), None)

    def due(self, now: int) -> list[str]:
        """The names of replays whose next chunk is due and on which nobody works."""
        wanted = and_(_RUNNING, replays.c.claim.is_(None), replays.c.next_at <= now)
        with reading(self._engine) as connection:
            return list(
                connection.scalars(select(replays.c.name).where(wanted).order_by(replays.c.next_at))
            )

    def create(
        self,
        name: str,
        request: ReplayRequest,
        *,
        now: int,
        expected: int,
        rate: float | None = None,
        dry_run: bool = False,
    ) -> bool:
        """Make a replay, whose first chunk is due. False if there is one of that name.

        One of a file is staging, and has no events: `stage` adds them, and `start` has it begin.
        """
        row = {
            "name": name,
            "created_at": now,
            "state": (ReplayState.STAGING if request.from_file else ReplayState.RUNNING).value,
            "request": request.dumped(),
            "rate": rate,
            "dry_run": dry_run,
            "expected": expected,
            "next_at": now,
        }
        with writing(self._engine) as connection:
            made = _making(connection.dialect.name).execute_returning(connection, [row])
            if made:
                # Whoever read a file for one that was forgotten meanwhile may have left some.
                connection.execute(delete(replay_events).where(replay_events.c.replay == name))
            return bool(made)

    def stage(self, name: str, ids: Collection[str]) -> None:
        """Add events to a replay that is staging. From then on, retention leaves them alone."""
        with writing(self._engine) as connection:
            _staging(connection.dialect.name).execute(
                connection, [{"replay": name, "event_id": identifier} for identifier in ids]
            )

    def start(self, name: str, now: int) -> bool:
        """Let a replay begin, of which all events are staged. Whether it was staging."""
        begun = {"state": ReplayState.RUNNING.value, "next_at": now}
        return self._change(and_(replays.c.name == name, _STAGING), begun)

    def stop(self, name: str, now: int) -> bool:
        """Stop a replay; what is in progress is still recorded. Returns whether it was running."""
        stopped = {"state": ReplayState.STOPPED.value, "finished_at": now}
        return self._change(and_(replays.c.name == name, _RUNNING), stopped)

    def resume(self, name: str, now: int) -> bool:
        """Let a replay go on that stopped or failed. Whether it had."""
        ended = replays.c.state.in_([ReplayState.STOPPED.value, ReplayState.FAILED.value])
        going = {
            "state": ReplayState.RUNNING.value,
            "finished_at": None,
            "error": None,
            "next_at": now,
        }
        return self._change(and_(replays.c.name == name, ended), going)

    def fail(self, name: str, member: str, error: str, now: int) -> bool:
        """End a replay on which `member` works, since it cannot go on."""
        failed = {
            "state": ReplayState.FAILED.value,
            "finished_at": now,
            "error": error,
            "claim": None,
        }
        return self._change(_held(name, member), failed)

    def claim(self, name: str, member: str, *, now: int, until: int) -> StoredReplay | None:
        """Claim the next chunk for `member`, if it is due and nobody works on it."""
        free = and_(
            replays.c.name == name, _RUNNING, replays.c.claim.is_(None), replays.c.next_at <= now
        )
        return self.get(name) if self._change(free, CLAIMS.taken(member, until)) else None

    def renew(self, name: str, member: str, until: int) -> bool:
        """Let the claim be its until `until`. Whether it has it still."""
        return self._change(_held(name, member), CLAIMS.taken(member, until))

    def advance(self, name: str, member: str, progress: Progress, now: int) -> bool:
        """Record what a chunk has done and end the claim. False, and nothing, without the claim.

        Results of events that were deleted meanwhile are left out.
        """
        with writing(self._engine) as connection:
            row = connection.execute(
                select(replays.c.alone, replays.c.state)
                .where(_held(name, member))
                .with_for_update()
            ).one_or_none()
            if row is None:
                return False
            ids = {event_id for event_id, _ in progress.results}
            there = set(connection.scalars(select(events.c.id).where(events.c.id.in_(ids))))
            written = [each for each in progress.results if each[0] in there]
            new = new_runs(connection, results_without(connection, written))
            changes: dict[str, Any] = {
                "events": replays.c.events + progress.events,
                "runs": replays.c.runs + new,
                "next_at": progress.next_at,
                "claim": None,
                "deaths": 0,
                "error": None,
                "alone": max(0, row.alone - progress.passed),
            }
            if progress.place is not None:
                changes |= {
                    "received_at": progress.place.received_at,
                    "event_id": progress.place.id,
                }
            if progress.finished and row.state == ReplayState.RUNNING.value:
                changes |= {"state": ReplayState.DONE.value, "finished_at": now}
                connection.execute(delete(replay_events).where(replay_events.c.replay == name))
            connection.execute(update(replays).where(replays.c.name == name).values(changes))
            return True

    def free(
        self,
        *,
        is_dead: Callable[[str], bool],
        ending: Callable[[str], str | None],
        now: int,
        expired: int | None,
    ) -> list[str]:
        """Take away the claims of dead members and, with `expired`, those that ended by then.
        Returns the replays' names.

        What they worked on is done again, for a while each run alone. The next run is poison when
        its process died as often as `workers.poison` allows: `error` then says so. `ending` is how
        a process ended, if known.
        """
        with reading(self._engine) as connection:
            claimants = CLAIMS.claimants(connection)
        freed: list[str] = []
        for lost in claims_to_free(claimants, is_dead=is_dead, ending=ending, expired=expired):
            with writing(self._engine) as connection:
                query = select(replays.c.name).where(CLAIMS.lost(lost)).order_by(replays.c.name)
                freed += connection.scalars(query.with_for_update())
                died = {"alone": ALONE}
                due = {**died, "error": None}
                CLAIMS.free(connection, lost, now=now, due=due, poison=died)
        return freed

    def candidates(
        self, request: ReplayRequest, name: str, after: Place | None, size: int
    ) -> list[Candidate]:
        """At most `size` events that follow `after`, with bodies; none when no more follow."""
        return replayable.candidates(self._engine, request, name, after, size, bodies=True)

    def all_candidates(
        self, request: ReplayRequest, *, bodies: bool = False
    ) -> Iterator[Candidate]:
        """All events that a replay would look at, oldest first, page by page; their bodies are read
        only if somebody needs them.
        """
        after = None
        while page := replayable.candidates(
            self._engine, request, None, after, _PAGE, bodies=bodies
        ):
            yield from page
            after = Place(page[-1].record.received_at, page[-1].record.id)

    def known(self, records: Sequence[Record]) -> list[Candidate]:
        """Each of `records`, at most some thousand, with its runs, if it is in the journal.

        What has no body is left out: in the journal or, if it is not there, in the record.
        """
        return replayable.known(self._engine, records)

    def add_emitted(
        self, name: str, record: Record, results: Sequence[RunResult], *, now: int
    ) -> None:
        """Write an event that a run of the replay `name` made, with its own runs in that replay.

        Nothing is written when the event is there. Of runs that wait in a line, the first of it is
        due at `now`.
        """
        emitted_rows.add_to_replay(self._engine, name, record, results, now=now)

    def forget(self, name: str) -> int | None:
        """Delete the replay of that name with its runs; returns how many these were.

        None, and nothing more is deleted, as soon as it runs, somebody works on a chunk of it, or
        there is none. Events stay, those too that its handlers emitted, and so do keys of
        `ctx.once`: what has happened must not happen again. It may be repeated when it raises.
        """
        return forgetting.forget(self._engine, name)

    def _read(self, wanted: ColumnElement[bool]) -> list[StoredReplay]:
        query = select(replays).where(wanted).order_by(replays.c.created_at.desc(), replays.c.name)
        with reading(self._engine) as connection:
            return [StoredReplay.from_row(row._asdict()) for row in connection.execute(query)]

    def _change(self, wanted: ColumnElement[bool], values: dict[str, Any]) -> bool:
        with writing(self._engine) as connection:
            return connection.execute(update(replays).where(wanted).values(values)).rowcount > 0


def _held(name: str, member: str) -> ColumnElement[bool]:
    return and_(replays.c.name == name, CLAIMS.held(member))


@cache
def _making(name: str) -> InsertMany:
    return InsertMany(name, replays, _MADE_WITH)


@cache
def _staging(name: str) -> InsertMany:
    return InsertMany(name, replay_events, replay_events.c.keys())
