"""Many runs that come due together are worked off, and live events hardly notice."""

from statistics import median

import pytest

from bench import storm
from bench.__main__ import CLOCK
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

LEAST_PER_SECOND = 100
"""A fraction of what `make bench` asks for: this runs beside whatever else the machine does."""
MOST_SLOWDOWN = 5


@pytest.mark.parametrize(
    ("database_url", "number"),
    [
        ("sqlite", 2000),
        pytest.param("sqlite", 50_000, marks=pytest.mark.attack),
        pytest.param("postgresql", 50_000, marks=pytest.mark.attack),
    ],
    indirect=["database_url"],
)
@pytest.mark.timeout(900)
def test_runs_that_are_due_together_run_once_each_beside_live_events(
    stack: Stack, own_redis_server: RedisServer, number: int
) -> None:
    """Their rows are done after the second attempt."""
    stack.plugin("recorder", CLOCK)
    stack.plugin("storm", storm.PLUGIN)
    file = stack.directory / "again"
    stack.environment["COMETHOOKS_STORM_FILE"] = str(file)
    stack.web()
    stack.start("worker", "--workers", "2")
    wait_for(
        lambda: own_redis_server.client().zcard(keys.MEMBERS) == 2, "both drainers have joined"
    )
    journal = journal_of(stack)
    found = storm.measure(
        journal, stack.port, stack.effects_file, number, calm=50, seconds=30 + number / 100
    )
    journal.close()
    print(
        f"{found.per_second:.0f} runs/s; live events handled after {median(found.calm_ms):.1f} ms"
        f" without and {median(found.storm_ms):.1f} ms with it"
    )
    rows = [line.split(" ") for line in file.read_text().splitlines()]
    assert len(rows) == len({row[0] for row in rows}) == number
    assert {row[3] for row in rows} == {"2"}
    assert found.per_second > LEAST_PER_SECOND
    assert found.slowdown < MOST_SLOWDOWN
