"""Histories: what may have come, in any order, as hypothesis makes it up and makes it smaller."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from comethooks import schemas
from comethooks.samples import STORIES, all_kinds, sample
from comethooks.workers.ids import id_at
from comethooks.workers.record import Record, event_record
from comethooks.workers.texts import dumps

NOW = 1_790_001_234_000
"""2026-09-21, in milliseconds, 14 minutes before an hour is over."""
MINUTE, DAY = 60_000, 86_400_000
APPS = ("app1", "app2")
_KINDS = list(all_kinds())
_STORIES = sorted((name, variant) for name, story in STORIES.items() for variant in story.variants)


@dataclass(frozen=True)
class History:
    """Events in the order in which they come, in batches; some of them come twice."""

    batches: tuple[tuple[Record, ...], ...]


def _body(draw: Any, random: Random) -> list[dict[str, Any]]:
    """The bodies of a story, or one of any trigger."""
    ago = draw(st.sampled_from((0, 1, MINUTE, 50 * MINUTE, DAY, 40 * DAY)))
    app = draw(st.sampled_from(APPS))
    if draw(st.booleans()):
        name, variant = draw(st.sampled_from(_STORIES))
        story = STORIES[name]
        _, bodies = story.told(
            now_ms=NOW - ago, random=random, app_id=app, variant=variant, messages=3
        )
        return list(bodies)
    kind = draw(st.sampled_from(_KINDS))
    form = {"variant": kind.variant, "legacy": kind.legacy, "bot": kind.bot}
    return [sample(kind.trigger, now_ms=NOW - ago, random=random, app_id=app, **form)]


def _record(body: dict[str, Any], number: int) -> Record:
    raw = dumps(body)
    received = NOW + number
    return event_record(
        schemas.parse(body, raw), id=id_at(received), received_at=received, body=raw
    )


@st.composite
def histories(draw: Any) -> History:
    """Any history of up to some hundred events."""
    random = Random(draw(st.integers(0, 2**32)))
    bodies = [body for _ in range(draw(st.integers(1, 6))) for body in _body(draw, random)]
    records = [_record(body, number) for number, body in enumerate(bodies)]
    if draw(st.booleans()):
        random.shuffle(records)
    records += random.sample(records, draw(st.integers(0, min(3, len(records)))))
    size = draw(st.sampled_from((1, 3, 200)))
    return History(tuple(map(tuple, _chunks(records, size))))


def _chunks(records: Sequence[Record], size: int) -> list[Sequence[Record]]:
    return [records[start : start + size] for start in range(0, len(records), size)]
