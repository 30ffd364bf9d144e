"""A Redis user that has the rights which the documentation names, and no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comethooks.workers.streams.refusals import rights
from tests.redis_server import RedisServer
from tests.scenarios.stack import RECORDER, Stack, message
from tests.waiting import wait_for

ONCE_FAILING = """
    from comethooks import Plugin, Retry

    plugin = Plugin("moody")

    @plugin.on("*", retry=Retry(base=0.1))
    def second(event, ctx):
        assert ctx.attempt > 1
"""


@pytest.fixture
def limited(tmp_path: Path, own_redis_server: RedisServer) -> Iterator[Stack]:
    """One deployment that uses Redis as such a user."""
    server = own_redis_server
    server.client().execute_command("ACL", "SETUSER", "few", "on", ">secret", *rights().split())
    made = Stack(tmp_path, server.url.replace("unix://", "unix://few:secret@"))
    yield made
    made.close()


def test_a_worker_that_lacks_a_right_says_which(
    limited: Stack, own_redis_server: RedisServer
) -> None:
    """RQ needs more than what keeps an event."""
    own_redis_server.client().execute_command("ACL", "SETUSER", "few", "-hset")
    limited.make_tables()
    limited.start("worker", "--workers", "1")
    wait_for(lambda: "a worker needs more rights" in limited.log(), "it says so")
    assert "NOPERM, its user may not run HSET; its rights have to be" in limited.log()
    assert "Traceback" not in limited.log()


def test_the_rights_that_the_documentation_names_suffice(
    limited: Stack, own_redis_server: RedisServer
) -> None:
    """For events, further attempts and what commands ask: Redis has denied nothing."""
    documented = Path("docs/settings.md").read_text()
    assert f"ACL SETUSER comethooks on >password {rights()}\n" in documented
    limited.plugin("recorder", RECORDER)
    limited.plugin("moody", ONCE_FAILING)
    limited.make_tables()
    limited.web()
    worker = limited.start("worker", "--workers", "1")
    assert limited.post(message(1, 1)).status_code == 200
    wait_for(lambda: limited.effects().ids, "the event is handled")
    wait_for(
        lambda: (
            {run["state"] for run in limited.listing("runs", "list", "--handler", "moody.second")}
            == {"done"}
        ),
        "the second attempt has succeeded",
    )
    for command in (("plugins", "list"), ("partitions", "list"), ("partitions", "set", "4")):
        limited.run(*command)
    told = limited.run("doctor", check=False).stdout
    assert "does not answer" not in told
    assert "refuse" not in told
    worker.terminate()
    worker.wait(30)
    assert own_redis_server.client().execute_command("ACL", "LOG") == []
