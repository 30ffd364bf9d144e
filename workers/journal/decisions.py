"""What was decided on messages in flight, and who said what: rows beside those of their events."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, select

from comethooks.workers.journal.tables.decision_table import decisions
from comethooks.workers.journal.tables.models import events
from comethooks.workers.journal.tables.rows import Row, json_text
from comethooks.workers.journal.tables.statements import among
from comethooks.workers.record import Record, Vote
from comethooks.workers.states import DecisionAction


class StoredDecision(NamedTuple):
    """What was decided on an event, and what each decider said."""

    decision: DecisionAction | None = None
    votes: tuple[Vote, ...] = ()


UNDECIDED = StoredDecision()


def decision_rows(records: Collection[Record]) -> list[Row]:
    """The rows of `decisions` for those of the events that were decided on."""
    return [
        {
            "event_id": record.id,
            "decision": record.decision.value,
            "votes": json_text([vote.as_json() for vote in record.votes]),
        }
        for record in records
        if record.decision is not None
    ]


def decided(connection: Connection, ids: Collection[str]) -> Mapping[str, StoredDecision]:
    """What was decided on those of the events `ids` on which something was."""
    found = connection.execute(
        select(decisions).where(among(connection, decisions.c.event_id, ids))
    )
    return {
        event_id: StoredDecision(
            DecisionAction(decision), tuple(map(Vote.from_json, orjson.loads(votes)))
        )
        for event_id, decision, votes in found
    }


def with_decisions(connection: Connection, records: Sequence[Record]) -> list[Record]:
    """Events as they were read, with what was decided on them."""
    known = decided(connection, {record.id for record in records})
    return [
        replace(record, **known[record.id]._asdict()) if record.id in known else record
        for record in records
    ]


def has_decision(decision: DecisionAction) -> ColumnElement[bool]:
    """The condition on `events` that this was decided."""
    # A scalar subquery, which asks for one row of each event: as a join, all decisions could be
    # read to find a few events.
    of_event = select(decisions.c.decision).where(decisions.c.event_id == events.c.id)
    return of_event.correlate(events).scalar_subquery() == decision.value
