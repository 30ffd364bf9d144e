"""What is said of replicas and Sentinels, of which each is brought into a state worth telling."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from comethooks.doctor.finding import Finding
from comethooks.doctor.redis_replicas import check_replicas
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from tests.comethooks.doctor.findings import OK, WARNING, WRONG, by_check, levels
from tests.redis_server import RedisServer, running_server
from tests.scenarios.stack import free_port
from tests.sentinels import Watched, watched
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def shared() -> Iterator[Watched]:
    """A primary with two replicas and three Sentinels."""
    with watched() as several:
        yield several


@pytest.fixture
def several(shared: Watched) -> Watched:
    """The same, set up as it should be."""
    for server in shared.servers:
        with server.client() as client:
            client.config_set("min-replicas-to-write", 1)
            client.config_set("min-replicas-max-lag", 10)
            client.config_set("appendonly", "yes")
    return shared


def found(directory: Path, url: str, wanted: int = 1, **variables: str) -> dict[str, Finding]:
    settings = Settings.load(
        {
            "COMETHOOKS_DATA_DIR": str(directory),
            "REDIS_URL": url,
            "COMETHOOKS_REDIS_REPLICAS": str(wanted),
            **variables,
        }
    )
    return by_check(check_replicas(connect(settings.redis_url), settings))


def test_what_is_as_it_should_be_is_ok(several: Watched, tmp_path: Path) -> None:
    """Replicas, their files, and the Sentinels with whom they name."""
    findings = found(tmp_path, several.url)
    assert set(levels(findings.values()).values()) == {OK}
    assert findings["redis.replicas"].detail == (
        "2 replicas; an event is kept when 1 of them has it"
    )
    assert findings["redis.sentinels"].detail == (
        f"3 Sentinels in the URL; they name 127.0.0.1:{several.primary.port}"
    )


@pytest.mark.parametrize(
    ("option", "value"), [("min-replicas-to-write", 0), ("min-replicas-max-lag", 0)]
)
def test_a_primary_that_writes_without_replicas_is_warned_of(
    several: Watched, tmp_path: Path, option: str, value: int
) -> None:
    """Cut off, it acknowledges what the promoted one never gets."""
    several.primary.client().config_set(option, value)
    finding = found(tmp_path, several.url)["redis.replicas"]
    assert finding.level is WARNING
    assert f"{option} is 0" in finding.detail
    assert finding.advice == "set min-replicas-to-write 1 and min-replicas-max-lag 10"


def test_the_setting_is_compared_with_the_replicas_that_there_are(
    several: Watched, tmp_path: Path
) -> None:
    """Without it a fail-over may lose the last moment; with a higher one nothing is kept."""
    none = found(tmp_path, several.url, 0)["redis.replicas"]
    assert (none.level, none.advice) == (WARNING, "set COMETHOOKS_REDIS_REPLICAS=1")
    three = found(tmp_path, several.url, 3)["redis.replicas"]
    assert three.level is WRONG
    assert three.detail.startswith("2 replicas, and COMETHOOKS_REDIS_REPLICAS asks for 3")


def test_a_replica_that_would_keep_nothing_is_wrong(several: Watched, tmp_path: Path) -> None:
    """Unless that may be."""
    [replica, *_] = [server for server in several.servers if server is not several.primary]
    replica.client().config_set("appendonly", "no")
    finding = found(tmp_path, several.url)["redis.copies"]
    assert finding.level is WRONG
    assert f"no append-only file on 127.0.0.1:{replica.port}:" in finding.detail
    assert "redis.copies" not in found(tmp_path, several.url, COMETHOOKS_ALLOW_LOSS="1")


def test_a_replica_that_cannot_be_asked_is_told_of(tmp_path: Path) -> None:
    """As one is that listens elsewhere; and without Sentinels nobody is told to set more."""
    with running_server(port=free_port()) as primary, running_server() as replica:
        client: Redis = primary.client()
        client.config_set("min-replicas-to-write", 1)
        replica.follow(primary.port)
        wait_for(lambda: client.info("replication")["connected_slaves"] == 1, "it follows")
        findings = found(tmp_path, primary.url, 0)
    assert findings["redis.replicas"].level is OK
    assert findings["redis.copies"].level is WARNING
    assert "redis.sentinels" not in findings


def test_nothing_is_said_of_a_server_that_is_alone(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    assert found(tmp_path, redis_server.url, 0) == {}


def test_sentinels_that_are_away_or_know_nothing_are_named(
    several: Watched, tmp_path: Path
) -> None:
    """One that hangs is a warning, one without the name is wrong, and two are too few."""
    [first, second, _] = several.sentinels
    second.send(signal.SIGSTOP)
    finding = found(tmp_path, several.url)["redis.sentinels"]
    second.send(signal.SIGCONT)
    assert finding.level is WARNING
    assert finding.detail.startswith(f"1 of 3 Sentinels of no use: 127.0.0.1:{second.port} did")
    two = several.url.replace(f"127.0.0.1:{second.port},", "")
    assert found(tmp_path, two)["redis.sentinels"].level is WARNING
    with first.client() as client:
        client.execute_command("SENTINEL", "REMOVE", "mymaster")
    finding = found(tmp_path, several.url)["redis.sentinels"]
    assert finding.level is WRONG
    assert f"127.0.0.1:{first.port} knows no mymaster" in finding.detail
