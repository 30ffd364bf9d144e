"""Refused requests that became events after all."""

from sqlalchemy import Engine, update

from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import requests


def became(engine: Engine, request_id: str, event_id: str) -> None:
    """Note which event a refused request became, or repeats. Raises what `Journal.write` raises."""
    statement = update(requests).where(requests.c.id == request_id).values(event_id=event_id)
    with translated(), for_writing(engine).begin() as connection:
        connection.execute(statement)
