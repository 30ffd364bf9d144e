"""The data directory of `comethooks up`, and the server in it, for one process at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import click

from comethooks.cli.services.greeting import given
from comethooks.workers.processes import StopFlag
from comethooks.workers.settings.paths import lock_path, server_dir
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.supervision.embedded import embedded_server, wait_until_ready
from comethooks.workers.supervision.server_program import (
    EmbeddedServerError,
    check_data,
    find_server,
    remember,
)


class UpRunsError(click.ClickException):
    """`comethooks up` runs with this data directory."""


@contextlib.contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process alone. Raises `UpRunsError`."""
    with open(lock_path(data_dir), "a+") as file:
        try:
            # Unlike flock's, this lock is not inherited by the parts, which may end later.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise UpRunsError(
                f"`comethooks up` already runs with {data_dir} (pid {file.read().strip()}); stop"
                " it, or use another COMETHOOKS_DATA_DIR"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_without_server(settings: Settings) -> bool:
    """Whether no Redis is named, and the embedded server was never made: then nothing is in one."""
    return NAMES["redis_url"] not in given() and not server_dir(settings.data_dir).exists()


@contextlib.contextmanager
def server_meanwhile(settings: Settings) -> Iterator[None]:
    """Have the embedded server run until the block is left, where there is one and `up` is not
    there to run it.
    """
    if NAMES["redis_url"] in given() or is_without_server(settings):
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(only_one(settings.data_dir))
        except UpRunsError:
            pass
        else:
            try:
                program = find_server(settings.server)
                check_data(settings.data_dir, program)
                server = embedded_server(settings.data_dir, program)
                server.start()
                stack.callback(server.stop)
                wait_until_ready(server, settings.redis_url, StopFlag())
                remember(settings.data_dir, program)
            except EmbeddedServerError as error:
                raise click.ClickException(str(error)) from None
        yield
