"""Where plugins are found: entry points of what is installed, `COMETHOOKS_PLUGINS`, a folder.

No code of a plugin runs before `load` of its `Loadable` is called.
"""

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from comethooks.workers.plugins.files import files_below
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.settings import paths
from comethooks.workers.settings.settings import NAMES, Settings

GROUP = "comethooks.plugins"
"""The entry-point group that installed plugins are found in."""

UNKNOWN = "?"
"""The version of a plugin whose code is in no file."""

_VERSION_DIGITS = 12

Value = TypeVar("Value")


class LoadableError(Exception):
    """A loadable that holds no plugin. Its text is for the plugin's author, as it stands."""


@dataclass(frozen=True)
class Loadable:
    """Something that plugins can be loaded from.

    `name` stands for it until the plugin's own name is known. `origin` says how it was found, and
    `place` where it is, as far as that is known without loading it. `load` gives the plugins, or
    raises whatever their code raises. `version` says which code that is; of something that is
    installed, once it is loaded. `own` gives the file or folder that belongs to the plugin, if that
    can be told. `path` is the file or package in the plugin folder; None for what is not there.
    """

    name: str
    origin: str
    place: str
    load: Callable[[], tuple[Plugin, ...]]
    version: Callable[[], str]
    own: Callable[[], Path | None]
    path: Path | None = None

    @property
    def id(self) -> str:
        """What tells it from all others on this machine, whatever version it has."""
        return str(self.path or f"{self.origin.partition(' of ')[0]} {self.name}")


def loadables(settings: Settings) -> Iterator[Loadable]:
    """All there are, in a stable order: entry points by name, the setting's, files by name."""
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
            partial(_own, value),
        )
    yield from _below(settings.plugin_dir, optional=paths.plugin_dir(settings.data_dir))


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
    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)  # at the end: a file here shall not stand in for an installed module
    return _from_object(value)


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


def version_of(path: Path) -> str:
    """The first digits of a file's SHA-256; of a package, of its .py files with their names."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:_VERSION_DIGITS]
    package = hashlib.sha256()
    for file in sorted(files_below(path)):
        if file.suffix == ".py" and file.is_file():
            package.update(os.fsencode(file.relative_to(path)) + b"\0")
            package.update(hashlib.sha256(file.read_bytes()).digest())
    return package.hexdigest()[:_VERSION_DIGITS]


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
