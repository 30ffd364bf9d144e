"""What `comethooks send` sends: samples of a trigger, a story, a bookmark, or what is in a file."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import IO, Any

import click

from comethooks import samples
from comethooks.cli.send.body_files import bodies_in
from comethooks.cli.send.changing import Changes
from comethooks.files.bookmarks import bookmarked, bookmarks
from comethooks.samples import Story
from comethooks.workers.clock import now_ms
from comethooks.workers.texts import dumps

_TRIES = 20
"""So many samples are looked at for what is to be removed, which not every one may have."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for. None is what it does not name."""

    arguments: tuple[str, ...]
    file: IO[bytes] | None
    app_id: str
    changes: Changes
    bookmark_dir: Path
    legacy: bool = False
    bot: bool = False
    variant: str | None = None
    messages: int | None = None
    count: int | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """What is to be sent: series of bodies, each of which goes out one after the other.

    `total` is how many bodies that are; None when nobody knows. `in_order`: the series follow each
    other, too, unless it is asked for otherwise.
    """

    series: Iterator[Iterable[bytes]]
    total: int | None
    in_order: bool

    def doubled(self) -> "Sending":
        """The same with each body twice."""
        series = ((body for body in bodies for _ in range(2)) for bodies in self.series)
        return replace(self, series=series, total=None if self.total is None else 2 * self.total)


def sending(wanted: Wanted) -> Sending:
    """What is asked for. What cannot be is wrong use, before anything is sent."""
    if wanted.file is not None:
        return _from_file(wanted, wanted.file)
    if not wanted.arguments:
        raise click.UsageError("say what to send: a TRIGGER, `story NAME`, or --from-file FILE")
    first, *more = wanted.arguments
    if first == "story":
        return _from_story(wanted, more)
    if not more and (path := _bookmark(wanted, first)) is not None:
        return _from_bookmark(wanted, path)
    if more:
        raise click.UsageError(
            f"one trigger at a time: leave {' '.join(more)!r} out, or send a story"
        )
    return _from_trigger(wanted, first)


def _from_trigger(wanted: Wanted, trigger: str) -> Sending:
    _refuse(
        {"--messages": wanted.messages is not None},
        "is for stories, such as `comethooks send story conversation --messages 50`",
    )
    _refuse(
        {"--concurrency": wanted.concurrency is not None and wanted.count is None},
        "is for several bodies: add --count N",
    )
    _check_trigger(wanted, trigger)
    rehearse, make = _maker(wanted, trigger), _maker(wanted, trigger)
    for _ in range(_TRIES):
        rehearse()
    wanted.changes.check()
    count = wanted.count or 1
    return Sending(((make(),) for _ in range(count)), count, in_order=False)


def _bookmark(wanted: Wanted, name: str) -> Path | None:
    """The file of the bookmark of that name; a trigger of the same name goes first."""
    if name in samples.table(legacy=wanted.legacy, bot=wanted.bot):
        return None
    return bookmarks(wanted.bookmark_dir).get(name)


def _from_bookmark(wanted: Wanted, path: Path) -> Sending:
    _refuse(
        {**_made_up(wanted), "--concurrency": wanted.concurrency is not None},
        "is for bodies that are made up: leave it out, a bookmark is one body",
    )
    body = wanted.changes.made_in_bytes(bookmarked(path, now_ms()), str(path))
    wanted.changes.check()
    return Sending(iter([[body]]), 1, in_order=True)


def _made_up(wanted: Wanted) -> dict[str, bool]:
    """Which options were given that say how bodies are to be made up."""
    return {
        "--legacy": wanted.legacy,
        "--bot": wanted.bot,
        "--variant": wanted.variant is not None,
        "--messages": wanted.messages is not None,
        "--count": wanted.count is not None,
    }


def _maker(wanted: Wanted, trigger: str) -> Callable[[], bytes]:
    """What makes one body after the other, each with a millisecond of its own."""
    random, last = SystemRandom(), 0

    def make() -> bytes:
        nonlocal last
        last = max(now_ms(), last + 1)
        body = samples.sample(
            trigger,
            now_ms=last,
            random=random,
            app_id=wanted.app_id,
            legacy=wanted.legacy,
            bot=wanted.bot,
            variant=wanted.variant,
        )
        return dumps(wanted.changes.made_in(body))

    return make


def _check_trigger(wanted: Wanted, trigger: str) -> None:
    if wanted.legacy and wanted.bot:
        raise click.UsageError("callbacks to bots have one form: leave --legacy out")
    known = samples.table(legacy=wanted.legacy, bot=wanted.bot)
    if trigger in known:
        _check_variant(trigger, wanted.variant, known[trigger])
    elif trigger not in samples.table():
        raise click.BadParameter(
            f"there is no sample of {trigger!r}{_guess(trigger, known) or ';'} `comethooks"
            " triggers` lists what there is, `comethooks events bookmark --list` your own",
            param_hint="'TRIGGER'",
        )
    elif wanted.bot:
        raise click.UsageError(
            f"bots are only called with {', '.join(known)}: send that, or leave --bot out"
        )
    else:
        raise click.UsageError(f"{trigger} has no legacy form; leave --legacy out")


def _check_variant(what: str, variant: str | None, known: Iterable[str]) -> None:
    variants = tuple(known)
    if variant is None or variant in variants:
        return
    if len(variants) == 1:
        raise click.BadParameter(
            f"there is one form of {what}; leave it out", param_hint="'--variant'"
        )
    raise click.BadParameter(
        f"{what} has no {variant!r}{_guess(variant, variants)} Variants: {', '.join(variants)}",
        param_hint="'--variant'",
    )


def _from_story(wanted: Wanted, names: list[str]) -> Sending:
    """Each story is a series, so that it is in order however many are told at once."""
    name, story = _story(names)
    _refuse(
        {"--legacy": wanted.legacy, "--bot": wanted.bot},
        "is for single events: stories are of current webhooks",
    )
    _refuse(
        {"--concurrency": wanted.concurrency is not None and wanted.count is None},
        "is for several stories at once: add --count N",
    )
    _refuse(
        {"--messages": wanted.messages is not None and not story.messages},
        f"is for other stories: there are no messages in that of a {name}",
    )
    _check_variant(f"the story {name}", wanted.variant, story.variants)
    told = partial(
        story.told,
        random=SystemRandom(),
        app_id=wanted.app_id,
        messages=wanted.messages,
        variant=wanted.variant,
    )
    length, bodies = told(now_ms=now_ms())
    if wanted.changes:
        for body in bodies:
            wanted.changes.made_in(body)
        wanted.changes.check()
    count = wanted.count or 1
    series = (_written(told(now_ms=now_ms())[1], wanted.changes) for _ in range(count))
    return Sending(series, count * length, in_order=True)


def _story(names: list[str]) -> tuple[str, Story]:
    known = ", ".join(samples.STORIES)
    if len(names) != 1:
        raise click.UsageError(f"name one story: {known}")
    if names[0] not in samples.STORIES:
        raise click.BadParameter(
            f"there is no story {names[0]!r}{_guess(names[0], samples.STORIES)} Stories: {known}",
            param_hint="'story NAME'",
        )
    return names[0], samples.STORIES[names[0]]


def _written(bodies: Iterable[dict[str, Any]], changes: Changes) -> Iterator[bytes]:
    return (dumps(changes.made_in(body)) for body in bodies)


def _from_file(wanted: Wanted, file: IO[bytes]) -> Sending:
    if wanted.arguments:
        raise click.UsageError(
            f"--from-file sends what is in the file: leave {' '.join(wanted.arguments)!r} out"
        )
    _refuse(
        _made_up(wanted),
        "is for bodies that are made up: leave it out, --from-file sends what is in the file",
    )
    bodies, total = bodies_in(file, wanted.changes)
    return Sending(((body,) for body in bodies), total, in_order=True)


def _refuse(options: Mapping[str, bool], why: str) -> None:
    """Wrong use, if one of the options was given."""
    for option, given in options.items():
        if given:
            raise click.UsageError(f"{option} {why}")


def _guess(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else "."
