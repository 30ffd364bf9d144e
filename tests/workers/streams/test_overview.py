"""Redis in numbers."""

from comethooks.workers.streams import keys
from comethooks.workers.streams.backlog import waiting
from comethooks.workers.streams.leases import Leases
from comethooks.workers.streams.overview import MOST_HEARD, ToldFigure, overview
from comethooks.workers.texts import dumps
from tests.redis_server import RedisServer
from tests.workers.engine import append, partition, record


def test_an_empty_server_has_nothing_to_say(redis_server: RedisServer) -> None:
    """Zero, none and no lease everywhere."""
    found = overview(redis_server.client(), 2)
    assert [(p.number, p.depth, p.oldest_age_s, p.leased) for p in found.partitions] == [
        (0, 0, None, False),
        (1, 0, None, False),
    ]
    assert (found.drainers, found.backlog_bytes, found.maxmemory, found.runs) == (0, 0, 0, {})
    assert (found.scheduler_leads, found.scheduler_works, found.unfinished) == (False, False, None)


def test_it_counts_what_waits_who_lives_and_how_runs_ended(redis_server: RedisServer) -> None:
    """Depth, age, lease and bytes; live drainers; runs by handler, state and mode."""
    client = redis_server.client()
    held = partition(client, 1)
    for number in range(3):
        append(client, held, record(number=number))
    Leases(client, "h|b|1", range(1)).balance()
    client.hset(keys.RUNS, "plugin.with|bar|done|live", 4)
    found = overview(client, 2)
    second = found.partitions[1]
    assert (second.depth, second.leased) == (3, True)
    assert second.oldest_age_s is not None
    assert 0 <= second.oldest_age_s < 60
    assert found.drainers == 1
    assert found.backlog_bytes > 0
    assert found.runs == {("plugin.with|bar", "done", "live"): 4}


def test_a_scheduler_that_leads_and_tells_what_is_unfinished_works(
    redis_server: RedisServer,
) -> None:
    """Without any runs it still tells when it counted."""
    client = redis_server.client()
    client.set(keys.LEADER, "h|b|1")
    assert not overview(client, 1).scheduler_works
    client.hset(keys.UNFINISHED, mapping={"told_at": 1})
    assert overview(client, 1).unfinished == {}
    client.hset(keys.UNFINISHED, mapping={"dead|live": 2, "retrying|replay": 1})
    found = overview(client, 1)
    assert (found.scheduler_works, found.unfinished) == (
        True,
        {("dead", "live"): 2, ("retrying", "replay"): 1},
    )


def test_figures_are_passed_on_as_they_were_told(redis_server: RedisServer) -> None:
    """By metric, app and quantile; none when nobody tells them."""
    client = redis_server.client()
    assert overview(client, 1).figures == ()
    figures = (
        ToldFigure("messages.sent", "app1", "", 7),
        ToldFigure("latency.read", "none", "0.9", 1.25),
    )
    client.set(keys.FIGURES, dumps(figures))
    assert overview(client, 1).figures == figures


def test_it_knows_the_memory_of_the_server_unless_that_is_hidden(
    own_redis_server: RedisServer,
) -> None:
    """Not being permitted to ask is no failure."""
    client = own_redis_server.client()
    client.config_set("maxmemory", 20_000_000)
    assert overview(client, 1).maxmemory == 20_000_000
    client.execute_command("ACL", "SETUSER", "default", "-info")
    assert overview(client, 1).maxmemory == 0


def test_what_waits_can_be_read_newest_first_in_every_partition(redis_server: RedisServer) -> None:
    """More than one chunk of it; an entry that cannot be read is left out."""
    client = redis_server.client()
    held = partition(client, 0)
    kept = [record(number=number) for number in range(250)]
    for item in kept:
        append(client, held, item)
    client.xadd(keys.stream(1), {"v": "99"})
    assert list(waiting(client, range(2))) == [(0, item) for item in reversed(kept)]


def test_of_many_apps_it_tells_of_those_that_were_heard_last(redis_server: RedisServer) -> None:
    """Whoever may send can make up ids of apps, and each would be a series of the metrics."""
    client = redis_server.client()
    now, _ = client.time()
    for number in range(MOST_HEARD + 20):
        client.hset(keys.HEARD, f"app{number}", (now - number) * 1000)
    heard = overview(client, 1).heard_s
    assert set(heard) == {f"app{number}" for number in range(MOST_HEARD)}
    assert 90 <= heard["app90"] < 100
