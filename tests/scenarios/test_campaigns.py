"""SIGKILLs at random moments under load: nothing is lost or out of order, and what is repeated is
known.

All of it is for `make attack`; in the normal suite `test_kills` and `test_outages` kill each part
once.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.drain.lanes import STARTED_PER_RUNNER
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from tests.scenarios.judging import Repeat, Verdict, judge
from tests.scenarios.load import Poster, rate
from tests.scenarios.stack import descendants, work_horses_of, workers_of
from tests.scenarios.test_up import Up
from tests.servers import PostgresServer
from tests.waiting import wait_for

POSTERS = 6
PER_SECOND = 40.0
"""Each; together more than the 100 events a second that a kill must happen under."""
LEAST = 100
"""Events a second that a kill happens under."""
KILLS = 20
"""Of each kind, in a campaign."""
LONGEST_PAUSE = 4.0
UNCONFIRMED_SECONDS = 1.0
"""A run that began so long before a kill has ended, and its mark is in Redis, however slow the
machine is."""

TINY = """
    import os
    import time
    from marshmallow import fields
    from comethooks import Plugin

    plugin = Plugin("recorder", config={"file": fields.String(required=True)})

    @plugin.on("*")
    def record(event, ctx):
        what = f"{event.id} {event.conversation_id} {event.message.id}"
        line = f"{what} {os.getpid()} {time.time_ns()}\\n"
        with open(ctx.config.file, "ab", buffering=0) as file:
            file.write(line.encode())
        time.sleep(0.001)
"""


@dataclass
class Kill:
    """One kill: of what, which processes, and when (ns)."""

    victim: str
    pids: list[int]
    at: int


@dataclass
class Campaign:
    """A deployment under load, in which one kill follows the other."""

    up: Up
    posters: Sequence[Poster]
    client: Redis
    chance: random.Random
    postgres: PostgresServer | None
    kills: list[Kill] = field(default_factory=list)

    def kill(self, victim: str) -> None:
        """Kill something of that kind, once there is such a thing and load."""
        wait_for(
            lambda: rate(self.posters) >= LEAST,
            f"{LEAST} events a second are acknowledged",
            seconds=60,
        )
        if victim == "postgresql":
            assert self.postgres
            pids = [self.postgres.pid]
            self.kills.append(Kill(victim, pids, time.time_ns()))
            self.postgres.kill()
            self.postgres.start()
            return
        wait_for(lambda: CANDIDATES[victim](self.up), f"there is a {victim}")
        pids = self.chance.choice(CANDIDATES[victim](self.up))
        self.kills.append(Kill(victim, pids, time.time_ns()))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    def go(self, victims: Sequence[str], longest_pause: float) -> None:
        """Kill one after the other, with random pauses between them."""
        for victim in victims:
            next_at = time.monotonic() + self.chance.uniform(1.0, longest_pause)
            wait_for(
                lambda moment=next_at: time.monotonic() >= moment, "it is time for the next kill"
            )
            self.kill(victim)

    def finish(self) -> Verdict:
        """Stop the load, wait until all is done, and judge."""
        for poster in self.posters:
            poster.stop()
        return judge(self.up.stack, self.posters, self.client)


CANDIDATES: dict[str, Callable[[Up], list[list[int]]]] = {
    "work-horse": lambda up: [[pid] for pid in work_horses_of(up.part("worker"))],
    "worker": lambda up: [[pid] for pid in workers_of(up.part("worker"))],
    "web": lambda up: [
        [up.part("web"), *descendants(up.part("web"))],
        *([pid] for pid in descendants(up.part("web"))),
    ],
    "server": lambda up: [[up.part("valkey")]] if up.part("valkey") else [],
}


@pytest.fixture
def campaign(
    request: pytest.FixtureRequest, tmp_path: Path, chance: random.Random
) -> Iterator[Campaign]:
    """A running deployment under load, on SQLite or, where the test asks for it, on a PostgreSQL of
    its own.
    """
    postgres = None
    up = Up(tmp_path)
    if getattr(request, "param", "sqlite") == "postgresql":
        postgres = request.getfixturevalue("own_postgres_server")
        up.stack.environment["DATABASE_URL"] = postgres.url
    up.stack.plugin("recorder", TINY)
    up.stack.environment["COMETHOOKS_BASIC_AUTH"] = "scenario:Passw0rdOfTheScenario"
    up.start()
    posters = [Poster(up.stack, number, PER_SECOND) for number in range(POSTERS)]
    client = connect(Settings.load(up.stack.environment).redis_url)
    for poster in posters:
        poster.start()
    yield Campaign(up, posters, client, chance, postgres)
    up.stack.close()


def most_repeated(campaign: Campaign) -> int:
    """How many runs may have had no confirmed end when processes died."""
    threads = Settings.load(campaign.up.stack.environment).threads
    drainers = Settings.load(campaign.up.stack.environment).workers
    affected = {"work-horse": 1, "server": drainers}
    return (
        sum(affected.get(kill.victim, 0) for kill in campaign.kills) * threads * STARTED_PER_RUNNER
    )


def age_at_kill(campaign: Campaign, repeat: Repeat) -> float:
    """Seconds from the start of a run that was repeated to the first kill after it that could be
    the reason.
    """
    reasons = [kill.at for kill in campaign.kills if kill.victim in ("work-horse", "server")]
    return min(
        max(0, at - repeat.first_at) / 1e9
        for at in reasons
        if repeat.first_at - UNCONFIRMED_SECONDS * 1e9 <= at <= repeat.again_at
    )


def check(campaign: Campaign, verdict: Verdict) -> None:
    """Judge by what was killed."""
    count = Counter(kill.victim for kill in campaign.kills)
    print(f"{dict(count)} killed: {verdict}; at most {most_repeated(campaign)} may be repeated")
    assert not verdict.lost
    assert verdict.disordered == 0
    assert len(verdict.repeats) <= most_repeated(campaign)
    ages = [age_at_kill(campaign, repeat) for repeat in verdict.repeats]
    if ages:
        print(f"repeated runs had begun up to {max(ages):.3f} s before the kill")
        assert max(ages) < UNCONFIRMED_SECONDS
    killed = {pid for kill in campaign.kills for pid in kill.pids}
    for run in verdict.dead:
        pids = [line[3] for line in verdict.effects.lines if line[0] == run.event_id]
        assert len(pids) >= 2, f"{run} is dead after {pids}"
        assert set(pids) <= killed, (
            f"{run} is dead, and ran in {pids}, of which the test killed {killed}"
        )


MIXED = ["postgresql", "work-horse", "server", "worker", "web"]


@pytest.mark.attack
@pytest.mark.parametrize("campaign", ["postgresql"], indirect=True)
def test_kills_of_every_kind_in_random_order_lose_and_disorder_nothing(campaign: Campaign) -> None:
    """One of each, PostgreSQL's first process too, each within seconds of the one before."""
    victims = campaign.chance.sample(MIXED, len(MIXED))
    campaign.go(victims, longest_pause=2.0)
    check(campaign, campaign.finish())


@pytest.mark.attack
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("campaign", "victim"),
    [
        ("sqlite", "work-horse"),
        ("sqlite", "worker"),
        ("sqlite", "web"),
        ("sqlite", "server"),
        ("postgresql", "postgresql"),
    ],
    indirect=["campaign"],
)
def test_twenty_kills_of_one_kind_lose_and_disorder_nothing(
    campaign: Campaign, victim: str
) -> None:
    """Each 1 to 4 seconds after the one before, and no earlier than the load has recovered."""
    campaign.go([victim] * KILLS, LONGEST_PAUSE)
    check(campaign, campaign.finish())


@pytest.mark.attack
@pytest.mark.timeout(900)
@pytest.mark.parametrize("campaign", ["postgresql"], indirect=True)
def test_forty_kills_of_every_kind_lose_and_disorder_nothing(campaign: Campaign) -> None:
    """Where one of them meets what another one left."""
    campaign.go([campaign.chance.choice(MIXED) for _ in range(2 * KILLS)], LONGEST_PAUSE)
    check(campaign, campaign.finish())
