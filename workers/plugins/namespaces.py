"""Which variables of the environment belong to plugins."""

import re
from collections.abc import Iterable

from comethooks.workers.plugins.config import variable
from comethooks.workers.plugins.discovery import loadables
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.settings.settings import Settings
from comethooks.workers.settings.unread import Unread, unread


def unread_beside(plugins: Plugins, settings: Settings) -> list[Unread]:
    """What looks like a setting and is read neither by us nor by one of these plugins.

    A plugin that is broken or disabled did not say what it reads, so whatever begins with its name
    is left to it.
    """
    read = [variable(each.name, field) for each in plugins.loaded for field in dir(each.config)]
    silent = [*(each.name for each in plugins.broken), *(each.name for each in plugins.disabled)]
    return unread(settings.environ, read, _words(silent))


def unread_at_a_glance(settings: Settings) -> list[Unread]:
    """The same, without running the code of any plugin. It may be wrong about a plugin that is
    called otherwise than the file, entry point or module that it is found in.
    """
    return unread(settings.environ, namespaces=_words(each.name for each in loadables(settings)))


def _words(names: Iterable[str]) -> list[str]:
    """What a plugin that was found under one of these names may be called: `package.module:plugin`
    has a plugin `package`, `module` or `plugin`, more often than not.
    """
    return [word.replace("-", "_") for name in names for word in re.split(r"[.:]", name)]
