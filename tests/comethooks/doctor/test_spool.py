"""What is said of the spool of this host."""

from pathlib import Path

import pytest

from comethooks.doctor.spool import check_spool
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import user_of
from comethooks.workers.spool.spool import Spool
from tests.comethooks.doctor.findings import OK, WARNING, WRONG, by_check, levels
from tests.workers.spool.spools import filled, spooled

HOUR = 3_600_000


def settings(directory: Path, **variables: str) -> Settings:
    return Settings.load({"COMETHOOKS_DATA_DIR": str(directory), **variables})


def test_one_that_was_never_used_is_ok(tmp_path: Path) -> None:
    """On a host of workers it never is."""
    found = by_check(check_spool(settings(tmp_path, COMETHOOKS_SPOOL_MAX_BYTES="1MB"), 0))
    assert levels(found.values()) == {"spool.place": OK, "spool.space": OK}
    assert "nothing was spooled on this host yet" in found["spool.place"].detail
    assert not (tmp_path / "spool").exists()


def test_what_waits_is_a_warning_until_repeats_are_hard_to_tell(tmp_path: Path) -> None:
    """That is when it is as old as half of the duplicate window."""
    own = settings(tmp_path, COMETHOOKS_DUPLICATE_WINDOW="4h", COMETHOOKS_SPOOL_MAX_BYTES="1MB")
    filled(tmp_path / "spool", 3).close()
    young, old = (by_check(check_spool(own, hours * HOUR)) for hours in (1, 2))
    assert young["spool.held"].level is WARNING
    assert "3 requests wait, " in young["spool.held"].detail
    assert "the first for 3600 seconds" in young["spool.held"].detail
    assert "comethooks spool drain" in (young["spool.held"].advice or "")
    assert old["spool.held"].level is WRONG
    assert "Repeats are recognised for 14400 seconds" in old["spool.held"].detail


def test_why_it_is_not_emptied_is_told(tmp_path: Path) -> None:
    """As the web process left it."""
    own = settings(tmp_path)
    spool = Spool.open(tmp_path / "spool", max_bytes=10**6, user=user_of(own))
    spool.append([spooled(1)])
    spool.state.reason = "Redis is a replica"
    detail = by_check(check_spool(own, 1))["spool.held"].detail
    spool.close()
    assert detail.endswith("it is not emptied, since Redis is a replica")


@pytest.mark.parametrize("ending", ["damaged", "refused", "newer", "foreign"])
def test_a_file_that_is_not_emptied_is_named(tmp_path: Path, ending: str) -> None:
    """With what it is, and what to do."""
    filled(tmp_path / "spool", 1).close()
    file = tmp_path / "spool" / f"000000000077.{ending}"
    file.write_bytes(b"x")
    found = by_check(check_spool(settings(tmp_path), 0))
    assert found["spool.files"].level is WRONG
    assert str(file) in found["spool.files"].detail
    assert found["spool.files"].advice


def test_it_says_why_there_is_none(tmp_path: Path) -> None:
    """What a setting says is no fault, a folder in memory is."""
    asked = by_check(check_spool(settings(tmp_path, COMETHOOKS_SPOOL_MAX_BYTES="0"), 0))
    assert levels(asked.values()) == {"spool.place": OK}
    in_memory = by_check(check_spool(settings(Path("/dev/shm/nobody")), 0))
    assert in_memory["spool.place"].level is WARNING
    assert "is on tmpfs, which is memory" in in_memory["spool.place"].detail


def test_a_folder_in_memory_that_a_setting_names_is_a_warning(tmp_path: Path) -> None:
    """It is used, and a power cut empties it."""
    own = settings(tmp_path, COMETHOOKS_SPOOL_DIR="/dev/shm/nobody")
    found = by_check(check_spool(own, 0))["spool.place"]
    assert (found.level, "a restart of this machine" in found.detail) == (WARNING, True)


def test_a_folder_that_cannot_be_one_is_wrong(tmp_path: Path) -> None:
    """Without a spool events are lost while Redis is away."""
    (tmp_path / "spool").write_text("")
    found = by_check(check_spool(settings(tmp_path), 0))
    assert levels(found.values()) == {"spool.place": WRONG}
    assert "events get 503 while Redis" in found["spool.place"].detail


def test_too_little_space_for_what_it_may_hold_is_a_warning(tmp_path: Path) -> None:
    """The disk is full before the spool is."""
    own = settings(tmp_path, COMETHOOKS_SPOOL_MAX_BYTES="900000GB")
    assert by_check(check_spool(own, 0))["spool.space"].level is WARNING
