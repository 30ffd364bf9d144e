"""The face of what the journal keeps of apps that were heard, and of their silences."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Engine, and_, delete, func, not_, or_, select, tuple_, update

from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.retention import START, Cursor, Swept
from comethooks.workers.journal.silences import heard_rows, old_apps
from comethooks.workers.journal.silences.stored_silence import StoredSilence
from comethooks.workers.journal.tables.silence_tables import heard_apps, silences
from comethooks.workers.journal.tables.statements import InsertMany
from comethooks.workers.journal.tables.transactions import reading, writing

_HEARD = select(heard_apps)
_LASTS = silences.c.resumed_at.is_(None)
_COLUMNS = [column.name for column in silences.c]


class SilenceJournal:
    """Apps that were heard, and their silences, in the journal behind `engine`. Methods raise what
    those of `Journal` raise.

    Two leaders may tell it the same: the first one counts. Times are milliseconds since the epoch.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def heard(self) -> dict[str, int]:
        """When an event of each app was last received, give or take a minute."""
        with reading(self._engine) as connection:
            return {row.app_id: row.last_event_at for row in connection.execute(_HEARD)}

    def note_heard(self, heard: Mapping[str, int]) -> None:
        """Note when apps were heard; who was heard later already stays."""
        if heard:
            with writing(self._engine) as connection:
                heard_rows.note_heard(connection, heard)

    def fill_heard(self, *, limit: int) -> int:
        """Find out which apps were heard of up to `limit` events that an older version wrote,
        oldest first; how many were looked at, 0 when none are left.
        """
        with translated():
            return old_apps.fill_heard(self._engine, limit=limit)

    def unsettled(self) -> list[StoredSilence]:
        """The silences that last, and those of which something is still to be told, the oldest
        first.
        """
        to_tell = or_(not_(silences.c.told), not_(silences.c.resumed_told))
        return self._found(or_(_LASTS, to_tell))

    def lasting(self) -> list[StoredSilence]:
        """The silences that last."""
        return self._found(_LASTS)

    def count_found(self, app_id: str, *, since: int) -> int:
        """How many silences of an app were found since then."""
        of_app = silences.c.app_id == app_id, silences.c.found_at >= since
        query = select(func.count()).select_from(silences).where(*of_app)
        with reading(self._engine) as connection:
            return connection.scalar(query) or 0

    def begin(self, silence: StoredSilence) -> None:
        """Note a silence that was found, unless it is known."""
        row = {name: getattr(silence, name) for name in _COLUMNS}
        with writing(self._engine) as connection:
            _insert(connection.dialect.name).execute(connection, [row])

    def end(self, silence: StoredSilence, *, resumed_at: int, expected: int | None) -> None:
        """Note that something was heard again, unless that is known."""
        self._change(silence, _LASTS, resumed_at=resumed_at, resumed_expected=expected)

    def told(self, silence: StoredSilence) -> None:
        """Note that the event was accepted that tells of a silence."""
        self._change(silence, told=True)

    def told_resumed(self, silence: StoredSilence) -> None:
        """Note that the event was accepted that tells of its end."""
        self._change(silence, resumed_told=True)

    def delete_older(self, before: int, limit: int, after: Cursor = START) -> Swept:
        """Delete up to `limit` silences that were over before `before`. For going on with until
        there is no `more`, as with those of `Journal`.
        """
        key = tuple_(*silences.primary_key)
        settled = and_(silences.c.told, silences.c.resumed_told)
        old = select(*silences.primary_key).where(settled, silences.c.resumed_at < before)
        with writing(self._engine) as connection:
            count = connection.execute(delete(silences).where(key.in_(old.limit(limit)))).rowcount
        return Swept(count, after, more=count == limit)

    def _found(self, condition: Any) -> list[StoredSilence]:
        order = (silences.c.found_at, silences.c.app_id)
        query = select(silences).where(condition).order_by(*order)
        with reading(self._engine) as connection:
            return list(map(StoredSilence.from_row, connection.execute(query)))

    def _change(self, silence: StoredSilence, *conditions: Any, **values: Any) -> None:
        same = and_(
            silences.c.app_id == silence.app_id,
            silences.c.last_event_at == silence.last_event_at,
        )
        with writing(self._engine) as connection:
            connection.execute(update(silences).where(same, *conditions).values(**values))


@cache
def _insert(dialect: str) -> InsertMany:
    return InsertMany(dialect, silences, _COLUMNS)
