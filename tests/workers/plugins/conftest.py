"""The folder of plugins that tests fill."""

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from comethooks.workers.plugins.loading import Plugins, load_plugins
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.settings.settings import Settings
from tests.workers.plugins.folder import Load, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a file into the folder of plugins."""

    def write(name: str, text: str) -> Path:
        file = tmp_path / "plugins" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"))
        return file

    return write


@pytest.fixture
def plugin() -> Plugin:
    """A plugin without handlers."""
    return Plugin("welcome")


@pytest.fixture(autouse=True)
def _same_modules_and_path_afterwards() -> Iterator[None]:
    modules, path = set(sys.modules), list(sys.path)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads what is in the folder, and what the environment names."""

    def load(**environ: str) -> Plugins:
        return load_plugins(Settings.load({"COMETHOOKS_DATA_DIR": str(tmp_path), **environ}))

    return load
