"""What events count for, as they come into the journal."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from comethooks.workers.analytics.sizes import DAY_MS, Size
from comethooks.workers.journal import Journal, KeptBuckets
from comethooks.workers.journal.replaying.emitted_rows import add_to_replay
from comethooks.workers.journal.tables.database import without_figures
from comethooks.workers.journal.tables.figure_tables import figure_deltas
from comethooks.workers.record import Record
from tests.workers.journal.samples import T0, event, refusal, run, settled

ALWAYS = KeptBuckets({})
EVER = 2**52


def message(number: int, *, of: int | None = None, **changes: Any) -> Record:
    """The event of second `number`, of a message with that id or with another's."""
    wire = {"id": str(number if of is None else of), "category": "message", "type": "text"}
    body = {"trigger": "message_sent", "data": {"message": {**wire, "sender": "ines"}}}
    return event(number, **{"body": orjson.dumps(body), **changes})


def receipt(number: int, message_id: int, after_ms: int, **changes: Any) -> Record:
    """That the message of second `message_id` was read so long after it was sent."""
    told = {"action": "read", "messageId": str(message_id), "user": {"uid": "noor"}}
    body = {"trigger": "message_read_receipt", "data": {"body": {**told, "timestamp": 1}}}
    sent_at = T0 + 1000 * message_id - 40
    return event(
        number,
        **{
            "trigger": "message_read_receipt",
            "name": "receipt.read",
            "body": orjson.dumps(body),
            "occurred_at": sent_at + after_ms,
            **changes,
        },
    )


def figures(
    journal: Journal, metric: str, *by: str, size: Size = Size.DAY, **asked: Any
) -> dict[tuple[Any, ...], int | float]:
    """The figures of a metric, by bucket and labels."""
    while journal.figures.fold(ALWAYS):
        pass
    found = journal.figures.read(metric, size=size, since=0, until=EVER, by=by, **asked)
    return {
        (each.bucket_ms, *([each.app_id] if "app" in by else []), *each.labels.values()): each.value
        for each in found
    }


def total(journal: Journal, metric: str) -> int | float:
    """A metric of all days and apps."""
    return sum(figures(journal, metric).values())


class TestCountingOnce:
    """What is in the journal counts once."""

    def test_a_batch_that_is_written_again_counts_for_what_is_new_of_it(self, journal: Journal):
        """So does a drainer that took over from another one."""
        batch = [settled(message(number, app_id=f"app{number}"), run()) for number in range(4)]
        journal.write(batch[1:3])
        journal.write(batch)
        assert [*figures(journal, "messages.sent", "app").values()] == [1, 1, 1, 1]
        assert total(journal, "messages.sent") == 4

    def test_twice_the_same_in_one_batch_counts_once(self, journal: Journal):
        """As it is one row."""
        journal.write([settled(message(1)), settled(message(1))])
        assert total(journal, "events") == 1

    def test_refused_requests_do_not_count(self, journal: Journal):
        """They are no events."""
        journal.write([settled(refusal(1)), settled(message(2))])
        assert total(journal, "events") == 1

    def test_adding_up_again_adds_nothing(self, journal: Journal):
        """What was added up is gone."""
        journal.write([settled(message(1))])
        assert journal.figures.fold(ALWAYS) == 1
        assert journal.figures.fold(ALWAYS) == 0
        assert total(journal, "messages.sent") == 1

    def test_an_event_that_a_replay_makes_counts_once(self, journal: Journal):
        """It is written where its run ends, and is there when the run is repeated."""
        emitted = message(5, source="comethooks", trigger="plugin.done", name=None)
        for _ in range(2):
            add_to_replay(journal.engine, "again", emitted, [], now=T0)
        assert total(journal, "events") == 1

    def test_nothing_is_counted_for_who_does_not_want_figures(self, journal: Journal):
        """What was counted before stays."""
        journal.write([settled(message(1))])
        Journal(without_figures(journal.engine)).write([settled(message(2))])
        assert total(journal, "messages.sent") == 1


class TestBuckets:
    """When and where an event counts."""

    def test_an_event_counts_when_it_happened(self, journal: Journal):
        """Or when it was received, where that cannot be."""
        day = T0 - T0 % DAY_MS
        journal.write(
            [
                settled(message(1, occurred_at=T0 - 3 * DAY_MS)),
                settled(message(2, occurred_at=0)),
                settled(message(3, occurred_at=T0 + 1000 * DAY_MS)),
                settled(message(4, occurred_at=None)),
            ]
        )
        assert figures(journal, "messages.sent") == {(day - 3 * DAY_MS,): 1, (day,): 3}

    def test_apps_are_told_apart_or_added_up(self, journal: Journal):
        """Or one of them is asked for."""
        journal.write([settled(message(n, app_id="a" if n else "b")) for n in range(3)])
        day = T0 - T0 % DAY_MS
        assert figures(journal, "messages.sent") == {(day,): 3}
        assert figures(journal, "messages.sent", "app") == {(day, "a"): 2, (day, "b"): 1}
        assert figures(journal, "messages.sent", app="b") == {(day,): 1}

    def test_buckets_that_are_not_kept_are_not_made(self, journal: Journal):
        """An import of old events makes days of them, and no minutes."""
        journal.write([settled(message(1))])
        journal.figures.fold(KeptBuckets.at(T0 + 100 * DAY_MS, minute_days=7, hour_days=90))
        for size, there in ((Size.MINUTE, 0), (Size.HOUR, 0), (Size.DAY, 1)):
            assert len(figures(journal, "messages.sent", size=size)) == there
        assert total(journal, "users.active") == 1

    def test_buckets_are_deleted_when_they_are_old(self, journal: Journal):
        """Those of days and months stay."""
        journal.write([settled(message(1))])
        for days, sizes in ((8, (Size.HOUR, Size.DAY)), (91, (Size.DAY,))):
            now = T0 + days * DAY_MS
            journal.figures.fold(ALWAYS)
            journal.figures.forget_older(KeptBuckets.at(now, minute_days=7, hour_days=90), now)
            found = {size for size in Size if figures(journal, "messages.sent", size=size)}
            assert found == set(sizes)
        assert figures(journal, "users.active", size=Size.MONTH)


class TestLabels:
    """What is told apart."""

    def test_a_long_value_is_cut(self, journal: Journal):
        """A trigger of ten kilobytes is a label of a hundred characters."""
        journal.write([settled(event(1, trigger="ü" * 10_000, name=None))])
        ((_, trigger),) = figures(journal, "events", "trigger")
        assert trigger == "ü" * 100

    def test_values_are_bounded(self, journal: Journal):
        """All that come after the first two hundred are one."""
        for start in (0, 150):
            journal.write(
                [
                    settled(event(number, trigger=f"new_{number}", name=None))
                    for number in range(start, start + 150)
                ]
            )
            journal.figures.fold(ALWAYS)
        found = figures(journal, "events", "trigger")
        assert len(found) == 201
        assert {key[1]: value for key, value in found.items()}["other"] == 100
        assert total(journal, "events") == 300


class TestActiveUsers:
    """Who was active."""

    def test_each_counts_once_in_a_bucket(self, journal: Journal):
        """However often, and in whatever batch; of two apps, they are two."""
        users = ["ines", "noor", "ines", "ines"]
        apps = ["a", "a", "a", "b"]
        for number, (user, app) in enumerate(zip(users, apps, strict=True)):
            journal.write([settled(message(number, sender=user, app_id=app))])
        later = message(9, sender="noor", app_id="a", occurred_at=T0 + DAY_MS)
        journal.write([settled(replace(later, received_at=T0 + DAY_MS))])
        day, month = T0 - T0 % DAY_MS, 1_759_276_800_000
        assert figures(journal, "users.active") == {(day,): 3, (day + DAY_MS,): 1}
        assert figures(journal, "users.active", size=Size.MONTH) == {(month,): 3}


class TestLatencies:
    """How long messages took."""

    @pytest.mark.parametrize("first", ["message", "receipt", "together"])
    def test_it_does_not_matter_which_comes_first(self, journal: Journal, first: str):
        """A receipt waits for its message, and counts as unknown meanwhile."""
        sent, read = settled(message(1)), settled(receipt(2, 1, 2500))
        if first == "together":
            journal.write([read, sent])
        else:
            ordered = [sent, read] if first == "message" else [read, sent]
            for each in ordered:
                journal.write([each])
                journal.figures.fold(ALWAYS)
                if each is read:
                    assert total(journal, "latency.unknown") == (first == "receipt")
        assert total(journal, "latency.unknown") == 0
        day = T0 - T0 % DAY_MS
        found = figures(journal, "latency.read", "kind")
        assert found == {
            (day, "group", quantile): pytest.approx(2.5, rel=0.02)
            for quantile in ("0.5", "0.9", "0.99")
        }

    def test_a_message_that_comes_when_nobody_waits_any_more_is_found_its_receipt(
        self, journal: Journal
    ):
        """Since a rebuild would find it, too. Of two times of sending the earlier one counts."""
        journal.write([settled(receipt(2, 1, 2500))])
        journal.figures.fold(ALWAYS)
        assert journal.figures.forget_older(ALWAYS, T0 + 8 * DAY_MS) == 1
        day = T0 - T0 % DAY_MS
        sent = T0 + 960
        for number, at, took in ((1, sent, 2.5), (3, sent - 4000, 6.5), (4, sent - 1000, 6.5)):
            told = replace(message(1), id=message(number).id, occurred_at=at)
            journal.write([settled(told)])
            found = figures(journal, "latency.read", "kind")
            assert found[day, "group", "0.5"] == pytest.approx(took, rel=0.02)
            assert total(journal, "latency.unknown") == 0

    def test_a_message_that_is_too_old_or_of_another_app_is_unknown(self, journal: Journal):
        """An id is one of its app."""
        journal.write([settled(message(1)), settled(receipt(2, 1, 7 * DAY_MS + 1))])
        journal.write([settled(receipt(3, 1, 5, app_id="other"))])
        assert total(journal, "latency.unknown") == 2
        assert figures(journal, "latency.read") == {}

    def test_what_another_app_is_told_of_the_same_id_changes_nothing(self, journal: Journal):
        """Where a message is told again, to have been sent earlier, with a receipt of each app."""
        at = T0 + 960
        journal.write([settled(replace(message(1), occurred_at=at + 2000))])
        journal.figures.fold(ALWAYS)
        earlier = settled(replace(message(1), id=message(2).id, occurred_at=at))
        read = [settled(receipt(3, 1, 5000)), settled(receipt(4, 1, 5000, app_id="other"))]
        journal.write([earlier, *read])
        day = T0 - T0 % DAY_MS
        assert figures(journal, "latency.read", "kind")[day, "group", "0.5"] == pytest.approx(
            5, 0.02
        )


class TestPeaks:
    """How many connections were open at once."""

    HOUR_MS = 3_600_000
    START = T0 - T0 % DAY_MS

    def left(self, number: int, platform: str, app: str, since: float, until: float) -> Record:
        """That a connection ended which was open between two hours of the day."""
        began, ended = (int(self.START + hours * self.HOUR_MS) for hours in (since, until))
        connection = {"action": "disconnected", "platform": platform, "connectedAt": began}
        data = {"timestamp": ended, "user": {"uid": "noor"}, "currentConnection": connection}
        trigger = "user_connection_status_changed"
        body = orjson.dumps({"trigger": trigger, "data": data})
        told = {"trigger": trigger, "name": "user.presence", "app_id": app, "body": body}
        return event(number, **told, occurred_at=ended, conversation_id=None)

    def test_of_all_together_is_the_most_at_one_time(self, journal: Journal) -> None:
        """Not the sum of what each platform or app had at its own best time."""
        for number, ended in enumerate(
            [
                ("ios", "a", 0.5, 2.5),
                ("ios", "a", 1.0, 1.5),
                ("web", "a", 1.75, 2.25),
                ("web", "b", 1.75, 1.9),
            ]
        ):
            journal.write([settled(self.left(number, *ended))])
        hours = [self.START + hour * self.HOUR_MS for hour in range(3)]
        by_hour = figures(journal, "presence.peak", size=Size.HOUR)
        assert by_hour == dict(zip([(hour,) for hour in hours], (1, 3, 2), strict=True))
        assert figures(journal, "presence.peak") == {(self.START,): 3}
        apart = figures(journal, "presence.peak", "platform")
        assert apart == {(self.START, "ios"): 2, (self.START, "web"): 2}
        assert figures(journal, "presence.peak", app="a") == {(self.START,): 2}

    def test_what_an_older_version_left_is_added_up(self, journal: Journal) -> None:
        """It knew of no connections: its rows say nothing of them."""
        journal.write([settled(message(1))])
        with journal.engine.begin() as connection:
            written = connection.execute(select(figure_deltas.c.counted)).scalar_one()
            *known, sessions = orjson.loads(written)
            assert sessions == []
            connection.execute(update(figure_deltas).values(counted=orjson.dumps(known)))
        assert total(journal, "messages.sent") == 1
