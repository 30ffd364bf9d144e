"""The command with somebody in front of it."""

import os
import pty
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
