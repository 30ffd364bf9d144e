"""The tutorial of docs/plugins.md, followed to the letter, in a virtual environment that has
nothing of ours.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from comethooks.workers.settings.settings import NAMES
from tests.pages import Block, blocks
from tests.scenarios.stack import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "plugins.md"
PACKAGE = ("comethooks", "schemas", "webhooks", "workers", "pyproject.toml", "README.md", "LICENSE")
LEFT_OUT = re.compile(
    r"comethooks|.*\.pth$|__pycache__|pip|setuptools|pkg_resources|_?hypothesis|xdist|pytest_(xdist|timeout)"
)
"""Of the suite's libraries: what a new environment has, or would not have."""
ENDED = "-- ended with"
SECONDS = 120.0


class Terminal:
    """A shell in which somebody types what is in the page. What it shows is in `shown`."""

    def __init__(self, folder: Path, environ: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._shell = subprocess.Popen(
                ["bash"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environ,
                text=True,
                start_new_session=True,
            )

    @property
    def shown(self) -> str:
        """Everything that was printed."""
        return self._log.read_text()

    def begin(self, line: str) -> None:
        """Type a line and do not wait."""
        assert self._shell.stdin is not None
        self._shell.stdin.write(line + "\n")
        self._shell.stdin.flush()

    def do(self, line: str) -> str:
        """Type a line, and wait until it has ended well; what it printed."""
        before = len(self.shown)
        self.begin(f"{line}\necho {ENDED} $?")
        wait_for(lambda: ENDED in self.shown[before:], f"it ends: {line}", seconds=SECONDS)
        printed, _, status = self.shown[before:].partition(ENDED)
        assert status.strip() == "0", f"{line}\n{printed}"
        return printed

    def close(self) -> None:
        """Press Ctrl-C, and leave."""
        with suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGINT)
        self._shell.communicate(timeout=SECONDS)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The suite's libraries without a package index, a port that is free, and the suite's Python as
    `python3`.
    """
    libraries, tools = tmp_path / "libraries", tmp_path / "tools"
    libraries.mkdir()
    for found in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not LEFT_OUT.match(found.name):
            (libraries / found.name).symlink_to(found)
    tools.mkdir()
    (tools / "python3").write_text(f'#!/bin/sh\nexec "{Path(sys.executable).resolve()}" "$@"\n')
    (tools / "python3").chmod(0o755)
    here = str(Path(sys.executable).parent)
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != here]
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in NAMES.values()
        and not name.startswith(("COMETHOOKS_", "PIP_", "PYTHON", "VIRTUAL_ENV"))
    }
    return kept | {
        "PATH": os.pathsep.join((str(tools), *path)),
        "PYTHONPATH": str(libraries),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PORT": str(free_port()),
        "WEB_CONCURRENCY": "1",
        "COMETHOOKS_WORKERS": "1",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the tutorial begins: a folder with comethooks in it."""
    folder = tmp_path / "here"
    for name in PACKAGE:
        source, target = ROOT / name, folder / "comethooks" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return folder


@pytest.fixture
def terminals(
    folder: Path, environ: dict[str, str], tmp_path: Path
) -> Iterator[tuple[Terminal, Terminal]]:
    """The one that `comethooks up` is typed into, and the other one."""
    both = tuple(Terminal(folder, environ, tmp_path / f"terminal{number}.log") for number in (1, 2))
    yield both
    for terminal in reversed(both):
        terminal.close()


def tutorial() -> Iterator[Block]:
    """The blocks of the section, in order."""
    section = PAGE.read_text().partition("\n## From nothing to a plugin")[2].partition("\n## ")[0]
    assert section
    return (block for block in blocks(PAGE) if block.code in section)


def lines_of(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each line that is to be typed, and what the page says that it prints."""
    if block.language == "shell":
        yield from ((line, []) for line in block.code.splitlines())
        return
    for part in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
        line, *printed = part.splitlines()
        yield line, printed


def test_the_tutorial_is_followed_to_the_letter(
    folder: Path, terminals: tuple[Terminal, Terminal]
) -> None:
    """Its files are written and its lines typed, in order; what it says that they print, they
    print.
    """
    first, second = terminals
    terminal, typed = first, []
    for block in tutorial():
        if block.language == "python":
            (folder / block.file).write_text(block.code)
            continue
        for line, expected in lines_of(block):
            typed.append(line)
            if line == "comethooks up":
                first.begin(line)
                wait_for(
                    lambda: "comethooks is ready" in first.shown, "it is ready", seconds=SECONDS
                )
                terminal = second
                continue
            if line.startswith("comethooks runs list"):
                wait_for(lambda: "doorman.tell" in first.shown, "the handler was at work")
            wait_for(partial(fits, terminal, line, expected), f"{line} prints that")
    assert len(typed) == 11
    assert "3 passed" in first.shown
    assert "3 loaded, 0 quarantined" in first.shown  # its own, `interactions`, `moderator`
    assert second.do("type -p comethooks").strip() == str(folder / ".venv" / "bin" / "comethooks")


def fits(terminal: Terminal, line: str, expected: list[str]) -> bool:
    """Type the line. Whether it prints what is expected, but for ids and for what is another each
    time.
    """
    printed = terminal.do(line).splitlines()
    return not expected or [*map(essence, printed)] == [*map(essence, expected)]


def essence(line: str) -> tuple[str, list[str]]:
    """What stands before an id, or in the first column; and the errors that are named: a run that
    fails of anything else is not what the page tells of.
    """
    return re.split(r"[0-9a-f]{8}-|  ", line)[0], re.findall(r"\w+Error", line)
