"""Whether something is what a listing asks for, by the rules of the journal: for what SQL cannot
look at.
"""

from comethooks.workers.journal import Filter, StoredEvent
from comethooks.workers.journal.tables.rows import OUTCOMES, searchable
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import EventStatus


def is_asked_event(event: Record | StoredEvent, asked: Filter) -> bool:
    """Whether `asked` describes an event that waits, and so has no runs."""
    return (
        is_about(event, asked)
        and asked.status in (None, EventStatus.QUEUED)
        and asked.handler is None
        and asked.state is None
    )


def is_asked_request(record: Record, asked: Filter) -> bool:
    """Whether `asked` describes the request behind a record."""
    is_accepted = record.kind is Kind.EVENT
    asks_for_accepted = asked.conversation_id is not None or asked.sender is not None
    return (
        is_about(record, asked)
        and (is_accepted or not asks_for_accepted)
        and (asked.outcome is None or asked.outcome is OUTCOMES[record.kind])
    )


def is_about(item: Record | StoredEvent, asked: Filter) -> bool:
    """Whether an event or a request came then, and is about that, whatever became of it."""
    return (
        fits(asked.trigger, item.trigger)
        and fits(asked.app_id, item.app_id)
        and fits(asked.conversation_id, item.conversation_id)
        and fits(asked.sender, item.sender)
        and (asked.since is None or item.received_at >= asked.since)
        and (asked.until is None or item.received_at < asked.until)
    )


def fits(wanted: str | None, value: str | None) -> bool:
    """Whether `value` is `wanted`, as far as the journal keeps either; None wants any."""
    return wanted is None or searchable(wanted) == searchable(value)
