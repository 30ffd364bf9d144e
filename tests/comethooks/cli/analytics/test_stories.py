"""The figures that stories come to, stated in advance: one line for each that is not 0."""

from collections.abc import Mapping
from random import Random

import pytest

from comethooks import schemas
from comethooks.samples import STORIES
from comethooks.workers.ids import id_at
from comethooks.workers.journal import KeptBuckets
from comethooks.workers.record import event_record
from comethooks.workers.texts import dumps
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import START, Store

Figures = Mapping[str, Mapping[str, float]]
_TEXT, _OF_GROUP = "category=message type=text kind=user", "category=message type=text kind=group"
_OF_CALL = "type=audio kind=user"

EXPECTED: Mapping[tuple[str, str], Figures] = {
    ("conversation", "usual"): {
        "messages.sent": {_TEXT: 9, "category=message type=image kind=user": 1},
        "messages.edited": {_TEXT: 2},
        "messages.deleted": {_TEXT: 1},
        "users.active": {"": 2},
        "receipts.delivered": {"kind=user": 10},
        "receipts.read": {"kind=user": 10},
        "reactions.added": {"": 3},
        "reactions.removed": {"": 1},
        "events": {
            "trigger=message_sent": 10,
            "trigger=message_delivery_receipt": 10,
            "trigger=message_read_receipt": 10,
            "trigger=message_reaction_added": 3,
            "trigger=message_reaction_removed": 1,
            "trigger=message_edited": 2,
            "trigger=message_deleted": 1,
        },
    },
    ("group", "usual"): {
        "messages.sent": {_OF_GROUP: 3},
        "users.active": {"": 3},
        "groups.created": {"": 1},
        "members.added": {"": 2},
        "members.joined": {"": 2},
        "members.left": {"": 1},
        "members.kicked": {"": 1},
        "members.banned": {"": 1},
        "events": {
            "trigger=group_created": 1,
            "trigger=group_member_added": 2,
            "trigger=group_member_joined": 2,
            "trigger=message_sent": 3,
            "trigger=message_delivered_to_all": 3,
            "trigger=message_read_by_all": 3,
            "trigger=group_member_scope_changed": 1,
            "trigger=group_member_kicked": 1,
            "trigger=group_member_banned": 1,
            "trigger=group_member_unbanned": 1,
            "trigger=group_member_left": 1,
            "trigger=group_owner_transferred": 1,
            "trigger=group_updated": 1,
            "trigger=group_deleted": 1,
        },
    },
    ("call", "answered"): {
        "users.active": {"": 1},
        "calls.started": {_OF_CALL: 1},
        "calls.answered": {"type=call kind=unknown": 1},
        "calls.seconds": {"type=call kind=unknown": 18},
        "events": {
            "trigger=call_initiated": 1,
            "trigger=call_started": 1,
            "trigger=call_participant_joined": 2,
            "trigger=call_participant_left": 2,
            "trigger=call_ended": 1,
            "trigger=recording_generated": 1,
            "trigger=transcription_generated": 1,
        },
    },
    **{
        ("call", variant): {
            "users.active": {"": 1},
            "calls.started": {_OF_CALL: 1},
            f"calls.{figure}": {_OF_CALL: 1},
            "events": {"trigger=call_initiated": 1, f"trigger=call_{variant}": 1},
        }
        for variant, figure in (
            ("rejected", "rejected"),
            ("unanswered", "missed"),
            ("cancelled", "cancelled"),
            ("busy", "busy"),
        )
    },
    ("moderation", "usual"): {
        "messages.sent": {_TEXT: 2},
        "users.active": {"": 1},
        "moderation.decided": {
            "rule=none verdict=approved": 2,
            "rule=none verdict=disapproved": 1,
            "rule=shouting verdict=approved": 1,
        },
        "moderation.failed": {"rule=shouting verdict=approved": 1},
        "events": {
            "trigger=moderation_engine_approved": 2,
            "trigger=message_sent": 2,
            "trigger=moderation_engine_blocked": 1,
            "trigger=moderation_manual_approved": 1,
            "trigger=moderation_engine_failed": 1,
        },
    },
    ("form", "usual"): {
        "messages.sent": {
            f"category=interactive type={each} kind=user": 1
            for each in ("form", "card", "scheduler")
        },
        "users.active": {"": 1},
        "receipts.delivered": {"kind=user": 3},
        "receipts.read": {"kind=user": 3},
        "interactions.sent": {f"type={each}": 1 for each in ("form", "card", "scheduler")},
        "interactions.interacted": {f"type={each}": 1 for each in ("form", "card", "scheduler")},
        "events": {
            "trigger=message_sent": 3,
            "trigger=message_delivery_receipt": 3,
            "trigger=message_read_receipt": 3,
            "trigger=ui_message_interacted": 3,
        },
    },
}
"""By story and variant, by metric, by labels. Latencies, which vary, are tested apart."""


def told(store: Store, story: str, variant: str) -> None:
    """Keep the events of a story, all of them of one day."""
    _, bodies = STORIES[story].told(now_ms=START + 3_600_000, random=Random(8), variant=variant)
    for number, body in enumerate(bodies):
        raw = dumps(body)
        at = START + 3_600_000 + number
        parsed = schemas.parse(body, raw)
        store.settle(event_record(parsed, id=id_at(at), received_at=at, body=raw))
    while store.journal.figures.fold(KeptBuckets({})):
        pass


def shown(command: Command, metric: str, *by: str) -> dict[str, float]:
    """What the command shows of a metric, by its labels."""
    options = [option for label in by for option in ("--by", label)]
    when = ("--size", "day", "--since", "2026-09-21", "--until", "2026-09-22")
    return {
        " ".join(f"{name}={value}" for name, value in each["labels"].items()): each["value"]
        for each in command.json("analytics", "show", "--metric", metric, *when, *options)
    }


def test_every_story_has_its_figures_stated() -> None:
    """In all of its variants."""
    told = {(name, variant) for name, story in STORIES.items() for variant in story.variants}
    assert set(EXPECTED) == told


@pytest.mark.parametrize(("story", "variant"), EXPECTED)
def test_a_story_comes_to_the_figures_that_were_stated(
    command: Command, store: Store, story: str, variant: str
) -> None:
    """These, and no others."""
    told(store, story, variant)
    metrics = command.json("analytics", "metrics")
    found = {
        each["metric"]: figures
        for each in metrics
        if not each["metric"].startswith("latency.")
        if (figures := shown(command, each["metric"], *each["labels"]))
    }
    assert found == EXPECTED[story, variant]


def test_latencies_of_a_story_are_those_between_its_events(command: Command, store: Store) -> None:
    """A message is delivered within 8 seconds, and read within 8 more; all of them are known."""
    told(store, "conversation", "usual")
    delivered, read = (shown(command, f"latency.{what}") for what in ("delivered", "read"))
    assert list(delivered) == list(read) == [f"quantile={each}" for each in (0.5, 0.9, 0.99)]
    assert all(0.98 <= seconds <= 8.16 for seconds in delivered.values())
    assert all(delivered[each] < seconds <= 16.4 for each, seconds in read.items())
    assert shown(command, "latency.unknown") == {}
