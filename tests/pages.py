"""The blocks of code in a page of the documentation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCED = re.compile(r"^```([^\s`]*)[ ]?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block: its language, the file that it is to be (empty when it does not say), and what is in
    it.
    """

    language: str
    file: str
    code: str


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page in one of `languages`, in order; of all languages when none is named."""
    found = [Block(*match.groups()) for match in _FENCED.finditer(page.read_text())]
    return [block for block in found if not languages or block.language in languages]


def commands(page: Path) -> Iterator[str]:
    """Every command line of `comethooks` in the blocks for a shell, as it is written."""
    for block in blocks(page, "console", "shell"):
        for line in block.code.splitlines():
            prompt = line.startswith("$ ")
            if prompt or block.language == "shell":
                command = line.removeprefix("$ ").partition("#")[0].partition("|")[0].strip()
                if re.match(r"(\.venv/bin/)?comethooks\b", command):
                    yield command
