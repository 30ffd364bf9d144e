"""Where a spool may be."""

from pathlib import Path

import pytest

from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool import places
from comethooks.workers.spool.places import file_system, open_spool, place_of
from comethooks.workers.spool.spool_errors import SpoolPlaceError

MOUNTS = """\
22 1 8:1 / / rw,relatime - {root} none rw
23 22 0:5 / /volume rw,relatime shared:1 - ext4 /dev/sdb1 rw
24 22 0:6 / /with\\040blank rw - {share} host:/export rw
25 22 0:7 / /memory rw - tmpfs tmpfs rw
"""


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose root is a container's layer, with a disk, a share and memory."""
    (tmp_path / "mountinfo").write_text(MOUNTS.format(root="overlay", share="nfs4"))
    monkeypatch.setattr(places, "_MOUNTS", tmp_path / "mountinfo")


def settings(data_dir: str, **more: str) -> Settings:
    return Settings.load({"COMETHOOKS_DATA_DIR": data_dir, **more})


@pytest.mark.usefixtures("mounts")
@pytest.mark.parametrize(
    ("folder", "system"),
    [
        ("/volume/data", "ext4"),
        ("/volumes", "overlay"),
        ("/with blank/x", "nfs4"),
        ("/memory", "tmpfs"),
    ],
)
def test_the_file_system_of_a_folder_is_found(folder: str, system: str) -> None:
    """By the deepest place that something is mounted at."""
    assert file_system(Path(folder)) == system


@pytest.mark.usefixtures("mounts")
def test_there_is_none_where_the_disk_does_not_last() -> None:
    """Unless a setting names the folder."""
    assert place_of(settings("/volume/data")).why_off is None
    for folder, why in (("/data", "ends with its container"), ("/memory/data", "memory")):
        assert why in (place_of(settings(folder)).why_off or "")
        assert place_of(settings(folder, COMETHOOKS_SPOOL_DIR=f"{folder}/s")).why_off is None
    assert "dyno" in (place_of(settings("/volume/data", DYNO="web.1")).why_off or "")


@pytest.mark.usefixtures("mounts")
def test_a_share_is_none() -> None:
    """Its locks do not hold: one that a setting names is refused."""
    assert "nfs4" in (place_of(settings("/with blank/data")).why_off or "")
    with pytest.raises(SpoolPlaceError, match="nfs4, where locks do not hold"):
        place_of(settings("/volume/data", COMETHOOKS_SPOOL_DIR="/with blank/spool"))


def test_a_setting_turns_it_off(tmp_path: Path) -> None:
    """Then nothing is made."""
    off = settings(str(tmp_path), COMETHOOKS_SPOOL_MAX_BYTES="0")
    assert "COMETHOOKS_SPOOL_MAX_BYTES" in (place_of(off).why_off or "")
    assert open_spool(off) is None
    assert list(tmp_path.iterdir()) == []


def test_two_data_directories_do_not_share_one(tmp_path: Path) -> None:
    """Two deployments would each answer for the events of the other."""
    shared = str(tmp_path / "spool")
    first, second = (
        settings(str(tmp_path / name), COMETHOOKS_SPOOL_DIR=shared) for name in ("one", "two")
    )
    spool = open_spool(first)
    assert spool is not None
    with pytest.raises(SpoolPlaceError, match="/one"):
        open_spool(second)
    spool.close()
    again = open_spool(second)
    assert again is not None
