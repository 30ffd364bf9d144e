"""One count of an event, and the values of its labels."""

from typing import Any, NamedTuple

from comethooks.workers.analytics.metrics import Metric
from comethooks.workers.texts import scrub

LABEL_LENGTH = 100
"""Characters of the value of a label; longer ones are cut."""
UNKNOWN = "unknown"
"""The value of a label that the event does not tell."""
NO_RULE = "none"
"""The rule of what was decided by none that is known."""

Labels = tuple[str, ...]


class Count(NamedTuple):
    """What an event adds to a metric. Seconds are in milliseconds."""

    metric: Metric
    labels: Labels = ()
    value: int = 1


def label(value: Any) -> str:
    """A value as a label has it."""
    if not isinstance(value, str) or not value:
        return UNKNOWN
    return scrub(value[:LABEL_LENGTH])


def kind_of(conversation_id: str | None) -> str:
    """Whether a conversation is one of a `group`, or with a `user`."""
    if conversation_id is None:
        return UNKNOWN
    return "group" if conversation_id.startswith("group_") else "user"
