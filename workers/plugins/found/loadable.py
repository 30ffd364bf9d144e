"""Something that plugins can be loaded from. No code of a plugin runs before `load` is called."""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from comethooks.workers.plugins.files import version_of
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.trials import Importing


@dataclass(frozen=True)
class Loadable:
    """Something that plugins can be loaded from.

    `name` stands for it until the plugin's own name is known. `origin` says how it was found, and
    `place` where it is, as far as that is known without loading it. `load` gives the plugins, or
    raises whatever their code raises. `version` says which code that is; of something that is
    installed, once it is loaded. `own` gives the file or folder that belongs to the plugin, if that
    can be told. `path` is the file or package that it is loaded from, if it is in the plugin folder
    or what a plugin of ours is made of. `of_copy` gives the same loaded from a copy of that.
    """

    name: str
    origin: str
    place: str
    load: Callable[[], tuple[Plugin, ...]]
    version: Callable[[], str]
    own: Callable[[], Path | None]
    path: Path | None = None
    is_shipped: bool = False
    """Whether it is a part of comethooks: then its name is nobody else's."""
    of_copy: "Callable[[Path], Loadable] | None" = None
    beside: Callable[[], tuple[Path, ...]] = tuple
    """The files that it is made of, too: a copy of it is one of them as well."""

    @property
    def id(self) -> str:
        """What tells it from all others on this machine, whatever version it has."""
        return str(self.path or f"{self.origin.partition(' of ')[0]} {self.name}")

    def version_of_copy(self, copy: Path) -> str:
        """The version that this would have if it were loaded from a copy."""
        return self.version() if self.of_copy is None else self.of_copy(copy).version()

    def importing(self) -> Importing | None:
        """What `load` imports first, without importing it; None when that cannot be told, and when
        it is our own.
        """
        if self.is_shipped:
            return None
        try:
            own = self.path or self.own()
            if own is None:
                return None
            version = self.version() if self.path else version_of(own)
        except OSError:
            return None
        known_by = (version, "" if self.path else self.name, sys.version)
        digest = hashlib.blake2b("\0".join(known_by).encode(), digest_size=12)
        return Importing(digest.hexdigest(), str(own))
