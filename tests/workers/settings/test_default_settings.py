"""Settings that nobody set."""

import os
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.settings.settings import NAMES, Settings
from tests.workers.settings.loaded import problems


class TestDefaults:
    def test_nothing_has_to_be_set(self, data: dict[str, str], tmp_path: Path) -> None:
        settings = Settings.load(data)
        assert settings == Settings(
            basic_auth=(),
            interaction_keys=(),
            app_ids=frozenset(),
            apps=(),
            api_url="https://{appId}.api-{region}.cometchat.io/v3",
            api_plan="paid",
            media_hosts=(),
            management=None,
            redis_url=f"unix://{tmp_path}/valkey/valkey.sock",
            redis_replicas=0,
            host=None,
            server=None,
            database_pool=10,
            database_url=f"sqlite:///{tmp_path}/comethooks.db",
            bind=(),
            port=8000,
            public_status=False,
            web_concurrency=2,
            data_dir=tmp_path,
            public_url="http://127.0.0.1:8000",
            trusted_proxies=0,
            workers=settings.workers,
            threads=16,
            partitions=None,
            handler_timeout=30.0,
            duplicate_window=86_400,
            max_body=1_048_576,
            max_backlog_bytes=512_000_000,
            allow_loss=False,
            decision_budget_ms=800,
            on_decision_failure="allow",
            drop_answer='{"action":"do_not_propagate"}',
            annotations="plain",
            key_prefix="comethooks:",
            retention_days=30,
            payload_retention_days=30,
            run_retention_days=30,
            figure_minute_days=7,
            figure_hour_days=90,
            figure_export=(
                "messages.sent",
                "messages.edited",
                "messages.deleted",
                "receipts.read",
                "latency.delivered",
                "reactions.added",
                "calls.started",
                "calls.missed",
                "moderation.decided",
                "events",
            ),
            strict_triggers=frozenset(),
            lenient_triggers=frozenset(),
            drop_secrets=False,
            count_only=frozenset(),
            plugins=(),
            plugin_dir=tmp_path / "plugins",
            disabled_plugins=frozenset(),
            missing_plugin_wait=86_400.0,
            silence_after="auto",
            import_timeout=10.0,
            passed_credentials=frozenset(),
            notify_file=None,
            moderation_rules=None,
            spool_dir=None,
            spool_max_bytes=1_000_000_000,
            log_format="auto",
        )
        assert 1 <= settings.workers <= (os.cpu_count() or 1)

    def test_the_data_directory_is_below_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert Settings.load({}).data_dir == tmp_path / ".comethooks"

    def test_the_public_url_has_the_port(self, data: dict[str, str]) -> None:
        assert Settings.load(data | {"PORT": "9000"}).public_url == "http://127.0.0.1:9000"

    @pytest.mark.parametrize(
        ("bind", "shown", "port", "url"),
        [
            ("10.0.0.5:8001", "10.0.0.5:8001", 8001, "http://10.0.0.5:8001"),
            ("0.0.0.0", "0.0.0.0:9000", 9000, "http://127.0.0.1:9000"),
            ("[::1]:80", "[::1]:80", 80, "http://[::1]:80"),
            ("[::]:80, 10.0.0.5", "[::]:80,10.0.0.5:9000", 80, "http://[::1]:80"),
        ],
    )
    def test_where_it_listens_says_the_binding_before_the_port(
        self, data: dict[str, str], bind: str, shown: str, port: int, url: str
    ) -> None:
        settings = Settings.load(data | {"COMETHOOKS_BIND": bind, "PORT": "9000"})
        assert ",".join(map(str, settings.bind)) == shown
        assert (settings.port, settings.public_url) == (port, url)

    def test_a_binding_that_cannot_be_used_is_told_in_words(self, data: dict[str, str]) -> None:
        [problem] = problems(data | {"COMETHOOKS_BIND": "8000"})
        assert problem.startswith('COMETHOOKS_BIND is "8000": expected a host or host:port')

    def test_an_empty_value_counts_as_unset(self, data: dict[str, str]) -> None:
        """Compose files and CI pass on empty variables."""
        empty = dict.fromkeys(NAMES.values(), "") | {f"{name}_FILE": " " for name in NAMES.values()}
        assert Settings.load(empty | data) == Settings.load(data)

    def test_redis_py_reads_the_socket_path_that_was_meant(self, tmp_path: Path) -> None:
        """Also one with characters that mean something in a URL."""
        settings = Settings.load({"COMETHOOKS_DATA_DIR": "/d/50%#?"})
        kwargs = Redis.from_url(settings.redis_url).connection_pool.connection_kwargs
        assert kwargs["path"] == "/d/50%#?/valkey/valkey.sock"

    def test_the_environment_of_the_process_is_read_by_default(
        self, data: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COMETHOOKS_DATA_DIR", data["COMETHOOKS_DATA_DIR"])
        monkeypatch.setenv("PORT", "8123")
        assert Settings.load().port == 8123
        assert Settings.load(data).port == 8000
