"""Health: alive without looking, ready as long as an event sent now would be kept."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from comethooks.webhooks.app import create_app
from comethooks.webhooks.journal_probe import JournalProbe
from comethooks.workers.journal import Journal
from comethooks.workers.plugins.published import HeldPlugin, PluginState, publish, publish_web
from comethooks.workers.streams import keys
from comethooks.workers.streams.layout import switch
from comethooks.workers.streams.owner import hand_over, own
from tests.application import MakeSettings
from tests.redis_server import RedisServer
from tests.tables import make_tables
from tests.webhooks.samples import authorization, message, raw


@pytest.fixture
def redis(own_redis_server: RedisServer) -> Redis:
    return own_redis_server.client()


@pytest.fixture
def client(make_settings: MakeSettings, own_redis_server: RedisServer) -> FlaskClient:
    """A client of an application whose server the test may ill-treat; four partitions, no
    drainer.
    """
    settings = make_settings(
        REDIS_URL=own_redis_server.url,
        COMETHOOKS_PARTITIONS="4",
        COMETHOOKS_MAX_BACKLOG_BYTES="100kB",
        COMETHOOKS_SPOOL_MAX_BYTES="0",  # or it would be ready without Redis
    )
    return create_app(settings).test_client()


def ready(client: FlaskClient) -> dict[str, Any]:
    """The document of /readyz, after checking that status and document agree."""
    response = client.get("/readyz")
    assert response.content_type == "application/json"
    document: dict[str, Any] = json.loads(response.data)
    assert document["ready"] is (response.status_code == 200)
    assert document["ready"] is not bool(document["refusing"])
    return document


def words(findings: list[dict[str, str]]) -> list[str]:
    return [finding["what"] for finding in findings]


def post(client: FlaskClient, **data: Any) -> int:
    sent = client.post(
        "/webhooks", data=raw(message(**data)), headers={"Authorization": authorization()}
    )
    return sent.status_code


class TestReady:
    def test_without_anybody_to_process_it_is_ready_and_says_so(self, client: FlaskClient) -> None:
        document = ready(client)
        assert document["ready"]
        assert words(document["degraded"]) == ["drainers", "leases", "scheduler", "journal"]
        assert document["drainers"] == 0
        assert document["waiting"] == 0

    def test_a_plugin_that_not_every_worker_runs_is_named(
        self, client: FlaskClient, redis: Redis
    ) -> None:
        """With how many, and without what its error says, which may be anything."""
        broken = HeldPlugin(
            "welcome", PluginState.QUARANTINED, "/srv/welcome.py:1", None, "ValueError: secret"
        )
        publish(redis, "a|boot|1", [broken])
        publish(redis, "b|boot|1", [])
        [found] = [each for each in ready(client)["degraded"] if each["what"] == "plugins"]
        assert found["detail"].startswith("welcome is in quarantine on 1 of 2 workers; ")
        assert "secret" not in json.dumps(found)

    def test_what_web_processes_do_not_ask_is_named(
        self, client: FlaskClient, redis: Redis
    ) -> None:
        """A plugin that one of them could not load, and a decider that rests in one."""
        guard = HeldPlugin("guard", PluginState.LOADED, "/srv/guard.py", "3f2a")
        broken = HeldPlugin("guard", PluginState.QUARANTINED, "/srv/guard.py:7", reason="secret")
        publish_web(redis, "one|boot|1", [guard], ["guard.judge"])
        publish_web(redis, "two|boot|1", [broken], [])
        found = {each["what"]: each["detail"] for each in ready(client)["degraded"]}
        assert found["plugins"].startswith("guard is in quarantine on 1 of 2 web processes")
        assert found["deciders"].startswith("guard.judge rests in 1 of 2 web processes")

    def test_with_a_drainer_that_has_everything_nothing_is_degraded(
        self, make_settings: MakeSettings, client: FlaskClient, redis: Redis
    ) -> None:
        make_tables(make_settings().database_url)
        redis.zadd(keys.MEMBERS, {"host|boot|1": time.time() * 1000})
        redis.mset({keys.lease(number): "1|host|boot|1" for number in range(4)})
        redis.set(keys.LEADER, "host|boot|2")
        redis.hset(keys.UNFINISHED, mapping={"dead": 7, "told_at": 1})
        assert ready(client)["degraded"] == []

    def test_a_scheduler_that_leads_and_does_nothing_is_named(
        self, client: FlaskClient, redis: Redis
    ) -> None:
        """The journal may answer and not be up to date."""
        redis.set(keys.LEADER, "host|boot|2")
        (finding,) = [item for item in ready(client)["degraded"] if item["what"] == "scheduler"]
        assert finding["detail"].startswith("it has done nothing for a minute")

    def test_runs_that_wait_for_a_plugin_are_told_by_handler(
        self, client: FlaskClient, redis: Redis
    ) -> None:
        """Until a worker has it, nothing else becomes of them."""
        waiting = {"welcome.greet|left_out": 3, "a.b|left_out": 1, "retrying|live": 4}
        redis.hset(keys.UNFINISHED, mapping={**waiting, "told_at": 1})
        (finding,) = [item for item in ready(client)["degraded"] if item["what"] == "left-out"]
        assert finding["detail"] == (
            "runs wait whose plugin was left out: 1 of a.b, 3 of welcome.greet; see: comethooks"
            " plugins list; if it never comes back: comethooks plugins forget a"
        )

    def test_asking_writes_nothing(self, client: FlaskClient, redis: Redis) -> None:
        ready(client)
        assert redis.dbsize() == 0

    def test_where_its_user_could_not_keep_an_event_it_is_not_ready(
        self, client: FlaskClient, redis: Redis
    ) -> None:
        """Though it may write in other ways; every event gets 503."""
        redis.execute_command("ACL", "SETUSER", "default", "-xadd")
        [found] = ready(client)["refusing"]
        assert "NOPERM, its user may not run XADD on our keys" in found["detail"]
        assert post(client) == 503

    def test_an_old_entry_is_named_with_its_age(self, client: FlaskClient, redis: Redis) -> None:
        seconds, _ = redis.time()
        redis.xadd(keys.stream(1), {"v": "1"}, id=f"{(seconds - 75) * 1000}-0")
        (finding,) = [item for item in ready(client)["degraded"] if item["what"] == "age"]
        assert re.fullmatch(r"the oldest event waits for 7\d seconds", finding["detail"])

    @pytest.mark.parametrize(
        "option, value, what",
        [("appendfsync", "everysec", "appendfsync"), ("appendonly", "no", "appendonly")],
    )
    def test_weaker_promises_of_the_server_are_named(
        self,
        make_settings: MakeSettings,
        own_redis_server: RedisServer,
        redis: Redis,
        option: str,
        value: str,
        what: str,
    ) -> None:
        """To keep nothing is one only where that is said to be wanted."""
        redis.config_set(option, value)
        settings = make_settings(REDIS_URL=own_redis_server.url, COMETHOOKS_ALLOW_LOSS="1")
        document = ready(create_app(settings).test_client())
        assert document["ready"]
        assert what in words(document["degraded"])

    @pytest.mark.parametrize("config", ["+config", "-config"])
    def test_eviction_is_named_beside_a_maxmemory_only(
        self, client: FlaskClient, redis: Redis, config: str
    ) -> None:
        """The server would remove what it is there to keep; it says so where it does not show its
        configuration.
        """
        redis.config_set("maxmemory-policy", "allkeys-lru")
        assert "eviction" not in words(ready(client)["degraded"])
        redis.config_set("maxmemory", 2_000_000_000)
        redis.execute_command("ACL", "SETUSER", "default", config)
        document = ready(client)
        assert document["ready"]
        (finding,) = [item for item in document["degraded"] if item["what"] == "eviction"]
        assert finding["detail"].endswith(
            "Redis removes kept events; set maxmemory-policy noeviction"
        )

    def test_a_backlog_that_the_server_has_no_memory_for_is_named(
        self, make_settings: MakeSettings, own_redis_server: RedisServer, redis: Redis
    ) -> None:
        settings = make_settings(
            REDIS_URL=own_redis_server.url,
            COMETHOOKS_PARTITIONS="4",
            COMETHOOKS_MAX_BACKLOG_BYTES="16MB",
        )
        redis.config_set("maxmemory", 20_000_000)
        client = create_app(settings).test_client()
        (finding,) = [item for item in ready(client)["degraded"] if item["what"] == "maxmemory"]
        assert "raise maxmemory to 32000000" in finding["detail"]
        redis.set(keys.BACKLOG, 9_999_900)
        (full,) = ready(client)["refusing"]
        assert full["detail"].startswith(
            "9999900 bytes wait; at most 10000000 bytes may wait, half of Redis'"
        )

    def test_old_partitions_that_are_still_to_be_emptied_are_named(
        self, client: FlaskClient, redis: Redis
    ) -> None:
        redis.xadd(keys.stream(1), {"v": "1"})
        switch(redis, 8, wanted=4)
        document = ready(client)
        assert document["ready"]
        assert "partitions" in words(document["degraded"])
        assert post(client) == 200

    def test_a_server_that_does_not_show_its_configuration_is_not_suspected(
        self, client: FlaskClient, redis: Redis
    ) -> None:
        redis.execute_command("ACL", "SETUSER", "default", "-config", "-info")
        assert ready(client)["ready"]


class TestNotReady:
    def test_a_server_without_memory_left_is_refusing_just_like_a_webhook_is(
        self, client: FlaskClient, redis: Redis
    ) -> None:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("maxmemory", "1")
        assert words(ready(client)["refusing"]) == ["redis"]
        assert post(client) == 503

    def test_so_is_one_that_may_only_be_read(self, client: FlaskClient, redis: Redis) -> None:
        redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        redis.config_set("replica-serve-stale-data", "yes")
        assert words(ready(client)["refusing"]) == ["redis"]
        assert post(client) == 503

    @pytest.mark.parametrize("hidden", ["", "-config", "-info"])
    def test_a_server_that_keeps_nothing_is_not_ready_and_takes_events(
        self, client: FlaskClient, redis: Redis, hidden: str
    ) -> None:
        """A 503 would lose them for sure. It is enough that one of CONFIG and INFO says it."""
        redis.config_set("appendonly", "no")
        if hidden:
            redis.execute_command("ACL", "SETUSER", "default", hidden)
        (finding,) = ready(client)["refusing"]
        assert finding["what"] == "appendonly"
        assert "COMETHOOKS_ALLOW_LOSS=1" in finding["detail"]
        assert post(client) == 200

    def test_so_is_one_that_holds_the_events_of_another_journal(
        self, make_settings: MakeSettings, client: FlaskClient, redis: Redis
    ) -> None:
        """They would be handled there, or the other's here."""
        url = make_settings().database_url
        make_tables(url)
        with closing(Journal.open(url)) as journal:
            own(redis, journal.identity() or "")
        assert ready(client)["ready"]
        hand_over(redis, "another")
        (finding,) = ready(client)["refusing"]
        assert finding["what"] == "journal"
        assert "comethooks db adopt --yes" in finding["detail"]

    def test_so_is_a_backlog_at_its_limit(self, client: FlaskClient, redis: Redis) -> None:
        redis.set(keys.BACKLOG, 99_900)
        assert words(ready(client)["refusing"]) == ["backlog"]
        assert post(client) == 503

    def test_so_is_one_with_fewer_replicas_than_have_to_have_an_event(
        self, make_settings: MakeSettings, redis: Redis
    ) -> None:
        """Each event would be refused, after a moment."""
        with create_app(make_settings(COMETHOOKS_REDIS_REPLICAS="1")).test_client() as client:
            (finding,) = ready(client)["refusing"]
            assert finding["what"] == "replicas"
            assert finding["detail"].startswith("Redis has 0 replicas, and COMETHOOKS_REDIS_REPL")
            assert post(client) == 503

    @pytest.mark.parametrize("how", ["kill", "freeze"])
    def test_without_redis_everything_answers_within_a_second(
        self, client: FlaskClient, own_redis_server: RedisServer, how: str
    ) -> None:
        assert post(client) == 200
        getattr(own_redis_server, how)()
        for path, status in (("/healthz", 200), ("/readyz", 503), ("/metrics", 200)):
            started = time.monotonic()
            assert client.get(path).status_code == status
            assert time.monotonic() - started < 4  # of five that other calls may take
        assert words(ready(client)["refusing"]) == ["redis"]


class TestJournalProbe:
    def test_a_journal_that_answers_is_no_finding(self, make_settings: MakeSettings) -> None:
        url = make_settings().database_url
        make_tables(url)
        assert JournalProbe(url).error() is None

    def test_a_process_that_has_not_imported_sql_takes_its_time_once(
        self, make_settings: MakeSettings
    ) -> None:
        """A fresh web process does not tell of a journal that answers, however slow its disk is."""
        url = make_settings().database_url
        make_tables(url)
        command = [sys.executable, "-P", "-c", _SLOW_TO_IMPORT, url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    def test_asking_for_a_missing_file_does_not_make_it(self, make_settings: MakeSettings) -> None:
        settings = make_settings()
        assert JournalProbe(settings.database_url).error() == "there is none"
        assert list(settings.data_dir.glob("*.db")) == []

    def test_a_server_that_says_nothing_is_waited_for_once_and_not_for_long(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            probe = JournalProbe(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/x")
            started = time.monotonic()
            assert [probe.error() for _ in range(3)] == ["no answer yet"] * 3
            assert time.monotonic() - started < 1
            assert sum(thread.name == "journal probe" for thread in threading.enumerate()) == 1


_SLOW_TO_IMPORT = """
import sys, time
from comethooks.webhooks import journal_probe
from comethooks.webhooks.journal_probe import PATIENCE_SECONDS, JournalProbe

journal_probe._IMPORT_SECONDS = 60  # this machine may be slow, too

class Slow:
    def find_spec(self, name, *_):
        if name == "sqlalchemy":
            time.sleep(PATIENCE_SECONDS)

sys.meta_path.insert(0, Slow())
sys.exit(JournalProbe(sys.argv[1]).error())
"""
