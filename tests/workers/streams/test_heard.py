"""When each app was heard last: what is noted with the event, and what says nothing of it."""

import pytest

from comethooks.schemas import OURS
from comethooks.workers.record import Kind
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.heard import last_heard, remember
from tests.redis_server import RedisServer
from tests.workers.engine import record


@pytest.fixture
def streams(redis_server: RedisServer) -> Streams:
    """Where events are accepted."""
    return Streams(
        redis_server.client(), partitions=1, duplicate_window=3600, max_backlog_bytes=10**9
    )


def test_an_accepted_event_says_that_its_app_is_heard(streams: Streams) -> None:
    """With its time; a repeat, which adds nothing to the journal, says nothing."""
    first = record(app_id="a", received_at=1_000)
    streams.accept(first, duplicate_key=b"1" * 16, has_time=True)
    again = record(app_id="a", received_at=9_000)
    streams.accept(again, duplicate_key=b"1" * 16, has_time=True)
    streams.accept(record(app_id="b", received_at=2_000), duplicate_key=b"2" * 16, has_time=True)
    assert last_heard(streams.client) == {"a": 1_000, "b": 2_000}


@pytest.mark.parametrize(
    "changes",
    [
        {"source": OURS, "trigger": "app_silent"},
        {"source": "mailer"},
        {"trigger": "ui_message_interacted"},
        {"app_id": None},
    ],
)
def test_what_does_not_come_from_cometchat_says_nothing(
    streams: Streams, changes: dict[str, str]
) -> None:
    """Events that are made here, those of other sources, presses of clients, and of no app."""
    streams.accept(record(**changes), duplicate_key=b"1" * 16, has_time=True)
    streams.keep(record(kind=Kind.REFUSED, app_id="a"))
    assert last_heard(streams.client) == {}


def test_ids_of_apps_are_kept_as_sql_keeps_them(streams: Streams) -> None:
    """Also those that a sender made up."""
    odd = record(app_id="a\x00\ud800" + "b" * 300)
    streams.accept(odd, duplicate_key=b"1" * 16, has_time=True)
    [app] = last_heard(streams.client)
    assert len(app) == 255
    assert "\x00" not in app


def test_what_redis_lost_is_remembered_and_what_it_knows_is_later(streams: Streams) -> None:
    """An app may be heard while somebody remembers when it was before."""
    streams.accept(record(app_id="a", received_at=9_000), duplicate_key=b"", has_time=True)
    remember(streams.client, [("a", 1_000), ("b", 2_000)])
    assert last_heard(streams.client) == {"a": 9_000, "b": 2_000}
