"""Plugins of ours that are what a file says."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

from comethooks.workers.plugins.files import version_of_all
from comethooks.workers.plugins.found.loadable import Loadable
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.shipped import MODERATOR, SHIPS_WITH_US

_NAMING: Mapping[str, str] = {MODERATOR: "comethooks.workers.moderation.rules_file:files_of"}
"""What says which other files one names, for those that are kept with it. Those of `notify` hold
secrets, so nobody copies them."""


def of_file(name: str, value: str, path: Path, copy: Path | None = None) -> Loadable:
    """The plugin that the function at `value` makes of the file at `path`, or of a copy of it."""
    at = copy or path

    def files() -> tuple[Path, ...]:
        return (at, *_named_in(name, at)) if name in _NAMING else (at,)

    return Loadable(
        name,
        SHIPS_WITH_US,
        f"{path}:1",
        lambda: (_made_by(value)(path, copy),),
        lambda: version_of_all(files()),
        lambda: None,
        at,
        is_shipped=True,
        of_copy=partial(of_file, name, value, path),
        beside=lambda: files()[1:],
    )


def _named_in(name: str, path: Path) -> tuple[Path, ...]:
    """The files that the one at `path` names."""
    files_of = EntryPoint(name="", value=_NAMING[name], group="").load()
    found = (each for each in files_of(path) if each != path and each.is_file())
    # What stands elsewhere by a relative path would not stand there beside a copy.
    return tuple(each for each in found if ".." not in each.parts[len(path.parent.parts) :])


def made_of_none(value: str) -> tuple[Plugin, ...]:
    """The plugin that the function at `value` makes without a file."""
    return (_made_by(value)(None),)


def _made_by(value: str) -> Callable[..., Plugin]:
    function: Callable[..., Plugin] = EntryPoint(name="", value=value, group="").load()
    return function
