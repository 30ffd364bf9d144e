"""What `backup` and `restore` tell: how far they are, and what is in Redis."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import click

from comethooks.backup.packing import BackupError
from comethooks.cli.terminal.bars import progress
from comethooks.workers.journal import JournalError
from comethooks.workers.settings.paths import DataDirError
from comethooks.workers.texts import number_of


@contextmanager
def steps() -> Iterator[Callable[[str, int | None], Callable[[], object]]]:
    """Shows how far a step is, and no more once the next one begins: called with what is done, and
    how much of it there is.
    """
    with ExitStack() as stack:

        def begin(what: str, total: int | None) -> Callable[[], object]:
            stack.close()
            return stack.enter_context(progress(total, what))

        yield begin


@contextmanager
def failures_told(doing: str) -> Iterator[None]:
    """End the command with what went wrong while it was `doing` something."""
    try:
        yield
    except (BackupError, DataDirError, JournalError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise click.ClickException(f"{doing}: {error.strerror or error}{where}") from None


def waiting_told(waiting: Mapping[str, int | None]) -> str | None:
    """What is accepted and not in the journal, in words; None when that is nothing."""
    known = [
        f"{number_of(count, 'request')} in {_PLACES[place]}"
        for place, count in waiting.items()
        if count
    ]
    unknown = [_PLACES[place] for place, count in waiting.items() if count is None]
    if unknown:
        known.append(f"what is in {' and in '.join(unknown)}, which cannot be asked")
    return " and ".join(known) or None


_PLACES = {"redis": "Redis", "spool": "the spool"}
