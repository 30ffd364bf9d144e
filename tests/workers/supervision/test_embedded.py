"""The embedded server: found, started on its own data, and safe from others."""

import stat
from pathlib import Path

import pytest

from comethooks.workers.processes import StopFlag
from comethooks.workers.settings.paths import socket_path
from comethooks.workers.streams.connections import connect
from comethooks.workers.supervision.embedded import (
    EmbeddedServerError,
    embedded_server,
    wait_until_ready,
)
from comethooks.workers.supervision.server_program import find_server
from tests.waiting import wait_for


def url(data_dir: Path) -> str:
    return f"unix://{socket_path(data_dir)}"


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """It is in the append-only file before the answer."""
    for expected in (None, b"value"):
        server = embedded_server(tmp_path, find_server(None))
        server.start()
        wait_until_ready(server, url(tmp_path), StopFlag())
        client = connect(url(tmp_path))
        assert client.get("key") == expected
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        client.set("key", "value")
        assert server.process
        server.process.kill()
        server.process.wait()


def test_its_socket_is_for_this_user_alone(tmp_path: Path) -> None:
    """There is no password on it."""
    server = embedded_server(tmp_path, find_server(None))
    server.start()
    wait_until_ready(server, url(tmp_path), StopFlag())
    assert stat.S_IMODE(socket_path(tmp_path).stat().st_mode) == 0o700
    server.stop()


def test_its_environment_shows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs none, and a library of its own may dump it."""
    secret = {
        "COMETHOOKS_BASIC_AUTH": "u:p",
        "COMETHOOKS_APPS_FILE": "/x",
        "COMETHOOKS_NOTIFY_TOKEN": "t",
        "COMETCHAT_MGMT_SECRET": "s",
        "DATABASE_URL": "postgresql://u:p@h/d",
        "REDIS_URL_FILE": "/y",
    }
    for name, value in secret.items():
        monkeypatch.setenv(name, value)
    given = embedded_server(tmp_path, find_server(None)).environment
    assert given is not None
    assert secret.keys().isdisjoint(given)
    assert "PATH" in given


def test_one_that_does_not_start_says_where_its_log_is(tmp_path: Path) -> None:
    """Without waiting for half a minute."""
    server = embedded_server(tmp_path, find_server(None))
    server.command = [*server.command, "--no-such-option", "1"]
    server.start()
    assert server.process
    wait_for(lambda: server.process and server.process.poll() is not None, "it has ended")
    with pytest.raises(EmbeddedServerError, match=r"server\.log"):
        wait_until_ready(server, url(tmp_path), StopFlag())


def test_waiting_for_a_server_that_hangs_ends_when_somebody_asks_to_stop(tmp_path: Path) -> None:
    """Ctrl-C while `up` starts."""
    server = embedded_server(tmp_path, find_server(None))
    server.command = ["sleep", "60"]
    server.start()
    stop = StopFlag()
    stop.set()
    wait_until_ready(server, url(tmp_path), stop)
    server.stop()
