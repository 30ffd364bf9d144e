"""What `comethooks send` sends: samples of a trigger, a story, a bookmark, or what is in a file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import IO, Any

import click

from comethooks import samples
from comethooks.cli.send.body_files import bodies_in
from comethooks.cli.send.changing import Changes
from comethooks.cli.send.field_options import option_of
from comethooks.files.bookmarks import bookmarked, bookmarks
from comethooks.samples import Story
from comethooks.samples.fields import FieldError, Fields, with_fields
from comethooks.samples.making import template_of
from comethooks.samples.people import BOT
from comethooks.schemas import TRIGGERS, Trigger, entry_for
from comethooks.workers.clock import now_ms
from comethooks.workers.texts import dumps, meant

_TRIES = 100
"""So many samples are looked at for what is to be set or removed, which not every one may have."""
_SEED = 1
"""Those are always the same ones, so that what is refused is refused every time."""


@dataclass(frozen=True, slots=True)
class SendRequest:
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
    fields: Fields = field(default_factory=Fields)


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


def sending(asked: SendRequest) -> Sending:
    """What is asked for. What cannot be is wrong use, before anything is sent."""
    if asked.file is not None:
        return _from_file(asked, asked.file)
    if not asked.arguments:
        raise click.UsageError("say what to send: a TRIGGER, `story NAME`, or --from-file FILE")
    first, *more = asked.arguments
    if first == "story":
        return _from_story(asked, more)
    if not more and (path := _bookmark(asked, first)) is not None:
        return _from_bookmark(asked, path)
    if more:
        raise click.UsageError(
            f"one trigger at a time: leave {' '.join(more)!r} out, or send a story"
        )
    return _from_trigger(asked, first)


def _from_trigger(asked: SendRequest, trigger: str) -> Sending:
    _refuse(
        {"--messages": asked.messages is not None},
        "is for stories, such as `comethooks send story conversation --messages 50`",
    )
    _refuse(
        {"--concurrency": asked.concurrency is not None and asked.count is None},
        "is for several bodies: add --count N",
    )
    _check_trigger(asked, trigger)
    _refuse({"--group": asked.bot and "group" in asked.fields}, "is for others than bots")
    rehearse, make = (_maker(asked, trigger, random) for random in (Random(_SEED), SystemRandom()))
    try:
        for _ in range(_TRIES):
            rehearse()
    except FieldError as error:
        remedy = error.remedy(option_of)
        raise click.UsageError(f"{error}: {remedy}, or use --set and --add") from None
    asked.changes.check()
    count = asked.count or 1
    return Sending(((make(),) for _ in range(count)), count, in_order=False)


def _bookmark(asked: SendRequest, name: str) -> Path | None:
    """The file of the bookmark of that name; a trigger of the same name goes first."""
    if name in samples.table(legacy=asked.legacy, bot=asked.bot):
        return None
    return bookmarks(asked.bookmark_dir).get(name)


def _from_bookmark(asked: SendRequest, path: Path) -> Sending:
    _refuse(
        {**_made_up(asked), "--concurrency": asked.concurrency is not None},
        "is for bodies that are made up: leave it out, a bookmark is one body",
    )
    body = asked.changes.made_in_bytes(bookmarked(path, now_ms()), str(path))
    asked.changes.check()
    return Sending(iter([[body]]), 1, in_order=True)


def _made_up(asked: SendRequest) -> dict[str, bool]:
    """Which options were given that say how bodies are to be made up."""
    return {
        "--legacy": asked.legacy,
        "--bot": asked.bot,
        "--variant": asked.variant is not None,
        "--messages": asked.messages is not None,
        "--count": asked.count is not None,
        **_said(asked),
    }


def _said(asked: SendRequest) -> dict[str, bool]:
    """Which options were given that say something of a sample by name."""
    return {option_of(name): True for name in asked.fields}


def _maker(asked: SendRequest, trigger: str, random: Random) -> Callable[[], bytes]:
    """What makes one body after the other, each with a millisecond of its own."""
    last = 0
    how = {"legacy": asked.legacy, "bot": asked.bot}
    template = template_of(trigger, asked.variant, **how)
    fields = asked.fields
    if fields and asked.bot:
        fields = {"receiver": BOT.uid, **fields}

    def make() -> bytes:
        nonlocal last
        last = max(now_ms(), last + 1)
        if fields:
            body = with_fields(template, fields, now_ms=last, random=random, app_id=asked.app_id)
        else:
            body = samples.sample(
                trigger,
                now_ms=last,
                random=random,
                app_id=asked.app_id,
                variant=asked.variant,
                **how,
            )
        return dumps(asked.changes.made_in(body))

    return make


def _check_trigger(asked: SendRequest, trigger: str) -> None:
    if asked.legacy and asked.bot:
        raise click.UsageError("callbacks to bots have one form: leave --legacy out")
    known = samples.table(legacy=asked.legacy, bot=asked.bot)
    if trigger in known:
        _check_variant(trigger, asked.variant, known[trigger])
    elif trigger not in samples.table():
        raise click.BadParameter(_no_sample(trigger, known), param_hint="'TRIGGER'")
    elif asked.bot:
        raise click.UsageError(
            f"bots are only called with {', '.join(known)}: send that, or leave --bot out"
        )
    else:
        raise click.UsageError(f"{trigger} has no legacy form; leave --legacy out")


def _no_sample(trigger: str, known: Iterable[str]) -> str:
    """What is said of a name that there is no sample of."""
    entry = next(
        (each for each in TRIGGERS.values() if trigger in (each.name, each.canonical)), None
    )
    if entry is not None and entry.is_ours:
        return _ours(entry)
    called_so = [name for name in known if entry_for(name).canonical == trigger]
    guess = f"did you mean {' or '.join(called_so)}?" if called_so else meant(trigger, known)
    problem = f"there is no sample of {trigger!r}"
    if entry is not None:
        problem += f", which is sent by {' and '.join(entry.senders)} and not by CometChat"
    return (
        f"{problem}{f'; {guess}' if guess else '.'} `comethooks triggers` lists the triggers, and"
        " `comethooks events bookmark --list` your bookmarks."
    )


def _ours(entry: Trigger) -> str:
    """What is said of events that are made here: those of a sample would be nobody's."""
    return (
        f"{entry.name} is sent by nobody: comethooks makes it when a user has completed the goal of"
        " an interactive message. `comethooks send story form` sends messages and what completes"
        " them."
    )


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


def _from_story(asked: SendRequest, names: list[str]) -> Sending:
    """Each story is a series, so that it is in order however many are told at once."""
    name, story = _story(names)
    _refuse(
        {"--legacy": asked.legacy, "--bot": asked.bot, **_said(asked)},
        "is for single events, and a story is told of its own people by current webhooks",
    )
    _refuse(
        {"--concurrency": asked.concurrency is not None and asked.count is None},
        "is for several stories at once: add --count N",
    )
    _refuse(
        {"--messages": asked.messages is not None and not story.messages},
        f"is for other stories: there are no messages in that of a {name}",
    )
    _check_variant(f"the story {name}", asked.variant, story.variants)
    told = partial(
        story.told,
        random=SystemRandom(),
        app_id=asked.app_id,
        messages=asked.messages,
        variant=asked.variant,
    )
    length, bodies = told(now_ms=now_ms())
    if asked.changes:
        for body in bodies:
            asked.changes.made_in(body)
        asked.changes.check()
    count = asked.count or 1
    series = (_written(told(now_ms=now_ms())[1], asked.changes) for _ in range(count))
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


def _from_file(asked: SendRequest, file: IO[bytes]) -> Sending:
    if asked.arguments:
        raise click.UsageError(
            f"--from-file sends what is in the file: leave {' '.join(asked.arguments)!r} out"
        )
    _refuse(
        _made_up(asked),
        "is for bodies that are made up: leave it out, --from-file sends what is in the file",
    )
    bodies, total = bodies_in(file, asked.changes)
    return Sending(((body,) for body in bodies), total, in_order=True)


def _refuse(options: Mapping[str, bool], why: str) -> None:
    """Wrong use, if one of the options was given."""
    for option, given in options.items():
        if given:
            raise click.UsageError(f"{option} {why}")


def _guess(name: str, known: Iterable[str]) -> str:
    guess = meant(name, known, most=1)
    return f"; {guess}" if guess else "."
