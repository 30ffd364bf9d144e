"""Watching for apps that fall silent, with a real Redis and both databases."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from redis import Redis
from sqlalchemy import insert

from comethooks.schemas import SilenceEvent
from comethooks.workers.analytics.sizes import DAY_MS, HOUR_MS
from comethooks.workers.journal import Filter, Journal, Settled
from comethooks.workers.journal.tables.figure_tables import figures
from comethooks.workers.record import Kind, Record, decode, event_of
from comethooks.workers.settings.settings import Settings
from comethooks.workers.silence.expecting import WEEK_MS
from comethooks.workers.silence.watch import SilenceWatch
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.heard import last_heard
from comethooks.workers.streams.layout import read_layouts
from tests import servers
from tests.redis_server import RedisServer
from tests.tables import make_tables
from tests.workers.engine import record

MONDAY = 1_800_000_000_000 - 1_800_000_000_000 % WEEK_MS + 4 * DAY_MS
NOON = MONDAY + 12 * HOUR_MS
LOOK_MS = 5_000
PER_HOUR = 60
"""One event a minute in the day: twenty are to be expected within twenty minutes."""


class Post:
    """A deployment, and the schedulers that lead it one after the other."""

    def __init__(self, server: RedisServer, url: str, directory: Path) -> None:
        environ = {
            "REDIS_URL": server.url,
            "DATABASE_URL": url,
            "COMETHOOKS_DATA_DIR": str(directory),
        }
        self.settings = Settings.load(environ)
        self.redis: Redis = server.client()
        self.journal = Journal.open(self.settings.database_url)
        self.streams = Streams.open(self.settings)
        self.watch = self.leader()

    def leader(self, **changes: object) -> SilenceWatch:
        """Another scheduler, which knows nothing of what was before."""
        settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        return SilenceWatch(settings, self.redis, self.journal)

    def hear(self, at: int, app: str = "app1") -> None:
        """Accept an event of an app."""
        self.streams.accept(record(app_id=app, received_at=at), duplicate_key=b"", has_time=True)

    def known_for(self, days: int, app: str = "app1") -> None:
        """Have figures of so many days before Monday: events from 8 to 22 o'clock, none at
        night.
        """
        hours = range(MONDAY - days * DAY_MS, MONDAY, HOUR_MS)
        day = {"draft": False, "metric": "events", "app_id": app, "labels": '["message_sent"]'}
        rows = [
            {**day, "size": "hour", "bucket": hour, "value": PER_HOUR}
            for hour in hours
            if 8 <= hour % DAY_MS // HOUR_MS < 22
        ]
        rows += [
            {**day, "size": "day", "bucket": each, "value": 14 * PER_HOUR}
            for each in range(MONDAY - days * DAY_MS, MONDAY, DAY_MS)
        ]
        with self.journal.engine.begin() as connection:
            connection.execute(insert(figures), rows)

    def told(self) -> list[Record]:
        """The events of ours that were accepted, in their order."""
        found = [
            decode(fields)
            for number in read_layouts(self.redis).numbers
            for _, fields in self.redis.xrange(keys.stream(number))  # type: ignore[union-attr]
        ]
        ours = [each for each in found if (each.kind, each.source) == (Kind.EVENT, "comethooks")]
        return sorted(ours, key=lambda each: each.occurred_at or 0)

    def names(self) -> list[str | None]:
        """Their names."""
        return [each.name for each in self.told()]

    def drain(self) -> None:
        """Write all that was accepted into the journal."""
        for number in read_layouts(self.redis).numbers:
            for entry, fields in self.redis.xrange(keys.stream(number)):  # type: ignore[union-attr]
                self.journal.write([Settled(record=decode(fields), runs=(), partition=number)])
                self.redis.xdel(keys.stream(number), entry)

    def close(self) -> None:
        """Close what it opened."""
        self.streams.close()
        self.journal.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def post(
    request: pytest.FixtureRequest, redis_server: RedisServer, tmp_path: Path
) -> Iterator[Post]:
    """A deployment on either database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/journal.db"
        make_tables(url)
        with closing(Post(redis_server, url, tmp_path)) as made:
            yield made
        return
    with servers.postgres_schema(request.getfixturevalue("postgres_server")) as url:
        make_tables(url)
        with closing(Post(redis_server, url, tmp_path)) as made:
            yield made


@pytest.fixture
def look(post: Post) -> Callable[[int, int, int], int | None]:
    """Looks every so often; when it first told something."""

    def looking(since: int, until: int, every: int) -> int | None:
        for now in range(since, until, every):
            post.watch.look(now)
            if post.told():
                return now
        return None

    return looking


Look = Callable[[int, int, int], int | None]


def test_in_a_nightly_lull_it_tells_nothing_and_in_the_morning_soon(post: Post, look: Look) -> None:
    """Ten hours without an event are as usual; at eight they should have begun."""
    post.known_for(28)
    post.hear(MONDAY - 2 * HOUR_MS - 60_000)
    morning = MONDAY + 8 * HOUR_MS
    assert look(MONDAY - 2 * HOUR_MS, morning + 18 * 60_000, 300_000) is None
    # The minute before ten in the evening counts as well.
    found = look(morning + 18 * 60_000, morning + 30 * 60_000, LOOK_MS)
    assert found is not None
    assert found <= morning + 19 * 60_000 + LOOK_MS


def test_at_noon_it_tells_when_twenty_events_were_to_be_expected(post: Post, look: Look) -> None:
    """That takes twenty minutes with one a minute, and up to one look more."""
    post.known_for(28)
    post.hear(NOON)
    found = look(NOON + 19 * 60_000, NOON + 30 * 60_000, LOOK_MS)
    assert found is not None
    assert NOON + 20 * 60_000 - 1 <= found <= NOON + 20 * 60_000 + LOOK_MS
    [told] = post.told()
    event = event_of(told)
    assert isinstance(event, SilenceEvent)
    assert (event.name, event.app_id, event.source) == ("app.silent", "app1", "comethooks")
    assert (event.silence.app, event.silence.expected) == ("app1", 20)
    assert event.silence.seconds == (found - NOON) // 1000
    assert orjson.loads(told.body)["data"].keys() == {
        "app",
        "last_event_at",
        "expected",
        "seconds",
    }


def test_in_the_first_week_nothing_is_known_and_nothing_told(post: Post, look: Look) -> None:
    """A day without an event may be as usual."""
    post.known_for(3)
    post.hear(NOON)
    assert look(NOON, NOON + DAY_MS, HOUR_MS) is None


def test_one_silence_is_told_once_whoever_leads(post: Post) -> None:
    """Every look is one of another leader, and some die after any of their steps."""
    post.known_for(28)
    post.hear(NOON)
    late = NOON + 21 * 60_000
    for now in range(late, late + 20_000, LOOK_MS):
        post.leader().look(now)
    assert post.names() == ["app.silent"]
    post.hear(late + HOUR_MS)
    for now in range(late + HOUR_MS, late + HOUR_MS + 20_000, LOOK_MS):
        post.leader().look(now)
    assert post.names() == ["app.silent", "app.resumed"]
    over = event_of(post.told()[1])
    assert isinstance(over, SilenceEvent)
    assert (over.silence.seconds, over.silence.expected) == (81 * 60, 81)


class Died(Exception):
    """A leader was killed here."""


@pytest.mark.parametrize("step", ["begin", "told", "end", "told_resumed"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_leader_that_dies_between_two_steps_leaves_one_of_each(
    post: Post, monkeypatch: pytest.MonkeyPatch, step: str, before: bool
) -> None:
    """The next one tells what was not told, and nothing again, also when it is in the journal by
    then and Redis has forgotten that it was told.
    """
    post.known_for(28)
    post.hear(NOON)
    late = NOON + 21 * 60_000
    watch = post.leader()
    kept = getattr(watch._silences, step)

    def die(*given: object, **more: object) -> None:
        if not before:
            kept(*given, **more)
        raise Died

    monkeypatch.setattr(watch._silences, step, die)
    for at in (late, late + HOUR_MS):
        try:
            watch.look(at)
        except Died:
            monkeypatch.undo()
        if at == late:
            post.leader().look(at + 1)
            post.hear(at + HOUR_MS)
    accepted = post.names()
    post.drain()
    for forgotten in post.redis.scan_iter(f"{keys.DUPLICATES}*"):
        post.redis.delete(forgotten)
    for now in range(late + HOUR_MS, late + HOUR_MS + 20_000, LOOK_MS):
        post.leader().look(now)
    assert [*accepted, *post.names()] == ["app.silent", "app.resumed"]


def test_two_leaders_at_once_tell_it_once(post: Post) -> None:
    """One was stopped for a while and does not know yet that another one leads."""
    post.known_for(28)
    post.hear(NOON)
    one, other = post.leader(), post.leader()
    one._heard()
    other.look(NOON + 21 * 60_000)
    one.look(NOON + 21 * 60_000 + 10)
    assert post.names() == ["app.silent"]


def test_where_less_comes_than_usual_it_tells_that_a_few_times_and_not_all_day(post: Post) -> None:
    """On a holiday an event comes every half an hour, in place of one a minute: after each silence
    twice as many have to be missing as before it.
    """
    post.known_for(28)
    for event in range(16):
        at = NOON + event * 30 * 60_000
        post.hear(at)
        for now in range(at, at + 30 * 60_000, 300_000):
            post.watch.look(now)
    assert post.names() == ["app.silent", "app.resumed"]
    post.leader().look(NOON + 15 * 30 * 60_000 + 41 * 60_000)
    assert post.names() == ["app.silent", "app.resumed", "app.silent"]


def test_a_duration_may_be_set_and_nothing_told_at_all(post: Post) -> None:
    """Then it does not matter what other weeks were like."""
    post.hear(NOON)
    never, short = post.leader(silence_after="off"), post.leader(silence_after=900.0)
    never.look(NOON + DAY_MS)
    short.look(NOON + 899_999)
    assert post.names() == []
    short.look(NOON + 900_000)
    [told] = post.told()
    assert orjson.loads(told.body)["data"] == {
        "app": "app1",
        "last_event_at": "2027-01-18T12:00:00.000Z",
        "expected": None,
        "seconds": 900,
    }


def test_an_app_that_is_not_let_in_any_more_is_not_missed(post: Post) -> None:
    """Who takes it out of the settings knows that nothing comes."""
    post.hear(NOON)
    post.leader(silence_after=60.0, app_ids=frozenset(("app2",))).look(NOON + DAY_MS)
    assert post.names() == []


def test_an_app_of_before_an_upgrade_is_missed_too(post: Post) -> None:
    """Only its events in the journal tell of it; Redis knows it from then on."""
    post.journal.silences.note_heard({"app1": NOON})
    watch = post.leader(silence_after=60.0)
    watch.look(NOON + 59_000)
    assert last_heard(post.redis) == {"app1": NOON}
    watch.look(NOON + 60_000)
    assert post.names() == ["app.silent"]


def test_a_redis_that_was_emptied_raises_no_alarm(post: Post) -> None:
    """The journal knows apps, and of those that it heard later has the events."""
    post.hear(NOON)
    post.watch.look(NOON)
    post.hear(NOON + 50_000)
    post.drain()
    post.redis.flushall()
    post.leader(silence_after=60.0).look(NOON + 70_000)
    assert post.names() == []


def test_what_redis_cannot_take_is_told_later(post: Post) -> None:
    """A full backlog keeps it for the next look."""
    post.hear(NOON)
    full = SilenceWatch(
        replace(post.settings, silence_after=60.0, max_backlog_bytes=1), post.redis, post.journal
    )
    full.look(NOON + 61_000)
    assert post.names() == []
    post.leader(silence_after=60.0).look(NOON + 62_000)
    assert post.names() == ["app.silent"]


def test_events_that_are_made_here_do_not_end_a_silence(post: Post) -> None:
    """`app.silent` is one itself, and what was imported came long ago."""
    post.hear(NOON)
    watch = post.leader(silence_after=60.0)
    watch.look(NOON + 61_000)
    imported = record(app_id="app1", received_at=NOON + 62_000)
    post.journal.write([Settled(record=imported, runs=(), partition=None)])
    post.drain()
    watch.look(NOON + 70_000)
    watch.look(NOON + 140_000)
    names = [each.name for each in post.journal.events(Filter(trigger="app.*"))]
    assert (names, post.names()) == (["app.silent"], [])
