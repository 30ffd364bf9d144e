"""What `comethooks spool status` says."""

from pathlib import Path

import pytest

from tests.comethooks.cli.conftest import Command
from tests.workers.spool.spools import filled


def test_an_empty_one_holds_nothing(command: Command) -> None:
    """Also one that there never was."""
    assert "nothing; it was never used" in command("spool", "status").stdout
    [found] = command.json("spool", "status")
    assert (found["records"], found["oldest_at"], found["set_aside"]) == (0, None, [])


def test_it_says_how_much_since_when_and_which_files_are_set_aside(
    command: Command, tmp_path: Path
) -> None:
    """The web process may be dead by then."""
    folder = tmp_path / "spool"
    filled(folder, 3).close()
    (folder / "000000000099.damaged").write_bytes(b"123")
    [found] = command.json("spool", "status")
    assert (found["records"], found["folder"]) == (3, str(folder))
    assert found["oldest_at"] == "1970-01-01T00:00:00.000Z"
    assert found["set_aside"] == [
        {"file": str(folder / "000000000099.damaged"), "why": "damaged", "bytes": 3}
    ]
    done = command("spool", "status")
    assert "3 requests" in done.stdout
    assert "000000000099.damaged" in done.stdout
    assert "comethooks spool drain" in done.stderr


def test_one_that_takes_nothing_more_says_so(command: Command, tmp_path: Path) -> None:
    """Also where its last segment has some room, which is too little for an event."""
    filled(tmp_path / "spool", 1, 4096, body=b'{"x":"' + b"y" * 3000 + b'"}').close()
    few = {"COMETHOOKS_SPOOL_MAX_BYTES": "1"}
    assert "it is full, and takes nothing more" in command("spool", "status", **few).stdout
    assert [each["full"] for each in command.json("spool", "status", **few)] == [True]
    assert [each["full"] for each in command.json("spool", "status")] == [False]


@pytest.mark.usefixtures("store")
def test_what_is_mended_is_said_beside_the_data(command: Command, tmp_path: Path) -> None:
    """Standard output has nothing but what was asked for."""
    folder = tmp_path / "spool"
    filled(folder, 1).close()
    with (folder / "000000000001.spool").open("r+b") as file:
        written = len(file.read().rstrip(b"\0"))
        file.seek(written + 8)
        file.write(b"torn")
    (folder / "state").write_bytes(bytes(4096))
    done = command("events", "list", "--json", COMETHOOKS_SPOOL_DIR=str(folder))
    assert done.exit_code == 0
    assert all(line.startswith("{") for line in done.stdout.splitlines())
    assert "torn tail" in done.stderr


def test_why_there_is_none_is_said(command: Command, tmp_path: Path) -> None:
    """A folder that cannot be one ends the command with 1."""
    done = command("spool", "status", COMETHOOKS_SPOOL_MAX_BYTES="0")
    assert (done.exit_code, "COMETHOOKS_SPOOL_MAX_BYTES is 0" in done.stdout) == (0, True)
    (tmp_path / "file").write_text("")
    done = command("spool", "status", COMETHOOKS_SPOOL_DIR=str(tmp_path / "file"))
    assert done.exit_code == 1
    assert done.stderr.rstrip().endswith("is no folder")
