"""How the web process is started."""

import os
import sys
from pathlib import Path

import pytest

from tests.webhooks.conftest import MakeSettings
from webhooks.app import NoCredentialsError
from webhooks.server import environment, gunicorn_argv


class TestGunicornArgv:
    def test_port_and_processes_come_from_the_settings(self, make_settings: MakeSettings) -> None:
        argv = gunicorn_argv(make_settings(PORT="8123", WEB_CONCURRENCY="3"))
        assert argv[:3] == [sys.executable, "-m", "gunicorn"]
        assert argv[argv.index("--bind") + 1] == "0.0.0.0:8123"
        assert argv[argv.index("--workers") + 1] == "3"
        assert argv[-1] == "webhooks.app:create_app()"

    def test_without_credentials_there_is_none(self, make_settings: MakeSettings) -> None:
        with pytest.raises(NoCredentialsError):
            gunicorn_argv(make_settings(COMETHOOKS_BASIC_AUTH=""))


class TestEnvironment:
    def test_it_is_the_environment_and_a_fresh_directory(
        self, make_settings: MakeSettings, tmp_path: Path
    ) -> None:
        first = environment(make_settings(OTHER="value"))
        directory = Path(first["PROMETHEUS_MULTIPROC_DIR"])
        assert first["OTHER"] == "value"
        assert directory.is_relative_to(tmp_path)
        (directory / "counter_1.db").touch()
        again = environment(make_settings())["PROMETHEUS_MULTIPROC_DIR"]
        assert again == str(directory)
        assert list(directory.iterdir()) == []

    def test_what_dead_processes_left_is_removed_and_what_others_use_is_not(
        self, make_settings: MakeSettings
    ) -> None:
        own = Path(environment(make_settings())["PROMETHEUS_MULTIPROC_DIR"])
        host = own.name.rpartition("-")[0]
        dead, live, elsewhere = (
            own.with_name(name) for name in (f"{host}-99999999", f"{host}-{os.getppid()}", "b-1")
        )
        for directory in (dead, live, elsewhere):
            directory.mkdir()
        environment(make_settings())
        assert [directory.exists() for directory in (dead, live, elsewhere)] == [False, True, True]
