"""The web process: gunicorn, with the application that CometChat calls.

This imports nothing of what serves before it is to serve.
"""

import importlib
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from comethooks.webhooks.counters import (
    MULTIPROCESS_DIRECTORY,
    has_shared_memory,
    new_counters_dir,
)
from comethooks.workers.settings.addresses import EVERYWHERE, EVERYWHERE_6, Binding
from comethooks.workers.settings.credentials import require_credentials
from comethooks.workers.settings.paths import SHARED_MEMORY
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool


def serve(settings: Settings) -> None:
    """Be the web process: the first process of gunicorn, until SIGTERM.

    Raises `NoCredentialsError` and `SpoolPlaceError`; ends with `SystemExit`.
    """
    options = gunicorn_options(settings)
    # Held as long as it serves: of its processes, none may be left for a moment.
    spool = open_spool(settings)
    # It must be there before prometheus-client is imported, which decides then how it counts.
    os.environ.update(environment(settings))
    try:
        _Gunicorn(settings, options).run()
    finally:
        if spool is not None:
            spool.close()


def gunicorn_options(settings: Settings) -> dict[str, Any]:
    """What gunicorn is to do according to the settings. What depends on none of them is in
    `webhooks.gunicorn.config`.

    Raises `NoCredentialsError`.
    """
    require_credentials(settings.basic_auth)
    bindings = _listeners(settings.bind or (Binding(EVERYWHERE, settings.port),))
    options: dict[str, Any] = {
        "bind": [str(binding) for binding in bindings],
        "workers": settings.web_concurrency,
    }
    if has_shared_memory():
        # A heartbeat on a disk can make a worker wait for the disk, and then it is taken for hung.
        options["worker_tmp_dir"] = str(SHARED_MEMORY)
    return options


def environment(settings: Settings) -> dict[str, str]:
    """The environment to serve the application in, with a new directory for counters."""
    return {**settings.environ, MULTIPROCESS_DIRECTORY: str(new_counters_dir(settings.data_dir))}


class _Arbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's first process. A process that could not load the application tells it so by its
    exit status, and it ends with all others. A plugin may end its process with any status, and
    costs that one alone: so these are such as nobody chooses.
    """

    WORKER_BOOT_ERROR = 213
    APP_LOAD_ERROR = 214


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    """gunicorn, in this process. Unlike its command it leaves the import path alone, where a team's
    `redis.py` would hide the library.
    """

    def __init__(self, settings: Settings, options: Mapping[str, Any]) -> None:
        self.settings = settings
        """For the hooks of the configuration."""
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn at its start, and at a SIGHUP."""
        config = vars(importlib.import_module("comethooks.webhooks.gunicorn.config"))
        for name, value in {**config, **self._options}.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until SIGTERM."""
        _Arbiter(self).run()

    def load(self) -> Any:
        """The application, one for each process that serves."""
        from comethooks.webhooks.app import create_app

        return create_app()


def _listeners(bindings: Sequence[Binding]) -> list[Binding]:
    """What to listen on: `[::]` takes IPv4 as well on most systems, and `0.0.0.0` with the same
    port could not be had beside it.
    """
    both = {each.port for each in bindings if each.host == EVERYWHERE_6 and _takes_ipv4()}
    return [each for each in bindings if each.host != EVERYWHERE or each.port not in both]


def _takes_ipv4() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            return probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 0
    except OSError:
        return False
