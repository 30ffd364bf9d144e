"""Credentials of ours, kept from the code of plugins and from what it starts.

A handler that calls a program hands its environment on, and a library may send it to whoever
collects errors. So a process that runs handlers takes them out of its own once they are read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from comethooks.workers.settings.names import SECRET
from comethooks.workers.settings.settings import Settings


@contextmanager
def hidden_credentials(settings: Settings) -> Iterator[None]:
    """Have none of the `SECRET` settings in `os.environ`, in either form, while the block lasts.

    Those that `settings` pass on stay. What starts processes of ours gives them
    `settings.environ`, which has everything.
    """
    passed = SECRET if "*" in settings.passed_credentials else settings.passed_credentials
    names = [form for name in SECRET - passed for form in (name, f"{name}_FILE")]
    taken = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)


def hidden_ones(settings: Settings) -> frozenset[str]:
    """The settings that are in the environment and kept from plugins."""
    if "*" in settings.passed_credentials:
        return frozenset()
    hidden = SECRET - settings.passed_credentials
    return frozenset(name for name in hidden if settings.environ.get(name))
