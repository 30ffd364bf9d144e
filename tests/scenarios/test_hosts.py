"""Several hosts, whose clocks differ, have one Redis and one PostgreSQL: it makes no difference."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.journal import Filter
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.scenarios.hosts import Host, stack_on
from tests.scenarios.judging import journal_of, judge, waiting
from tests.scenarios.load import Poster, acknowledged
from tests.scenarios.stack import RECORDER, Stack, kill_tree, work_horses_of, workers_of
from tests.servers import postgres_schema
from tests.waiting import wait_for

HOSTS = (Host("web-a", -300), Host("web-b"), Host("worker-c", 300), Host("worker-d"))

AGAIN = """
    import time
    from marshmallow import fields
    from comethooks import Plugin, RetryLater

    plugin = Plugin("again", config={"file": fields.String(required=True)})

    @plugin.on("message_sent")
    def later(event, ctx):
        if int(event.message.id.partition("-")[2]) % 5 == 0:
            if ctx.attempt == 1:
                raise RetryLater(1)
            with open(ctx.config.file, "ab", buffering=0) as file:
                file.write(f"{event.id}\\n".encode())
            time.sleep(SECONDS)
"""
"""A plugin of which every fifth event needs a second attempt, which takes a while."""


class Deployment:
    """Four hosts. All of them append to one ledger of each handler."""

    def __init__(self, directory: Path, redis_url: str, database_url: str, seconds: float) -> None:
        self.again_file = directory / "again"
        settings = {
            "COMETHOOKS_AGAIN_FILE": str(self.again_file),
            "COMETHOOKS_SILENCE_AFTER": "240s",
            "WEB_CONCURRENCY": "1",
        }
        self.hosts = [
            stack_on(host, directory, redis_url, database_url, **settings) for host in HOSTS
        ]
        self.web_a, self.web_b, self.worker_c, self.worker_d = self.hosts
        for host in self.hosts:
            host.plugin("recorder", RECORDER)
            host.plugin("again", AGAIN.replace("SECONDS", str(seconds)))
        self.web_b.make_tables()

    def close(self) -> None:
        """End everything."""
        for host in self.hosts:
            host.close()


@pytest.fixture
def deployment(
    own_redis_server: RedisServer,
    postgres_server: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Deployment]:
    with postgres_schema(postgres_server) as database_url:
        made = Deployment(tmp_path, own_redis_server.url, database_url, request.param)
        yield made
        made.close()


@pytest.mark.parametrize(
    ("deployment", "events", "whole_host"),
    [(0.1, 400, False), pytest.param(1.5, 4000, True, marks=pytest.mark.attack)],
    indirect=["deployment"],
)
@pytest.mark.timeout(300)
def test_hosts_whose_clocks_differ_lose_and_repeat_nothing(
    deployment: Deployment, own_redis_server: RedisServer, events: int, whole_host: bool
) -> None:
    """Two web hosts take the messages of each conversation in turn, two worker hosts share them,
    and on one of these the workers are killed.
    """
    client = own_redis_server.client()
    for host in (deployment.web_a, deployment.web_b):
        host.start("web")
    supervisors = [
        host.start("worker", "--workers", "1")
        for host in (deployment.worker_c, deployment.worker_d)
    ]
    wait_for(lambda: deployment.web_a.answers() and deployment.web_b.answers(), "both hosts answer")
    wait_for(lambda: hosts_of(client) == {"worker-c", "worker-d"}, "both hosts drain", seconds=30)
    posters = [
        Poster(deployment.web_a, number, 1000, others=[deployment.web_b]) for number in range(8)
    ]
    for poster in posters:
        poster.start()
    wait_for(lambda: len(acknowledged(posters)) > events / 2, "half is acknowledged", seconds=120)
    kill(supervisors[0].pid, whole_host=whole_host)
    wait_for(lambda: len(acknowledged(posters)) >= events, "all is acknowledged", seconds=120)
    for poster in posters:
        poster.stop()

    wait_for(lambda: not waiting(client), "everything is journalled", seconds=60)
    wait_for(lambda: not unfinished(deployment.web_b), "every run has ended", seconds=150)
    verdict = judge(deployment.web_b, posters, client)
    print(verdict)
    assert not verdict.lost
    assert verdict.disordered == 0
    assert verdict.states == {RunState.DONE: verdict.states.total()}
    # Only what was in progress when the workers were killed may have run twice.
    again = deployment.again_file.read_text().split()
    assert len(verdict.repeats) <= 40
    assert len(again) - len(set(again)) <= (20 if whole_host else 2)
    assert deployment.web_b.listing("events", "list", "--trigger", "app.*") == []
    assert len(deployment.web_b.listing("events", "list")) == len(acknowledged(posters))


def hosts_of(client: Redis) -> set[str]:
    """The hosts that drain, and have leases."""
    members = [member.decode() for member in client.zrange(keys.MEMBERS, 0, -1)]  # type: ignore[union-attr]
    return {member.partition("|")[0] for member in members}


def unfinished(stack: Stack) -> int:
    """Runs that have not ended."""
    journal = journal_of(stack)
    found = sum(
        1
        for state in (RunState.RETRYING, RunState.RUNNING)
        for _ in journal.runs(Filter(state=state))
    )
    journal.close()
    return found


def kill(supervisor: int, *, whole_host: bool) -> None:
    """Kill the worker of a host and its work-horse, or everything that runs there."""
    if whole_host:
        kill_tree(supervisor)
    for pid in work_horses_of(supervisor) + workers_of(supervisor):
        os.kill(pid, signal.SIGKILL)
