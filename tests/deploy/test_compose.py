"""The file for `docker compose`: that it takes it, and that what it says of us is so."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from comethooks.cli import main
from comethooks.cli.services.parts import STOP_MARGIN_SECONDS
from comethooks.workers.settings.names import NAMES
from comethooks.workers.settings.settings import Settings

FOLDER = Path(__file__).parents[2] / "deploy"
FILE = FOLDER / "compose.yaml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """What the file says of each service."""
    document = yaml.safe_load(FILE.read_text())
    found: dict[str, Any] = document["services"]
    return found


def ours(services: dict[str, Any]) -> dict[str, Any]:
    """Those that run comethooks."""
    return {name: each for name, each in services.items() if each["image"] == "comethooks"}


def test_docker_compose_takes_the_file(tmp_path: Path) -> None:
    """The second generation of it, as it is found today; the first does not know `name`."""
    shutil.copy(FILE, tmp_path)
    tried = []
    for command in (["docker", "compose"], ["docker-compose"]):
        try:
            version = subprocess.run(
                [*command, "version", "--short"], capture_output=True, text=True, check=True
            ).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            tried.append(f"no `{' '.join(command)}`")
            continue
        if version.startswith("1."):
            tried.append(f"{command[0]} {version}")
            continue
        done = subprocess.run(
            [*command, "-f", "compose.yaml", "config", "--quiet"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return
    pytest.skip(f"no docker compose of the second generation here: {', '.join(tried)}")


def test_every_setting_is_one_and_its_file_is_there(services: dict[str, Any]) -> None:
    """Nobody's secret stands in the environment, and each service has what its settings name."""
    for each in ours(services).values():
        names = each["environment"].keys()
        assert {name.removesuffix("_FILE") for name in names} - set(NAMES.values()) == set()
        files = {value for name, value in each["environment"].items() if name.endswith("_FILE")}
        assert files == {f"/run/secrets/{name}" for name in each["secrets"]}


def test_nobody_of_ours_may_write_but_where_data_are(services: dict[str, Any]) -> None:
    """The root is read-only, and no right is left that a process could gain."""
    for each in ours(services).values():
        assert each["read_only"] is True
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]


def test_every_command_is_one(services: dict[str, Any]) -> None:
    """As the image's entry point gets it."""
    for each in ours(services).values():
        command: Any = main
        for word in each["command"]:
            command = command.get_command(None, word)
            assert command, each["command"]


def test_redis_keeps_what_it_is_given(services: dict[str, Any]) -> None:
    """It writes before it answers, and evicts nothing."""
    command = " ".join(services["valkey"]["command"])
    assert re.search(r"--appendonly yes.*--appendfsync always.*noeviction", command)
    assert "valkey:/data" in services["valkey"]["volumes"]


def test_a_worker_has_the_time_that_it_may_take_to_stop(services: dict[str, Any]) -> None:
    """As long as a handler may take, and what comes on top."""
    needed = Settings.load({}).handler_timeout + STOP_MARGIN_SECONDS
    assert services["worker"]["stop_grace_period"] == f"{needed:g}s"
