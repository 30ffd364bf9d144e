"""Events of the bodies that tests have."""

from datetime import UTC, datetime

from tests.bodies import body
from tests.schemas.samples import SAMPLES, event_of


def event(sample, **options):
    return event_of(body(sample) if isinstance(sample, str) else sample, **options)


def utc(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def of(trigger, variant="usual"):
    return event_of(SAMPLES[f"{trigger} {variant}"])
