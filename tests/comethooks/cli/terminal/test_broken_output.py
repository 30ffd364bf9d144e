"""Output that nobody reads, that does not fit on the disk, or that cannot be encoded."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store

COMMANDS = (
    ("triggers",),
    ("events", "list"),
    ("events", "list", "--json"),
    ("events", "export"),
    ("send", "--print", "message_sent"),
    ("no-such-command",),
)


def run(command: Command, *arguments: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own."""
    environment = {**os.environ, **command.environ, **how.pop("variables", {})}
    return subprocess.run(
        [sys.executable, "-m", "comethooks.cli", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
        **how,
    )


@pytest.fixture
def said(command: Command, store: Store) -> str:
    """What a sender is called that was kept: no encoding of one byte has all of it."""
    name = "Zoë \u2013 語"
    store.accept(sender=name)
    return name


def has_traceback(text: bytes) -> bool:
    """Whether Python tells of an error that nobody caught."""
    return b"Traceback" in text or b"Exception ignored" in text


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_disk_is_told_in_a_sentence(command: Command, said: str, arguments: Any) -> None:
    """And the command has failed; what it writes to standard error is as it was."""
    with open("/dev/full", "wb") as full:
        done = run(command, *arguments, stdout=full, stderr=subprocess.PIPE)
    assert not has_traceback(done.stderr)
    if arguments != ("no-such-command",):
        assert b"Error: the output cannot be written: No space left on device" in done.stderr
    assert done.returncode == (2 if arguments == ("no-such-command",) else 1)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_reader_that_has_gone_is_no_news(command: Command, said: str, arguments: Any) -> None:
    """`head` has enough after a few lines."""
    reading, writing = os.pipe()
    os.close(reading)
    done = run(command, *arguments, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert not has_traceback(done.stderr)
    assert b"Broken pipe" not in done.stderr


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_an_encoding_without_a_character_gets_it_escaped(
    command: Command, said: str, arguments: Any
) -> None:
    """JSON is in UTF-8 all the same."""
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = run(command, *arguments, variables={"PYTHONIOENCODING": "latin-1"}, **how)
    assert not has_traceback(done.stdout + done.stderr)
    if arguments == ("events", "list"):
        assert b"Zo\xeb \\u2013 \\u8a9e" in done.stdout
    if arguments == ("events", "list", "--json"):
        assert said.encode() in done.stdout


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stream_that_was_closed_before_is_none(command: Command, said: str, stream: str) -> None:
    """Nothing else takes its number, either: what is printed would end in that file."""
    number = 1 if stream == "stdout" else 2
    script = f'exec {number}>&-; exec "$0" -m comethooks.cli events list'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable],
        env={**os.environ, **command.environ},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert not has_traceback(done.stdout + done.stderr)


def test_hints_that_cannot_be_written_end_nothing(command: Command, said: str) -> None:
    """The data is what was asked for."""
    with open("/dev/full", "wb") as full:
        done = run(command, "triggers", stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 0
    assert b"message_sent" in done.stdout


def test_a_file_that_cannot_be_written_is_named(command: Command, said: str) -> None:
    """With what the system said."""
    done = run(command, "events", "export", "--output", "/sys/events.jsonl", stderr=subprocess.PIPE)
    assert not has_traceback(done.stderr)
    assert b"/sys/events.jsonl" in done.stderr
    assert done.returncode in (1, 2)
