"""The example plugins, installed as their users would."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def installed_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plugin that greets in it; on PYTHONPATH it is found like anything
    installed.
    """
    return installed(tmp_path_factory, "welcome_plugin")


@pytest.fixture(scope="session")
def installed_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the plugins of the kinds that teams write first."""
    return installed(tmp_path_factory, "moderation", "analytics", "goal_notification")


def installed(tmp_path_factory: pytest.TempPathFactory, *names: str) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in names:
        shutil.copytree(
            EXAMPLES / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    target = tmp_path_factory.mktemp("installed")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-index",
    ]
    copies = [str(source / name) for name in names]
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--target", str(target), *copies],
        check=True,
        timeout=180,
    )
    return target
