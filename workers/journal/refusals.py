"""Refused requests that became events after all."""

from sqlalchemy import Engine, update

from workers.journal.database import for_writing
from workers.journal.errors import translated
from workers.journal.models import requests


def became(engine: Engine, request_id: str, event_id: str) -> None:
    """Note which event a refused request became, or repeats. Raises what `Journal.write` raises."""
    statement = update(requests).where(requests.c.id == request_id).values(event_id=event_id)
    with translated(), for_writing(engine).begin() as connection:
        connection.execute(statement)
