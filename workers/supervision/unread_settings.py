"""Naming, at the start, the settings that nobody reads.

Only who has loaded the plugins knows what they read, and their code may do anything while it is
loaded. So the supervisor of workers has that done by a process of its own, which tells and ends.
"""

import os
from collections.abc import Iterable
from contextlib import redirect_stderr

import structlog

from comethooks.workers.processes import end_with_parent
from comethooks.workers.settings.env_file import SETTLED
from comethooks.workers.settings.settings import Settings
from comethooks.workers.settings.unread import Unread
from comethooks.workers.supervision.forking import Forked

_NICENESS = 10

log = structlog.get_logger()


def tell_at_a_glance(settings: Settings) -> list[Unread]:
    """Name what is nearly a setting of ours; returns the others, which a plugin may read."""
    from comethooks.workers.plugins.namespaces import unread_at_a_glance

    found = unread_at_a_glance(settings)
    _tell(each for each in found if each.is_surely_misspelt)
    return [each for each in found if not each.is_surely_misspelt]


def tell_beside_plugins(settings: Settings) -> Forked:
    """Name everything that neither we nor a plugin reads, in a process of its own."""
    parent = os.getpid()

    def load_and_tell() -> int:
        from comethooks.workers.plugins.looking import look_at_plugins
        from comethooks.workers.plugins.namespaces import unread_at_a_glance, unread_beside

        end_with_parent(parent)
        os.nice(_NICENESS)
        # What plugins print while they are loaded is printed by the workers, too.
        with open(os.devnull, "w") as nobody, redirect_stderr(nobody):
            plugins = look_at_plugins(settings)
        found = unread_beside(plugins, settings)
        told = unread_at_a_glance(settings) if SETTLED in settings.environ else []
        told = [each for each in told if each.is_surely_misspelt]  # by `up`, before anything began
        _tell(each for each in found if each not in told)
        return 0

    return Forked(load_and_tell, name="settings")


def _tell(found: Iterable[Unread]) -> None:
    for each in found:
        log.warning("nobody reads this setting", name=each.name, nearest=each.nearest)
