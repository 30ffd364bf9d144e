"""What is written into the journal while a user is being forgotten, and was received before that.

Whoever writes asks for tombstones in the transaction that writes. In SQLite, which has one writer,
at its beginning; in PostgreSQL at its end: the tombstone is put up under a lock that waits for
those who write, and whom it does not wait for sees it there. Then what was written is taken back,
and written without the user.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import reduce

from sqlalchemy import Connection, Engine, select, text

from comethooks.schemas.forgotten_user import ForgottenUser
from comethooks.workers.journal.forgetting.tombstones import Tombstone, standing
from comethooks.workers.journal.forgetting.without import (
    app_in,
    result_without,
    settled_without,
)
from comethooks.workers.journal.settled import RunResult, Settled
from comethooks.workers.journal.tables.models import events
from comethooks.workers.journal.tables.transactions import writing
from comethooks.workers.journal.writing import Batch


def without_the_forgotten(
    batch: Sequence[Settled], stones: Iterable[Tombstone]
) -> Sequence[Settled]:
    """What is to be written of a batch; the same object when nobody is in it."""
    users = [(stone, stone.user()) for stone in stones]
    changed = [_without(each, users) for each in batch]
    same = all(one is other for one, other in zip(changed, batch, strict=True))
    return batch if same else changed


def results_without(
    connection: Connection, results: Sequence[tuple[str, RunResult]]
) -> Sequence[tuple[str, RunResult]]:
    """The same of results of runs, each with the id of its event."""
    stones = standing(connection)
    if not stones:
        return results
    users = [(stone, stone.user()) for stone in stones]
    columns = (events.c.id, events.c.app_id, events.c.received_at, events.c.sender)
    ids: Collection[str] = {event_id for event_id, _ in results}
    about = {
        row.id: row for row in connection.execute(select(*columns).where(events.c.id.in_(ids)))
    }

    def without(event_id: str, result: RunResult) -> RunResult:
        row = about.get(event_id)
        for stone, user in users:
            if row is not None and stone.is_about(row.app_id, row.received_at):
                by_user = row.sender == user.alias or user.is_it(row.sender)
                result = result_without(result, user, by_user=by_user)
        return result

    return [(event_id, without(event_id, result)) for event_id, result in results]


def _without(settled: Settled, users: Sequence[tuple[Tombstone, ForgottenUser]]) -> Settled:
    record = settled.record
    app_id = record.app_id
    meant = [user for stone, user in users if stone.is_about(app_id, record.received_at)]
    if meant and app_id is None and (named := app_in(record.body)) is not None:
        meant = [user for stone, user in users if stone.is_about(named, record.received_at)]
    return reduce(settled_without, meant, settled)


class Arrivals:
    """Writes what arrives into the journal behind `engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._expects_somebody = False
        """Whether the last batch was about the time of a tombstone: the next one will be, too, and
        is not written as it is first."""

    def write(self, batch: Sequence[Settled]) -> None:
        """Write a batch in one transaction, without those who are being forgotten."""
        if not self._expects_somebody:
            try:
                self._write_as_it_is(batch)
                return
            except _SomebodyError:
                pass
        self._expects_somebody = self._write_without(batch)

    def _write_as_it_is(self, batch: Sequence[Settled]) -> None:
        prepared = Batch(self._engine, batch)
        with writing(self._engine) as connection:
            in_turn = connection.dialect.name == "sqlite"
            if in_turn:
                _require_nobody(connection, batch)
            prepared.write(connection)
            if not in_turn:
                _require_nobody(connection, batch)

    def _write_without(self, batch: Sequence[Settled]) -> bool:
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                # As what is written takes it: no tombstone is put up between this and the end.
                connection.execute(text("LOCK TABLE events, requests IN ROW EXCLUSIVE MODE"))
            stones = standing(connection)
            Batch(self._engine, without_the_forgotten(batch, stones)).write(connection)
            return _may_be_about(stones, batch)


class _SomebodyError(Exception):
    """Somebody is being forgotten whom a batch may be about."""


def _require_nobody(connection: Connection, batch: Sequence[Settled]) -> None:
    if _may_be_about(standing(connection), batch):
        raise _SomebodyError


def _may_be_about(stones: Sequence[Tombstone], batch: Sequence[Settled]) -> bool:
    # Tombstones stand for two days, and are about what was received before: to write everything
    # twice all that time would cost PostgreSQL half of its events a second.
    return any(
        stone.is_about(each.record.app_id, each.record.received_at)
        for stone in stones
        for each in batch
    )
