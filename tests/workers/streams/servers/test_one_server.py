"""A cluster, and what divides keys among servers, is told from one server."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError, TimeoutError

from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.servers.one_server import CLUSTER, PROXY, what_it_is
from tests.missing import missing
from tests.redis_server import RedisServer, running_server
from tests.scenarios.stack import free_port
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisServer]:
    """A node of a cluster of one, with all slots."""
    options = {"cluster-enabled": "yes"}
    with running_server(shutil.which("redis-server"), free_port_of_a_node(), options) as server:
        with server.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            wait_for(lambda: client.cluster("info")["cluster_state"] == "ok", "it serves")
        yield server


def free_port_of_a_node() -> int:
    """One whose neighbour 10,000 above may be a port, too."""
    while (port := free_port()) > 50_000:
        pass
    return port


@pytest.fixture
def proxy(redis_server: RedisServer, tmp_path: Path) -> Iterator[str]:
    """The URL of twemproxy before two servers."""
    program = shutil.which("nutcracker", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        missing("no nutcracker (Debian: apt-get install nutcracker)")
    port, stats = free_port(), free_port()
    file = tmp_path / "nutcracker.yml"
    with running_server() as other:
        servers = "".join(f"   - {each.socket}:1\n" for each in (redis_server, other))
        file.write_text(f"pool:\n  listen: 127.0.0.1:{port}\n  redis: true\n  servers:\n{servers}")
        process = subprocess.Popen(
            [program, "-c", str(file), "-s", str(stats)], stderr=subprocess.DEVNULL
        )
        try:
            with Redis(port=port, protocol=2, driver_info=None) as client:
                wait_for(lambda: answers(client), "the proxy answers")
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False


def test_one_server_is_one(redis_server: RedisServer) -> None:
    """Also when it may not be asked what it is."""
    with redis_server.client() as client:
        assert what_it_is(client, redis_server.url) is None
        client.execute_command("ACL", "SETUSER", "asked", "on", "nopass", "~*", "+@all", "-info")
        client.execute_command("AUTH", "asked", "")
        assert what_it_is(client, redis_server.url) is None


def test_a_cluster_is_told(cluster: RedisServer) -> None:
    """By what it says of itself, and where it may not be asked by what it refuses."""
    with cluster.client() as client:
        assert what_it_is(client, cluster.url)[0] == CLUSTER  # type: ignore[index]
        client.execute_command("ACL", "SETUSER", "asked", "on", "nopass", "~*", "+@all", "-info")
        client.execute_command("AUTH", "asked", "")
        assert what_it_is(client, cluster.url)[0] == CLUSTER  # type: ignore[index]


def test_a_proxy_before_several_servers_is_told(proxy: str) -> None:
    """It hangs up on everything that it does not know, the greeting of a client among it."""
    with connect(proxy) as client:
        assert what_it_is(client, proxy)[0] == PROXY  # type: ignore[index]


def test_what_is_away_is_not_suspected(own_redis_server: RedisServer) -> None:
    """It is waited for, whatever it is."""
    own_redis_server.kill()
    with own_redis_server.client() as client:
        assert what_it_is(client, own_redis_server.url) is None
    nowhere = f"redis://127.0.0.1:{free_port()}"
    with connect(nowhere) as client:
        assert what_it_is(client, nowhere) is None


def test_what_is_silent_is_asked_once(own_redis_server: RedisServer) -> None:
    """Who starts beside it says so soon."""
    own_redis_server.freeze()
    with (
        connect(own_redis_server.url, timeout=0.2) as client,
        pytest.raises(TimeoutError, match="Timeout"),
    ):
        what_it_is(client, own_redis_server.url)
