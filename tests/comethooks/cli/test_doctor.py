"""`comethooks doctor`: all checks together, and what it makes of them."""

import json
import time
from pathlib import Path

import pytest
from redis import Redis

from comethooks.doctor import everything
from comethooks.workers.settings.settings import Settings
from tests import servers
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.redis_server import RedisServer
from tests.webhooks.serving import free_port, served

GROUPS = {
    *("requests", "settings", "redis", "database", "clock", "plugins", "workers", "disk", "web"),
    *("silence", "files", "spool"),
}


def found(command: Command, *arguments: str, **variables: str) -> dict[str, dict[str, str]]:
    """The findings by name, whether or not it failed."""
    done = command("doctor", "--json", *arguments, **variables)
    assert done.exit_code in (0, 1), done.output
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    return {document["check"]: document for document in documents}


def wrong(findings: dict[str, dict[str, str]]) -> set[str]:
    return {name for name, finding in findings.items() if finding["level"] == "wrong"}


@pytest.fixture
def nothing(tmp_path: Path) -> Command:
    """`comethooks` where nothing was ever started."""
    return Command({"COMETHOOKS_DATA_DIR": str(tmp_path / "data"), "PORT": str(free_port())})


@pytest.fixture
def upgraded(command: Command, store: Store) -> Command:
    """`comethooks` with a Redis and a database that are up to date, and no process."""
    return Command({**command.environ, "PORT": str(free_port())})


class TestFindings:
    def test_a_setting_that_nobody_reads_is_named_with_the_nearest(
        self, nothing: Command, tmp_path: Path
    ) -> None:
        """Those of plugins are read by plugins; a slip in one of them is named too."""
        (tmp_path / "greeter.py").write_text(
            "from comethooks import Plugin\n"
            "from marshmallow import fields\n"
            'plugin = Plugin("welcome", config={"channel": fields.Str()})\n'
        )
        done = nothing(
            "doctor",
            "--json",
            COMETHOOKS_PLUGIN_DIR=str(tmp_path),
            COMETHOOKS_WORKER="hush",
            COMETHOOKS_WELCOME_CHANNEL="hush",
            COMETHOOKS_WELCOME_CHANEL="hush",
        )
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert [each["detail"] for each in told if each["check"] == "settings.unread"] == [
            "COMETHOOKS_WELCOME_CHANEL is read by nobody; did you mean COMETHOOKS_WELCOME_CHANNEL?",
            "COMETHOOKS_WORKER is read by nobody; did you mean COMETHOOKS_WORKERS?",
        ]
        assert "hush" not in done.output

    def test_where_nothing_runs_it_says_what_does_not(
        self, nothing: Command, tmp_path: Path
    ) -> None:
        """Nothing is wrong with that, and looking makes nothing."""
        findings = found(nothing)
        assert wrong(findings) == set()
        for name, words in (
            ("redis.connection", "the embedded server is not running"),
            ("database.connection", "there is no database"),
            ("workers", "nothing is known of them"),
            ("web.alive", "nothing listens"),
        ):
            assert findings[name]["level"] == "warning"
            assert findings[name]["detail"].startswith(words)
        assert list(tmp_path.iterdir()) == []

    def test_every_group_is_looked_at(self, upgraded: Command) -> None:
        """Except for the public address, unless it is asked for."""
        findings = found(upgraded)
        assert {name.split(".")[0] for name in findings} == GROUPS
        assert wrong(findings) == set()
        assert set(findings["disk.space"]) == {"check", "level", "detail", "advice"}

    def test_with_the_web_process_its_public_address_can_be_tried_out(
        self, upgraded: Command, tmp_path: Path
    ) -> None:
        """By default that of the settings; another one can be given."""
        with served(Settings.load(upgraded.environ), tmp_path):
            by_default = found(upgraded, "--public-url")
            given = found(
                upgraded, "--public-url", f"http://127.0.0.1:{upgraded.environ['PORT']}/webhooks"
            )
        for findings in (by_default, given):
            assert findings["web.alive"]["level"] == "ok"
            assert (
                findings["public.refuses"]["level"] == findings["public.accepts"]["level"] == "ok"
            )
            assert wrong(findings) == {"public.address"}

    def test_a_quarantined_plugin_is_wrong_and_the_rest_is_looked_at(
        self, upgraded: Command, tmp_path: Path
    ) -> None:
        """What a plugin prints is no data."""
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins" / "broken.py").write_text(
            "print('hello')\nimport nothing_of_that_name\n"
        )
        findings = found(upgraded)
        assert wrong(findings) == {"plugins.broken"}
        assert "broken.py:2" in findings["plugins.broken"]["detail"]
        assert "web.alive" in findings

    def test_a_check_that_raises_is_a_finding_and_the_rest_is_looked_at(
        self, upgraded: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A defect of one is no reason to keep the others back."""

        def broken(places: object) -> None:
            raise RuntimeError("planted")

        monkeypatch.setattr(everything.disks, "check_disks", broken)
        findings = found(upgraded)
        assert wrong(findings) == {"disk"}
        assert "RuntimeError" in findings["disk"]["detail"]
        assert "web.alive" in findings

    def test_a_redis_that_is_silent_does_not_hold_it_up(
        self, command: Command, own_redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is asked once, and the rest is looked at without it."""
        monkeypatch.setattr(everything, "REDIS_SECONDS", 0.3)
        own_redis_server.freeze()
        started = time.monotonic()
        findings = found(command, REDIS_URL=own_redis_server.url)
        assert findings["redis.connection"]["level"] == "wrong"
        assert findings["workers"]["level"] == "warning"
        assert time.monotonic() - started < 10

    def test_in_redis_it_looks_where_the_prefix_says(
        self, upgraded: Command, redis_server: RedisServer
    ) -> None:
        """Beside is another deployment, whose journal is none of its business."""
        redis_server.client().set("comethooks:journal", "another")
        assert wrong(found(upgraded, COMETHOOKS_KEY_PREFIX="staging")) == set()
        assert wrong(found(upgraded)) == {"redis.journal"}

    def test_it_works_with_postgresql(self, upgraded: Command, postgres_server: str) -> None:
        """Whose clock is looked at, too. The tables are missing, and it says how to make them."""
        with servers.postgres_schema(postgres_server) as url:
            before = found(upgraded, DATABASE_URL=url)
            assert upgraded("db", "upgrade", DATABASE_URL=url).exit_code == 0
            findings = found(upgraded, DATABASE_URL=url)
        assert "PostgreSQL" in before["database.connection"]["detail"]
        assert before["database.schema"]["advice"] == "run: comethooks db upgrade"
        assert wrong(findings) == set()
        assert findings["clock.postgresql"]["level"] == "ok"

    def test_no_secret_is_printed(self, command: Command) -> None:
        """Not even of settings that nobody answers under."""
        secrets = {
            "COMETHOOKS_BASIC_AUTH": "ada:planted1",
            "REDIS_URL": f"redis://ada:planted2@127.0.0.1:{free_port()}/0",
            "DATABASE_URL": f"postgresql://ada:planted3@127.0.0.1:{free_port()}/x",
        }
        for arguments in ((), ("--json",)):
            assert "planted" not in command("doctor", *arguments, **secrets).output


class TestExit:
    def test_warnings_are_no_failure_unless_it_is_strict(self, nothing: Command) -> None:
        """There are some wherever nothing runs."""
        done = nothing("doctor")
        assert done.exit_code == 0
        assert done.stderr.strip().endswith(" warnings, 0 wrong")
        assert nothing("doctor", "--strict").exit_code == 1

    def test_what_is_wrong_is_a_failure(
        self, upgraded: Command, own_redis_server: RedisServer
    ) -> None:
        """Here, a Redis that would remove events."""
        client: Redis = own_redis_server.client()
        client.config_set("maxmemory", 2_000_000_000)
        client.config_set("maxmemory-policy", "allkeys-lru")
        done = upgraded("doctor", REDIS_URL=own_redis_server.url)
        assert done.exit_code == 1
        assert "set maxmemory-policy noeviction" in " ".join(done.stdout.split())
        assert done.stderr.strip().endswith(", 1 wrong")

    def test_settings_that_cannot_be_used_are_all_named(self, nothing: Command) -> None:
        """As findings like all others; nothing else can be looked at then."""
        done = nothing("doctor", "--json", PORT="none", REDIS_URL="ftp://x")
        assert done.exit_code == 1
        documents = [json.loads(line) for line in done.stdout.splitlines()]
        assert [document["level"] for document in documents] == ["wrong", "wrong"]
        assert {document["detail"].split()[0].rstrip(":") for document in documents} == {
            "PORT",
            "REDIS_URL",
        }

    def test_a_public_url_that_is_none_is_wrong_use(self, nothing: Command) -> None:
        """Before anything is looked at."""
        done = nothing("doctor", "--public-url", "chat.example.com")
        assert done.exit_code == 2
        assert done.stdout == ""


class TestTable:
    def test_in_a_pipe_it_is_at_most_120_columns_wide(self, nothing: Command) -> None:
        """What is found is prose, and folded there, too; no word of it is lost."""
        lines = nothing("doctor").stdout.splitlines()
        assert max(map(len, lines)) <= 120
        shown = "".join("".join(lines).split())
        start = lines[0].index("FOUND")
        told = "".join("".join(line[start:] for line in lines[1:]).split())
        for finding in found(nothing).values():
            assert "".join(finding["check"].split()) in shown
            assert "".join(finding["detail"].split()) in told

    def test_it_has_a_row_for_each_finding(self, nothing: Command) -> None:
        """Name, level, what was found, what to do."""
        heading, *lines = nothing("doctor").stdout.splitlines()
        assert heading.split("  ")[0] == "CHECK"
        assert any(line.startswith("web.alive") and "comethooks up" in line for line in lines)
        state = heading.index("STATE")
        assert {line[state:].split(" ")[0] for line in lines} - {""} == {"ok", "warning"}
