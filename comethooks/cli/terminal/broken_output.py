"""Output that cannot be written: a reader that has gone, a disk that is full, another encoding.

None of them is a defect of ours, so none ends in a traceback. Nobody is told that a reader has gone
(`comethooks events list | head`); that a disk is full is told on standard error.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, cast

import click

_OF_OUTPUT = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF, errno.ENXIO, errno.EFBIG)
)
_FAILED = 1


@contextmanager
def bearing_broken_output() -> Iterator[None]:
    """Run a command within this. What cannot be encoded is escaped; what cannot be written ends the
    command with status 1, and with a sentence if anybody may read it.

    An error about a file that is named ends it with a sentence, too.
    """
    _prepare()
    try:
        try:
            yield
        finally:
            # Else Python does it, and tells in its own way that it could not.
            _flush()
    except BrokenPipeError:
        _end(None)
    except OSError as error:
        if error.errno in _OF_OUTPUT and error.filename is None:
            _end(f"the output cannot be written: {error.strerror}")
        if error.filename is None or error.strerror is None:
            raise
        _end(f"{os.fsdecode(cast(Any, error.filename))}: {error.strerror}")


def _prepare() -> None:
    for name in ("stdout", "stderr"):
        stream: IO[str] | None = getattr(sys, name)
        if stream is None:  # it was closed when we were started
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    # What is lost of standard error is no reason to fail, and first, so that its end is quiet.
    _drop_if_broken(sys.stderr)
    sys.stdout.flush()


def _end(sentence: str | None) -> None:
    """End the command, with a sentence that somebody may read."""
    if sentence is not None:
        with suppress(OSError, ValueError):
            click.echo(f"Error: {sentence}", err=True)
    for stream in (sys.stdout, sys.stderr):
        _drop_if_broken(stream)
    raise SystemExit(_FAILED)


def _drop_if_broken(stream: IO[str]) -> None:
    """Let what is left in the buffer go nowhere if it cannot be written: at the end Python would
    try again, and fail.
    """
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
