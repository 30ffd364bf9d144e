"""Where plugins are found: entry points of what is installed, `COMETHOOKS_PLUGINS`, a folder.

No code of a plugin runs before `load` of its `Loadable` is called.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import EntryPoint, entry_points, version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from comethooks.workers.plugins.files import version_of
from comethooks.workers.plugins.found.loadable import Loadable
from comethooks.workers.plugins.found.made_of_files import made_of_none, of_file
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import LoadableError
from comethooks.workers.settings import paths
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.shipped import MODERATOR, NOTIFY, SHIPPED, SHIPS_WITH_US

GROUP = "comethooks.plugins"
"""The entry-point group that installed plugins are found in."""


UNKNOWN = "?"
"""The version of a plugin whose code is in no file."""

Value = TypeVar("Value")


def loadables(settings: Settings) -> Iterator[Loadable]:
    """All there are, in a stable order: those that ship with us, entry points by name, the
    setting's, files by name.
    """
    files = {NOTIFY: settings.notify_file, MODERATOR: settings.moderation_rules}
    for name, value in SHIPPED.items():
        if (file := files.get(name)) is not None:
            yield of_file(name, value, file)
        elif name != NOTIFY:
            yield Loadable(
                name,
                SHIPS_WITH_US,
                value,
                partial(made_of_none if name in files else _from_object, value),
                partial(version, "comethooks"),
                lambda: None,
                is_shipped=True,
            )
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        installed = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
        yield Loadable(
            entry.name,
            f"entry point{installed}",
            f"{entry.value}{installed}",
            partial(_from_object, entry.value),
            (
                partial(_same, entry.dist.version)
                if entry.dist
                else partial(_module_version, entry.value)
            ),
            partial(_own, entry.value),
        )
    for value in settings.plugins:
        name = NAMES["plugins"]
        yield Loadable(
            value,
            name,
            name,
            partial(_from_setting, value),
            partial(_module_version, value),
            partial(_own_of_setting, value),
        )
    yield from _below(settings.plugin_dir, optional=paths.plugin_dir(settings.data_dir))


def _below(folder: Path, *, optional: Path) -> Iterator[Loadable]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        if not (isinstance(error, FileNotFoundError) and folder == optional):
            problem = f"the folder {folder} cannot be read: {error.strerror}"
            name = NAMES["plugin_dir"]
            yield Loadable(
                name, name, name, partial(_refuse, problem), lambda: UNKNOWN, lambda: None
            )
        return
    for path in entries:
        if _module_file(path).suffix == ".py" and not path.name.startswith(("_", ".")):
            yield in_folder(path)


def in_folder(path: Path) -> Loadable:
    """The file or package at `path`."""
    file = _module_file(path)
    return Loadable(
        path.stem,
        "folder",
        f"{file}:1",
        partial(_from_file, file),
        partial(version_of, path),
        partial(_same, path),
        path,
        of_copy=in_folder,
    )


def _module_file(path: Path) -> Path:
    """The file that is run when `path`, a file or a package, is imported."""
    package = path / "__init__.py"
    return package if os.path.isfile(package) else path


def _from_object(value: str) -> tuple[Plugin, ...]:
    """The plugin at `package.module:attribute`."""
    if not re.fullmatch(r"\w+(\.\w+)*:\w+(\.\w+)*", value):
        raise LoadableError(f'"{value}" does not name a plugin; write package.module:attribute')
    found = EntryPoint(name="", value=value, group=GROUP).load()
    if not isinstance(found, Plugin):
        raise LoadableError(f"{value} is a {type(found).__name__}, not a Plugin")
    return (found,)


def _from_setting(value: str) -> tuple[Plugin, ...]:
    _find_here_too()
    return _from_object(value)


def _own_of_setting(value: str) -> Path | None:
    _find_here_too()
    return _own(value)


def _find_here_too() -> None:
    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)  # at the end: a file here shall not stand in for an installed module


def _from_file(file: Path) -> tuple[Plugin, ...]:
    """The plugins that the module or package in `file` has at its top level."""
    module = _imported(file)
    found = [value for value in vars(module).values() if isinstance(value, Plugin)]
    if not found:
        raise LoadableError(
            'no plugin at its top level; write plugin = Plugin("name"), or begin the file\'s name'
            " with _"
        )
    return tuple(found)


def _imported(file: Path) -> ModuleType:
    """The module in `file`, under a name that no other file has: under its own it would stand in
    for a library that is called the same, or for the file of another folder.
    """
    package = file.name == "__init__.py"
    stem = re.sub(r"\W", "_", file.parent.name if package else file.stem)
    digest = hashlib.blake2b(os.fsencode(file), digest_size=6).hexdigest()
    name = f"comethooks_plugin_{stem}_{digest}"
    _forget(name)
    spec = spec_from_file_location(
        name, file, submodule_search_locations=[str(file.parent)] if package else None
    )
    if spec is None or spec.loader is None:
        raise LoadableError("is no Python module")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:  # whatever it was: a module that is half made must not be found again
        _forget(name)
        raise
    return module


def _forget(module: str) -> None:
    for name in [
        known for known in sys.modules if known == module or known.startswith(f"{module}.")
    ]:
        del sys.modules[name]


def _module_version(value: str) -> str:
    """The version of the code in the module that `value` begins with, which is imported."""
    file = getattr(sys.modules.get(value.partition(":")[0]), "__file__", None)
    # A module in a ZIP file or in the interpreter itself has no file of its own.
    if not (file and os.path.isfile(file)):
        return UNKNOWN
    path = Path(file)
    return version_of(path.parent if path.name == "__init__.py" else path)


def _own(value: str) -> Path | None:
    """The file or folder of the top-level package that `value` begins with. Runs no code of it."""
    try:
        spec = find_spec(re.split(r"[.:]", value)[0])
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin else None


def _same(value: Value) -> Value:
    return value


def _refuse(problem: str) -> tuple[Plugin, ...]:
    raise LoadableError(problem)
