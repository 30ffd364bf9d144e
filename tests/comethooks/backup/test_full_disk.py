"""A disk that is full, and a death at any moment: nothing half is left under a name that counts."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from comethooks.workers.journal import Journal
from comethooks.workers.settings.settings import Settings
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.redis_server import RedisServer
from tests.scenarios.test_full_disk import small_disk
from tests.tables import make_tables
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER, message


@pytest.fixture
def command(tmp_path: Path, redis_server: RedisServer) -> Command:
    """A deployment with 5 MB of events, which no compression makes much smaller."""
    data = tmp_path / "data"
    data.mkdir()
    made = Command(
        {
            "COMETHOOKS_DATA_DIR": str(data),
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "REDIS_URL": redis_server.url,
        }
    )
    settings = Settings.load(made.environ)
    make_tables(settings.database_url)
    journal = Journal.open(settings.database_url)
    store = Store(None, journal)  # type: ignore[arg-type]
    for number in range(25):
        text = os.urandom(100_000).hex()
        store.settle(store.record(message(id=str(number), data={"text": text})))
    journal.close()
    return made


def test_a_backup_that_a_full_disk_ends_leaves_nothing(command: Command, tmp_path: Path) -> None:
    """And says so; the one of before stays."""
    folder = tmp_path / "disk"
    with small_disk(folder):
        archive = folder / "kept.tar.gz"
        archive.write_bytes(b"the one of before")
        (folder / "others").write_bytes(bytes(4 * 2**20))
        done = command("backup", str(archive))
        assert done.exit_code == 1
        assert "No space left on device" in done.stderr or "is full" in done.stderr
        assert {path.name for path in folder.iterdir()} == {archive.name, "others"}
        assert archive.read_bytes() == b"the one of before"


def test_a_restore_that_a_full_disk_ends_touches_nothing(command: Command, tmp_path: Path) -> None:
    """It looks for room first; and where that goes meanwhile, it takes back what it has made."""
    archive = tmp_path / "kept.tar.gz"
    assert command("backup", str(archive)).exit_code == 0
    folder = tmp_path / "disk"
    with small_disk(folder) as disk:
        disk.fill()
        elsewhere = {"COMETHOOKS_DATA_DIR": str(folder / "data")}
        done = command("restore", str(archive), "--yes", **elsewhere)
        assert done.exit_code == 1
        assert "nothing was touched" in done.stderr
        assert [path.name for path in folder.iterdir()] == ["ballast"]


@pytest.mark.parametrize("at", ["journal", pytest.param(".archive", marks=pytest.mark.attack)])
def test_killed_at_any_moment_a_backup_is_whole_or_not_there(
    command: Command, tmp_path: Path, at: str
) -> None:
    """While the journal is copied, and while it is packed. What it leaves is hidden, for its owner
    alone, and gone after the next one.
    """
    folder = tmp_path / "backups"
    folder.mkdir()
    archive = folder / "kept.tar.gz"
    archive.write_bytes(b"the one of before")
    archive.chmod(0o600)
    process = subprocess.Popen(
        [sys.executable, "-m", "comethooks.cli", "backup", str(archive)],
        env={**os.environ, **command.environ},
        stderr=subprocess.DEVNULL,
    )
    hidden = folder / f".{archive.name}.making"
    wait_for(
        lambda: hidden.exists() and any(each.name.startswith(at) for each in hidden.iterdir()),
        "it has begun with that",
    )
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert archive.read_bytes() == b"the one of before"
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}
    done = command("backup", str(archive))
    assert done.exit_code == 0, done.output
    assert list(folder.iterdir()) == [archive]
    restored = command("restore", str(archive), "--yes", COMETHOOKS_DATA_DIR=str(tmp_path / "new"))
    assert restored.exit_code == 0, restored.output
