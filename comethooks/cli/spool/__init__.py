"""`comethooks spool`: what waits on this host's disk until Redis takes it, and emptying it."""

from collections.abc import Iterator
from typing import Any

import click
from rich.filesize import decimal

from comethooks.cli import load_settings
from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_facts, print_section, print_text
from comethooks.cli.terminal.lazy_group import LazyGroup
from comethooks.cli.terminal.moments import precise
from comethooks.cli.terminal.output import Cell, hint, print_json
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import iso
from comethooks.workers.spool.files_aside import files_aside
from comethooks.workers.spool.glance import SpoolGlance
from comethooks.workers.texts import number_of

_MODULES = {"drain": "draining"}
"""The commands that are in modules of their own."""


@click.group(cls=LazyGroup, package=__name__, modules=_MODULES)
def spool() -> None:
    """Show what waits on this host's disk for Redis, or empty it.

    While Redis is away, what comes in is kept there. The web process of this host empties it by
    itself as soon as Redis is back.
    """


@spool.command(epilog=options.examples("comethooks spool status", "comethooks spool status --json"))
@options.as_json
def status(as_json: bool) -> None:
    """Say what the spool of this host holds, and since when.

    It also tells what is in the way. Nothing is changed, and neither Redis nor the journal is
    asked. What is in the spool of another host is only seen there.
    """
    found = SpoolGlance.of(load_settings())
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if found.failed is not None:
        raise click.ClickException(found.failed)


def _document(found: SpoolGlance) -> dict[str, Any]:
    known = found.status
    oldest = None if known is None else known.oldest_at
    return {
        "folder": str(found.folder),
        "off": found.why_off,
        "records": 0 if known is None else known.records,
        "bytes": 0 if known is None else known.bytes,
        "max_bytes": None if known is None else known.max_bytes,
        "full": known is not None and known.is_full,
        "oldest_at": None if oldest is None else iso(oldest),
        "reason": None if known is None else known.reason,
        "set_aside": [
            {"file": str(each.path), "why": each.why, "bytes": each.bytes}
            for each in files_aside(found.folder)
        ],
    }


def _print(found: SpoolGlance) -> None:
    print_facts(_facts(found))
    aside = files_aside(found.folder)
    if aside:
        print_section("Set aside, and not emptied")
        for each in aside:
            print_text(f"{each.path} ({decimal(each.bytes)}): {each.sentence}")
    if found.holds:
        hint(
            "The web process of this host empties it once Redis takes events. Without one:"
            " comethooks spool drain"
        )


def _facts(found: SpoolGlance) -> Iterator[tuple[str, Cell | None]]:
    known = found.status
    yield "folder", str(found.folder)
    if found.why_off is not None:
        yield "off", found.why_off
    if known is None:
        yield "holds", None if found.failed else "nothing; it was never used"
        return
    if known.records == 0:
        yield "holds", "nothing"
    else:
        size = f"{decimal(known.bytes)} of at most {decimal(known.max_bytes)}"
        full = "; it is full, and takes nothing more" if known.is_full else ""
        yield "holds", f"{number_of(known.records, 'request')}, {size}{full}"
    if known.oldest_at is not None:
        seconds = max(0, now_ms() - known.oldest_at) // 1000
        yield "oldest", f"{precise(known.oldest_at)}, {number_of(seconds, 'second')} ago"
    yield "not emptied", known.reason
