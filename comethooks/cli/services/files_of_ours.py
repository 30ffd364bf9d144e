"""The files that plugins of ours are made of: whoever runs these plugins watches them."""

import importlib
from collections.abc import Mapping
from functools import partial

from comethooks.workers.plugins.watching import PluginWatch
from comethooks.workers.processes import loading
from comethooks.workers.settings.settings import Settings
from comethooks.workers.shipped import MODERATOR, NOTIFY


def watches(settings: Settings) -> Mapping[str, PluginWatch]:
    """Of each plugin that is made of a file what tells that the file has changed, or one that it
    names.

    What the plugins need is imported: work-horses share what is there before they start.
    """
    found: dict[str, PluginWatch] = {}
    if (path := settings.notify_file) is not None and NOTIFY not in settings.disabled_plugins:
        with loading():
            from comethooks.workers.notify import notify_file

            importlib.import_module("comethooks.workers.notify.notify_plugin")
        found[NOTIFY] = PluginWatch(None, partial(notify_file.files_of, path))
    path = settings.moderation_rules
    if path is not None and MODERATOR not in settings.disabled_plugins:
        with loading():
            from comethooks.workers.moderation import rules_file

            importlib.import_module("comethooks.workers.moderation.moderator_plugin")
        found[MODERATOR] = PluginWatch(None, partial(rules_file.files_of, path))
    return found
