"""Metrics: what became of requests, and what is in Redis."""

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from comethooks.schemas import DriftKind
from comethooks.webhooks.app import create_app
from comethooks.webhooks.metrics import Metrics, trigger_label
from comethooks.workers.streams import counters, keys
from comethooks.workers.streams.endings import record_death
from comethooks.workers.streams.overview import ToldFigure
from comethooks.workers.texts import dumps
from tests.application import MakeSettings
from tests.redis_server import RedisServer
from tests.webhooks.samples import authorization, in_flight, message, raw


def scraped(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels."""
    response = client.get("/metrics")
    assert response.content_type.startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_outcome_and_trigger(client: FlaskClient) -> None:
    headers = {"Authorization": authorization()}
    for body in (message(), message(), message("made_up"), [], in_flight(), in_flight(sender=...)):
        client.post("/webhooks", data=raw(body), headers=headers)
    client.post("/webhooks", data=raw(message()))
    found = scraped(client)
    assert {
        key[1:]: value for key, value in found.items() if key[0] == "comethooks_requests_total"
    } == {
        ("accepted", "after_message"): 1,
        ("duplicate", "after_message"): 1,
        ("accepted", "other"): 1,
        ("refused_400", "none"): 1,
        ("accepted", "before_message"): 1,
        ("refused_422", "before_message"): 1,
        ("unauthorized", "none"): 1,
    }
    assert found["comethooks_accept_seconds_count",] == 6
    assert found["comethooks_failures_total",] == 0


def test_what_is_in_redis_is_shown(client: FlaskClient, redis_server: RedisServer) -> None:
    with redis_server.client() as redis:
        _fill(redis)
    found = scraped(client)
    assert found["comethooks_redis_up",] == 1
    assert found["comethooks_partition_depth", "3"] == 2
    assert found["comethooks_partition_depth", "0"] == 0
    assert 60 <= found["comethooks_partition_oldest_seconds", "3"] < 70
    assert found["comethooks_partitions_without_lease",] == 15
    assert found["comethooks_drainers",] == 1
    assert found["comethooks_backlog_bytes",] == 1234
    assert found["comethooks_backlog_limit_bytes",] == 512_000_000
    assert found["comethooks_runs_total", "welcome.greet", "live", "done"] == 7


def test_the_limit_of_the_backlog_is_the_one_in_force(
    make_settings: MakeSettings, own_redis_server: RedisServer
) -> None:
    """Half of the server's memory, where the settings allow more."""
    with own_redis_server.client() as redis:
        redis.config_set("maxmemory", 20_000_000)
    found = scraped(create_app(make_settings(REDIS_URL=own_redis_server.url)).test_client())
    assert found["comethooks_backlog_limit_bytes",] == 10_000_000


def test_unfinished_runs_are_shown_as_the_scheduler_told_them(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    """States that none is in as zero; what is dismissed is no longer anybody's business, and what
    failed in a dry run never was.
    """
    with redis_server.client() as redis:
        redis.set(keys.LEADER, "host|boot|1")
        redis.hset(
            keys.UNFINISHED,
            mapping={"dead|live": 3, "waiting|replay": 2, "dismissed|live": 9, "told_at": 1},
        )
    found = scraped(client)
    assert found["comethooks_scheduler_up",] == 1
    told = {key[1:]: value for key, value in found.items() if "_runs_unfinished" in key[0]}
    assert {labels: value for labels, value in told.items() if value} == {
        ("live", "dead"): 3,
        ("replay", "waiting"): 2,
    }
    passing, failed = {"retrying", "running"}, {"waiting", "dead"}
    states = {"live": passing | failed, "replay": passing | failed, "dry": passing}
    assert told.keys() == {(mode, state) for mode in states for state in states[mode]}


def test_open_cases_are_shown_as_the_scheduler_told_them(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    """By severity."""
    with redis_server.client() as redis:
        redis.set(keys.LEADER, "host|boot|1")
        redis.hset(keys.UNFINISHED, mapping={"high|open_cases": 2, "dead|live": 3, "told_at": 1})
    found = scraped(client)
    shown = {key[1:]: value for key, value in found.items() if "_cases_open" in key[0]}
    assert shown == {("high",): 2}


def test_without_a_scheduler_nobody_knows_what_is_unfinished(client: FlaskClient) -> None:
    """Zeros would say that all is well."""
    found = scraped(client)
    assert found["comethooks_scheduler_up",] == 0
    assert not any(name == "comethooks_runs_unfinished" for name, *_ in found)


def test_what_was_killed_and_what_was_deleted_is_counted(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    """By the word for how a work-horse ended, and by what retention took."""
    redis = redis_server.client()
    record_death(redis, 4_000_000, "SIGKILL")
    record_death(redis, 4_000_001, "SIGKILL")
    redis.hincrby(keys.COUNTERS, counters.field(counters.DELETED, "events"), 500)
    found = scraped(client)
    assert found["comethooks_work_horses_killed_total", "SIGKILL"] == 2
    assert found["comethooks_retention_deleted_total", "events"] == 500


def test_for_how_long_retries_have_been_due_is_shown(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    """Nothing is due while the first one waits for its time."""
    redis = redis_server.client()
    seconds, _ = redis.time()
    redis.hset(keys.UNFINISHED, mapping={keys.TOLD_AT: seconds, keys.OLDEST_DUE_AT: seconds - 90})
    assert 90 <= scraped(client)["comethooks_runs_oldest_due_seconds",] < 95
    redis.hset(keys.UNFINISHED, keys.OLDEST_DUE_AT, seconds + 90)
    assert scraped(client)["comethooks_runs_oldest_due_seconds",] == 0


def _fill(redis: Redis) -> None:
    seconds, _ = redis.time()
    redis.xadd(keys.stream(3), {"v": "1"}, id=f"{(seconds - 60) * 1000}-0")
    redis.xadd(keys.stream(3), {"v": "1"})
    redis.set(keys.lease(3), "1|host|boot|1")
    redis.zadd(keys.MEMBERS, {"host|boot|1": seconds * 1000, "host|boot|2": (seconds - 600) * 1000})
    redis.set(keys.BACKLOG, 1234)
    redis.hset(keys.RUNS, "welcome.greet|done|live", 7)


def test_figures_of_the_last_minute_are_shown_as_the_scheduler_told_them(
    client: FlaskClient, redis_server: RedisServer
) -> None:
    """By metric and app, and quantiles by their names."""
    with redis_server.client() as redis:
        told = [
            ToldFigure("messages.sent", "app1", "", 7),
            ToldFigure("messages.sent", "other", "", 0),
            ToldFigure("latency.read", "app1", "0.9", 1.25),
        ]
        redis.set(keys.FIGURES, dumps(told))
    found = scraped(client)
    assert {key[1:]: value for key, value in found.items() if key[0] == "comethooks_figure"} == {
        ("app1", "messages.sent"): 7,
        ("other", "messages.sent"): 0,
        ("app1", "latency.read", "0.9"): 1.25,
    }


def test_without_redis_the_counters_are_still_there(make_settings: MakeSettings) -> None:
    client = create_app(make_settings(REDIS_URL="unix:///nowhere/redis.sock")).test_client()
    client.post("/webhooks", data=raw(in_flight()), headers={"Authorization": authorization()})
    found = scraped(client)
    assert found["comethooks_redis_up",] == 0
    assert found["comethooks_requests_total", "in_flight_lost", "before_message"] == 1
    assert not any(name.startswith("comethooks_partition") for name, *_ in found)


def test_a_sender_cannot_make_up_labels() -> None:
    metrics = Metrics()
    for number in range(1000):
        metrics.request("accepted", f"trigger{number}")
    assert (
        metrics.text(None, max_backlog_bytes=1, multiprocess=False).count(
            b"comethooks_requests_total{"
        )
        == 1
    )


def test_bodies_with_drift_are_counted_by_kind() -> None:
    metrics = Metrics()
    for kind in (DriftKind.FIELD, DriftKind.FIELD, DriftKind.TYPE):
        metrics.drift(kind)
    text = metrics.text(None, max_backlog_bytes=1, multiprocess=False)
    assert b'comethooks_drift_total{kind="unknown field"} 2.0' in text
    assert b'comethooks_drift_total{kind="wrong type"} 1.0' in text


def test_a_known_trigger_is_its_own_label() -> None:
    labels = [trigger_label(trigger) for trigger in ("before_message", "x", None)]
    assert labels == ["before_message", "other", "none"]
