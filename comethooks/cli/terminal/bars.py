"""How far long work is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from comethooks.cli.terminal.output import console, hint

_SECONDS_BETWEEN_LINES = 2.0


@contextmanager
def progress(total: int | None, what: str, *, quiet: bool = False) -> Iterator[Callable[..., None]]:
    """Show on standard error how far long work is; call what this gives back after each step,
    or with how many there were.

    `total` is how many steps there are; None if nobody knows. If `quiet`, nothing is shown.
    """
    if quiet:
        yield lambda *_: None
    elif sys.stderr.isatty():
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console(sys.stderr), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield partial(bar.advance, task)
    else:
        yield _CountedSteps(total, what).advance


class _CountedSteps:
    """Progress as text: a line every two seconds, and one at the end that is known."""

    def __init__(self, total: int | None, what: str) -> None:
        self._total, self._what = total, what
        self._done = 0
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        if time.monotonic() >= self._next or self._done == self._total:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
            hint(f"{self._what} {self._done}{'' if self._total is None else f' of {self._total}'}")
