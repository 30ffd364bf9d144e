"""`comethooks spool drain`: what a host that will not come back has in its spool goes to Redis."""

import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from redis.exceptions import RedisError

from comethooks.cli import load_settings
from comethooks.cli.terminal import options
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.output import hint, print_json
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.emptying import BUSY, Emptier
from comethooks.workers.spool.files_aside import FileAside, files_aside
from comethooks.workers.spool.glance import existing_spool
from comethooks.workers.spool.places import folder_of, user_of
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolError
from comethooks.workers.streams.refusals import what_failed
from comethooks.workers.texts import number_of

PATIENCE_SECONDS = 10.0
"""After so long in which nothing was emptied, it gives up."""
_POLL_SECONDS = 0.1


@click.command(
    epilog=options.examples(
        "comethooks spool drain", "comethooks spool drain /mnt/web-2/comethooks/spool"
    )
)
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--adopt",
    "adopting",
    is_flag=True,
    help="Also what was set aside since it was for a journal that is gone for good.",
)
@options.as_json
def drain(folder: Path | None, adopting: bool, as_json: bool) -> None:
    """Empty the spool of this host into Redis.

    It is for a web process that will not come back. One that runs empties it by itself; both
    together do no harm. FOLDER is the spool of another host, whose disk was brought here: nobody
    may use it meanwhile, and what is in it goes to the Redis of these settings, unless it is for
    another deployment. Broken off, do it again: it goes on where it was, and nothing is accepted
    twice.
    """
    settings = load_settings()
    place = folder or folder_of(settings)
    before = set(files_aside(place))
    try:
        spool = _opened(settings, folder)
        if spool is None:
            drained = _Drained()
        else:
            with closing(spool):
                drained = _drain(spool, settings, adopting=adopting)
    except SpoolError as error:
        raise click.ClickException(error.reason) from None
    aside = [each for each in files_aside(place) if each not in before]
    if as_json:
        print_json(drained.document(aside))
    elif drained.records or drained.reason is None:
        hint(drained.sentence)
    if drained.reason is not None:
        raise click.ClickException(
            f"{number_of(drained.left, 'request is', 'requests are')} left, since"
            f" {drained.reason}. Run it again when that is over"
        )
    if aside:
        told = "\n".join(f"  {each.path}: {each.sentence}" for each in aside)
        count = number_of(len(aside), "file was", "files were")
        raise click.ClickException(f"{count} set aside, and not emptied:\n{told}")


class _Drained:
    """What became of it: how many were emptied and how many are left, and why."""

    def __init__(self) -> None:
        self.records, self.left = 0, 0
        self.reason: str | None = None

    @property
    def sentence(self) -> str:
        """In words."""
        if not self.records and not self.left:
            return "It holds nothing."
        return f"{number_of(self.records, 'request')} emptied into Redis."

    def document(self, aside: list[FileAside]) -> dict[str, Any]:
        """For JSON."""
        files = [{"file": str(each.path), "why": each.why} for each in aside]
        return {
            "emptied": self.records,
            "left": self.left,
            "reason": self.reason,
            "set_aside": files,
        }


def _opened(settings: Settings, folder: Path | None) -> Spool | None:
    if folder is None:
        return existing_spool(settings)
    return Spool.open(folder, max_bytes=settings.spool_max_bytes, user=user_of(settings))


def _drain(spool: Spool, settings: Settings, *, adopting: bool) -> _Drained:
    drained, total, shown = _Drained(), spool.status().records, 0
    with progress(total, "emptied") as advance:
        going = _Going(spool, settings, adopting=adopting)
        while going.is_alive():
            going.join(_POLL_SECONDS)
            gone = total - spool.status().records
            if gone > shown:
                advance(gone - shown)
                shown = gone
    if going.error is not None:
        raise going.error
    drained.left = spool.status().records
    # Some of it another process may have emptied, or what has come since.
    drained.records = max(total - drained.left, going.records)
    drained.reason = going.reason if spool.holds else None
    return drained


class _Going(threading.Thread):
    """Empties it, also when that takes several goes, until nothing comes of it for a while. A
    thread that is left behind when somebody interrupts: that is as good as being killed.
    """

    def __init__(self, spool: Spool, settings: Settings, *, adopting: bool) -> None:
        super().__init__(name="draining", daemon=True)
        self.reason: str | None = None
        self.records = 0
        self.error: Exception | None = None
        self._spool = spool
        self._settings = settings
        self._adopting = adopting
        self.start()

    def run(self) -> None:
        try:
            with closing(Emptier(self._spool, self._settings)) as emptier:
                self._empty(emptier)
                if not self._spool.holds:
                    emptier.take_back(adopting=self._adopting)
                    self._empty(emptier)
        except RedisError as error:
            self.reason = f"Redis {what_failed(error)}"
        except Exception as error:
            self.error = error

    def _empty(self, emptier: Emptier) -> None:
        told, place = None, self._spool.state.place
        until = time.monotonic() + PATIENCE_SECONDS
        while self._spool.holds:
            emptied = emptier.empty()
            self.records += emptied.records
            self.reason = emptied.reason
            if emptied.reason == BUSY:  # and what keeps the other one from emptying it?
                self.reason = self._spool.state.reason or BUSY
            if self._spool.state.place != place:  # another process may be at it
                place, until = self._spool.state.place, time.monotonic() + PATIENCE_SECONDS
            if self.reason is None or time.monotonic() > until:
                return
            if told != self.reason:
                told = self.reason
                hint(f"Waiting: {told}")
            time.sleep(_POLL_SECONDS)
