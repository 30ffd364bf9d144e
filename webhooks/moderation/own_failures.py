"""Failures of our own that CometChat tells of: it asked `/moderation`, and got no decision."""

from collections.abc import Iterator

from comethooks.schemas.event.moderation import FAILURE_CATEGORIES, failures_at
from comethooks.workers.record import Record, event_of
from comethooks.workers.settings.addresses import moderation_url, webhooks_url

FAILED = "moderation_engine_failed"
OTHER = "other"


class OwnFailures:
    """Tells failures of this service from those of other engines, by its public address."""

    def __init__(self, public_url: str) -> None:
        # Whoever enters the URL of the webhooks in a list gets no decision there.
        self._addresses = moderation_url(public_url), webhooks_url(public_url)

    def categories(self, record: Record) -> Iterator[str]:
        """CometChat's word for each that an event tells of, or `other`."""
        if record.trigger != FAILED:
            return
        moderation = event_of(record).moderation
        for failure in failures_at(moderation.failures if moderation else (), *self._addresses):
            category = failure.get("category")
            yield category if category in FAILURE_CATEGORIES else OTHER
