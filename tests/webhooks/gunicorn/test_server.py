"""How the web process is started."""

import os
import socket
from pathlib import Path

import pytest

from comethooks.webhooks import counters
from comethooks.webhooks.counters import MULTIPROCESS_DIRECTORY
from comethooks.webhooks.gunicorn.server import environment, gunicorn_options
from comethooks.workers.settings.credentials import NoCredentialsError
from tests.application import MakeSettings


class TestGunicornOptions:
    def test_port_and_processes_come_from_the_settings(self, make_settings: MakeSettings) -> None:
        options = gunicorn_options(make_settings(PORT="8123", WEB_CONCURRENCY="3"))
        assert options["bind"] == ["0.0.0.0:8123"]
        assert options["workers"] == 3

    def test_the_binding_comes_before_the_port(self, make_settings: MakeSettings) -> None:
        options = gunicorn_options(make_settings(PORT="8123", COMETHOOKS_BIND="[::1]:9000"))
        assert options["bind"] == ["[::1]:9000"]

    def test_several_bindings_are_all_listened_on(self, make_settings: MakeSettings) -> None:
        options = gunicorn_options(make_settings(COMETHOOKS_BIND="127.0.0.1:9000,[::1]:9001"))
        assert options["bind"] == ["127.0.0.1:9000", "[::1]:9001"]

    def test_without_credentials_there_is_none(self, make_settings: MakeSettings) -> None:
        with pytest.raises(NoCredentialsError):
            gunicorn_options(make_settings(COMETHOOKS_BASIC_AUTH=""))


@pytest.fixture(params=["shared memory", "data directory"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the directory is made: in shared memory, or below the data directory where there is
    none.
    """
    memory = tmp_path / "shm"
    monkeypatch.setattr(counters, "SHARED_MEMORY", memory)
    if request.param == "shared memory":
        memory.mkdir()
        return memory
    return tmp_path


class TestEnvironment:
    def test_it_is_the_environment_and_a_fresh_directory(
        self, make_settings: MakeSettings, root: Path
    ) -> None:
        first = environment(make_settings(OTHER="value"))
        directory = Path(first[MULTIPROCESS_DIRECTORY])
        assert first["OTHER"] == "value"
        assert directory.is_relative_to(root)
        assert directory.stat().st_mode & 0o777 == 0o700
        (directory / "counter_1.db").touch()
        again = Path(environment(make_settings())[MULTIPROCESS_DIRECTORY])
        assert list(again.iterdir()) == []
        assert not directory.exists()

    def test_what_dead_processes_left_is_removed_and_what_others_use_is_not(
        self, make_settings: MakeSettings, root: Path
    ) -> None:
        own = Path(environment(make_settings())[MULTIPROCESS_DIRECTORY])
        host = f"comethooks-{socket.gethostname()}"
        names = (f"{host}-99999999-x", f"{host}-{os.getppid()}-x", "comethooks-elsewhere-1-x")
        dead, live, elsewhere = (own.with_name(name) for name in names)
        for directory in (dead, live, elsewhere):
            directory.mkdir()
        environment(make_settings())
        assert [directory.exists() for directory in (dead, live, elsewhere)] == [False, True, True]
