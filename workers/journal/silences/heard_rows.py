"""The rows of apps that were heard."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection

from comethooks.workers.journal.tables.silence_tables import heard_apps
from comethooks.workers.journal.tables.statements import INSERT


def note_heard(connection: Connection, heard: Mapping[str, int]) -> None:
    """Write when apps were heard (ms), where they were not heard later."""
    rows = [{"app_id": app, "last_event_at": at} for app, at in sorted(heard.items())]
    if rows:
        connection.execute(_upsert(connection.dialect.name), rows)


@cache
def _upsert(dialect: str) -> Any:
    insert = INSERT[dialect](heard_apps)
    later = insert.excluded.last_event_at
    return insert.on_conflict_do_update(
        index_elements=["app_id"],
        set_={"last_event_at": later},
        where=heard_apps.c.last_event_at < later,
    )
