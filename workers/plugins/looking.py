"""Loading the plugins in a command: to see what they are, and not to run them."""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path

from comethooks.workers.plugins.discovery import GROUP, loadables
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.plugins.trials import Trials, try_in_child
from comethooks.workers.settings.hiding import hidden_credentials
from comethooks.workers.settings.paths import scratch_dir
from comethooks.workers.settings.settings import Settings


def look_at_plugins(settings: Settings) -> Plugins:
    """Load every plugin that is found. A command goes on whatever the import of one does, since
    that is tried in a child first. What plugins print then goes to standard error.
    """
    most = sum(1 for _ in loadables(settings))
    with (
        redirect_stdout(sys.stderr),
        hidden_credentials(settings),
        tempfile.TemporaryDirectory(dir=scratch_dir()) as folder,
    ):
        trials = Trials(Path(folder), settings.import_timeout)
        if most:
            try_in_child(lambda: load_plugins(settings, trials=trials), trials, most=most)
        return load_plugins(settings, trials=trials)


def overlooked(settings: Settings) -> Iterator[Path]:
    """Folders in the plugin folder that hold a project to install, and are no package themselves.

    A project whose package is loaded from elsewhere, since it is installed, is left out.
    """
    values = [*(entry.value for entry in entry_points(group=GROUP)), *settings.plugins]
    used = {re.split(r"[.:]", value)[0] for value in values}
    try:
        entries = sorted(settings.plugin_dir.iterdir())
    except OSError:
        return
    for path in entries:
        if path.name.startswith(("_", ".")) or (path / "__init__.py").exists():
            continue
        packages = {
            file.parent.name
            for where in ("*", "src/*")
            for file in path.glob(f"{where}/__init__.py")
        }
        if (path / "pyproject.toml").exists() and not packages & used:
            yield path
