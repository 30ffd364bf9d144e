"""The units of systemd: that it takes them, and that what they say of us is so."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from comethooks.cli.services.parts import STOP_MARGIN_SECONDS
from comethooks.workers.settings.names import NAMES
from comethooks.workers.settings.settings import Settings
from tests.missing import missing

FOLDER = Path(__file__).parents[2] / "deploy/systemd"
UNITS = sorted(FOLDER.glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    """Each line of it, with a program where the real one would be."""
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze is not installed; on Debian: apt-get install systemd")
    program = shutil.which("true")
    text, replaced = re.subn(r"/opt/comethooks/bin/comethooks", str(program), unit.read_text())
    assert replaced
    copy = tmp_path / unit.name
    copy.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_every_setting_of_a_unit_is_one(unit: Path) -> None:
    """And every file that one is read from is given to the service."""
    text = unit.read_text()
    names = re.findall(r"\b((?:COMETHOOKS_|REDIS_|DATABASE_)\w+)=", text)
    assert {name.removesuffix("_FILE") for name in names} - set(NAMES.values()) == set()
    given = set(re.findall(r"LoadCredential=([\w-]+):", text))
    assert set(re.findall(r"%d/([\w-]+)", text)) == given


def test_a_worker_has_the_time_that_it_may_take_to_stop() -> None:
    """As long as a handler may take, and what comes on top."""
    needed = Settings.load({}).handler_timeout + STOP_MARGIN_SECONDS
    assert f"\nTimeoutStopSec={needed:g}\n" in (FOLDER / "comethooks-worker.service").read_text()


def test_commands_get_the_files_that_the_services_get() -> None:
    """The guide names each, at the place where it has them copied to."""
    units = "\n".join(unit.read_text() for unit in UNITS)
    guide = (FOLDER.parents[1] / "docs/operations.md").read_text()
    given = re.findall(r"=(\w+_FILE=)%d/([\w-]+)", units)
    assert {f"{setting}/run/comethooks/{file}" in guide for setting, file in given} == {True}
