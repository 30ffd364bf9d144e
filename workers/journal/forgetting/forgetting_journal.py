"""The face of what it takes to forget a user."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, select, update

from comethooks.schemas.forgotten_user import known_user, spellings
from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.figures import folding
from comethooks.workers.journal.forgetting import event_rows, other_rows, tombstones
from comethooks.workers.journal.forgetting.bytes_left import Emptied, empty_free_space
from comethooks.workers.journal.forgetting.in_progress import AtWork, at_work
from comethooks.workers.journal.forgetting.remains import Remains, remains_of
from comethooks.workers.journal.forgetting.tombstones import Tombstone
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.figure_tables import figure_deltas
from comethooks.workers.journal.tables.models import once_keys

_LOOK_SECONDS = 0.25
_NOBODY = "forgotten-nobody"
"""What a user is called who is not being forgotten yet."""
Step = TypeVar("Step")
Told = Callable[[int], object]
"""Is told how many more events were looked at."""


class ForgettingJournal:
    """Forgets users in the journal behind `engine`. Methods raise what those of `Journal` raise.

    Everything that writes does it in short transactions, and sleeps as long as it has worked, so
    that drainers are not kept waiting. All of it may be stopped and done again.
    """

    def __init__(self, engine: Engine, pause: Callable[[float], object] = time.sleep) -> None:
        self._engine = engine
        self._pause = pause

    def put_tombstone(self, app_id: str, uid: str, now: int) -> Tombstone:
        """Put up the tombstone of a user, or let the one that stands be about all until `now`."""
        with self._writing() as connection:
            return tombstones.put(connection, app_id, uid, now)

    def tombstone(self, app_id: str, uid: str) -> Tombstone | None:
        """The tombstone of a user, if one stands."""
        with self._reading() as connection:
            return tombstones.of_user(connection, app_id, uid)

    def remove_tombstones(self, now: int) -> int:
        """Remove the tombstones whose time is over; how many those were."""
        with self._reading() as connection:
            if not tombstones.standing(connection):
                return 0
        with self._writing() as connection:
            return tombstones.remove_old(connection, now)

    def count(self, app_id: str, uid: str, told: Told = lambda count: None) -> Counter[str]:
        """How many rows of each table would change. Changes nothing."""
        known = self.tombstone(app_id, uid)
        alias = _NOBODY if known is None else known.alias
        return self._forget(app_id, uid, alias, None, told, writes=False)

    def forget(
        self,
        app_id: str,
        uid: str,
        alias: str,
        *,
        since: int | None = None,
        told: Told = lambda count: None,
    ) -> Counter[str]:
        """Forget the user in all rows, of events those received `since` then (ms); how many rows of
        each table changed.
        """
        return self._forget(app_id, uid, alias, since, told, writes=True)

    def at_work(self, alias: str) -> AtWork:
        """What is in progress that may have a body as it was before the user got this name."""
        with self._reading() as connection:
            return at_work(connection, alias)

    def wait_until_ended(self, before: AtWork, alias: str, seconds: float) -> int:
        """Wait until all of that has ended, or it takes longer; how much is left."""
        end = time.monotonic() + seconds
        while (before := before & self.at_work(alias)).number and time.monotonic() < end:
            self._pause(_LOOK_SECONDS)
        return before.number

    def plugins_with_once_keys(self) -> set[str]:
        """The plugins that have taken keys of `ctx.once`."""
        with self._reading() as connection:
            return set(connection.scalars(select(once_keys.c.plugin).distinct()))

    def remains(self, app_id: str, uid: str) -> Remains:
        """Where the uid still stands, in any column of any table."""
        with self._reading() as connection:
            return remains_of(connection, app_id, uid)

    def empty_free_space(self, *, vacuum: bool) -> Emptied:
        """Have the database forget what was deleted, also where no row points to any more."""
        with translated():
            return empty_free_space(self._engine, vacuum=vacuum)

    def _forget(
        self, app_id: str, uid: str, alias: str, since: int | None, told: Told, *, writes: bool
    ) -> Counter[str]:
        user = known_user(uid, alias)
        changed: Counter[str] = Counter()
        with translated():
            changed += other_rows.rename_lanes(self._engine, app_id, uid, user, writes=writes)
            walk = event_rows.walk(self._engine, app_id, uid, user, since=since, writes=writes)
            for step in self._with_pauses(walk):
                changed += step.changed
                told(step.looked_at)
            changed += self._deltas(app_id, uid, alias, writes=writes)
            others = other_rows.walk(self._engine, app_id, uid, user, writes=writes)
            for each in self._with_pauses(others):
                changed += each
        return changed

    def _with_pauses(self, steps: Iterator[Step]) -> Iterator[Step]:
        while True:
            began = time.monotonic()
            step = next(steps, None)
            if step is None:
                return
            yield step
            self._pause(time.monotonic() - began)

    def _deltas(self, app_id: str, uid: str, alias: str, *, writes: bool) -> Counter[str]:
        """The same in what is still to be added up, under the lock of those who do that."""
        user = known_user(uid, alias)
        with self._writing() if writes else self._reading() as connection:
            if writes:
                folding.lock(connection)
            rows = connection.execute(select(figure_deltas.c.id, figure_deltas.c.counted)).all()
            count = 0
            needles = [each.encode() for each in spellings(uid)]
            for row in rows:
                if not any(each in row.counted for each in needles):
                    continue
                if other_rows.is_in_tally(row.counted, user, app_id):
                    count += 1
                    if writes:
                        new = other_rows.tallied_without(row.counted, user, app_id)
                        same = figure_deltas.c.id == row.id
                        connection.execute(update(figure_deltas).where(same).values(counted=new))
        return Counter({figure_deltas.name: count}) if count else Counter()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(), for_writing(self._engine).begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(), self._engine.connect() as connection:
            yield connection
