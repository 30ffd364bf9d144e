"""Where a run failed: the innermost line of the plugin, which is what its author can mend."""

from collections.abc import Iterator, Sequence
from itertools import dropwhile
from pathlib import PurePath
from traceback import walk_stack, walk_tb
from types import CodeType, FrameType
from typing import NamedTuple

from comethooks.workers.texts import scrub

_INSTALLED = ("site-packages", "dist-packages")


class CodeLine(NamedTuple):
    """A line that was being executed, and the function that it is in."""

    file: str
    number: int
    function: str


def lines_of(error: BaseException) -> list[CodeLine]:
    """The lines that `error` came through, the innermost last; of a group, those of its last."""
    lines = list(_lines(walk_tb(error.__traceback__)))
    if isinstance(error, BaseExceptionGroup):
        lines += lines_of(error.exceptions[-1])
    return lines


def lines_at(frame: FrameType) -> list[CodeLine]:
    """The lines that a thread is at, the innermost last."""
    return list(_lines(walk_stack(frame)))[::-1]


def culprit(lines: Sequence[CodeLine], handler: str, below: CodeType) -> str | None:
    """The innermost line of the plugin whose `handler` ran, as `file:line`; None without any.

    `below` is the code that called the handler. The plugin's are the file that the handler is in
    and, unless it was installed as a single module, what is in the same folder or below it.
    """
    ours = below.co_filename, below.co_name
    called = [*dropwhile(lambda line: (line.file, line.function) != ours, lines)][1:]
    # Above the handler there may be a decorator of a library.
    function = handler.rpartition(".")[2]
    outer = next((line for line in called if line.function == function), None)
    outer = outer or next(iter(called), None)
    if outer is None:
        return None
    inner = [line for line in called if _is_beside(line.file, outer.file)][-1]
    return scrub(f"{inner.file}:{inner.number}")


def _lines(walked: Iterator[tuple[FrameType, int]]) -> Iterator[CodeLine]:
    for frame, number in walked:
        yield CodeLine(frame.f_code.co_filename, number, frame.f_code.co_name)


def _is_beside(file: str, of_handler: str) -> bool:
    if file == of_handler:
        return True
    folder = PurePath(of_handler).parent
    if folder.name in _INSTALLED or not PurePath(file).is_relative_to(folder):
        return False
    return not set(PurePath(file).relative_to(folder).parts) & set(_INSTALLED)
