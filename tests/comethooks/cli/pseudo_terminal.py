"""The command with somebody in front of it."""

import contextlib
import os
import pty
import re
import subprocess
import sys

from tests.comethooks.cli.conftest import Command


def on_terminal(
    command: Command, answer: str, *arguments: str
) -> tuple[subprocess.CompletedProcess[str], str]:
    """The command with a terminal to ask on, where somebody answers; and what it said there."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "comethooks.cli", *arguments],
        env={**os.environ, **command.environ},
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    return done, done.stderr


def shown_on_terminal(command: Command, columns: int, *arguments: str) -> list[str]:
    """The lines that the command shows on a terminal of so many columns, without colours."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "comethooks.cli", *arguments],
        env={**os.environ, **command.environ, "COLUMNS": str(columns), "TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ):
        os.close(theirs)
        shown = b""
        # The end of a terminal is an error on Linux.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 65536):
                shown += part
        os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).splitlines()
